package shell_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/shell"
	"github.com/boltseal/boltseal/internal/ruleset/ruletest"
)

var suite = ruletest.Suite{
	Family: "shell", Ext: ".sh", Name: "x.sh",
	Run: func(_ *testing.T, id string, files []ruletest.File) []boltseal.Finding {
		s := shell.Fenced(files[0].Name, string(files[0].Source), 0, false)
		s.Unseen = true
		return shell.Run(s, pick(id))
	},
}

func TestRules(t *testing.T) { suite.Test(t, shell.Checks()) }

func TestSessions(t *testing.T) {
	text := "$ docker run --privileged x\ndocker run --privileged output\n$ docker run \\\n    --privileged y\n"
	found := shell.Run(shell.Fenced("x.md", text, 0, true), pick("shell/docker-privileged"))
	if len(found) != 2 || found[0].Location.Line != 1 || found[1].Location.Line != 4 {
		t.Errorf("got %+v", found)
	}
	// What is no whole script is read line by line.
	text = "docker run --privileged a\nif [ <missing>\ndocker run --privileged b # boltseal ignore=docker-privileged\n# boltseal ignore=shell/docker-privileged\ndocker run --privileged c\n"
	if found := shell.Run(shell.Fenced("x.md", text, 0, false), pick("shell/docker-privileged")); len(found) != 3 || found[0].Waived != nil || found[1].Waived == nil || found[2].Waived == nil {
		t.Errorf("got %+v", found)
	}
}

func pick(id string) []shell.Rule {
	return slices.DeleteFunc(shell.Rules(), func(r shell.Rule) bool { return r.ID != id })
}

// Whatever the text, nothing panics and findings lie inside of it.
func FuzzRun(f *testing.F) {
	names, err := filepath.Glob("testdata/*.sh")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data), false)
	}
	f.Fuzz(func(t *testing.T, text string, session bool) {
		for _, found := range shell.Run(shell.Fenced("x", text, 0, session), shell.Rules()) {
			ruletest.Within(t, found, len(text))
		}
	})
}
