package advisory

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// distros are the ecosystems whose packages mean nothing without a release
// (OSV schema, "Defined ecosystems"). A record that names one of them bare
// is a mistake of its publisher and would match every release there is.
var distros = []string{
	"AlmaLinux", "Alpaquita", "Alpine", "Amazon Linux", "Azure Linux", "BellSoft Hardened Containers", "Debian", "Mageia",
	"Oracle Linux", "Photon OS", "Red Hat", "Rocky Linux", "SUSE", "Ubuntu", "openEuler", "openSUSE",
}

// rolling are the distributions that have one release only.
var rolling = []string{"Bottlerocket", "Chainguard", "CleanStart", "Echo", "MinimOS", "Wolfi"}

func base(ecosystem string) string {
	name, _, _ := strings.Cut(ecosystem, ":")
	return name
}

func isDistro(ecosystem string) bool {
	name := base(ecosystem)
	return slices.Contains(distros, name) || slices.Contains(rolling, name)
}

func lacksRelease(ecosystem string) bool {
	name, release, _ := strings.Cut(ecosystem, ":")
	return strings.TrimSpace(release) == "" && slices.Contains(distros, name)
}

// Ecosystem is the form of an OSV ecosystem name that the database knows it
// by: without what does not tell one set of packages from another. Ubuntu's
// ":LTS" goes; its ":Pro" stays, because those fixes need a subscription. The
// repository behind a Maven or Packagist name goes, because their names are
// the same software wherever they are served.
func Ecosystem(name string) string {
	name = strings.TrimSpace(name)
	first, suffix, ok := strings.Cut(name, ":")
	if !ok {
		return name
	}
	switch first {
	case "Ubuntu":
		return strings.TrimSuffix(name, ":LTS")
	case "Alpine":
		if suffix != "" && suffix[0] != 'v' {
			return first + ":v" + suffix
		}
	case "Maven", "Packagist", "npm", "PyPI", "crates.io", "NuGet", "RubyGems":
		return first
	}
	return name
}

// folding is how an ecosystem tells spellings of one name apart: not.
type folding uint8

const (
	exact folding = iota
	lowerCase
	pypi
)

func foldingOf(ecosystem string) folding {
	switch base(ecosystem) {
	case "PyPI":
		return pypi
	case "NuGet", "Packagist", "GitHub Actions":
		return lowerCase
	}
	return exact
}

// fold is the spelling of a package's name by which it is found.
func fold(f folding, name string) string {
	name = strings.TrimSpace(name)
	switch f {
	case pypi:
		return pep503(name)
	case lowerCase:
		return strings.ToLower(name)
	case exact:
	}
	return name
}

// PackageName is the spelling of a package's name by which the database finds
// it in an ecosystem.
func PackageName(ecosystem, name string) string { return packageName(Ecosystem(ecosystem), name) }

// packageName is fold for an ecosystem in the form that [Ecosystem] gives.
func packageName(ecosystem, name string) string { return fold(foldingOf(ecosystem), name) }

// pep503 is the normalised name of the Python simple repository API: lower
// case, and one hyphen for every run of '-', '_' and '.'.
func pep503(name string) string {
	plain := true
	for i := range len(name) {
		c := name[i]
		if c >= 'A' && c <= 'Z' || c == '_' || c == '.' || c == '-' && i > 0 && name[i-1] == '-' {
			plain = false
			break
		}
	}
	if plain {
		return name
	}
	out := make([]byte, 0, len(name))
	for i := range len(name) {
		switch c := name[i]; {
		case c == '-' || c == '_' || c == '.':
			if len(out) == 0 || out[len(out)-1] != '-' {
				out = append(out, '-')
			}
		case c >= 'A' && c <= 'Z':
			out = append(out, c+'a'-'A')
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

// splitModule takes the module off a name that carries it in front, as Red
// Hat's own data writes them: "container-tools:rhel8/buildah".
func splitModule(ecosystem, name string) (module, rest string) {
	if base(ecosystem) != "Red Hat" {
		return "", name
	}
	module, rest, ok := strings.Cut(name, "/")
	if !ok || rest == "" || !strings.Contains(module, ":") {
		return "", name
	}
	return module, rest
}

// placeholder says whether a name is what a build script forgot to fill in.
func placeholder(name string) bool {
	return name == "" || len(name) > 1024 || strings.ContainsAny(name, "$\x00\n") || strings.Contains(name, "{{")
}

// canonicalID is an id in the one spelling that its own database uses.
func canonicalID(id string) string {
	id = strings.TrimSpace(id)
	if len(id) < 5 {
		return id
	}
	switch prefix, rest := id[:4], id[4:]; {
	case strings.EqualFold(prefix, "CVE-"):
		return "CVE-" + rest
	case len(id) > 5 && id[4] == '-' && strings.EqualFold(prefix, "GHSA"):
		return "GHSA" + strings.ToLower(rest)
	}
	return id
}

func isCVE(id string) bool { return strings.HasPrefix(id, "CVE-") }

// cveOf is the CVE that a distribution's id is named after, as in
// "UBUNTU-CVE-2024-0727".
func cveOf(id string) (string, bool) {
	i := strings.Index(id, "-CVE-")
	if i < 0 {
		return "", false
	}
	year, number, ok := strings.Cut(id[i+len("-CVE-"):], "-")
	return id[i+1:], ok && len(year) == 4 && digits(year) && len(number) >= 4 && digits(number)
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// publisher is the slug of who issues advisories with ids like this one.
func publisher(id string) string {
	prefix, _, _ := strings.Cut(strings.TrimPrefix(id, "x_"), "-")
	if by, ok := publishers[prefix]; ok {
		return by
	}
	return strings.ToLower(prefix)
}

var publishers = map[string]string{
	"ALAS": "amazon", "ALAS2": "amazon", "ALAS2022": "amazon", "ALAS2023": "amazon", "BRSA": "bottlerocket", "ELSA": "oracle",
	"ALBA": "almalinux", "ALEA": "almalinux", "ALSA": "almalinux", "AZL": "azurelinux", "BELL": "bellsoft", "BIT": "bitnami",
	"CVE": "nvd", "DLA": "debian", "DSA": "debian", "DTSA": "debian", "HSEC": "haskell", "JLSEC": "julia",
	"KUBE": "kubernetes", "MAL": "openssf", "OSEC": "ocaml", "PYSEC": "pypa", "RHBA": "redhat", "RHCVE": "redhat",
	"RHEA": "redhat", "RHSA": "redhat", "RLBA": "rocky", "RLEA": "rocky", "RLSA": "rocky", "RXSA": "rocky",
	"USN": "ubuntu", "LSN": "ubuntu",
}

// Concerns says whether the record can speak of the component at all: an
// advisory about the packages of one RPM module is silent about packages of
// the same name in another module or in none. It looks at no version.
func (r *Record) Concerns(c *boltseal.Component) bool {
	if len(r.Modules) == 0 {
		return true
	}
	if c.Module == "" {
		// Without a label, the release still tells a package built in a
		// module from one that is in none; which module, nobody knows.
		return strings.Contains(c.Version, ".module")
	}
	name, _, _ := strings.Cut(c.Module, ":")
	for _, m := range r.Modules {
		if m == "*" || m == c.Module || m == name {
			return true
		}
	}
	return false
}
