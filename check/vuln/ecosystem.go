package vuln

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/signature"
	"github.com/boltseal/boltseal/version"
)

// kind is what a purl type means for advisories.
type kind struct {
	osv    string                                           // OSV ecosystem; empty: no feed speaks of this type
	name   func(*boltseal.PURL, *boltseal.Component) string // nil: namespace and name, as the ecosystem writes them
	system bool                                             // packages of a distribution: see distro.go
	silent bool                                             // not software that anybody publishes advisories about

	// release, where it is not nil, gives name and version instead; an empty
	// name says that nobody publishes about it.
	release func(*boltseal.PURL, *boltseal.Component) (name, version string)
}

// kinds are the purl types (package-url specification, "purl-types"). A type
// that is not here is a gap.
var kinds = map[string]kind{
	"apk": {system: true},
	"deb": {system: true},
	"rpm": {system: true},

	"alpm":   {system: true},
	"ebuild": {system: true},
	"opkg":   {system: true},

	"bioconductor": {osv: "Bioconductor"},
	"bitnami":      {osv: "Bitnami"},
	"cargo":        {osv: "crates.io"},
	"composer":     {osv: "Packagist"},
	"conan":        {osv: "ConanCenter", name: bareName},
	"cran":         {osv: "CRAN"},
	"gem":          {osv: "RubyGems"},
	"githubactions": {
		osv: "GitHub Actions",
	},
	"golang":  {osv: "Go", name: goName},
	"hackage": {osv: "Hackage"},
	"hex":     {osv: "Hex", name: bareName},
	"julia":   {osv: "Julia"},
	"maven":   {osv: "Maven"},
	"npm":     {osv: "npm"},
	"nuget":   {osv: "NuGet"},
	"opam":    {osv: "opam"},
	"pub":     {osv: "Pub"},
	"pypi":    {osv: "PyPI"},
	"swift":   {osv: "SwiftURL"},
	"vscode":  {osv: "VSCode"},
	"vscode-extension": {
		osv: "VSCode",
	},

	"generic": {osv: "Bitnami", release: genericRelease},

	// An image, or a file with no publisher, is made of other components.
	"docker": {silent: true},
	"oci":    {silent: true},
}

func bareName(p *boltseal.PURL, _ *boltseal.Component) string { return p.Name }

// goName is the module's path. Some tools write purls in lower case only;
// the component's own name then has the path's true case.
func goName(p *boltseal.PURL, c *boltseal.Component) string {
	name := p.FullName()
	if c.Name != name && strings.EqualFold(c.Name, name) {
		return c.Name
	}
	return name
}

// query is one question to the database.
type query struct {
	ecosystem string
	name      string
	version   string
	scheme    *version.Scheme
	noEpoch   bool // the version is a source RPM's, whose epoch nobody records
}

// languageQueries are the questions about a package of a language or of
// another ecosystem without releases.
func (m *matcher) languageQueries(k kind, p *boltseal.PURL, c *boltseal.Component) []query {
	if k.release == nil && m.builtByDistro(c) {
		return nil
	}
	scheme, ok := version.ForEcosystem(k.osv)
	if !ok {
		m.gaps.ecosystem(p.Type, c)
		return nil
	}
	q := query{ecosystem: k.osv, name: p.FullName(), version: versionOf(p, c), scheme: scheme}
	switch {
	case k.release != nil:
		if q.name, q.version = k.release(p, c); q.name == "" {
			if !m.builtByDistro(c) { // else its distribution answers for what its packages carry
				m.gaps.ecosystem(p.Type, c)
			}
			return nil
		}
	case k.name != nil:
		q.name = k.name(p, c)
	}
	if !m.releases.covers(k.osv) {
		m.gaps.noAdvisories(k.osv, c)
		return nil
	}
	m.queries = append(m.queries[:0], q)
	if k.osv == "Go" {
		m.kubernetes(c, q)
	}
	// SwiftURL names packages with and without the address's scheme.
	if k.osv == "SwiftURL" {
		q.name = "https://" + q.name
		m.queries = append(m.queries, q)
	}
	return m.queries
}

// kubernetesPrograms are the programs that are built from k8s.io/kubernetes,
// by what the OSV ecosystem Kubernetes calls them. The modules of these names
// are something else: libraries, whose versions begin with 0.
var kubernetesPrograms = map[string]string{
	"kube-apiserver": "k8s.io/apiserver", "kubelet": "k8s.io/kubelet", "kubectl": "k8s.io/kubectl", "kube-proxy": "k8s.io/kube-proxy",
	"kube-controller-manager": "k8s.io/controller-manager", "kube-scheduler": "k8s.io/kube-scheduler",
	"cloud-controller-manager": "k8s.io/cloud-controller-manager",
}

// kubernetes adds what the ecosystem Kubernetes says of a Go module: it has
// the same names as Go's, but speaks of releases of Kubernetes.
func (m *matcher) kubernetes(c *boltseal.Component, q query) {
	host, _, _ := strings.Cut(q.name, "/")
	ours := host == "k8s.io" || strings.HasSuffix(host, ".k8s.io") || strings.HasPrefix(q.name, "github.com/kubernetes")
	release := strings.TrimPrefix(q.version, "v")
	if !ours || host == "k8s.io" && strings.HasPrefix(release, "0.") || !m.releases.covers("Kubernetes") {
		return
	}
	scheme, ok := version.ForEcosystem("Kubernetes")
	if !ok {
		return
	}
	names := []string{q.name}
	if q.name == "k8s.io/kubernetes" {
		for _, l := range c.Locations {
			if name := kubernetesPrograms[l.File[strings.LastIndexByte(l.File, '/')+1:]]; name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, name := range names {
		m.queries = append(m.queries, query{ecosystem: "Kubernetes", name: name, version: release, scheme: scheme})
	}
}

// compiler is GHC, as SBOMs name it: no registry has it, and an OSV ecosystem
// of its own does.
func compiler(p *boltseal.PURL) bool {
	return p.Type == "generic" && p.Name == "ghc" && (p.Namespace == "" || p.Namespace == "haskell")
}

// versionOf is the version as the ecosystem compares it. Purls of RPMs have
// the epoch apart.
func versionOf(p *boltseal.PURL, c *boltseal.Component) string {
	v := c.Version
	if v == "" {
		v = p.Version
	}
	if epoch := p.Qualifiers["epoch"]; epoch != "" && v != "" && p.Type == "rpm" && !strings.Contains(v, ":") {
		v = epoch + ":" + v
	}
	return v
}

// javaRuntimes are the builds of OpenJDK: NVD, and Bitnami after it, speak of
// the code that they share.
var javaRuntimes = map[string]bool{
	"openjdk": true, "temurin": true, "adoptopenjdk": true, "corretto": true, "zulu": true, "liberica": true, "sapmachine": true,
	"microsoft-openjdk": true, "semeru": true, "jetbrains-runtime": true, "graalvm": true, "oracle-jdk": true,
}

// genericRelease is what Bitnami's advisories call the releases of software
// that has no package registry of its own. They are those of NVD, with
// versions of three numbers.
func genericRelease(p *boltseal.PURL, c *boltseal.Component) (name, version string) {
	switch s := signature.Named(p.Name); {
	case p.Namespace != "":
		return "", ""
	case javaRuntimes[p.Name]:
		name = "java"
	case s != nil:
		name = s.Bitnami
	}
	return name, threeNumbers(versionOf(p, c))
}

// threeNumbers makes 15.20 into 15.20.0, 1.8.0_392 into 8.0.392 and drops
// what stands behind the third number but for the name of a pre-release.
func threeNumbers(v string) string {
	if rest, ok := strings.CutPrefix(v, "1.8.0_"); ok {
		v = "8.0." + rest
	}
	end := strings.IndexFunc(v, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	tail := ""
	if end >= 0 {
		v, tail = v[:end], v[end:]
	}
	parts := strings.Split(strings.Trim(v, "."), ".")
	for len(parts) < 3 {
		parts = append(parts, "0")
	}
	v = strings.Join(parts[:3], ".")
	switch word := strings.TrimLeft(tail, "-."); {
	case strings.HasPrefix(word, "rc"), strings.HasPrefix(word, "RC"), strings.HasPrefix(word, "beta"), strings.HasPrefix(word, "alpha"):
		v += "-" + strings.ToLower(word)
	}
	return v
}

// isProject holds for the code that the artifact is made of itself: a purl of
// no registry, and no name that others would know it by. Nobody publishes
// advisories about it.
func isProject(p *boltseal.PURL, c *boltseal.Component) bool {
	return p.Type == "generic" && len(c.CPEs) == 0 && c.Basis != boltseal.Matched && signature.Named(p.Name) == nil
}

// ownersOf finds the OS packages that others say they belong to.
func ownersOf(components []boltseal.Component) map[string]*boltseal.Component {
	owners := map[string]*boltseal.Component{}
	for i := range components {
		if owner := components[i].OwnedBy; owner != "" {
			owners[owner] = nil
		}
	}
	if len(owners) == 0 {
		return owners
	}
	for i := range components {
		if _, ok := owners[components[i].PURL]; ok {
			owners[components[i].PURL] = &components[i]
		}
	}
	return owners
}

// builtByDistro tells whether a language package is a distribution's own
// build of it. The distribution mends such packages without changing their
// upstream version, and says so in its own advisories about the OS package;
// those of the language would be wrong about it. A vendor's OS package that
// carries other people's software is no distribution's build: the
// distribution knows nothing of it.
func (m *matcher) builtByDistro(c *boltseal.Component) bool {
	if c.OwnedBy == "" {
		return false
	}
	for _, l := range c.Locations {
		// Distributions leave these to add-on packages and to the site
		// (Filesystem Hierarchy Standard 3.0, 3.13, 3.17 and 4.9).
		if strings.HasPrefix(l.File, "opt/") || strings.HasPrefix(l.File, "srv/") || strings.HasPrefix(l.File, "usr/local/") {
			return false
		}
	}
	owner := m.owners[c.OwnedBy]
	if owner == nil || owner.Supplier == "" || !strings.HasPrefix(owner.PURL, "pkg:rpm/") {
		return true
	}
	supplier := strings.ToLower(owner.Supplier)
	for _, vendor := range rpmVendors {
		if strings.Contains(supplier, vendor) {
			return true
		}
	}
	return false
}

// rpmVendors are what the Vendor field of the distributions' own packages
// holds, in lower case.
var rpmVendors = []string{
	"almalinux", "amazon", "azure linux", "centos", "cloudlinux", "fedora", "mageia", "mariner", "microsoft", "openeuler",
	"opensuse", "oracle", "red hat", "rocky", "suse", "vmware",
}
