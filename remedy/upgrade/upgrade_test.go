package upgrade_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/remedy/upgrade"
)

// found is a vulnerability of a component in a file.
func found(file, purl, name, version, to, id string, score int) boltseal.Finding {
	return boltseal.Finding{
		Check: "vuln", Score: score, Advisory: &boltseal.Advisory{ID: id},
		Component: &boltseal.Component{PURL: purl, Name: name, Version: version, Direct: true, Locations: []boltseal.Location{{File: file}}},
		Fixes:     []boltseal.Fix{{Upgrade: &boltseal.Upgrade{PURL: purl, To: to}}},
	}
}

func TestPlan(t *testing.T) {
	waived := found("app/go.mod", "pkg:golang/x/y@1.0.0", "x/y", "1.0.0", "1.2.0", "GO-3", 99)
	waived.Waived = &boltseal.Waiver{}
	nothing := found("app/go.mod", "pkg:golang/x/z@1.0.0", "x/z", "1.0.0", "", "GO-4", 99)
	nothing.Fixes = nil
	steps, left := upgrade.Plan(&boltseal.Report{Findings: []boltseal.Finding{
		found("app/go.mod", "pkg:golang/example.com/a@1.0.0", "example.com/a", "1.0.0", "1.2.0", "GO-1", 40),
		found("app/go.mod", "pkg:golang/example.com/a@1.0.0", "example.com/a", "1.0.0", "1.10.0", "GO-2", 70),
		found("requirements.txt", "pkg:pypi/flask@1.0", "flask", "1.0", "2.0", "PYSEC-1", 10),
		found("lib/app.jar", "pkg:maven/g/a@1", "g:a", "1", "2", "GHSA-1", 10), waived, nothing,
	}})
	want := []upgrade.Step{{
		File: "app/go.mod", Manager: "Go modules", Tool: "go", Commands: [][]string{{"go", "get", "example.com/a@v1.10.0"}, {"go", "mod", "download"}},
		Needs: []upgrade.Need{{PURL: "pkg:golang/example.com/a@1.0.0", Name: "example.com/a", From: "1.0.0", To: "1.10.0", Direct: true, Score: 70, Clears: []string{"GO-1", "GO-2"}}},
	}, {
		File: "requirements.txt", Manager: "pip",
		Needs: []upgrade.Need{{PURL: "pkg:pypi/flask@1.0", Name: "flask", From: "1.0", To: "2.0", Direct: true, Score: 10, Clears: []string{"PYSEC-1"}}},
	}}
	if diff := cmp.Diff(want, steps, cmpopts.IgnoreUnexported(upgrade.Step{})); diff != "" {
		t.Error(diff)
	}
	if len(left) != 1 || left[0].Name != "g:a" || left[0].Why != "nothing is known to change lib/app.jar" {
		t.Errorf("left %+v", left)
	}
}

// TestEdits changes files where that is right, and leaves them where not.
func TestEdits(t *testing.T) {
	for name, c := range map[string]struct {
		file, before, after string
		finding             boltseal.Finding
		why                 string
	}{
		"pip": {
			file: "requirements.txt", before: "# pinned\r\nFlask[async] == 1.0 ; python_version > '3'  # web\r\nother==1.0\r\n",
			after:   "# pinned\r\nFlask[async] == 2.0 ; python_version > '3'  # web\r\nother==1.0\r\n",
			finding: found("requirements.txt", "pkg:pypi/flask@1.0", "flask", "1.0", "2.0", "X", 1),
		},
		"pip, a range": {
			file: "requirements.txt", before: "flask>=1.0\n", why: "the file does not pin it as NAME==VERSION",
			finding: found("requirements.txt", "pkg:pypi/flask@1.0", "flask", "1.0", "2.0", "X", 1),
		},
		"pip, hashes": {
			file: "requirements.txt", before: "flask==1.0 --hash=sha256:abc\n", why: "the file pins hashes: make it anew with what made it (pip-compile --upgrade-package)",
			finding: found("requirements.txt", "pkg:pypi/flask@1.0", "flask", "1.0", "2.0", "X", 1),
		},
		"maven": {
			file:    "pom.xml",
			before:  "<project><!-- <dependency><groupId>g</groupId><artifactId>a</artifactId><version>1</version></dependency> -->\n<dependency>\n <groupId>g</groupId>\n <artifactId>a</artifactId>\n <version>1</version>\n</dependency></project>",
			after:   "<project><!-- <dependency><groupId>g</groupId><artifactId>a</artifactId><version>1</version></dependency> -->\n<dependency>\n <groupId>g</groupId>\n <artifactId>a</artifactId>\n <version>2</version>\n</dependency></project>",
			finding: found("pom.xml", "pkg:maven/g/a@1", "g:a", "1", "2", "X", 1),
		},
		"maven, a property": {
			file:    "pom.xml",
			before:  "<properties><a.version>1</a.version></properties><dependency><groupId>g</groupId><artifactId>a</artifactId><version>${a.version}</version></dependency>",
			after:   "<properties><a.version>2</a.version></properties><dependency><groupId>g</groupId><artifactId>a</artifactId><version>${a.version}</version></dependency>",
			finding: found("pom.xml", "pkg:maven/g/a@1", "g:a", "1", "2", "X", 1),
		},
		"maven, a property of two": {
			file:    "pom.xml",
			before:  "<v>1</v><dependency><groupId>g</groupId><artifactId>a</artifactId><version>${v}</version></dependency><x>${v}</x>",
			why:     "its version is ${v}, which 2 places use",
			finding: found("pom.xml", "pkg:maven/g/a@1", "g:a", "1", "2", "X", 1),
		},
		"maven, of another": {
			file: "pom.xml", before: "<project></project>", why: "another dependency brings it",
			finding: found("pom.xml", "pkg:maven/g/a@1", "g:a", "1", "2", "X", 1),
		},
		"nuget": {
			file: "app.csproj", before: `<PackageReference Include="Newtonsoft.Json" Version="12.0.1" />`, after: `<PackageReference Include="Newtonsoft.Json" Version="13.0.1" />`,
			finding: found("app.csproj", "pkg:nuget/Newtonsoft.Json@12.0.1", "Newtonsoft.Json", "12.0.1", "13.0.1", "X", 1),
		},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.before), 0o600); err != nil {
			t.Fatal(err)
		}
		steps, _ := upgrade.Plan(&boltseal.Report{Findings: []boltseal.Finding{c.finding}})
		if len(steps) != 1 {
			t.Fatalf("%s: %d steps", name, len(steps))
		}
		changed, left, err := upgrade.Make(t.Context(), &steps[0], dir, &upgrade.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := string(changed[c.file]); got != c.after {
			t.Errorf("%s: %q", name, got)
		}
		if c.why == "" && len(left) > 0 || c.why != "" && (len(left) != 1 || left[0].Why != c.why) {
			t.Errorf("%s: left %+v", name, left)
		}
	}
}

// TestMakeAsks starts nothing that was not allowed.
func TestMakeAsks(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	steps, _ := upgrade.Plan(&boltseal.Report{Findings: []boltseal.Finding{found("go.mod", "pkg:golang/a@1.0.0", "a", "1.0.0", "1.1.0", "X", 1)}})
	if _, _, err := upgrade.Make(t.Context(), &steps[0], dir, &upgrade.Options{}); !errors.Is(err, upgrade.ErrTool) {
		t.Errorf("Make = %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, _, err := upgrade.Make(t.Context(), &steps[0], dir, &upgrade.Options{Tools: true}); !errors.Is(err, upgrade.ErrTool) {
		t.Errorf("Make without go = %v", err)
	}
}

func TestBumps(t *testing.T) {
	tags := []string{"3.18.1", "3.18.9", "3.18.10", "3.19.0", "4.0.0", "3.18.11-slim", "3.18.12rc1", "3.20", "latest"}
	for tag, want := range map[string][]string{
		"3.18.2": {"3.18.10", "3.19.0"}, "3.19.0": nil, "3.18.2-slim": {"3.18.11-slim"}, "3.18": {"3.20"}, "latest": nil, "3": nil, "v3.18.2": nil,
	} {
		if got := upgrade.Bumps(tag, tags); !cmp.Equal(want, got, cmpopts.EquateEmpty()) {
			t.Errorf("Bumps(%s) = %v", tag, got)
		}
	}
}

func FuzzEdits(f *testing.F) {
	f.Add("flask==1.0\n", "requirements.txt")
	f.Add("<dependency><groupId>g</groupId><artifactId>a</artifactId><version>${v}</version></dependency><v>1</v>", "pom.xml")
	f.Fuzz(func(t *testing.T, content, file string) {
		dir := t.TempDir()
		for name, finding := range map[string]boltseal.Finding{
			"requirements.txt": found("requirements.txt", "pkg:pypi/flask@1.0", "flask", "1.0", "2.0", "X", 1),
			"pom.xml":          found("pom.xml", "pkg:maven/g/a@1", "g:a", "1", "2", "X", 1),
		} {
			if name != file {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			steps, _ := upgrade.Plan(&boltseal.Report{Findings: []boltseal.Finding{finding}})
			changed, left, err := upgrade.Make(t.Context(), &steps[0], dir, &upgrade.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if (len(changed) == 0) != (len(left) == 1) {
				t.Errorf("%q: changed %q, left %v", content, changed, left)
			}
		}
	})
}
