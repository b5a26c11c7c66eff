package slsa

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal/seal"
)

// Expect is what a user knows about an artifact's making. Empty fields ask
// for nothing, but a source must be asked for: provenance of anybody's source
// proves nothing.
type Expect struct {
	SourceURI    string
	Branch       string
	Tag          string
	VersionedTag string // "v1" is any v1.x.y, "v1.2" any v1.2.x
	Commit       string
	BuilderID    string            // with or without its @version
	BuildType    string            // exact
	Inputs       map[string]string // what the build was started with
	Level        int               // the least build level, 0 to 3
	Roots        []Root            // nil: DefaultRoots
}

// The steps of a comparison, besides those of package seal.
const (
	StepBuilder   seal.StepName = "builder"    // who built
	StepBuildType seal.StepName = "build type" // how to read the rest
	StepSource    seal.StepName = "source"     // from which repository
	StepRef       seal.StepName = "ref"        // from which branch, tag or commit
	StepInputs    seal.StepName = "inputs"     // with which parameters
	StepAgree     seal.StepName = "agree"      // certificate and predicate say the same
	StepLevel     seal.StepName = "level"      // what level all this supports
)

// Result is what came of a comparison.
type Result struct {
	OK      bool        `json:"ok"`
	Level   int         `json:"level"`            // the build level that the evidence supports
	NotNext string      `json:"notNext,omitzero"` // why it is not one higher
	Steps   []seal.Step `json:"steps"`
}

// Verify compares provenance with what is expected. The signer is nil for a
// statement that nobody signed, as BuildKit attaches them.
func Verify(p *Provenance, signer *seal.SignedBy, e *Expect) *Result {
	r := &Result{OK: true}
	roots := e.Roots
	if roots == nil {
		roots = DefaultRoots()
	}
	r.builder(p, e)
	if e.BuildType != "" {
		r.step(p, StepBuildType, e.BuildType, p.BuildType, e.BuildType == p.BuildType)
	}
	r.source(p, e)
	r.refs(p, e)
	for _, name := range slices.Sorted(maps.Keys(e.Inputs)) {
		got, there := p.Inputs[name]
		word := scalar(got)
		if !there {
			word = ""
		}
		r.step(p, StepInputs, name+"="+e.Inputs[name], name+"="+word, there && word == e.Inputs[name])
	}
	r.agree(p, signer)
	if !r.OK {
		// A mismatch says that this is provenance of something else.
		r.NotNext = "it is not the provenance that was asked for"
		return r
	}
	r.Level, r.NotNext = level(p, signer, roots)
	if e.Level > 0 {
		r.step(p, StepLevel, "SLSA build level "+strconv.Itoa(e.Level), "level "+strconv.Itoa(r.Level), r.Level >= e.Level)
	}
	return r
}

// step notes one comparison. Its text names where in the predicate the value
// stands.
func (r *Result) step(p *Provenance, name seal.StepName, want, got string, ok bool) {
	text := string(name) + " is as expected"
	if !ok {
		r.OK = false
		text = string(name) + " is not what was expected"
	}
	if path := p.paths[string(name)]; path != "" {
		text += " (" + path + ")"
	}
	r.Steps = append(r.Steps, seal.Step{Name: name, OK: ok, Text: text, Want: want, Got: got})
}

func (r *Result) builder(p *Provenance, e *Expect) {
	if e.BuilderID == "" {
		return
	}
	got := p.BuilderID
	if !strings.Contains(e.BuilderID, "@") {
		got, _, _ = strings.Cut(got, "@")
	}
	r.step(p, StepBuilder, e.BuilderID, p.BuilderID, got == e.BuilderID)
}

func (r *Result) source(p *Provenance, e *Expect) {
	if e.SourceURI == "" {
		r.OK = false
		r.Steps = append(r.Steps, seal.Step{Name: StepSource, Text: "no source was asked for, and provenance of any source proves nothing", Got: p.Source.URI})
		return
	}
	r.step(p, StepSource, e.SourceURI, p.Source.URI, SameSource(e.SourceURI, p.Source.URI))
}

func (r *Result) refs(p *Provenance, e *Expect) {
	if e.Branch != "" {
		r.step(p, StepRef, "refs/heads/"+e.Branch, p.Source.Ref, p.Source.Branch() == e.Branch)
	}
	if e.Tag != "" {
		r.step(p, StepRef, "refs/tags/"+e.Tag, p.Source.Ref, p.Source.Tag() == e.Tag)
	}
	if e.VersionedTag != "" {
		r.step(p, StepRef, "a tag of version "+e.VersionedTag, p.Source.Ref, underVersion(p.Source.Tag(), e.VersionedTag))
	}
	if e.Commit != "" {
		r.step(p, StepRef, e.Commit, p.Source.Commit, strings.EqualFold(e.Commit, p.Source.Commit))
	}
}

// underVersion tells whether a tag is the asked version or one below it: each
// number that is asked for must be there, and a release has no suffix unless
// the whole was asked for.
func underVersion(tag, asked string) bool {
	if tag == asked {
		return tag != ""
	}
	if !strings.HasPrefix(tag, "v") || !strings.HasPrefix(asked, "v") {
		return false
	}
	want := strings.Split(asked[1:], ".")
	has := strings.Split(strings.SplitN(tag[1:], "+", 2)[0], ".")
	if len(want) > 2 || len(has) != 3 {
		return false
	}
	for _, number := range append(slices.Clone(want), has...) {
		if n, err := strconv.ParseUint(number, 10, 32); err != nil || strconv.FormatUint(n, 10) != number {
			return false
		}
	}
	return slices.Equal(want, has[:len(want)])
}

// agree compares what the builder wrote into the predicate with what the
// authority that named the builder wrote into its certificate. A user of a
// build service can often choose the first and never the second.
func (r *Result) agree(p *Provenance, signer *seal.SignedBy) {
	if signer == nil || signer.Certificate == nil {
		return
	}
	x := signer.Certificate.Extensions
	if x.SourceRepositoryURI == "" && x.GithubWorkflowRepository != "" { // certificates of before 2023
		x.SourceRepositoryURI, x.SourceRepositoryRef, x.SourceRepositoryDigest = "https://github.com/"+x.GithubWorkflowRepository, x.GithubWorkflowRef, x.GithubWorkflowSHA
	}
	if x.SourceRepositoryURI == "" && signer.Certificate.Issuer == githubIssuer {
		r.step(p, StepAgree, "a certificate that names the source", "none", false)
	}
	if x.SourceRepositoryURI != "" {
		r.step(p, StepAgree, "source "+x.SourceRepositoryURI+" of the certificate", p.Source.URI, SameSource(x.SourceRepositoryURI, p.Source.URI))
	}
	if x.SourceRepositoryRef != "" && p.Source.Ref != "" {
		r.step(p, StepAgree, "ref "+x.SourceRepositoryRef+" of the certificate", p.Source.Ref, x.SourceRepositoryRef == p.Source.Ref)
	}
	if x.SourceRepositoryDigest != "" && p.Source.Commit != "" {
		r.step(p, StepAgree, "commit "+x.SourceRepositoryDigest+" of the certificate", p.Source.Commit, strings.EqualFold(x.SourceRepositoryDigest, p.Source.Commit))
	}
	if x.BuildSignerURI != "" && strings.HasPrefix(p.BuilderID, "https://github.com/") && p.BuilderID != githubHosted && p.BuilderID != githubSelfHosted {
		r.step(p, StepAgree, "builder "+x.BuildSignerURI+" of the certificate", p.BuilderID, x.BuildSignerURI == p.BuilderID)
	}
}

// scalar is a parameter's value as a user would type it.
func scalar(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}
