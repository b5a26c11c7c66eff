package foreign_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/report"
	"github.com/boltseal/boltseal/report/foreign"
)

var now = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// outline is what a report says, for a person to read.
func outline(r *boltseal.Report, f *foreign.Format) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s %s %s by %s at %s\n", f.Name, r.Artifact.Kind, r.Artifact.Name, r.Artifact.Digest, r.Tool.Name, r.Time.Format(time.RFC3339))
	for _, c := range r.Components {
		fmt.Fprintf(&b, "component %s %s %s\n", c.Name, c.Version, c.PURL)
	}
	for _, x := range r.Findings {
		id := ""
		if x.Advisory != nil {
			id = fmt.Sprintf("%s%v%v", x.Advisory.ID, x.Advisory.Aliases, x.FixedIn)
		}
		fmt.Fprintf(&b, "finding %s %s %s %s:%d %s\n", x.Severity, x.Check, id, x.Location.File, x.Location.Line, x.Message)
	}
	for _, g := range r.Gaps {
		fmt.Fprintf(&b, "gap %s\n", g.Kind)
	}
	return b.String()
}

func TestRead(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			r, f, err := foreign.Read(ar.Files[0].Data, now)
			if err != nil {
				t.Fatal(err)
			}
			if got := outline(r, f); got != string(ar.Files[1].Data) {
				t.Errorf("got:\n%s\nwant:\n%s", got, ar.Files[1].Data)
			}
		})
	}
}

// TestOurOwnComeBack writes a report as other tools do and reads it back.
func TestOurOwnComeBack(t *testing.T) {
	c := boltseal.Component{PURL: "pkg:deb/debian/openssl@3.0.1?distro=debian-12", Name: "openssl", Version: "3.0.1", FoundBy: "dpkg", Basis: boltseal.Installed, Locations: []boltseal.Location{{File: "var/lib/dpkg/status"}}}
	r := &boltseal.Report{Schema: boltseal.ReportSchema, Time: now, Components: []boltseal.Component{c}, Gaps: []boltseal.Gap{},
		Artifact: boltseal.Artifact{Kind: boltseal.KindImage, Name: "app:1", Digest: boltseal.Digest("sha256:" + strings.Repeat("a", 64)), Distro: &boltseal.Distro{ID: "debian", Version: "12"}},
		Findings: []boltseal.Finding{{Check: "vuln/known", Message: "m", Severity: boltseal.High, Component: &c, FixedIn: []string{"3.0.2"}, Location: c.Locations[0], Advisory: &boltseal.Advisory{ID: "CVE-2024-1", Summary: "s", Feed: "osv/Debian"}}}}
	r.Findings[0].Seal()
	for _, name := range []string{"trivy-json", "grype-json", "sarif"} {
		format, ok := report.Lookup(name)
		if !ok {
			t.Fatalf("no format %s", name)
		}
		var b bytes.Buffer
		if err := format.Write(&b, r, &report.Options{}); err != nil {
			t.Fatal(err)
		}
		got, _, err := foreign.Read(b.Bytes(), now)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(got.Findings) != 1 || got.Findings[0].Severity != boltseal.High {
			t.Errorf("%s: findings %+v", name, got.Findings)
			continue
		}
		if f := got.Findings[0]; name != "sarif" && (f.Advisory.ID != "CVE-2024-1" || f.FixedIn[0] != "3.0.2" || f.Component.Name != "openssl" || f.Component.Version != "3.0.1") {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestOthersAreRefused(t *testing.T) {
	for _, text := range []string{"", "{}", "[]", "null", "<html>", `{"SchemaVersion":2}`} {
		if _, _, err := foreign.Read([]byte(text), now); !errors.Is(err, foreign.ErrUnknown) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{`{"SchemaVersion":2,"ArtifactName":5}`, `{"SchemaVersion":2,"ArtifactName":"a","ArtifactName":"b"}`, `{"manifest_hash":"x","package_vulnerabilities":{}}`, `{"SchemaVersion":2,"ArtifactName":"a"} trailing`} {
		if _, _, err := foreign.Read([]byte(text), now); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func FuzzRead(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(txtar.Parse(data).Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, _, err := foreign.Read(data, now)
		if err != nil {
			return
		}
		if r.Schema != boltseal.ReportSchema || r.Artifact.Name == "" || r.Time.IsZero() || r.Components == nil || r.Findings == nil {
			t.Fatalf("a report that is not whole: %+v", r)
		}
		for i := range r.Findings {
			if len(r.Findings[i].Key) != 32 {
				t.Fatalf("a finding without a key: %+v", r.Findings[i])
			}
		}
	})
}
