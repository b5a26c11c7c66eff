package report

import (
	"cmp"
	"strings"

	"github.com/boltseal/boltseal"
)

// peerType is what other scanners call the packages of one purl type.
type peerType struct {
	trivy, trivyLock string // installed, and asked for by a lock file
	trivyTarget      string // the heading of the installed ones
	grype, language  string
	system           bool
}

var peerTypes = map[string]peerType{
	"deb":       {grype: "deb", system: true},
	"apk":       {grype: "apk", system: true},
	"rpm":       {grype: "rpm", system: true},
	"alpm":      {grype: "alpm", system: true},
	"npm":       {"node-pkg", "npm", "Node.js", "npm", "javascript", false},
	"pypi":      {"python-pkg", "pip", "Python", "python", "python", false},
	"maven":     {"jar", "pom", "Java", "java-archive", "java", false},
	"golang":    {"gobinary", "gomod", "", "go-module", "go", false},
	"cargo":     {"rustbinary", "cargo", "", "rust-crate", "rust", false},
	"gem":       {"gemspec", "bundler", "Ruby", "gem", "ruby", false},
	"composer":  {"composer-vendor", "composer", "", "php-composer", "php", false},
	"nuget":     {"dotnet-core", "nuget", "", "dotnet", "dotnet", false},
	"conan":     {"conan", "conan", "", "conan", "c++", false},
	"hex":       {"hex", "hex", "", "hex", "elixir", false},
	"pub":       {"pub", "pub", "", "dart-pub", "dart", false},
	"swift":     {"swift", "swift", "", "swift", "swift", false},
	"cocoapods": {"cocoapods", "cocoapods", "", "pod", "swift", false},
	"conda":     {"conda-pkg", "conda-environment", "Conda", "conda", "python", false},
	"julia":     {"julia", "julia", "", "julia", "julia", false},
	"bitnami":   {"bitnami", "bitnami", "", "bitnami", "", false},
}

// peerTypeOf is a component's type in other scanners' words; a type that
// they do not know keeps its purl's.
func peerTypeOf(c *boltseal.Component) peerType {
	kind := typeOf(c)
	t, ok := peerTypes[kind]
	if !ok {
		t = peerType{trivy: kind, trivyLock: kind, grype: kind}
	}
	return t
}

// distroIn is the distribution of the image that a finding is in.
func distroIn(r *boltseal.Report, f *boltseal.Finding) *boltseal.Distro {
	for i := range r.Children {
		c := &r.Children[i]
		if c.Platform != nil && c.Platform.String() == f.Subject.Platform && c.Distro != nil {
			return c.Distro
		}
	}
	return firstDistro(r)
}

func firstDistro(r *boltseal.Report) *boltseal.Distro {
	if r.Artifact.Distro != nil {
		return r.Artifact.Distro
	}
	for i := range r.Children {
		if r.Children[i].Distro != nil {
			return r.Children[i].Distro
		}
	}
	return nil
}

// osOf is a report's distribution as other tools write it: "debian 12".
func osOf(r *boltseal.Report) string {
	d := firstDistro(r)
	if d == nil {
		return ""
	}
	return strings.TrimSpace(d.ID + " " + d.Version)
}

// aliasOf is a check's name in another tool, or "".
func aliasOf(c boltseal.Check, tool string) string {
	for _, alias := range c.Aliases {
		if name, ok := strings.CutPrefix(alias, tool+":"); ok {
			return name
		}
	}
	return ""
}

// cvssVersion is the version that a vector is written in.
func cvssVersion(vector string) string {
	rest, ok := strings.CutPrefix(vector, "CVSS:")
	if !ok {
		return "2.0"
	}
	version, _, _ := strings.Cut(rest, "/")
	return version
}

// resolutionOf says what removes a finding.
func resolutionOf(f *boltseal.Finding) string {
	for _, fix := range f.Fixes {
		if fix.Title != "" {
			return fix.Title
		}
	}
	return ""
}

// familyOf is the part of a check's id before its slash.
func familyOf(check string) string {
	family, _, _ := strings.Cut(check, "/")
	return family
}

// diffIDsOf lists the layers that a report knows.
func diffIDsOf(a *boltseal.Artifact) []string {
	out := []string{}
	for _, l := range a.Layers {
		if l.DiffID != "" {
			out = append(out, string(l.DiffID))
		}
	}
	return out
}

// digestByDiffID is the stored digest of a layer.
func digestByDiffID(r *boltseal.Report, diffID boltseal.Digest) string {
	artifacts := append([]boltseal.Artifact{r.Artifact}, r.Children...)
	for i := range artifacts {
		for _, l := range artifacts[i].Layers {
			if l.DiffID == diffID && diffID != "" {
				return string(l.Digest)
			}
		}
	}
	return ""
}

// namesOf splits an image's name into what other tools list as tags and as
// digests of repositories.
func namesOf(a *boltseal.Artifact) (tags, digests []string) {
	if a.Kind != boltseal.KindImage && a.Kind != boltseal.KindIndex {
		return nil, nil
	}
	name := a.Name
	if strings.Contains(name, "@") {
		return nil, []string{name}
	}
	tags = []string{name}
	if digest := cmp.Or(a.Parent, a.Digest); digest != "" {
		digests = []string{repositoryOf(name) + "@" + string(digest)}
	}
	return tags, digests
}
