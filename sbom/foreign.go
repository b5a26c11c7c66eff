package sbom

import (
	"cmp"
	"path"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

// Properties of other tools. Syft's names begin with "syft:", Trivy's with
// "aquasecurity:trivy:", cdxgen's and npm's are bare or begin with "cdx:";
// "bsi:component:" is the German BSI's (TR-03183-2, CycloneDX taxonomy).
const (
	syft  = "syft:"
	trivy = "aquasecurity:trivy:"
	bsi   = "bsi:component:"
)

// foreignComponent understands what other tools say of a component in
// properties, and gives back the properties that say something else.
func foreignComponent(c *boltseal.Component, all []Property) (rest []Property) {
	c.Name, c.Version = foreignName(c), foreignVersion(c)
	if p, err := boltseal.ParsePURL(c.PURL); err == nil {
		c.Module = module(cmp.Or(p.Qualifiers["rpmmod"], p.Qualifiers["modularitylabel"]))
	}
	byName := make(values, len(all))
	for _, p := range all {
		byName[p.Name] = p.Value
	}
	foreignSource(c, byName)
	foreignPlaces(c, byName)
	c.FoundBy = cmp.Or(c.FoundBy, byName[syft+"package:foundBy"])
	c.Module = cmp.Or(c.Module, module(cmp.Or(byName[trivy+"Modularitylabel"], byName[syft+"metadata:modularityLabel"])))
	c.Dev = c.Dev || byName["cdx:npm:package:development"] == "true"
	var cpes []string
	for _, p := range all {
		switch {
		case p.Name == syft+"cpe23":
			cpes = append(cpes, p.Value)
		case strings.HasPrefix(p.Name, syft), strings.HasPrefix(p.Name, trivy), p.Name == "SrcFile":
		default:
			rest = append(rest, p)
		}
	}
	c.CPEs = union(c.CPEs, cpes)
	return rest
}

// module is the name and stream of an RPM module's label.
func module(label string) string {
	parts := strings.SplitN(label, ":", 3)
	if len(parts) < 2 {
		return ""
	}
	return parts[0] + ":" + parts[1]
}

// foreignSource finds the source package.
func foreignSource(c *boltseal.Component, v values) {
	var s boltseal.Source
	switch {
	case v[trivy+"SrcName"] != "":
		s = boltseal.Source{Name: v[trivy+"SrcName"], Version: v[trivy+"SrcVersion"]}
		if release := v[trivy+"SrcRelease"]; release != "" && s.Version != "" {
			s.Version += "-" + release
		}
		if epoch := v[trivy+"SrcEpoch"]; epoch != "" && epoch != "0" && s.Version != "" {
			s.Version = epoch + ":" + s.Version
		}
	case v[syft+"metadata:source"] != "":
		s = boltseal.Source{Name: v[syft+"metadata:source"], Version: v[syft+"metadata:sourceVersion"]}
	case v[syft+"metadata:originPackage"] != "":
		s = boltseal.Source{Name: v[syft+"metadata:originPackage"]}
	case strings.HasSuffix(v[syft+"metadata:sourceRpm"], ".src.rpm"):
		if nvr := sourceRPM(strings.TrimSuffix(v[syft+"metadata:sourceRpm"], ".src.rpm")); nvr != nil {
			s = *nvr
		}
	}
	if s.Name != "" {
		s.Version = cmp.Or(s.Version, c.Version)
		c.Source = &s
	}
}

// foreignPlaces finds where the component is.
func foreignPlaces(c *boltseal.Component, v values) {
	layer := boltseal.Digest(cmp.Or(v[trivy+"LayerDiffID"], v[trivy+"LayerDigest"]))
	known := make(map[string]int, len(c.Locations))
	for i, l := range c.Locations {
		known[l.File] = i
	}
	for _, i := range v.indexes(syft + "location") {
		at := syft + "location:" + strconv.Itoa(i) + ":"
		file := strings.TrimPrefix(v[at+"path"], "/")
		l := boltseal.Location{File: file, Layer: boltseal.Digest(v[at+"layerID"])}
		if at, ok := known[file]; ok {
			c.Locations[at] = l
			continue
		}
		known[file] = len(c.Locations)
		c.Locations = append(c.Locations, l)
	}
	if file := cmp.Or(v[trivy+"FilePath"], v["SrcFile"]); file != "" && len(c.Locations) == 0 {
		c.Locations = []boltseal.Location{{File: strings.TrimPrefix(file, "/")}}
	}
	if layer == "" {
		return
	}
	if len(c.Locations) == 0 {
		c.Locations = []boltseal.Location{{}}
	}
	for i := range c.Locations {
		c.Locations[i].Layer = cmp.Or(c.Locations[i].Layer, layer)
	}
}

// manifests are the files that ask for components rather than prove that
// they are there.
var manifests = map[string]bool{
	"package-lock.json": true, "npm-shrinkwrap.json": true, "yarn.lock": true, "pnpm-lock.yaml": true, "bun.lock": true,
	"requirements.txt": true, "poetry.lock": true, "pdm.lock": true, "uv.lock": true, "pipfile.lock": true,
	"go.mod": true, "go.sum": true, "cargo.lock": true, "gemfile.lock": true, "composer.lock": true, "pom.xml": true,
	"gradle.lockfile": true, "packages.lock.json": true, "mix.lock": true, "pubspec.lock": true, "podfile.lock": true,
	"package.resolved": true, "conan.lock": true,
}

// foreignBasis judges the evidence that another tool had. What is in an
// image is there; what is in a project's document was asked for.
func foreignBasis(doc *Document, c *boltseal.Component) boltseal.Basis {
	kind := purlType(c.PURL)
	for _, l := range c.Locations {
		if manifests[strings.ToLower(path.Base(l.File))] {
			return boltseal.Declared
		}
	}
	a := &doc.Artifact
	inside := a.Distro != nil || a.Kind == boltseal.KindImage || a.Kind == boltseal.KindIndex || a.Kind == boltseal.KindRootFS
	switch {
	case systemTypes[kind]:
		return boltseal.Installed
	case !inside || doc.Phase == "pre-build" || doc.Phase == "design":
		return boltseal.Declared
	case kind == "golang" || kind == "maven" || kind == "cargo":
		return boltseal.Embedded
	}
	return boltseal.Installed
}

// foreignArtifact understands what Syft and Trivy say of an image.
func foreignArtifact(a *boltseal.Artifact, all []Property) {
	for _, p := range all {
		switch name, ok := strings.CutPrefix(p.Name, trivy); {
		case ok && name == "ImageID":
			a.ImageID = boltseal.Digest(p.Value)
		case ok && name == "RepoDigest":
			if _, digest, ok := strings.Cut(p.Value, "@"); ok && a.Digest == "" {
				a.Digest = boltseal.Digest(digest)
			}
		case ok && name == "DiffID":
			a.Layers = append(a.Layers, boltseal.Layer{DiffID: boltseal.Digest(p.Value)})
		case ok && strings.HasPrefix(name, "Labels:"):
			addLabel(a, strings.TrimPrefix(name, "Labels:"), p.Value)
		case strings.HasPrefix(p.Name, syft+"image:labels:"):
			addLabel(a, strings.TrimPrefix(p.Name, syft+"image:labels:"), p.Value)
		}
	}
}

func addLabel(a *boltseal.Artifact, name, value string) {
	if a.Labels == nil {
		a.Labels = map[string]string{}
	}
	a.Labels[name] = value
}

// foreignSystem understands what other tools say of a distribution.
func foreignSystem(d *boltseal.Distro, all []Property) *boltseal.Distro {
	d.ID = strings.ToLower(d.ID)
	for _, p := range all {
		switch p.Name {
		case syft + "distro:id":
			d.ID = p.Value
		case syft + "distro:versionID":
			d.Version = p.Value
		case syft + "distro:prettyName":
			d.Name = p.Value
		case syft + "distro:versionCodename":
			d.Codename = p.Value
		}
		if strings.HasPrefix(p.Name, syft+"distro:idLike:") {
			d.Like = append(d.Like, p.Value)
		}
	}
	if d.ID == "" {
		return nil
	}
	return tidyDistro(d)
}

// foreignRef tells what an artifact's name and version say of its kind and
// digest.
func foreignImage(a *boltseal.Artifact, version, purl string) {
	if digest, err := boltseal.ParseDigest(version); err == nil {
		a.Digest = digest
	}
	if p, err := boltseal.ParsePURL(purl); err == nil && (p.Type == "oci" || p.Type == "docker") {
		if digest, err := boltseal.ParseDigest(p.Version); err == nil && a.Digest == "" {
			a.Digest = digest
		}
		if arch := p.Qualifiers["arch"]; arch != "" && a.Platform == nil {
			a.Platform = &boltseal.Platform{OS: cmp.Or(p.Qualifiers["os"], "linux"), Arch: arch}
		}
	}
}
