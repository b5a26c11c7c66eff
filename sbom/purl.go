package sbom

import (
	"cmp"
	"strings"

	"github.com/boltseal/boltseal"
)

// sourceOf is the source package that a component's purl names in its
// upstream qualifier: "openssl@3.0.11-1", "openssl" or an RPM's file name.
// Without a version of its own it is the component's. A Debian or Alpine
// package without the qualifier is its own source.
func sourceOf(c *boltseal.Component) *boltseal.Source {
	kind := purlType(c.PURL)
	if !systemTypes[kind] {
		return nil
	}
	upstream := ""
	if strings.Contains(c.PURL, "upstream=") {
		if p, err := boltseal.ParsePURL(c.PURL); err == nil {
			upstream = p.Qualifiers["upstream"]
		}
	}
	if nvr, ok := strings.CutSuffix(upstream, ".src.rpm"); ok {
		return sourceRPM(nvr)
	}
	name, version, _ := strings.Cut(upstream, "@")
	if name == "" && (kind == "deb" || kind == "apk") {
		name = c.Name
	}
	if name == "" {
		return nil
	}
	return &boltseal.Source{Name: name, Version: cmp.Or(version, c.Version)}
}

// sourceRPM takes name-version-release apart.
func sourceRPM(nvr string) *boltseal.Source {
	release := strings.LastIndexByte(nvr, '-')
	if release <= 0 {
		return nil
	}
	version := strings.LastIndexByte(nvr[:release], '-')
	if version <= 0 {
		return nil
	}
	return &boltseal.Source{Name: nvr[:version], Version: nvr[version+1:]}
}

// grouped are the purl types whose names have two parts, and what stands
// between them.
var grouped = map[string]string{"maven": ":", "npm": "/", "composer": "/", "golang": "/", "github": "/", "swift": "/", "huggingface": "/"}

// splitName gives a component's name as the group and name that CycloneDX
// wants, where the purl says so and joinName makes the same name of them.
func splitName(c *boltseal.Component) (group, name string) {
	p, err := boltseal.ParsePURL(c.PURL)
	if err != nil || p.Namespace == "" || (p.Type != "maven" && p.Type != "npm" && p.Type != "composer") {
		return "", c.Name
	}
	if joinName(p.Namespace, p.Name, c.PURL) != c.Name {
		return "", c.Name
	}
	return p.Namespace, p.Name
}

// joinName is the name that an ecosystem makes of a group and a name.
func joinName(group, name, purl string) string {
	if group == "" {
		return name
	}
	kind, _, _ := strings.Cut(strings.TrimPrefix(purl, "pkg:"), "/")
	separator, ok := grouped[strings.ToLower(kind)]
	switch {
	case ok:
		return group + separator + name
	case purl == "":
		return group + "/" + name
	}
	return name // the group of a distribution's package is the distribution
}

// foreignName is the name that the purl of another tool's component gives,
// where the tool leaves out the scope or group.
func foreignName(c *boltseal.Component) string {
	p, err := boltseal.ParsePURL(c.PURL)
	if err != nil {
		return c.Name
	}
	if _, ok := grouped[p.Type]; ok && p.Namespace != "" && (c.Name == "" || c.Name == p.Name) {
		return p.FullName()
	}
	return cmp.Or(c.Name, p.FullName())
}

// foreignVersion fills in what a tool puts only into the purl: the version
// itself, and the epoch of an RPM.
func foreignVersion(c *boltseal.Component) string {
	p, err := boltseal.ParsePURL(c.PURL)
	if err != nil {
		return c.Version
	}
	version := cmp.Or(c.Version, p.Version)
	if p.Type == "golang" && p.Version != "" && (version == "go"+p.Version || "v"+version == p.Version) {
		return p.Version // "go1.24.1" is how the standard library calls itself, "1.6.0" no module version
	}
	if epoch := p.Qualifiers["epoch"]; p.Type == "rpm" && epoch != "" && epoch != "0" && version != "" && !strings.Contains(version, ":") {
		return epoch + ":" + version
	}
	return version
}

// codenames are the releases that purls name by codename alone.
var codenames = map[string]string{
	"stretch": "9", "buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14",
	"xenial": "16.04", "bionic": "18.04", "focal": "20.04", "jammy": "22.04", "noble": "24.04",
}

// distroIDs are the names that other tools have for what os-release calls
// differently.
var distroIDs = map[string]string{
	"redhat": "rhel", "oracle": "ol", "oraclelinux": "ol", "amazon": "amzn", "alma": "almalinux", "rockylinux": "rocky",
	"suse": "sles", "suse linux enterprise server": "sles", "opensuse.leap": "opensuse-leap", "cbl-mariner": "mariner",
	"red hat enterprise linux": "rhel",
}

// distroOfPURL reads the distro qualifier of an operating system's package:
// "debian-12", "opensuse-leap-15.5", or a codename.
func distroOfPURL(purl string) *boltseal.Distro {
	if !strings.Contains(purl, "distro=") {
		return nil
	}
	p, err := boltseal.ParsePURL(purl)
	if err != nil {
		return nil
	}
	return foreignDistro(p.Namespace, p.Qualifiers["distro"])
}

// foreignDistro makes a distribution of another tool's words for it. The
// namespace is that of the purl.
func foreignDistro(namespace, s string) *boltseal.Distro {
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "" {
		return nil
	}
	if version, ok := codenames[s]; ok && namespace != "" {
		return &boltseal.Distro{ID: namespace, Version: version, Codename: s}
	}
	id, version := s, ""
	for i := 0; i+1 < len(s); i++ {
		if s[i] == '-' && s[i+1] >= '0' && s[i+1] <= '9' {
			id, version = s[:i], s[i+1:]
			break
		}
	}
	if codenames[version] != "" {
		version = codenames[version]
	}
	return tidyDistro(&boltseal.Distro{ID: id, Version: version})
}

// tidyDistro writes a distribution as os-release would.
func tidyDistro(d *boltseal.Distro) *boltseal.Distro {
	if id, ok := distroIDs[d.ID]; ok {
		d.ID = id
	}
	if d.ID == "debian" {
		d.Version, _, _ = strings.Cut(d.Version, ".") // VERSION_ID has no point release
	}
	return d
}

// systemTypes are the purl types of operating systems' packages.
var systemTypes = map[string]bool{"deb": true, "rpm": true, "apk": true, "alpm": true, "ebuild": true}

// purlType is the type of a purl, in lower case, or empty.
func purlType(purl string) string {
	rest, ok := strings.CutPrefix(purl, "pkg:")
	kind, _, found := strings.Cut(strings.TrimLeft(rest, "/"), "/")
	if !ok || !found {
		return ""
	}
	return strings.ToLower(kind)
}
