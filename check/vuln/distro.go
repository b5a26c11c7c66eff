package vuln

import (
	"slices"
	"strings"
	"sync"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
	"github.com/boltseal/boltseal/version"
)

// family is what a distribution's name means for advisories.
type family struct {
	osv  string
	by   string // how ratings name the distribution
	name func(*boltseal.Distro) string
	// all gives every ecosystem of the database that applies, where a release
	// is not one ecosystem but several.
	all     func(*boltseal.Distro, []advisory.Release) []string
	queries func(*release, *boltseal.PURL, *boltseal.Component, []query) []query
}

// families are the distributions, by the ID of their os-release. One that is
// not here is a gap.
var families = map[string]family{
	"debian":   {osv: "Debian", by: "debian", name: major, queries: bySource},
	"raspbian": {osv: "Debian", by: "debian", name: major, queries: bySource},
	"ubuntu":   {osv: "Ubuntu", by: "ubuntu", name: ubuntu, queries: bySource},
	"echo":     {osv: "Echo", by: "echo", name: rolling, queries: bySource},

	"alpine":     {osv: "Alpine", by: "alpine", name: alpine, queries: bySource},
	"wolfi":      {osv: "Wolfi", by: "wolfi", name: rolling, queries: bySourceAndName},
	"chainguard": {osv: "Chainguard", by: "chainguard", name: rolling, queries: bySourceAndName},
	"minimos":    {osv: "MinimOS", by: "minimos", name: rolling, queries: bySourceAndName},
	"cleanstart": {osv: "CleanStart", by: "cleanstart", name: rolling, queries: bySourceAndName},
	"alpaquita":  {osv: "Alpaquita", by: "bellsoft", name: stream, queries: bySourceAndName},
	"bellsoft-hardened-containers": {
		osv: "BellSoft Hardened Containers", by: "bellsoft", name: stream, queries: bySourceAndName,
	},

	"almalinux":  {osv: "AlmaLinux", by: "almalinux", name: major, queries: byName},
	"rocky":      {osv: "Rocky Linux", by: "rocky", name: major, queries: byName},
	"azurelinux": {osv: "Azure Linux", by: "azurelinux", name: major, queries: byName},
	"mariner":    {osv: "Azure Linux", by: "azurelinux", name: major, queries: byName},
	"mageia":     {osv: "Mageia", by: "mageia", name: major, queries: byName},
	"openeuler":  {osv: "openEuler", by: "openeuler", name: openEuler, queries: byName},
	"rhel":       {osv: "Red Hat", by: "redhat", all: redHat, queries: byName},
	"centos":     {osv: "Red Hat", by: "redhat", all: redHat, queries: byName},

	"amzn":         {osv: "Amazon Linux", by: "amazon", name: amazon, queries: byName},
	"bottlerocket": {osv: "Bottlerocket", by: "bottlerocket", name: rolling, queries: byName},
	"ol":           {osv: "Oracle Linux", by: "oracle", name: major, queries: byName},
	"photon":       {osv: "Photon OS", by: "photon", name: photon, queries: bySourceAndName},

	"opensuse":            {osv: "openSUSE", by: "suse", name: leap, queries: byRPMSource},
	"opensuse-leap":       {osv: "openSUSE", by: "suse", name: leap, queries: byRPMSource},
	"opensuse-tumbleweed": {osv: "openSUSE", by: "suse", name: fixedRelease("Tumbleweed"), queries: byRPMSource},
	"sles":                {osv: "SUSE", by: "suse", all: suse, queries: byRPMSource},
	"sles_sap":            {osv: "SUSE", by: "suse", all: suse, queries: byRPMSource},
	"sled":                {osv: "SUSE", by: "suse", all: suse, queries: byRPMSource},
	"sle_hpc":             {osv: "SUSE", by: "suse", all: suse, queries: byRPMSource},
	"sle-micro":           {osv: "SUSE", by: "suse", all: suse, queries: byRPMSource},
	"sl-micro":            {osv: "SUSE", by: "suse", all: suse, queries: byRPMSource},
}

// foreign are other spellings of IDs: of vendors in purls, and of other tools.
var foreign = map[string]string{
	"alma": "almalinux", "amazon": "amzn", "azure linux": "azurelinux", "cbl-mariner": "mariner", "oracle": "ol",
	"opensuse.leap": "opensuse-leap", "opensuse.tumbleweed": "opensuse-tumbleweed", "redhat": "rhel", "ubi": "rhel",
	"rocky-linux": "rocky", "rockylinux": "rocky", "suse": "sles", "suse linux enterprise server": "sles",
}

// codenames are releases that some tools give by name only.
var codenames = map[string]boltseal.Distro{
	"stretch": {ID: "debian", Version: "9"}, "buster": {ID: "debian", Version: "10"}, "bullseye": {ID: "debian", Version: "11"},
	"bookworm": {ID: "debian", Version: "12"}, "trixie": {ID: "debian", Version: "13"}, "forky": {ID: "debian", Version: "14"},
	"trusty": {ID: "ubuntu", Version: "14.04"}, "xenial": {ID: "ubuntu", Version: "16.04"}, "bionic": {ID: "ubuntu", Version: "18.04"},
	"focal": {ID: "ubuntu", Version: "20.04"}, "jammy": {ID: "ubuntu", Version: "22.04"}, "noble": {ID: "ubuntu", Version: "24.04"},
}

func rolling(*boltseal.Distro) string { return "-" }

func fixedRelease(s string) func(*boltseal.Distro) string {
	return func(*boltseal.Distro) string { return s }
}

func major(d *boltseal.Distro) string {
	s, _, _ := strings.Cut(d.Version, ".")
	if !isNumber(s) {
		return ""
	}
	return s
}

// alpine is "v3.20" of "3.20.3". Edge has no number, and nobody publishes
// what is fixed in it.
func alpine(d *boltseal.Distro) string {
	first, second, ok := majorMinor(d.Version)
	if !ok {
		return ""
	}
	return "v" + first + "." + second
}

// ubuntu is "22.04:LTS" or "23.10". The release of April in an even year is
// the one with long-term support.
func ubuntu(d *boltseal.Distro) string {
	year, month, ok := majorMinor(d.Version)
	if !ok {
		return ""
	}
	name := year + "." + month
	if month == "04" && (year[len(year)-1]-'0')%2 == 0 {
		name += ":LTS"
	}
	return name
}

// stream is BellSoft's: a year, or "stream" for the release that rolls.
func stream(d *boltseal.Distro) string {
	if d.Version == "" || strings.Contains(d.Version, "stream") {
		return "stream"
	}
	return major(d)
}

func leap(d *boltseal.Distro) string {
	if _, _, ok := majorMinor(d.Version); !ok {
		return ""
	}
	return "Leap " + d.Version
}

// amazon is "2" or "2023". The first Amazon Linux was named by year and
// month; it is past its end of life and nobody publishes about it any more.
func amazon(d *boltseal.Distro) string {
	if n := major(d); n == "2" || n == "2022" || n == "2023" {
		return n
	}
	return ""
}

// photon is "5.0".
func photon(d *boltseal.Distro) string {
	first, second, ok := majorMinor(d.Version)
	if !ok {
		if first, second = major(d), "0"; first == "" {
			return ""
		}
	}
	return first + "." + second
}

// openEuler is "22.03-LTS-SP3" of "openEuler 22.03 (LTS-SP3)": VERSION_ID
// leaves the service pack out.
func openEuler(d *boltseal.Distro) string {
	if d.Version == "" {
		return ""
	}
	_, pack, ok := strings.Cut(d.Name, "(")
	if !ok {
		return d.Version
	}
	return d.Version + "-" + strings.TrimSuffix(strings.TrimSpace(pack), ")")
}

// redHat are the product streams that an image's packages come from, named by
// the CPE's part behind the vendor. All repositories of the major release
// apply; those of the longer-lived minor releases only where the image says
// that it was built from them.
func redHat(d *boltseal.Distro, releases []advisory.Release) []string {
	n := major(d)
	if n == "" {
		return nil
	}
	streams := []string{"enterprise_linux:" + n}
	for mark, product := range map[string]string{"-eus-": "rhel_eus", "-aus-": "rhel_aus", "-e4s-": "rhel_e4s", "-tus-": "rhel_tus"} {
		if slices.ContainsFunc(d.Repository, func(set string) bool { return strings.Contains(set, mark) }) {
			streams = append(streams, product+":"+d.Version)
		}
	}
	if slices.ContainsFunc(d.Repository, func(set string) bool { return strings.Contains(set, "rhscl") }) {
		streams = append(streams, "rhel_software_collections:3")
	}
	return having(releases, "Red Hat:", func(cpe string) bool {
		return slices.ContainsFunc(streams, func(s string) bool {
			rest, ok := strings.CutPrefix(cpe, s)
			return ok && (rest == "" || rest[0] == ':' || rest[0] == '.')
		})
	})
}

// suse are the products of one service pack: "Linux Enterprise Server 15 SP5"
// and the modules beside it. Those with longer support need a subscription
// that a public image does not have.
func suse(d *boltseal.Distro, releases []advisory.Release) []string {
	first, second, ok := majorMinor(d.Version)
	if !ok {
		if first, second = major(d), "0"; first == "" {
			return nil
		}
	}
	end := " " + first + " SP" + second
	switch {
	case strings.Contains(d.ID, "micro"):
		end = " Micro " + first + "." + second
	case second == "0":
		end = " " + first
	}
	return having(releases, "SUSE:", func(product string) bool { return strings.HasSuffix(product, end) })
}

func having(releases []advisory.Release, prefix string, is func(string) bool) []string {
	var out []string
	for _, r := range releases {
		if rest, ok := strings.CutPrefix(r.Ecosystem, prefix); ok && is(rest) {
			out = append(out, r.Ecosystem)
		}
	}
	return out
}

func majorMinor(s string) (first, second string, ok bool) {
	first, rest, _ := strings.Cut(s, ".")
	second, _, _ = strings.Cut(rest, ".")
	return first, second, isNumber(first) && isNumber(second)
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// release is one release of a distribution, ready to be asked about.
type release struct {
	family
	distro     boltseal.Distro
	ecosystems []string // that the database covers
	named      string   // the ecosystem it would have, where the database has none
	scheme     *version.Scheme
	pro        string // Ubuntu's extended support, where the database has it
}

// releaseCache resolves each distribution once. Several goroutines share it.
type releaseCache struct {
	db     *advisory.DB
	distro *boltseal.Distro

	mu      sync.Mutex
	by      map[string]*release
	covered map[string]bool
}

func (rc *releaseCache) covers(ecosystem string) bool {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	got, ok := rc.covered[ecosystem]
	if !ok {
		got = rc.db.Covers(ecosystem)
		if rc.covered == nil {
			rc.covered = map[string]bool{}
		}
		rc.covered[ecosystem] = got
	}
	return got
}

// of is the release that a package belongs to: as its purl says, with what
// the tree's own files add. A nil family means that no feed speaks of it.
func (rc *releaseCache) of(p *boltseal.PURL) *release {
	key := p.Namespace + "\x00" + p.Qualifiers["distro"]
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if r, ok := rc.by[key]; ok {
		return r
	}
	r := resolve(rc.db, rc.distroOf(p))
	if rc.by == nil {
		rc.by = map[string]*release{}
	}
	rc.by[key] = r
	return r
}

// distroOf reads the distro qualifier, "debian-12" and its many spellings.
// The distribution that was read from the tree knows more of itself, so it
// stands in wherever it is the same one.
func (rc *releaseCache) distroOf(p *boltseal.PURL) boltseal.Distro {
	d := parseDistro(p.Qualifiers["distro"], p.Namespace)
	if rc.distro == nil {
		return d
	}
	tree := *rc.distro
	tree.ID = canonical(tree.ID)
	same := d.ID == tree.ID || p.Qualifiers["distro"] == ""
	if same && (d.Version == "" || agree(d.Version, tree.Version)) {
		return tree
	}
	return d
}

// agree holds for "9" and "9.4", which are one release said more or less
// exactly, and not for "9.2" and "9.4".
func agree(a, b string) bool {
	return a == b || strings.HasPrefix(a, b+".") || strings.HasPrefix(b, a+".")
}

func parseDistro(s, namespace string) boltseal.Distro {
	s = strings.ToLower(s)
	if d, ok := codenames[s]; ok {
		return d
	}
	d := boltseal.Distro{ID: s}
	if i := strings.LastIndexByte(s, '-'); i >= 0 && i+1 < len(s) && (isNumber(s[i+1:i+2]) || s[i+1:] == "edge" || s[i+1:] == "stream") {
		d.ID, d.Version = s[:i], s[i+1:]
	} else if majorOf(s) != "" {
		d.ID, d.Version = "", s // the number alone
	}
	if named, ok := codenames[d.ID]; ok {
		return named
	}
	if d.ID == "" {
		d.ID = strings.ToLower(namespace)
	}
	d.ID = canonical(d.ID)
	return d
}

func majorOf(version string) string {
	s, _, _ := strings.Cut(version, ".")
	if !isNumber(s) {
		return ""
	}
	return s
}

func canonical(id string) string {
	if known, ok := foreign[id]; ok {
		return known
	}
	return id
}

// resolve looks the distribution up in the tables and in the database.
func resolve(db *advisory.DB, d boltseal.Distro) *release {
	r := &release{distro: d, family: families[d.ID]}
	if r.osv == "" {
		return r
	}
	if r.all != nil {
		r.ecosystems = r.all(&d, db.Releases())
		r.named = r.osv + ":" + d.Version
	} else {
		r.named = r.osv
		switch suffix := r.name(&d); suffix {
		case "-":
		case "":
			r.osv = "" // a release that cannot be told, or that no feed knows
			return r
		default:
			r.named += ":" + suffix
		}
		if db.Covers(r.named) {
			r.ecosystems = []string{r.named}
		}
	}
	r.scheme, _ = version.ForEcosystem(r.osv)
	if release, ok := strings.CutPrefix(r.named, "Ubuntu:"); ok && db.Covers("Ubuntu:Pro:"+release) {
		r.pro = "Ubuntu:Pro:" + release
	}
	return r
}
