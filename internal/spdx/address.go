package spdx

import "strings"

// addresses are web pages that hold the text of one licence, without scheme,
// "www." and the ending of the file.
var addresses = map[string]string{
	"apache.org/licenses/license-1.1":           "Apache-1.1",
	"apache.org/licenses/license-2.0":           "Apache-2.0",
	"creativecommons.org/publicdomain/zero/1.0": "CC0-1.0",
	"eclipse.org/legal/epl-v10":                 "EPL-1.0",
	"eclipse.org/legal/epl-1.0":                 "EPL-1.0",
	"eclipse.org/legal/epl-v20":                 "EPL-2.0",
	"eclipse.org/legal/epl-2.0":                 "EPL-2.0",
	"eclipse.org/org/documents/epl-v10":         "EPL-1.0",
	"eclipse.org/org/documents/epl-2.0/epl-2.0": "EPL-2.0",
	"eclipse.org/org/documents/edl-v10":         "BSD-3-Clause",
	"mozilla.org/mpl/1.1":                       "MPL-1.1",
	"mozilla.org/mpl/mpl-1.1":                   "MPL-1.1",
	"mozilla.org/mpl/2.0":                       "MPL-2.0",
	"mozilla.org/en-us/mpl/2.0":                 "MPL-2.0",
	"boost.org/license_1_0":                     "BSL-1.0",
	"unlicense.org":                             "Unlicense",
	"opensource.org/licenses/mit-license":       "MIT",
	"opensource.org/licenses/apache2.0":         "Apache-2.0",
	"opensource.org/licenses/isc-license":       "ISC",
	"opensource.org/licenses/zlib-license":      "Zlib",
	"opensource.org/licenses/upl":               "UPL-1.0",
	"creativecommons.org/licenses/by/4.0":       "CC-BY-4.0",
	"creativecommons.org/licenses/by/3.0":       "CC-BY-3.0",
	"creativecommons.org/licenses/by-sa/4.0":    "CC-BY-SA-4.0",
	"creativecommons.org/licenses/by-sa/3.0":    "CC-BY-SA-3.0",
	"creativecommons.org/licenses/by-nc/4.0":    "CC-BY-NC-4.0",
	"creativecommons.org/licenses/by-nc-sa/4.0": "CC-BY-NC-SA-4.0",
	"gnu.org/software/classpath/license":        "GPL-2.0-or-later WITH Classpath-exception-2.0",
	"openjdk.org/legal/gplv2+ce":                "GPL-2.0-only WITH Classpath-exception-2.0",
	"openjdk.java.net/legal/gplv2+ce":           "GPL-2.0-only WITH Classpath-exception-2.0",
	"repository.jboss.org/licenses/cc0-1.0":     "CC0-1.0",
	"repository.jboss.org/licenses/apache-2.0":  "Apache-2.0",
	"glassfish.dev.java.net/public/cddlv1.0":    "CDDL-1.0",
	"bouncycastle.org/licence":                  "MIT",
	"asm.ow2.io/license":                        "BSD-3-Clause",
	"json.org/license":                          "JSON",
	"golang.org/license":                        "BSD-3-Clause",
}

// listings are places whose pages are named by SPDX identifiers.
var listings = []string{
	"spdx.org/licenses/", "opensource.org/licenses/", "opensource.org/license/", "licenses.nuget.org/",
	"choosealicense.com/licenses/", "api.github.com/licenses/",
}

// address reads the web address of a licence text. GNU's pages do not say
// whether later versions may be used, so they mean nothing here.
func address(s string) (*node, bool) {
	rest, ok := strings.CutPrefix(strings.ToLower(s), "http")
	if !ok {
		return nil, false
	}
	rest = strings.TrimPrefix(rest, "s")
	if rest, ok = strings.CutPrefix(rest, "://"); !ok {
		return nil, false
	}
	rest = strings.TrimRight(strings.TrimPrefix(rest, "www."), "/")
	for _, ending := range [...]string{".html", ".htm", ".txt", ".php", ".json"} {
		rest = strings.TrimSuffix(rest, ending)
	}
	expr := addresses[rest]
	for _, listing := range listings {
		if name, ok := strings.CutPrefix(rest, listing); ok && expr == "" {
			// "gpl-2.0" and its like are pages of the text alone.
			if id, ok := ID(name); ok && !Deprecated(id) {
				expr = id
			}
		}
	}
	if expr == "" {
		return nil, false
	}
	n, err := parse(expr)
	return n, err == nil
}
