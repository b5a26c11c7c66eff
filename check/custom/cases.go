package custom

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Test is a case that the author of a file wrote: something to look at, and
// the checks that must fail there.
type Test struct {
	Name  string
	Check string   // only this one is run; empty: all that look at such a thing
	Want  []string // ids of the checks that must fail, and no others
	Error bool     // an expression must fail to give an answer
	At    boltseal.Location

	input *Input
	over  []Over
}

// Result is what became of a test.
type Result struct {
	Test *Test
	Got  []string // ids of the checks that failed
	Gaps []boltseal.Gap
	Pass bool
}

// Test runs the test cases of the set.
func (s *Set) Test(ctx context.Context) []Result {
	var out []Result
	for i := range s.Tests {
		t := &s.Tests[i]
		part := Set{Name: s.Name}
		for _, r := range s.Rules {
			if slices.Contains(t.over, r.Over) && (t.Check == "" || t.Check == r.ID) {
				part.Rules = append(part.Rules, r)
			}
		}
		findings, gaps := part.Run(ctx, t.input)
		r := Result{Test: t, Gaps: gaps, Got: []string{}}
		for _, f := range findings {
			r.Got = append(r.Got, f.Check)
		}
		slices.Sort(r.Got)
		r.Got = slices.Compact(r.Got)
		r.Pass = slices.Equal(r.Got, t.Want) && (len(gaps) > 0) == t.Error
		out = append(out, r)
	}
	return out
}

// test reads a test case.
func (l *loader) test(n *manifest.Node) {
	t := Test{At: l.file.Location(n.Span), Want: []string{}, input: &Input{}}
	given := 0
	wanted := false
	value := func(into any, then func(), over ...Over) func(*manifest.Node) {
		return func(n *manifest.Node) {
			given++
			t.over = over
			data, err := n.JSON()
			if err == nil {
				err = json.Unmarshal(data, into)
			}
			if err != nil {
				l.fail(n, "%v", err)
				return
			}
			then()
		}
	}
	var image struct {
		boltseal.Artifact
		Config json.RawMessage `json:"config"`
	}
	var component boltseal.Component
	var found boltseal.Finding
	l.fields(n, "a test", map[string]func(*manifest.Node){
		"name": l.text(&t.Name), "check": l.text(&t.Check),
		"want": func(n *manifest.Node) { wanted = true; l.texts(&t.Want)(n) },
		"error": func(n *manifest.Node) {
			value, ok := n.Bool()
			if !ok {
				l.fail(n, "want true or false")
			}
			t.Error = value
		},
		"dockerfile": func(n *manifest.Node) {
			given++
			t.over = []Over{OverDockerfile, OverInstruction}
			f := dockerfile.Parse("Dockerfile", []byte(n.Str()))
			if len(f.Instrs) == 0 {
				l.fail(n, "want the text of a Dockerfile")
			}
			t.input.Dockerfiles = append(t.input.Dockerfiles, f)
		},
		"manifest": func(n *manifest.Node) {
			given++
			t.over = []Over{OverManifest}
			text := []byte(n.Str())
			if n.Kind != manifest.Scalar {
				data, err := n.JSON()
				if err != nil {
					l.fail(n, "%v", err)
					return
				}
				text = data
			}
			f := manifest.Parse("manifest.yaml", text)
			for _, e := range f.Errors {
				l.fail(n, "the manifest, line %d: %s", e.Line, e.Message)
			}
			if len(f.Objects()) == 0 && len(f.Errors) == 0 {
				l.fail(n, "want a Kubernetes object, with apiVersion and kind")
			}
			t.input.Manifests = append(t.input.Manifests, f)
		},
		"image":     value(&image, func() { t.input.Images = []Image{{Artifact: image.Artifact, Config: image.Config}} }, OverImage),
		"component": value(&component, func() { t.input.Components = []boltseal.Component{component} }, OverComponent),
		"finding":   value(&found, func() { t.input.Findings = []boltseal.Finding{found} }, OverFinding),
	})
	switch {
	case given != 1:
		l.fail(n, "a test needs one of dockerfile, manifest, image, component and finding")
	case !wanted && !t.Error:
		l.fail(n, "a test needs want: the checks that must fail, [] for none")
	}
	for _, id := range append(slices.Clone(t.Want), t.Check) {
		if id != "" && !slices.ContainsFunc(l.set.Rules, func(r Rule) bool { return r.ID == id }) {
			l.fail(n, "there is no check %s above this test", clip(id))
		}
	}
	slices.Sort(t.Want)
	if t.Name == "" {
		t.Name = fmt.Sprintf("line %d", t.At.Line)
	}
	l.set.Tests = append(l.set.Tests, t)
}

// Untested lists the checks that no test wants to see fail.
func (s *Set) Untested() []string {
	var out []string
	for _, r := range s.Rules {
		if !slices.ContainsFunc(s.Tests, func(t Test) bool { return slices.Contains(t.Want, r.ID) }) {
			out = append(out, r.ID)
		}
	}
	return out
}

// Words say what a test wanted and what it got.
func (r *Result) Words() string {
	list := func(ids []string) string {
		if len(ids) == 0 {
			return "nothing"
		}
		return strings.Join(ids, ", ")
	}
	words := []string{fmt.Sprintf("want %s, got %s", list(r.Test.Want), list(r.Got))}
	for _, g := range r.Gaps {
		words = append(words, g.What+": "+g.Why)
	}
	if r.Test.Error && len(r.Gaps) == 0 {
		words = append(words, "an error was wanted")
	}
	return strings.Join(words, "; ")
}
