package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/report"
)

// evil holds what a terminal, a browser or a spreadsheet would act on: a
// window title, a colour, a hyperlink, C1 controls, a line that overwrites the
// one before, a reversed text, a zero-width mark, markup, a mention, a formula
// and bytes that are no text.
const evil = "\x1b]0;owned\x07\x1b[31mred\x1b]8;;http://evil.example\x1b\\ \u009b2J\r\noverwritten \u202etxt.exe\u2066 \u200b\ufeff `|</td><script>alert(1)</script> @admin #1 https://evil.example =cmd|'/c calc'!A1 \xff\xfe 漢字 👩‍👩‍👧 é\x7f\x00"

// hostile is the shared report with evil in every text.
func hostile(t testing.TB) *boltseal.Report {
	r := shared(t)
	r.Artifact.Name = evil
	r.Artifact.Distro.Name = evil
	r.Artifact.Base.Name = evil
	r.Artifact.Layers[0].CreatedBy = evil
	r.Snapshot.Feeds[0].Name = evil
	r.Snapshot.Feeds[0].Error = evil
	r.Verdict.Reasons = append(r.Verdict.Reasons, evil)
	for i := range r.Gaps {
		r.Gaps[i] = boltseal.Gap{What: evil, Why: evil, Kind: evil, Hint: evil, Platform: evil}
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		f.Message, f.Title, f.CreatedBy, f.Check = evil, evil, evil, evil
		f.FixedIn, f.Reasons = []string{evil}, []string{evil}
		f.Location.File = evil
		f.Locations = []boltseal.Location{{File: evil}, {File: "=1+1" + evil}}
		f.Fixes = []boltseal.Fix{{Title: evil, Upgrade: &boltseal.Upgrade{PURL: evil, To: evil}}}
		if f.Advisory != nil {
			a := *f.Advisory
			a.ID, a.Summary, a.Aliases, a.References = evil+a.ID, evil, []string{evil}, []string{evil, "javascript:alert(1)", "https://ok.example/?a=\x1b[31m"}
			f.Advisory = &a
		}
		if f.Rating != nil {
			f.Rating = &boltseal.Rating{By: evil, Vector: evil, Severity: f.Severity, Score: 5}
		}
		if f.Component != nil {
			c := *f.Component
			c.Name, c.Version, c.PURL, c.OwnedBy = evil, evil, "pkg:npm/"+evil, "pkg:deb/"+evil
			c.Source, c.Licenses = nil, []string{evil}
			f.Component = &c
		}
		if f.Waived != nil {
			f.Waived = &boltseal.Waiver{Reason: evil, Owner: evil}
		}
	}
	for i := range r.Components {
		c := &r.Components[i]
		c.Name, c.Version, c.PURL, c.Licenses = evil, evil, "pkg:npm/"+evil, []string{evil}
		c.Locations = []boltseal.Location{{File: evil}}
	}
	return r
}

// No format passes on a character that a terminal obeys or that disguises
// text.
func TestNothingHostileGetsThrough(t *testing.T) {
	r := hostile(t)
	outputs := map[string]string{}
	for _, f := range report.Formats() {
		for name, o := range map[string]*report.Options{"": nil, " verbose": {Width: 80, Verbose: true}} {
			outputs[f.Name+name] = write(t, f.Name, r, o)
		}
	}
	for _, name := range []string{"table", "markdown", "junit", "sarif", "html", "json", "github-summary"} {
		outputs["audit "+name] = write(t, name, evilScored(t), &report.Options{Width: 80, Verbose: true})
	}
	for name, o := range map[string]*report.Options{"components": nil, "components verbose": {Verbose: true}} {
		var b bytes.Buffer
		if err := report.Components(&b, r, o); err != nil {
			t.Fatal(err)
		}
		outputs[name] = b.String()
	}
	for name, text := range outputs {
		t.Run(name, func(t *testing.T) {
			if !utf8.ValidString(text) {
				t.Error("not UTF-8")
			}
			for i, c := range text {
				if c != '\n' && c != utf8.RuneError && (unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp) && c != '\u200d') {
					t.Fatalf("%U in %q", c, text[max(0, i-40):min(len(text), i+40)])
				}
			}
		})
	}
}

// With colour the only escape sequences are our own.
func TestTableColour(t *testing.T) {
	text := write(t, "table", hostile(t), &report.Options{Width: 120, Color: true, Verbose: true})
	for rest := text; ; {
		_, after, ok := strings.Cut(rest, "\x1b")
		if !ok {
			break
		}
		end := strings.IndexByte(after, 'm')
		if end < 0 || strings.Trim(after[:end], "[0123456789;") != "" {
			t.Fatalf("escape sequence %q", after[:min(len(after), 20)])
		}
		rest = after[end:]
	}
	if !strings.Contains(text, "\x1b[1;31mCRITICAL") {
		t.Error("critical is not red")
	}
}

// No line of a table is wider than its terminal.
func TestTableFits(t *testing.T) {
	for name, r := range map[string]*boltseal.Report{"shared": shared(t), "hostile": hostile(t)} {
		for _, width := range []int{60, 80, 100, 120, 200} {
			for _, verbose := range []bool{false, true} {
				o := &report.Options{Width: width, Verbose: verbose}
				var b bytes.Buffer
				if err := report.Components(&b, r, o); err != nil {
					t.Fatal(err)
				}
				for line := range strings.Lines(write(t, "table", r, o) + b.String()) {
					line = strings.TrimSuffix(line, "\n")
					if got := displaywidth.String(line); got > width {
						t.Errorf("%s at %d: %d columns: %q", name, width, got, line)
					}
					if strings.HasSuffix(line, " ") {
						t.Errorf("%s at %d: blanks at the end of %q", name, width, line)
					}
				}
			}
		}
	}
}

func TestMarkdownIsInert(t *testing.T) {
	text := write(t, "markdown", hostile(t), &report.Options{Verbose: true})
	for _, bad := range []string{"<script", "</td>", "](", "https://", "@admin "} {
		for line := range strings.Lines(text) {
			// In a code span nothing is markup.
			outside := ""
			for i, part := range strings.Split(line, "`") {
				if i%2 == 0 {
					outside += part + " "
				}
			}
			if strings.Contains(outside, bad) {
				t.Errorf("%q in %q", bad, line)
			}
		}
	}
	cells := -1
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "| severity") {
			cells = columnsOf(line)
		} else if strings.HasPrefix(line, "|") && cells > 0 && columnsOf(line) != cells {
			t.Errorf("%d cells, want %d: %q", columnsOf(line), cells, line)
		} else if !strings.HasPrefix(line, "|") {
			cells = -1
		}
	}
}

func columnsOf(line string) int { return strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") }

func TestCSVHasNoFormulas(t *testing.T) {
	r := csv.NewReader(strings.NewReader(write(t, "csv", hostile(t), nil)))
	lines := 0
	for {
		line, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		lines++
		for _, field := range line {
			if field != "" && strings.ContainsRune("=+-@", rune(field[0])) {
				t.Errorf("formula %q", field)
			}
		}
	}
	if want := 1 + len(hostile(t).Findings) + len(hostile(t).Gaps); lines != want {
		t.Errorf("%d lines, want %d", lines, want)
	}
}

func TestJUnitIsWellFormed(t *testing.T) {
	var suites struct {
		Suites []struct {
			Tests int        `xml:"tests,attr"`
			Cases []struct{} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	for name, r := range map[string]*boltseal.Report{"hostile": hostile(t), "empty": {}} {
		suites.Suites = nil
		if err := xml.Unmarshal([]byte(write(t, "junit", r, nil)), &suites); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if s := suites.Suites[0]; s.Tests != len(s.Cases) || s.Tests == 0 {
			t.Errorf("%s: says %d tests, has %d", name, s.Tests, len(s.Cases))
		}
	}
}

// The JSON form is the report: what is read back is what was written.
func TestJSONIsTheReport(t *testing.T) {
	want := shared(t)
	var got boltseal.Report
	if err := json.Unmarshal([]byte(write(t, "json", want, nil)), &got); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(want)
	b, _ := json.Marshal(got)
	if !bytes.Equal(a, b) {
		t.Error("the report changed on its way through JSON")
	}
	if text := write(t, "json", &boltseal.Report{}, nil); strings.Contains(text, "null") {
		t.Errorf("an empty report has null: %s", text)
	}
	if text := write(t, "json", hostile(t), nil); !strings.Contains(text, `\u009b2J`) || !strings.Contains(text, "漢字") {
		t.Error("JSON escapes too little or too much")
	}
}

func FuzzTable(f *testing.F) {
	f.Add(evil, "1.0", 80)
	f.Add("漢字漢字漢字漢字", strings.Repeat("é", 300), 61)
	f.Fuzz(func(t *testing.T, name, text string, width int) {
		width = 60 + (width%200+200)%200
		r := &boltseal.Report{
			Artifact: boltseal.Artifact{Name: name},
			Findings: []boltseal.Finding{{
				Check: name, Message: text, Severity: boltseal.High, FixedIn: []string{text},
				Component: &boltseal.Component{PURL: name, Name: name, Version: text},
				Advisory:  &boltseal.Advisory{ID: name, Summary: text},
			}, {Check: name, Message: text, Location: boltseal.Location{File: text, Line: 3}}},
			Gaps: []boltseal.Gap{{What: name, Why: text, Kind: name, Hint: text}},
		}
		for _, verbose := range []bool{false, true} {
			for line := range strings.Lines(write(t, "table", r, &report.Options{Width: width, Verbose: verbose})) {
				line = strings.TrimSuffix(line, "\n")
				if got := displaywidth.String(line); got > width {
					t.Errorf("%d columns of %d: %q", got, width, line)
				}
				for _, c := range line {
					if unicode.IsControl(c) {
						t.Errorf("%U in %q", c, line)
					}
				}
			}
		}
	})
}
