package policy_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata")

// importOptions complete what the files of testdata/import.txtar lack.
func importOptions() *policy.ImportOptions {
	return &policy.ImportOptions{
		Reason: "taken over", Owner: "team@example.com",
		Expires: time.Date(2027, 6, 30, 23, 59, 59, 0, time.UTC),
		Now:     time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC),
		Rename:  map[string]string{"SNYK-JS-MS-10064": "CVE-2015-8315"},
		Checks: []boltseal.Check{
			{ID: "docker/root-user", Aliases: []string{"hadolint:DL3002", "trivy:DS-0002", "trivy:AVD-DS-0002"}},
			{ID: "kube/privileged", Aliases: []string{"trivy:KSV-0017"}},
			{ID: "shell/quotes", Aliases: []string{"shellcheck:SC2086"}},
			{ID: "secret/github-classic-token", Aliases: []string{"gitleaks:github-pat", "trivy:github-pat"}},
		},
	}
}

func line(w boltseal.Waiver) string {
	var b strings.Builder
	for _, part := range [][2]string{{"id", w.ID}, {"purl", w.PURL}, {"path", w.Path}} {
		if part[1] != "" {
			fmt.Fprintf(&b, "%s=%s ", part[0], part[1])
		}
	}
	fmt.Fprintf(&b, "| %s | %s | %s", w.Owner, w.Expires.Format(time.RFC3339), w.Reason)
	return b.String()
}

func TestImport(t *testing.T) {
	const name = "testdata/import.txtar"
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(archive.Files); i += 2 {
		in, want := archive.Files[i], &archive.Files[i+1]
		if want.Name != in.Name+".want" {
			t.Fatalf("after %q comes %q", in.Name, want.Name)
		}
		t.Run(in.Name, func(t *testing.T) {
			waivers, problems, err := policy.Import("", path.Base(in.Name), in.Data, importOptions())
			var b strings.Builder
			for _, w := range waivers {
				b.WriteString(line(w) + "\n")
			}
			for _, p := range problems {
				b.WriteString("! " + p.String() + "\n")
			}
			if err != nil {
				b.WriteString("error: " + err.Error() + "\n")
			}
			if *update {
				want.Data = []byte(b.String())
				return
			}
			if diff := cmp.Diff(b.String(), string(want.Data)); diff != "" {
				t.Errorf("got (-) want (+)\n%s", diff)
			}
		})
	}
	if *update {
		if err := os.WriteFile(name, txtar.Format(archive), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// What neither the file nor the options say is an error that names the lines.
func TestImportLacks(t *testing.T) {
	data := []byte("CVE-2024-0001 exp:2027-01-31 # unreachable\nCVE-2024-0002\n")
	_, _, err := policy.Import("trivyignore", "x", data, &policy.ImportOptions{Owner: "a"})
	if !errors.Is(err, policy.ErrIncomplete) || !strings.HasSuffix(err.Error(), ": no reason at line 2; no date at line 2") {
		t.Errorf("got %v", err)
	}
	if _, _, err = policy.Import("trivyignore", "x", data[:bytes.IndexByte(data, '\n')], &policy.ImportOptions{Owner: "a"}); err != nil {
		t.Errorf("got %v for a whole entry", err)
	}
	if _, _, err = policy.Import("", "ignore.txt", data, nil); err == nil || !strings.Contains(err.Error(), "gitleaksignore, grype, hadolint") {
		t.Errorf("got %v for a file of no kind", err)
	}
}

// Without checks every name is believed; with them one that nothing answers
// to is a problem.
func TestImportChecks(t *testing.T) {
	waivers, problems, err := policy.Import("hadolint", "h", []byte("ignored: [DL9999]\n"), &policy.ImportOptions{Owner: "a", Reason: "b", Expires: time.Now()})
	if err != nil || len(problems) > 0 || len(waivers) != 1 || waivers[0].ID != "hadolint:DL9999" {
		t.Errorf("got %v %v %v", waivers, problems, err)
	}
}

// Imported waivers accept what the file meant, and not what lies beside it.
func TestImportedWaiversMatch(t *testing.T) {
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	finding := func(id, purl, file string) boltseal.Finding {
		f := boltseal.Finding{Check: "vuln", Severity: boltseal.High, Location: boltseal.Location{File: file}, Advisory: &boltseal.Advisory{ID: id}}
		f.Component = &boltseal.Component{PURL: purl}
		f.Seal()
		return f
	}
	for _, c := range []struct {
		kind, text       string
		accepts, refuses boltseal.Finding
	}{
		{
			"grype", "ignore:\n- package: {type: gem}\n",
			finding("CVE-1", "pkg:gem/rails@7.0", "Gemfile.lock"), finding("CVE-1", "pkg:npm/rails@7.0", "package-lock.json"),
		},
		{
			"grype", "ignore:\n- vulnerability: CVE-1\n  package: {name: 'linux-.*', type: deb}\n",
			finding("CVE-1", "pkg:deb/debian/linux-libc-dev@6.1?arch=amd64", "x"), finding("CVE-1", "pkg:deb/debian/openssl@3?arch=amd64", "x"),
		},
		{
			"grype", "ignore:\n- package: {name: log4j-core, version: 2.14.1, language: java, location: '/opt/**'}\n",
			finding("CVE-1", "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1", "opt/app/app.jar"),
			finding("CVE-1", "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.10", "opt/app/app.jar"),
		},
		{
			"grype", "ignore:\n- package: {name: libstdc\\+\\+, version: '1:12', type: rpm}\n",
			finding("CVE-1", "pkg:rpm/rhel/libstdc%2B%2B@12?epoch=1", "x"), finding("CVE-1", "pkg:rpm/rhel/libstdc%2B%2B@12?epoch=2", "x"),
		},
		{
			"grype", "ignore:\n- package: {name: '@angular/core', type: npm}\n",
			finding("CVE-1", "pkg:npm/%40angular/core@1", "x"), finding("CVE-1", "pkg:npm/core@1", "x"),
		},
		{
			"trivyignore-yaml", "vulnerabilities:\n- id: CVE-1\n  paths: ['usr/{lib,share}/**']\n",
			finding("CVE-1", "pkg:npm/a@1", "usr/share/a/b"), finding("CVE-1", "pkg:npm/a@1", "usr/bin/a"),
		},
	} {
		waivers, problems, err := policy.Import(c.kind, "f", []byte(c.text), importOptions())
		if err != nil || len(problems) > 0 {
			t.Errorf("%s: %v %v", c.text, problems, err)
			continue
		}
		p := policy.Default()
		p.Waivers = waivers
		r := &boltseal.Report{Findings: []boltseal.Finding{c.accepts, c.refuses}}
		p.Judge(r, now)
		for _, f := range r.Findings {
			if f.Advisory != nil && (f.Waived != nil) != (f.Component.PURL == c.accepts.Component.PURL && f.Location.File == c.accepts.Location.File) {
				t.Errorf("%s: %s at %s: waived is %v", c.text, f.Component.PURL, f.Location.File, f.Waived)
			}
		}
	}
}

// Whatever is read: every waiver is whole, names something, and reads back
// from a policy file as it is.
func FuzzImport(f *testing.F) {
	archive, err := txtar.ParseFile("testdata/import.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range archive.Files {
		f.Add(policy.ImportKind(path.Base(file.Name)), file.Data)
	}
	f.Add("trivyignore", []byte("CVE-2024-\xec1\n"))
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		waivers, problems, err := policy.Import(kind, "f", data, importOptions())
		for _, p := range problems {
			if p.Why == "" || strings.Contains(p.String(), "\n") {
				t.Fatalf("problem %+v", p)
			}
		}
		if err != nil || len(waivers) == 0 || len(waivers) > 50 {
			return
		}
		var lines []map[string]string
		for _, w := range waivers {
			m := map[string]string{"reason": w.Reason, "owner": w.Owner, "expires": w.Expires.Format(time.DateOnly)}
			for key, value := range map[string]string{"id": w.ID, "purl": w.PURL, "path": w.Path} {
				if value != "" {
					m[key] = value
				}
			}
			lines = append(lines, m)
		}
		var text strings.Builder
		text.WriteString("waivers:\n")
		for _, l := range lines {
			data, err := json.Marshal(l)
			if err != nil {
				t.Fatal(err)
			}
			if len(data) > 8000 {
				return
			}
			fmt.Fprintf(&text, "- %s\n", data)
		}
		p, err := policy.Load("f", []byte(text.String()))
		if err != nil {
			t.Fatalf("%v\n%s", err, text.String())
		}
		if diff := cmp.Diff(p.Waivers, waivers); diff != "" {
			t.Errorf("read back (-) imported (+)\n%s", diff)
		}
	})
}
