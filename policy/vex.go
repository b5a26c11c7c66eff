package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

// Statement is what a VEX document says of vulnerabilities in products: that
// they are affected or not, and why. Every form of VEX is read into it.
type Statement struct {
	IDs           []string  // of the vulnerability: its name and aliases
	Products      []Product // any of them
	Status        boltseal.Status
	Justification string // a label of OpenVEX, such as vulnerable_code_not_present
	Impact        string // the same in words
	Author        string
	Source        string    // the document
	Time          time.Time // of the statement, or else of its document
}

// Product is what a statement speaks of.
type Product struct {
	IDs      []string // spellings of one product: package URLs, image references, digests
	Parts    []string // package URLs within the product; none means all of it
	Platform string   // CPE of the system that the product is part of, if the document says
}

// Justifications are the reasons for "not affected" that VEX knows (OpenVEX
// specification 0.2.0, "Status justifications").
var Justifications = []string{
	"component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
	"vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist",
}

// settles tells whether a statement of this status takes a finding away.
func settles(s boltseal.Status) bool {
	return s == boltseal.StatusNotAffected || s == boltseal.StatusFixed
}

// heed marks the findings of which the newest statement about them says that
// the product is not affected. Of statements of one moment the gravest holds,
// and a waiver of the policy's own comes before any statement.
func (p *Policy) heed(r *boltseal.Report) {
	if len(p.VEX) == 0 {
		return
	}
	byID := map[string][]*Statement{}
	for i := range p.VEX {
		for _, id := range p.VEX[i].IDs {
			id = strings.ToUpper(id)
			byID[id] = append(byID[id], &p.VEX[i])
		}
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Waived != nil || f.Advisory == nil || f.Component == nil {
			continue
		}
		var last *Statement
		for _, id := range append([]string{f.Advisory.ID}, f.Advisory.Aliases...) {
			for _, s := range byID[strings.ToUpper(id)] {
				if overrides(s, last) && s.concerns(f, r) {
					last = s
				}
			}
		}
		if last != nil && settles(last.Status) {
			f.Waived = last.waiver(f)
		}
	}
}

func overrides(s, last *Statement) bool {
	switch {
	case last == nil:
		return true
	case !s.Time.Equal(last.Time):
		return s.Time.After(last.Time)
	}
	return settles(last.Status) && !settles(s.Status)
}

func (s *Statement) waiver(f *boltseal.Finding) *boltseal.Waiver {
	reason := s.Impact
	if reason == "" {
		reason = strings.ReplaceAll(s.Justification, "_", " ")
	}
	if reason == "" {
		reason = string(s.Status)
	}
	return &boltseal.Waiver{
		ID: f.Advisory.ID, PURL: f.Component.PURL, Reason: reason, Owner: s.Author, Source: s.Source,
		Status: s.Status, Justification: s.Justification,
	}
}

// concerns tells whether the statement speaks of the finding's component in
// the finding's artifact.
func (s *Statement) concerns(f *boltseal.Finding, r *boltseal.Report) bool {
	for i := range s.Products {
		p := &s.Products[i]
		if p.Platform != "" && !onPlatform(p.Platform, distroOf(f, r)) {
			continue
		}
		whole := slices.ContainsFunc(p.IDs, func(id string) bool { return namesArtifact(id, f, r) })
		switch {
		case whole && len(p.Parts) == 0:
			return true
		case whole && slices.ContainsFunc(p.Parts, func(id string) bool { return namesComponent(id, f, r, false) }):
			return true
		case len(p.Parts) == 0 && slices.ContainsFunc(p.IDs, func(id string) bool {
			return namesComponent(id, f, r, s.Status == boltseal.StatusFixed)
		}):
			return true
		}
	}
	return false
}

// subjectOf is the artifact that a finding is about: the report's, or one of
// the images of its index.
func subjectOf(f *boltseal.Finding, r *boltseal.Report) *boltseal.Artifact {
	for i := range r.Children {
		if r.Children[i].Digest == f.Subject.Digest {
			return &r.Children[i]
		}
	}
	return &r.Artifact
}

func distroOf(f *boltseal.Finding, r *boltseal.Report) *boltseal.Distro {
	if d := subjectOf(f, r).Distro; d != nil {
		return d
	}
	return r.Artifact.Distro
}

// namesArtifact tells whether a product id is the image itself: its digest,
// a reference, or a package URL of type oci or docker. A name without tag and
// digest is every image of that repository.
func namesArtifact(id string, f *boltseal.Finding, r *boltseal.Report) bool {
	if _, err := boltseal.ParseDigest(id); err == nil {
		return hasDigest(id, f, r)
	}
	if !strings.HasPrefix(id, "pkg:") {
		repository, tag, digest := splitReference(id)
		return repository != "" && matchesImage(repository, tag, digest, f, r)
	}
	p, err := boltseal.ParsePURL(id)
	if err != nil || p.Type != "oci" && p.Type != "docker" {
		return false
	}
	subject := subjectOf(f, r)
	if arch := p.Qualifiers["arch"]; arch != "" && subject.Platform != nil && arch != subject.Platform.Arch {
		return false
	}
	tag, digest := p.Qualifiers["tag"], p.Version
	if _, err := boltseal.ParseDigest(digest); err != nil {
		if digest != "" {
			tag = digest
		}
		digest = ""
	}
	if digest != "" {
		return hasDigest(digest, f, r)
	}
	repository := p.Qualifiers["repository_url"]
	switch {
	case repository == "" && p.Type == "oci":
		return false // a last segment alone says nothing about who made it
	case repository == "":
		repository = path(p)
	case repository[strings.LastIndexByte(repository, '/')+1:] != p.Name:
		repository += "/" + path(p)
	}
	return matchesImage(repository, tag, "", f, r)
}

func matchesImage(repository, tag, digest string, f *boltseal.Finding, r *boltseal.Report) bool {
	if digest != "" {
		return hasDigest(digest, f, r)
	}
	name, _ := strings.CutPrefix(r.Artifact.Name, "registry:")
	has, hasTag, _ := splitReference(name)
	return has != "" && fullRepository(has) == fullRepository(repository) && (tag == "" || tag == hasTag)
}

func hasDigest(digest string, f *boltseal.Finding, r *boltseal.Report) bool {
	d := boltseal.Digest(digest)
	subject := subjectOf(f, r)
	return d == r.Artifact.Digest || d == subject.Digest || d == subject.ImageID || d == subject.Parent
}

func splitReference(s string) (repository, tag, digest string) {
	repository, digest, _ = strings.Cut(s, "@")
	if colon := strings.LastIndexByte(repository, ':'); colon > strings.LastIndexByte(repository, '/') {
		repository, tag = repository[:colon], repository[colon+1:]
	}
	return repository, tag, digest
}

// fullRepository writes out what a short name of Docker Hub leaves away.
func fullRepository(s string) string {
	host, rest, ok := strings.Cut(s, "/")
	switch {
	case !ok:
		return "docker.io/library/" + s
	case !strings.ContainsAny(host, ".:") && host != "localhost":
		return "docker.io/" + s
	case host == "index.docker.io" || host == "registry-1.docker.io":
		return "docker.io/" + rest
	}
	return s
}

// namesComponent tells whether a package URL, as whoever wrote the statement
// spells it, is the finding's component or the source package that it was
// built from. Without a version it is all versions, unless one is asked for.
func namesComponent(id string, f *boltseal.Finding, r *boltseal.Report, versioned bool) bool {
	want, err := boltseal.ParsePURL(id)
	if err != nil || versioned && want.Version == "" {
		return false
	}
	has, err := boltseal.ParsePURL(f.Component.PURL)
	if err != nil || want.Type != has.Type || !strings.EqualFold(want.Namespace, has.Namespace) {
		return false
	}
	switch {
	case packageName(want) == packageName(has):
		if want.Version != "" && packageVersion(want) != packageVersion(has) {
			return false
		}
	case f.Component.Source != nil && want.Name == f.Component.Source.Name:
		if want.Version != "" && want.Version != f.Component.Source.Version && packageVersion(want) != packageVersion(has) {
			return false
		}
	default:
		return false
	}
	return sameQualifiers(want, has, distroOf(f, r))
}

func packageName(p boltseal.PURL) string {
	if p.Type == "pypi" {
		return strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(p.Name))
	}
	return p.Name
}

// packageVersion is the version in one of the spellings in use: the epoch of
// an RPM may stand before the version or in a qualifier, and a Go version may
// lack its "v".
func packageVersion(p boltseal.PURL) string {
	switch p.Type {
	case "golang":
		return strings.TrimPrefix(p.Version, "v")
	case "rpm":
		epoch, version, ok := strings.Cut(p.Version, ":")
		if !ok {
			epoch, version = p.Qualifiers["epoch"], p.Version
		}
		if epoch == "" {
			epoch = "0"
		}
		return epoch + ":" + version
	}
	return p.Version
}

// sameQualifiers compares the qualifiers that tell packages apart, where both
// have them.
func sameQualifiers(want, has boltseal.PURL, distro *boltseal.Distro) bool {
	if arch := want.Qualifiers["arch"]; arch != "" && !slices.Contains([]string{"source", "src", "all", "any", "noarch", has.Qualifiers["arch"]}, arch) &&
		has.Qualifiers["arch"] != "" {
		return false
	}
	for _, key := range []string{"classifier", "type"} {
		if w, h := want.Qualifiers[key], has.Qualifiers[key]; w != "" && h != "" && w != h {
			return false
		}
	}
	w, h := want.Qualifiers["distro"], has.Qualifiers["distro"]
	if w == "" || h == "" || w == h || strings.HasPrefix(w, h+".") || strings.HasPrefix(h, w+".") {
		return true
	}
	if distro == nil || distro.Codename == "" {
		return false
	}
	return w == distro.Codename || w == distro.ID+"-"+distro.Codename
}

// onPlatform tells whether a CPE names the distribution in its version.
func onPlatform(cpe string, distro *boltseal.Distro) bool {
	if distro == nil {
		return false
	}
	want, has := cpeParts(cpe), cpeParts(distro.CPE)
	if has[1] == "" {
		has = [3]string{"", distro.ID, distro.Version}
		want[0] = ""
	}
	if want[0] != has[0] || want[1] != has[1] && !(distro.ID == "rhel" && want[1] == "enterprise_linux") {
		return false
	}
	return want[2] == "" || want[2] == has[2] || strings.HasPrefix(has[2], want[2]+".")
}

// cpeParts are vendor, product and version of a CPE in either binding.
func cpeParts(cpe string) [3]string {
	rest, ok := strings.CutPrefix(cpe, "cpe:2.3:")
	if !ok {
		rest = strings.TrimPrefix(cpe, "cpe:/")
	}
	var parts [3]string
	words := strings.Split(rest, ":")
	for i := range parts {
		if i+1 < len(words) && words[i+1] != "*" && words[i+1] != "-" {
			parts[i] = words[i+1]
		}
	}
	return parts
}
