package compose_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/compose"
	"github.com/boltseal/boltseal/internal/ruleset/ruletest"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var suite = ruletest.Suite{
	Family: "compose", Ext: ".yaml", Name: "compose.yaml", Together: true,
	Run: func(_ *testing.T, id string, files []ruletest.File) []boltseal.Finding {
		var parsed []*manifest.File
		for _, f := range files {
			parsed = append(parsed, manifest.Parse(f.Name, f.Source))
		}
		findings, _ := compose.Run(parsed, pick(id), nil)
		return findings
	},
	Mistakes: func(f ruletest.File) int { return len(manifest.Parse(f.Name, f.Source).Errors) },
}

func TestRules(t *testing.T) { suite.Test(t, compose.Checks()) }

func TestCommentsAcceptFindings(t *testing.T) {
	for source, n := range map[string]int{
		"services:\n  a:\n    image: x\n    privileged: true\n":                                                                                      1,
		"services:\n  a:\n    image: x\n    privileged: true # boltseal ignore=compose/privileged\n":                                                 0,
		"services:\n  # boltseal ignore=privileged the tool needs it\n  a:\n    image: x\n    privileged: true\n":                                    0,
		"services:\n  a:\n    image: x\n    # nosemgrep: yaml.docker-compose.security.privileged-service.privileged-service\n    privileged: true\n": 0,
		"services:\n  a:\n    image: x\n    # boltseal ignore=compose/root-user\n    privileged: true\n":                                             1,
	} {
		findings, _ := compose.Run([]*manifest.File{manifest.Parse("compose.yaml", []byte(source))}, pick("compose/privileged"), nil)
		if len(findings) != 1 || (findings[0].Waived == nil) != (n == 1) {
			t.Errorf("%q: got %+v, want %d that counts", source, findings, n)
		}
	}
}

func pick(id string) []compose.Rule {
	return slices.DeleteFunc(compose.Rules(), func(r compose.Rule) bool { return r.ID != id })
}

func TestWhatIsNotThereIsAGap(t *testing.T) {
	f := manifest.Parse("a/compose.yaml", []byte("services:\n  a:\n    extends:\n      file: ../base.yaml\n      service: b\n"))
	findings, gaps := compose.Run([]*manifest.File{f}, compose.Rules(), nil)
	if len(gaps) != 1 || len(findings) != 0 {
		t.Errorf("got %v, %v", findings, gaps)
	}
}

func TestIncludedFiles(t *testing.T) {
	f := manifest.Parse("a/compose.yaml", []byte("include:\n  - b.yaml\n  - path: [c.yaml, \"${D}\"]\nservices:\n  a:\n    image: x\n"))
	b := manifest.Parse("a/b.yaml", []byte("services:\n  b:\n    image: x\n"))
	_, gaps := compose.Run([]*manifest.File{f, b}, compose.Rules(), nil)
	if len(gaps) != 2 || gaps[0].What != "services in ${D}" || gaps[1].What != "services in c.yaml" {
		t.Errorf("got %v", gaps)
	}
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
		file := manifest.Parse("compose.yaml", data)
		findings, _ := compose.Run([]*manifest.File{file}, compose.Rules(), nil)
		for _, found := range findings {
			for _, fix := range found.Fixes {
				after := ruletest.Edited(data, fix.Edits)
				if g := manifest.Parse("compose.yaml", after); len(g.Errors) > len(file.Errors) {
					t.Errorf("%s: %s\n%s\nbecame\n%s\n%v", found.Check, fix.Title, data, after, g.Errors)
				}
			}
		}
	})
}

func BenchmarkRun(b *testing.B) {
	source := []byte("services:\n" + strings.Repeat("", 1))
	for _, s := range []string{"web", "db", "cache", "worker"} {
		source = append(source, "  "+s+":\n    image: postgres:17\n    ports: [\"5432:5432\"]\n    environment:\n      POSTGRES_PASSWORD: x1y2\n    volumes:\n    - ./data:/data\n"...)
	}
	rules := compose.Rules()
	b.ReportAllocs()
	for b.Loop() {
		compose.Run([]*manifest.File{manifest.Parse("compose.yaml", source)}, rules, nil)
	}
}
