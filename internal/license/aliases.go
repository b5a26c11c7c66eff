package license

import (
	"strings"
	"sync"
)

// fold makes spellings comparable: lower case, one space between words, no
// punctuation that writers vary.
func fold(s string) string {
	s = strings.ToLower(s)
	s = strings.NewReplacer(",", " ", "(", " ", ")", " ", "\"", " ", "'", "").Replace(s)
	s = strings.Join(strings.Fields(s), " ")
	s = strings.TrimPrefix(s, "the ")
	s = strings.TrimSuffix(s, ".")
	s = strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://")
	return strings.TrimPrefix(strings.TrimSuffix(s, "/"), "www.")
}

// aliases maps folded spellings to expressions; "" marks words that say
// nothing about the licence.
var aliases = sync.OnceValue(func() map[string]string {
	m := make(map[string]string, 256)
	for line := range strings.Lines(spellings) {
		id, names, _ := strings.Cut(strings.TrimSpace(line), "=")
		for name := range strings.SplitSeq(names, "|") {
			m[fold(name)] = strings.TrimSpace(id)
		}
	}
	return m
})

// spellings holds one expression a line and the words that mean it: package
// classifiers, POM names and URLs, and the short names of distributions.
const spellings = `
=unknown|none|noassertion|null|undefined|n/a|tbd|license|todo|dual license|osi approved|other|file license
LicenseRef-UNLICENSED=unlicensed|proprietary|other/proprietary license|commercial|all rights reserved
LicenseRef-public-domain=public domain|public-domain|publicdomain
MIT=mit license|mit licence|license :: osi approved :: mit license|expat|expat license|mit/x11|mit-license|mit license mit|opensource.org/licenses/mit|opensource.org/licenses/mit-license.php|opensource.org/license/mit|license mit|x11 mit
MIT-0=mit no attribution|mit no attribution license mit-0|mit-0 license
Apache-2.0=apache|apache 2|apache2|apache 2.0|apache-2|apache license|apache license 2|apache license 2.0|apache license v2|apache license v2.0|apache license version 2|apache license version 2.0|apache license - v 2.0|apache software license|apache software license 2.0|apache software license version 2.0|apache software license - version 2.0|apache public license 2.0|apache v2|apache v2.0|apache version 2.0|apache-2.0 license|asl 2.0|asl-2.0|al-2.0|al2|apache.org/licenses/license-2.0|apache.org/licenses/license-2.0.txt|apache.org/licenses/license-2.0.html|opensource.org/licenses/apache-2.0|opensource.org/licenses/apache2.0.php|license :: osi approved :: apache software license|asf 2.0
Apache-1.1=apache software license version 1.1|asl 1.1|apache 1.1
BSD-3-Clause=bsd 3-clause|bsd-3|bsd3|bsd 3|bsd 3 clause|3-clause bsd|3-clause bsd license|bsd 3-clause license|bsd license 3|bsd 3-clause new|new bsd license|new bsd|modified bsd|modified bsd license|revised bsd|revised bsd license|bsd-3-clause license|opensource.org/licenses/bsd-3-clause|bsd new|new-bsd|bsd 3-clause new or revised license|edl 1.0|eclipse distribution license - v 1.0|eclipse distribution license v. 1.0|eclipse distribution license 1.0|eclipse.org/org/documents/edl-v10.php|go license
BSD-2-Clause=bsd 2-clause|bsd-2|bsd2|bsd 2|bsd 2 clause|2-clause bsd|2-clause bsd license|bsd 2-clause license|simplified bsd|simplified bsd license|freebsd license|opensource.org/licenses/bsd-2-clause|bsd-2-clause license
0BSD=zero-clause bsd|bsd zero clause license|zero-clause bsd 0bsd
ISC=isc license|isc license iscl|isc licence|license :: osi approved :: isc license iscl|opensource.org/licenses/isc
Zlib=zlib license|zlib/libpng license|zlib/libpng
Unlicense=unlicense|the unlicense unlicense|unlicense.org
CC0-1.0=cc0|cc0 1.0|cc0 1.0 universal|cc0 1.0 universal cc0 1.0 public domain dedication|creativecommons.org/publicdomain/zero/1.0|creative commons zero|public domain per creative commons cc0|cc0-1.0 license
CC-BY-4.0=creative commons attribution 4.0|creative commons attribution 4.0 international|cc by 4.0
PSF-2.0=psf|python software foundation license|psfl|psf license|license :: osi approved :: python software foundation license
Python-2.0=python|python license|python-2.0.1
MPL-1.1=mozilla public license 1.1|mozilla public license 1.1 mpl 1.1|mozilla public license version 1.1|mplv1.1|mpl 1.1
MPL-2.0=mpl 2|mpl 2.0|mpl2|mplv2|mplv2.0|mozilla public license 2.0|mozilla public license 2.0 mpl 2.0|mozilla public license version 2.0|mozilla.org/mpl/2.0|mozilla.org/en-us/mpl/2.0
EPL-1.0=eclipse public license|eclipse public license 1.0|eclipse public license - v 1.0|eclipse public license version 1.0|eclipse public license v1.0|epl 1.0|eclipse.org/legal/epl-v10.html
EPL-2.0=eclipse public license 2.0|eclipse public license - v 2.0|eclipse public license v2.0|eclipse public license version 2.0|eclipse public license v. 2.0|epl 2.0|eclipse.org/legal/epl-2.0|eclipse.org/legal/epl-v20.html
CDDL-1.0=cddl|cddl 1.0|common development and distribution license|common development and distribution license 1.0|common development and distribution license cddl v1.0|cddl license
CDDL-1.1=cddl 1.1|common development and distribution license cddl v1.1
CPL-1.0=common public license version 1.0|common public license|cpl
BSL-1.0=boost|boost software license|boost software license 1.0|boost software license 1.0 bsl-1.0|boost software license version 1.0
Artistic-2.0=artistic 2.0|artistic license 2.0|artistic_2
Artistic-1.0-Perl OR GPL-1.0-or-later=perl|perl_5|perl 5|same as perl|perl license|gpl+ or artistic
GPL-1.0-or-later=gpl+
GPL-2.0-only=gplv2|gpl v2|gpl 2|gpl-2|gpl2|gnu gpl v2|gnu gplv2|gnu general public license v2|gnu general public license v2 gplv2|gnu general public license version 2|gpl 2.0|gnu general public license version 2.0
GPL-2.0-or-later=gplv2+|gpl2+|gpl-2+|gpl 2+|gpl v2+|gpl >= 2|gpl >= 2.0|gpl-2.0+|gnu general public license v2 or later gplv2+|gnu general public license v2 or later|gplv2 or later|gpl version 2 or later
GPL-3.0-only=gplv3|gpl v3|gpl 3|gpl-3|gpl3|gnu gpl v3|gnu gplv3|gnu gpl 3|gnu general public license v3|gnu general public license v3 gplv3|gnu general public license version 3|gpl 3.0|gnu general public license version 3.0
GPL-3.0-or-later=gplv3+|gpl3+|gpl-3+|gpl 3+|gpl v3+|gpl >= 3|gpl >= 3.0|gpl-3.0+|gnu general public license v3 or later gplv3+|gnu general public license v3 or later|gplv3 or later|gpl version 3 or later
LGPL-2.0-only=lgplv2|lgpl-2|gnu lesser general public license v2 lgplv2
LGPL-2.0-or-later=lgplv2+|lgpl-2+|lgpl 2+|lgpl >= 2|lgpl >= 2.0|gnu lesser general public license v2 or later lgplv2+|gnu library general public license v2 or later
LGPL-2.1-only=lgplv2.1|lgpl 2.1|lgpl-2.1|gnu lesser general public license version 2.1|gnu lesser general public license v2.1
LGPL-2.1-or-later=lgplv2.1+|lgpl-2.1+|lgpl 2.1+|lgpl >= 2.1|lgpl 2.1 or later|gnu lesser general public license v2.1 or later
LGPL-3.0-only=lgplv3|lgpl 3|lgpl-3|lgpl 3.0|gnu lesser general public license v3 lgplv3|gnu lesser general public license version 3|gnu lesser general public license v3
LGPL-3.0-or-later=lgplv3+|lgpl-3+|lgpl 3+|lgpl >= 3|gnu lesser general public license v3 or later lgplv3+|gnu lesser general public license v3 or later
AGPL-3.0-only=agpl|agplv3|agpl 3|agpl-3|agpl 3.0|gnu affero general public license v3|gnu affero general public license version 3
AGPL-3.0-or-later=agplv3+|agpl-3+|agpl 3+|agpl >= 3|gnu affero general public license v3 or later agplv3+|gnu affero general public license v3 or later
GPL-2.0-only WITH Classpath-exception-2.0=gpl2 w/ cpe|gpl-2.0-with-classpath-exception|gnu general public license version 2 with the gnu classpath exception|gpl 2 with classpath exception|gplv2 with classpath exception|openjdk.java.net/legal/gplv2+ce.html
CDDL-1.1 OR GPL-2.0-only WITH Classpath-exception-2.0=cddl + gplv2 with classpath exception|cddl+gpl license|cddl/gplv2+ce|cddl or gplv2 with exceptions|glassfish.dev.java.net/nonav/public/cddl+gpl.html
WTFPL=do what the fuck you want to public license|wtfpl version 2
HPND=historical permission notice and disclaimer|historical permission notice and disclaimer hpnd
ZPL-2.1=zpl 2.1|zope public license|zope public license 2.1
EUPL-1.2=european union public licence 1.2 eupl 1.2|european union public license 1.2|eupl 1.2
Ruby=ruby license|ruby license ruby|ruby's
Vim=vim license
OpenSSL=openssl license
BlueOak-1.0.0=blue oak model license 1.0.0
JSON=json license
`
