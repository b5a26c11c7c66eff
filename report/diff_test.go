package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/report"
)

// later is the shared report after a change: one finding mended, one new in a
// component that was there, one new with a component that was not.
func later(t *testing.T) *boltseal.Report {
	r := shared(t)
	r.Artifact.Name = "registry.example.com/acme/store:2.0"
	for i := range r.Findings {
		r.Findings[i].Subject.Name = r.Artifact.Name
		r.Findings[i].Seal()
	}
	var kept []boltseal.Finding
	for _, f := range r.Findings {
		if f.Advisory == nil || f.Advisory.ID != "CVE-2021-44228" {
			kept = append(kept, f)
		}
	}
	find := func(name string) *boltseal.Component {
		for i := range r.Components {
			if r.Components[i].Name == name {
				return &r.Components[i]
			}
		}
		t.Fatalf("no component %s", name)
		return nil
	}
	lodash := *find("lodash")
	fresh := boltseal.Component{PURL: "pkg:npm/fresh@1.0.0", Name: "fresh", Version: "1.0.0", FoundBy: "test", Basis: boltseal.Installed}
	for _, c := range []boltseal.Component{lodash, fresh} {
		f := boltseal.Finding{Check: "vuln/known", Severity: boltseal.High, Component: &c, Advisory: &boltseal.Advisory{ID: "CVE-2026-1000"}, FixedIn: []string{"9.9"}}
		f.Subject = r.Findings[0].Subject
		f.Seal()
		kept = append(kept, f)
	}
	r.Components = append(r.Components, fresh)
	r.Findings = kept
	r.Snapshot.ID = "sha256:other"
	return r
}

func TestCompare(t *testing.T) {
	d := report.Compare(shared(t), later(t))
	if len(d.New) != 2 || d.New[0].Component.Name != "fresh" || d.New[0].Published || !d.New[1].Published {
		t.Errorf("new: %+v", d.New)
	}
	if len(d.Fixed) != 1 || d.Fixed[0].Advisory.ID != "CVE-2021-44228" {
		t.Errorf("fixed: %+v", d.Fixed)
	}
	if d.From.Findings-1+2 != d.To.Findings || d.Still != d.From.Findings-1 {
		t.Errorf("%d findings, then %d, %d of them the same", d.From.Findings, d.To.Findings, d.Still)
	}
	if len(d.Components.Added) != 1 || len(d.Notes) != 1 {
		t.Errorf("added %+v, notes %q", d.Components.Added, d.Notes)
	}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"diff-text":     func(b *bytes.Buffer) error { return d.WriteText(b) },
		"diff-markdown": func(b *bytes.Buffer) error { return d.WriteMarkdown(b) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.String())
	}
	if d := report.Compare(shared(t), shared(t)); !d.Empty() || len(d.Notes) != 0 {
		t.Errorf("a report differs from itself: %+v", d)
	}
}

// What JSON wrote is read back as it was, and nothing else is taken for it.
func TestRead(t *testing.T) {
	text := write(t, "json", shared(t), nil)
	if !report.IsReport([]byte(text[:400])) {
		t.Error("the head of a report is not known")
	}
	r, err := report.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if again := write(t, "json", r, nil); again != text {
		t.Error("a report that was read back is written otherwise")
	}
	for bad, want := range map[string]string{
		"{": "EOF", "{}": "no report of boltseal", "[]": "cannot unmarshal",
		strings.Replace(text, `"schema"`, `"schema": "x", "Schema"`, 1): "twice",
	} {
		if _, err := report.Read([]byte(bad)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30s: %v, want %q", bad, err, want)
		}
	}
	var b bytes.Buffer
	if err := report.Compare(r, later(t)).WriteJSON(&b); err != nil || !json.Valid(b.Bytes()) {
		t.Errorf("%v", err)
	}
}
