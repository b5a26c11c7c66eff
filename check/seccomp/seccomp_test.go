package seccomp_test

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/seccomp"
	"github.com/boltseal/boltseal/internal/ruleset/ruletest"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Every rule has a file testdata/<slug>.txtar of profiles; after each comes
// what the rule must find in it, a line for a finding. No line is a near miss.
// A third file named *.fixed is what all fixes make of the profile.
func TestRules(t *testing.T) {
	for _, rule := range seccomp.Rules() {
		t.Run(strings.TrimPrefix(rule.ID, "seccomp/"), func(t *testing.T) {
			ruletest.Entry(t, rule.Check)
			name := filepath.Join("testdata", strings.TrimPrefix(rule.ID, "seccomp/")+".txtar")
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatalf("the rule has no test: %v", err)
			}
			fired, missed := false, false
			var source txtar.File
			for i, file := range archive.Files {
				var got []byte
				switch path.Ext(file.Name) {
				case ".want":
					got = []byte(listed(t, rule, source))
					fired, missed = fired || len(got) > 0, missed || len(got) == 0
				case ".fixed":
					got = fixed(t, rule, source)
				default:
					source = file
					continue
				}
				if os.Getenv("UPDATE") != "" {
					archive.Files[i].Data = got
				}
				if diff := cmp.Diff(string(file.Data), string(got)); diff != "" {
					t.Errorf("%s: want (-), got (+):\n%s", file.Name, diff)
				}
			}
			if !fired || !missed {
				t.Error("the file needs a profile in which the rule finds something, and one in which it does not")
			}
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(name, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func run(t *testing.T, rule seccomp.Rule, name string, data []byte) []boltseal.Finding {
	t.Helper()
	found, gaps := seccomp.Run([]*manifest.File{manifest.Parse(name, data)}, []seccomp.Rule{rule}, nil)
	if rule.ID != "seccomp/unreadable" && len(gaps) > 0 {
		t.Fatalf("%s: %v", name, gaps)
	}
	return found
}

func listed(t *testing.T, rule seccomp.Rule, file txtar.File) string {
	t.Helper()
	var b strings.Builder
	for _, f := range run(t, rule, file.Name, file.Data) {
		at := f.Location
		fmt.Fprintf(&b, "%d:%d %q %s\n", at.Line, at.Col, file.Data[at.Span.Start:at.Span.End], f.Message)
	}
	return b.String()
}

func fixed(t *testing.T, rule seccomp.Rule, file txtar.File) []byte {
	t.Helper()
	suite := ruletest.Suite{Run: func(t *testing.T, _ string, files []ruletest.File) []boltseal.Finding {
		return run(t, rule, files[0].Name, files[0].Source)
	}}
	return suite.Fixed(t, rule.ID, ruletest.File{Name: file.Name, Source: file.Data})
}

// TestGuides: what is wrong with the profile of the guide is found by
// general rules.
func TestGuides(t *testing.T) {
	data, err := os.ReadFile("../../../shared/guide/000_b59fd971675cf45a.txt")
	if err != nil {
		t.Skip("the guides are not here: ../shared/guide")
	}
	start := bytes.Index(data, []byte("# Custom seccomp profile"))
	end := bytes.Index(data, []byte("Network Policies in Kubernetes"))
	found, gaps := seccomp.Run([]*manifest.File{manifest.Parse("guide.yaml", data[start:end])}, seccomp.Rules(), nil)
	got := map[string]int{}
	for _, f := range found {
		got[f.Check]++
		t.Logf("%d:%d %s %s", f.Location.Line, f.Location.Col, f.Check, f.Message)
	}
	want := map[string]int{
		"seccomp/docker-dialect": 1, "seccomp/unknown-syscall": 2, "seccomp/foreign-syscall": 3,
		"seccomp/cannot-start": 1, "seccomp/cannot-load": 1, "seccomp/missing-common": 1, "seccomp/clone3-errno": 1,
		"seccomp/dangerous-syscall": 2, // clone and socket with any arguments
	}
	if diff := cmp.Diff(want, got); diff != "" || len(gaps) > 0 {
		t.Errorf("gaps %v; want (-), got (+):\n%s", gaps, diff)
	}
}

// TestLocalhost: a profile that a pod names is read as containerd reads it.
func TestLocalhost(t *testing.T) {
	profile := manifest.Parse("profiles/app.json", []byte(`{"defaultAction": "SCMP_ACT_ERRNO", "archMap": [], "syscalls": [
  {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}}]}`))
	count := func(files ...*manifest.File) map[string]int {
		found, gaps := seccomp.Run(files, seccomp.Rules(), nil)
		if len(gaps) > 0 {
			t.Fatal(gaps)
		}
		n := map[string]int{}
		for _, f := range found {
			n[f.Check]++
		}
		return n
	}
	if n := count(profile); n["seccomp/docker-dialect"] != 0 || n["seccomp/dangerous-syscall"] != 0 {
		t.Errorf("a file for Docker: %v", n)
	}
	pod := manifest.Parse("pod.yaml", []byte("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - securityContext:\n        seccompProfile: {type: Localhost, localhostProfile: profiles/app.json}\n"))
	if n := count(pod, profile); n["seccomp/docker-dialect"] != 2 || n["seccomp/dangerous-syscall"] != 1 {
		t.Errorf("a file for a kubelet: %v", n)
	}
}

func FuzzRun(f *testing.F) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			f.Add(file.Data)
		}
	}
	rules := seccomp.Rules()
	f.Fuzz(func(t *testing.T, data []byte) {
		found, _ := seccomp.Run([]*manifest.File{manifest.Parse("x.yaml", data)}, rules, nil)
		for _, got := range found {
			ruletest.Within(t, got, len(data))
		}
	})
}
