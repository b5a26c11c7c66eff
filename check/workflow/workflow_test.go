package workflow_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/workflow"
	"github.com/boltseal/boltseal/internal/ruleset/ruletest"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var suite = ruletest.Suite{
	Family: "workflow", Ext: ".yaml", Name: "ci.yaml", Together: true,
	Run: func(_ *testing.T, id string, files []ruletest.File) []boltseal.Finding {
		var parsed []*manifest.File
		for _, f := range files {
			parsed = append(parsed, manifest.Parse(f.Name, f.Source))
		}
		findings, _ := workflow.Run(parsed, pick(id), nil)
		return findings
	},
	Mistakes: func(f ruletest.File) int { return len(manifest.Parse(f.Name, f.Source).Errors) },
}

func TestRules(t *testing.T) { suite.Test(t, workflow.Checks()) }

func TestCommentsAcceptFindings(t *testing.T) {
	const head = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n"
	for source, n := range map[string]int{
		"      - uses: a/b@main\n":                                                   1,
		"      - uses: a/b@main # zizmor: ignore[unpinned-uses]\n":                   0,
		"      # boltseal ignore=action-on-branch our own\n      - uses: a/b@main\n": 0,
		"      - uses: a/b@main # boltseal ignore=workflow/write-all\n":              1,
	} {
		f := manifest.Parse(".github/workflows/ci.yaml", []byte(head+source))
		findings, _ := workflow.Run([]*manifest.File{f}, pick("workflow/action-on-branch"), nil)
		if len(findings) != 1 || (findings[0].Waived == nil) != (n == 1) {
			t.Errorf("%q: got %+v, want %d that counts", source, findings, n)
		}
	}
}

func pick(id string) []workflow.Rule {
	return slices.DeleteFunc(workflow.Rules(), func(r workflow.Rule) bool { return r.ID != id })
}

// No input makes a rule panic, and fixes keep files readable.
func FuzzRun(f *testing.F) {
	names, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file := manifest.Parse(".github/workflows/ci.yaml", data)
		findings, _ := workflow.Run([]*manifest.File{file}, workflow.Rules(), nil)
		for _, found := range findings {
			for _, fix := range found.Fixes {
				after := ruletest.Edited(data, fix.Edits)
				if g := manifest.Parse(".github/workflows/ci.yaml", after); len(g.Errors) > len(file.Errors) {
					t.Errorf("%s: %s\n%s\nbecame\n%s\n%v", found.Check, fix.Title, data, after, g.Errors)
				}
			}
		}
	})
}

func BenchmarkRun(b *testing.B) {
	source, err := os.ReadFile("testdata/scan-cannot-fail.yaml")
	if err != nil {
		b.Fatal(err)
	}
	source, _, _ = bytes.Cut(ruletest.Bare(source), []byte("#===="))
	rules := workflow.Rules()
	b.SetBytes(int64(len(source)))
	b.ReportAllocs()
	for b.Loop() {
		workflow.Run([]*manifest.File{manifest.Parse("ci.yaml", source)}, rules, nil)
	}
}
