package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/report"
)

var update = flag.Bool("update", false, "write what the tests get as what they want")

// shared is the one report that every format writes in the goldens: as
// testdata/report.json says, sealed and judged by testdata/boltseal.yaml.
func shared(t testing.TB) *boltseal.Report {
	t.Helper()
	data, err := os.ReadFile("testdata/report.json")
	if err != nil {
		t.Fatal(err)
	}
	var r boltseal.Report
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	for i := range r.Findings {
		r.Findings[i].Seal()
	}
	r.Sort()
	text, err := os.ReadFile("testdata/boltseal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.Load("boltseal.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	p.Judge(&r, r.Time)
	return &r
}

func write(t testing.TB, format string, r *boltseal.Report, o *report.Options) string {
	t.Helper()
	f, ok := report.Lookup(format)
	if !ok {
		t.Fatalf("no format %q", format)
	}
	var b bytes.Buffer
	if err := f.Write(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// golden compares got with a file of testdata, or rewrites that with -update.
func golden(t testing.TB, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(got, "\n"), strings.Split(string(want), "\n")); d != "" {
		t.Errorf("%s (-got +want)\n%s", file, d)
	}
}

// Every format writes the shared report as its golden file says; a new
// format without one fails here.
func TestFormats(t *testing.T) {
	for _, f := range report.Formats() {
		t.Run(f.Name, func(t *testing.T) {
			if f.Title == "" || strings.HasSuffix(f.Title, ".") {
				t.Errorf("title %q", f.Title)
			}
			golden(t, f.Name, write(t, f.Name, shared(t), nil))
		})
	}
}

func TestComponents(t *testing.T) {
	for name, o := range map[string]*report.Options{
		"components-80":          {Width: 80},
		"components-120":         {Width: 120},
		"components-120-verbose": {Width: 120, Verbose: true},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := report.Components(&b, shared(t), o); err != nil {
				t.Fatal(err)
			}
			golden(t, name, b.String())
		})
	}
}

// The table is laid out for the width it gets, and no line is wider.
func TestTableWidths(t *testing.T) {
	for name, o := range map[string]*report.Options{
		"table-80":          {Width: 80},
		"table-120":         {Width: 120},
		"table-200":         {Width: 200},
		"table-120-verbose": {Width: 120, Verbose: true},
		"table-120-color":   {Width: 120, Color: true},
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, name, write(t, "table", shared(t), o))
		})
	}
}

// The words of the verdict follow the exit status.
func TestTableVerdicts(t *testing.T) {
	for name, c := range map[string]struct {
		report *boltseal.Report
		want   string
	}{
		"passed":       {&boltseal.Report{Verdict: boltseal.Verdict{Allow: true}}, "PASSED"},
		"blocked":      {&boltseal.Report{Verdict: boltseal.Verdict{Blocking: []string{"k"}, Reasons: []string{"because"}}}, "BLOCKED  because"},
		"not assessed": {&boltseal.Report{Gaps: []boltseal.Gap{{Kind: "no-database"}}, Verdict: boltseal.Verdict{Gaps: 1}}, "NOT ASSESSED  1 gap that the policy does not allow"},
		"no data":      {&boltseal.Report{}, "no advisory data: nothing was compared"},
		"no findings":  {&boltseal.Report{}, "No findings."},
	} {
		if text := write(t, "table", c.report, nil); !strings.Contains(text, c.want) {
			t.Errorf("%s: no %q in\n%s", name, c.want, text)
		}
	}
}

// Findings of several platforms share a row; one that not all have says so.
func TestTablePlatforms(t *testing.T) {
	find := func(id, platform string) boltseal.Finding {
		f := boltseal.Finding{
			Check: "vuln/known", Severity: boltseal.High, Message: "m", Subject: boltseal.Subject{Platform: platform},
			Advisory:  &boltseal.Advisory{ID: id, Summary: "summary of " + id},
			Component: &boltseal.Component{PURL: "pkg:deb/debian/zlib1g@1", Name: "zlib1g", Version: "1"},
		}
		f.Seal()
		return f
	}
	r := &boltseal.Report{
		Children: []boltseal.Artifact{
			{Platform: &boltseal.Platform{OS: "linux", Arch: "amd64"}},
			{Platform: &boltseal.Platform{OS: "linux", Arch: "arm64"}},
		},
		Findings: []boltseal.Finding{find("CVE-1", "linux/amd64"), find("CVE-1", "linux/arm64"), find("CVE-2", "linux/arm64")},
	}
	text := write(t, "table", r, &report.Options{Width: 120})
	if strings.Count(text, "CVE-1  ") != 1 || !strings.Contains(text, "linux/arm64 only: summary of CVE-2") {
		t.Errorf("got\n%s", text)
	}
}

func BenchmarkTable(b *testing.B) {
	r := shared(b)
	one := r.Findings
	r.Findings = nil
	for len(r.Findings) < 5_000 {
		r.Findings = append(r.Findings, one...)
	}
	b.ReportAllocs()
	for b.Loop() {
		write(b, "table", r, &report.Options{Width: 120})
	}
}
