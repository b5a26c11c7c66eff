package spdx_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/internal/spdx"
)

func TestNormalize(t *testing.T) {
	cases := map[string]string{
		// Expressions, as they are and mended.
		"MIT":                               "MIT",
		"mit":                               "MIT",
		" Apache-2.0 ":                      "Apache-2.0",
		"MIT OR Apache-2.0":                 "MIT OR Apache-2.0",
		"(MIT OR Apache-2.0)":               "MIT OR Apache-2.0",
		"mit or apache-2.0":                 "MIT OR Apache-2.0",
		"MIT AND (BSD-2-Clause OR ISC)":     "MIT AND (BSD-2-Clause OR ISC)",
		"(MIT AND ISC) OR Zlib":             "MIT AND ISC OR Zlib",
		"MIT AND MIT":                       "MIT",
		"MIT AND (ISC AND MIT)":             "MIT AND ISC",
		"GPL-2.0":                           "GPL-2.0-only",
		"GPL-2.0+":                          "GPL-2.0-or-later",
		"LGPL-2.1+":                         "LGPL-2.1-or-later",
		"GPL-2.0-or-later+":                 "GPL-2.0-or-later",
		"GPL-2.0-with-classpath-exception":  "GPL-2.0-only WITH Classpath-exception-2.0",
		"GPL-2.0+ WITH Bison-exception-2.2": "GPL-2.0-or-later WITH Bison-exception-2.2",
		"gpl-2.0-only with classpath-exception-2.0": "GPL-2.0-only WITH Classpath-exception-2.0",
		"Apache-1.0+":                "Apache-1.0+",
		"LicenseRef-Acme-1 AND MIT":  "LicenseRef-Acme-1 AND MIT",
		"DocumentRef-a:LicenseRef-b": "DocumentRef-a:LicenseRef-b",
		"MIT WITH AdditionRef-x":     "MIT WITH AdditionRef-x",
		// npm and Cargo.
		"MIT/Apache-2.0":            "MIT OR Apache-2.0",
		"MIT / Apache-2.0":          "",
		"Unlicense/MIT":             "Unlicense OR MIT",
		"UNLICENSED":                "",
		"UNLICENCED":                "",
		"Unlicense":                 "Unlicense",
		"The Unlicense":             "Unlicense",
		"SEE LICENSE IN LICENSE.md": "",
		// Debian.
		"Expat":                         "MIT",
		"GPL-2":                         "GPL-2.0-only",
		"GPL-2+":                        "GPL-2.0-or-later",
		"LGPL-2+ and GPL-3":             "LGPL-2.0-or-later AND GPL-3.0-only",
		"GPL-1+ or Artistic":            "",
		"BSD-3-clause":                  "BSD-3-Clause",
		"Apache-2":                      "Apache-2.0",
		"GFDL-NIV-1.3+":                 "GFDL-1.3-no-invariants-or-later",
		"MIT or ISC, and Zlib":          "(MIT OR ISC) AND Zlib",
		"Expat or GPL-2+ and ISC":       "MIT OR GPL-2.0-or-later AND ISC",
		"GPL-2+ with OpenSSL exception": "",
		"GPL-2+ with Font exception":    "GPL-2.0-or-later WITH Font-exception-2.0",
		"public-domain":                 "",
		"GPL":                           "",
		"GPL-4":                         "",
		// Fedora before SPDX.
		"GPLv2":                             "GPL-2.0-only",
		"GPLv2+":                            "GPL-2.0-or-later",
		"LGPLv2+ and MIT":                   "LGPL-2.0-or-later AND MIT",
		"GPLv3+ and (GPLv2+ or LGPLv3+)":    "GPL-3.0-or-later AND (GPL-2.0-or-later OR LGPL-3.0-or-later)",
		"ASL 2.0":                           "Apache-2.0",
		"GPL+":                              "GPL-1.0-or-later",
		"GPL+ or Artistic":                  "GPL-1.0-or-later OR Artistic-1.0-Perl",
		"GPLv2+ with exceptions":            "",
		"BSD":                               "",
		"MIT and BSD":                       "",
		"Boost":                             "BSL-1.0",
		"MPLv2.0":                           "MPL-2.0",
		"zlib and Boost":                    "Zlib AND BSL-1.0",
		"LGPLv2+ with WxWindows exceptions": "LGPL-2.0-or-later WITH WxWindows-exception-3.1",
		// Full names.
		"Apache License, Version 2.0":              "Apache-2.0",
		"Apache License 2.0":                       "Apache-2.0",
		"The Apache Software License, Version 2.0": "Apache-2.0",
		"Apache 2.0":                               "Apache-2.0",
		"Apache 2":                                 "Apache-2.0",
		"apache2":                                  "Apache-2.0",
		"Apache":                                   "",
		"Apache Software License":                  "",
		"The MIT License":                          "MIT",
		"MIT License (MIT)":                        "MIT",
		"MIT/X11":                                  "MIT",
		"X11":                                      "X11",
		"New BSD License":                          "BSD-3-Clause",
		"BSD License":                              "",
		"BSD 3-Clause License":                     "BSD-3-Clause",
		`BSD 3-Clause "New" or "Revised" License`:             "BSD-3-Clause",
		"3-Clause BSD License":                                "BSD-3-Clause",
		"GNU General Public License v3.0 or later":            "GPL-3.0-or-later",
		"GNU General Public License, version 2":               "GPL-2.0-only",
		"GNU General Public License v2 or later (GPLv2+)":     "GPL-2.0-or-later",
		"GNU Lesser General Public License, Version 2.1":      "LGPL-2.1-only",
		"GNU Library or Lesser General Public License (LGPL)": "",
		"GPL v2 or later":                                     "GPL-2.0-or-later",
		"GPL version 2 or (at your option) any later version": "GPL-2.0-or-later",
		"MIT or GPL v2 or later":                              "MIT OR GPL-2.0-or-later",
		"Eclipse Public License - v 1.0":                      "EPL-1.0",
		"Eclipse Public License v2.0":                         "EPL-2.0",
		"Eclipse Public License":                              "",
		"Mozilla Public License 2.0 (MPL 2.0)":                "MPL-2.0",
		"Mozilla Public License 2.0 (GPL 2.0)":                "",
		"Apache License 2.0 (modified)":                       "",
		"ISC License (ISCL)":                                  "ISC",
		"Creative Commons Attribution 4.0 International":      "CC-BY-4.0",
		"CC0":                                "CC0-1.0",
		"Python Software Foundation License": "",
		"PSF":                                "",
		"BSL":                                "",
		"Artistic":                           "",
		"perl_5":                             "Artistic-1.0-Perl OR GPL-1.0-or-later",
		// Indexes.
		"License :: OSI Approved :: MIT License":                           "MIT",
		"License :: OSI Approved :: Apache Software License":               "",
		"License :: OSI Approved :: GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
		"GPL (>= 2)":         "GPL-2.0-or-later",
		"GPL-2 | GPL-3":      "GPL-2.0-only OR GPL-3.0-only",
		"MIT + file LICENSE": "MIT",
		"file LICENSE":       "",
		// Addresses.
		"https://www.apache.org/licenses/LICENSE-2.0.txt":    "Apache-2.0",
		"http://www.opensource.org/licenses/mit-license.php": "MIT",
		"https://opensource.org/licenses/BSD-3-Clause":       "BSD-3-Clause",
		"https://spdx.org/licenses/EPL-2.0.html":             "EPL-2.0",
		"https://opensource.org/licenses/GPL-2.0":            "",
		"http://www.gnu.org/licenses/gpl-3.0.html":           "",
		"https://example.org/license":                        "",
		// Neither fish nor flesh.
		"": "", "NOASSERTION": "", "NONE": "", "MIT, ISC": "", "MIT ISC": "", "MIT AND": "", "(MIT": "",
		"MIT WITH": "", "Proprietary": "", "Other": "", "MIT and/or ISC": "", "Commercial": "", "+": "",
	}
	for in, want := range cases {
		got, ok := spdx.Normalize(in)
		if got != want || ok != (want != "") {
			t.Errorf("Normalize(%q) = %q, %v; want %q", in, got, ok, want)
		}
	}
}

func TestValid(t *testing.T) {
	for expr, want := range map[string]bool{
		"MIT": true, "mit": true, "MIT OR ISC": true, "MIT or ISC": false, "GPL-2.0+": true, "LicenseRef-x": true,
		"LicenseRef-": false, "LicenseRef-a_b": false, "GPLv2": false, "": false, "NONE": false, "NOASSERTION": false,
		"GPL-2.0-only WITH Classpath-exception-2.0": true, "MIT WITH Nothing": false, "MIT ISC": false,
	} {
		if got := spdx.Valid(expr); got != want {
			t.Errorf("Valid(%q) = %v, want %v", expr, got, want)
		}
	}
}

func TestConjunctsAndJoin(t *testing.T) {
	parts := []string{"MIT", "GPL-2.0-only OR ISC", "Apache-2.0 WITH LLVM-exception"}
	joined := spdx.Join(parts)
	if want := "MIT AND (GPL-2.0-only OR ISC) AND Apache-2.0 WITH LLVM-exception"; joined != want {
		t.Errorf("Join = %q, want %q", joined, want)
	}
	if got := spdx.Conjuncts(joined); !slices.Equal(got, parts) {
		t.Errorf("Conjuncts = %q, want %q", got, parts)
	}
	if got := spdx.Conjuncts("BSD or so"); !slices.Equal(got, []string{"BSD or so"}) {
		t.Errorf("Conjuncts of no expression = %q", got)
	}
	if got, want := spdx.Leaves(joined), []string{"MIT", "GPL-2.0-only", "ISC", "Apache-2.0"}; !slices.Equal(got, want) {
		t.Errorf("Leaves = %q, want %q", got, want)
	}
}

func TestDeepNesting(t *testing.T) {
	s := strings.Repeat("(", 4000) + "MIT" + strings.Repeat(")", 4000)
	if spdx.Valid(s) {
		t.Error("4,000 brackets are valid")
	}
	if got, ok := spdx.Normalize(s); ok {
		t.Errorf("Normalize of 4,000 brackets = %q", got)
	}
}

func FuzzNormalize(f *testing.F) {
	for _, s := range []string{
		"MIT", "GPL-2+ with Font exception", "(GPL+ or Artistic)", "MIT or ISC, and Zlib", "GPL (>= 2)",
		"License :: OSI Approved :: MIT License", "http://www.apache.org/licenses/LICENSE-2.0", "MIT/X11",
		"GPL version 2 or (at your option) any later version", "LicenseRef-x AND (MIT OR ISC)", "GPL-2.0-with-GCC-exception",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		expr, ok := spdx.Normalize(s)
		if !ok {
			if expr != "" || spdx.Valid(s) {
				t.Fatalf("Normalize(%q) = %q, false; valid: %v", s, expr, spdx.Valid(s))
			}
			return
		}
		if !spdx.Valid(expr) {
			t.Fatalf("Normalize(%q) = %q, which is not valid", s, expr)
		}
		if again, ok := spdx.Normalize(expr); !ok || again != expr {
			t.Fatalf("Normalize(%q) = %q, and of that %q", s, expr, again)
		}
		if joined := spdx.Join(spdx.Conjuncts(expr)); joined != expr {
			t.Fatalf("Join(Conjuncts(%q)) = %q", expr, joined)
		}
	})
}

func BenchmarkNormalize(b *testing.B) {
	for _, s := range []string{"MIT", "Apache License, Version 2.0", "LGPLv2+ and (MIT or GPL-2+)", "SEE LICENSE IN LICENSE"} {
		b.Run(s, func(b *testing.B) {
			for b.Loop() {
				spdx.Normalize(s)
			}
		})
	}
}
