package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/audit"
	"github.com/boltseal/boltseal/report"
)

// walk calls f for every element of a page.
func walk(n *html.Node, f func(*html.Node)) {
	if n.Type == html.ElementNode {
		f(n)
	}
	for c := range n.ChildNodes() {
		walk(c, f)
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func parseHTML(t testing.TB, text string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// shape counts a page's elements by name.
func shape(doc *html.Node) map[string]int {
	n := map[string]int{}
	walk(doc, func(e *html.Node) { n[e.Data]++ })
	return n
}

// evilScored is the report of an audit with evil in every text, its controls
// included.
func evilScored(t testing.TB) *boltseal.Report {
	r := hostile(t)
	r.Scorecard = scored(t).Scorecard
	for i := range r.Scorecard.Controls {
		c := &r.Scorecard.Controls[i]
		c.Why, c.Fix, c.Layer = evil, evil, r.Scorecard.Layers[i%len(r.Scorecard.Layers)].Name
		c.Control.Title, c.Control.ID = evil, evil
		c.Checks, c.Also, c.Findings = []string{evil}, []string{evil}, []string{evil}
	}
	r.Scorecard.Layers[0].Title, r.Scorecard.Frameworks[0].Title, r.Scorecard.Tally.Title = evil, evil, evil
	for i := range r.Findings {
		r.Findings[i].Evidence = []boltseal.Evidence{{Kind: boltseal.EvidenceFile, Excerpt: evil + "</script><!--<script>", Statement: evil}}
		r.Findings[i].Key = evil
	}
	r.Tool.Version = evil
	return r
}

// Whatever names, advisories and messages say, the page has the elements that
// we wrote and no others: two scripts, of which one is data, no handler, no
// frame, no address but web links.
func TestHTMLHostile(t *testing.T) {
	for name, r := range map[string]*boltseal.Report{"hostile": hostile(t), "audit": evilScored(t)} {
		t.Run(name, func(t *testing.T) {
			text := write(t, "html", r, &report.Options{Checks: []boltseal.Check{{ID: evil, Doc: evil}}})
			doc := parseHTML(t, text)
			scripts := 0
			walk(doc, func(e *html.Node) {
				switch e.Data {
				case "script":
					scripts++
				case "iframe", "object", "embed", "img", "form", "base", "frame", "audio", "video", "foreignobject":
					t.Errorf("<%s> in the page", e.Data)
				case "input", "button", "select":
				}
				for _, a := range e.Attr {
					switch {
					case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "src", a.Key == "srcdoc", a.Key == "action":
						t.Errorf("<%s %s>", e.Data, a.Key)
					case a.Key == "href" && !strings.HasPrefix(a.Val, "#") && a.Val != "data:,":
						t.Errorf("<%s href=%q>", e.Data, a.Val)
					}
				}
			})
			if scripts != 2 {
				t.Errorf("%d scripts", scripts)
			}
			var data struct {
				Findings []struct {
					Refs []string `json:"refs"`
				} `json:"findings"`
			}
			if err := json.Unmarshal([]byte(dataOf(t, doc)), &data); err != nil {
				t.Fatal(err)
			}
			for _, f := range data.Findings {
				for _, ref := range f.Refs {
					if !strings.HasPrefix(ref, "https://") && !strings.HasPrefix(ref, "http://") {
						t.Errorf("link to %q", ref)
					}
				}
			}
		})
	}
}

func dataOf(t testing.TB, doc *html.Node) string {
	t.Helper()
	var out string
	walk(doc, func(e *html.Node) {
		if e.Data == "script" && attribute(e, "id") == "data" && e.FirstChild != nil {
			out = e.FirstChild.Data
		}
	})
	if out == "" {
		t.Fatal("no data in the page")
	}
	return out
}

// The content security policy lets the page's own style and script run, and
// nothing else: the digests are those of the text that a browser sees.
func TestHTMLPolicy(t *testing.T) {
	doc := parseHTML(t, write(t, "html", scored(t), nil))
	policy := ""
	var bodies []string
	walk(doc, func(e *html.Node) {
		switch {
		case e.Data == "meta" && attribute(e, "http-equiv") == "Content-Security-Policy":
			policy = attribute(e, "content")
		case e.Data == "style", e.Data == "script" && attribute(e, "type") == "":
			bodies = append(bodies, e.FirstChild.Data)
		}
	})
	if len(bodies) != 2 || !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Fatalf("%d bodies under %q", len(bodies), policy)
	}
	for _, body := range bodies {
		sum := sha256.Sum256([]byte(body))
		if want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) {
			t.Errorf("%s is not in %q", want, policy)
		}
	}
}

// Every reference inside the page leads somewhere, every control has a name,
// headings come in order, and reports of every kind make a page.
func TestHTMLIsSound(t *testing.T) {
	for name, r := range map[string]*boltseal.Report{"scan": shared(t), "audit": scored(t), "empty": {}, "components": {Components: shared(t).Components}} {
		t.Run(name, func(t *testing.T) {
			text := write(t, "html", r, nil)
			if strings.Contains(text, "ZgotmplZ") {
				t.Error("the template refused a value")
			}
			doc := parseHTML(t, text)
			ids := map[string]bool{}
			walk(doc, func(e *html.Node) {
				if id := attribute(e, "id"); id != "" {
					if ids[id] {
						t.Errorf("id %s twice", id)
					}
					ids[id] = true
				}
			})
			walk(doc, func(e *html.Node) {
				if to, ok := strings.CutPrefix(attribute(e, "href"), "#"); ok && !ids[to] {
					t.Errorf("a link to #%s, which is not there", to)
				}
				if e.Data == "svg" && attribute(e, "aria-hidden") == "" && attribute(e, "aria-label") == "" {
					t.Error("a picture without a name")
				}
				if e.Data == "rect" && (attribute(e, "width") == "" || strings.Contains(attribute(e, "width"), "NaN")) {
					t.Error("a bar without a width")
				}
			})
		})
	}
}

// many is a report of n findings, each of its own advisory.
func many(t testing.TB, n int) *boltseal.Report {
	r := shared(t)
	some := slices.Clone(r.Findings)
	r.Findings = nil
	for i := range n {
		f := some[i%len(some)]
		if f.Advisory != nil {
			a := *f.Advisory
			a.ID, a.Details = fmt.Sprintf("CVE-2026-%d", 10_000+i), strings.Repeat("The parser trusts a length. ", 100)+fmt.Sprint(i)
			f.Advisory = &a
		}
		f.Waived = nil
		f.Seal()
		r.Findings = append(r.Findings, f)
	}
	r.Sort()
	r.Scorecard = audit.Score(r, nil)
	return r
}

// Ten thousand findings make a page that a telephone can open: its elements
// stay few, and its bytes in line.
func TestHTMLStaysSmall(t *testing.T) {
	text := write(t, "html", many(t, 10_000), nil)
	if len(text) > 16<<20 {
		t.Errorf("%d bytes", len(text))
	}
	elements := 0
	for _, n := range shape(parseHTML(t, text)) {
		elements += n
	}
	if elements > 8_000 {
		t.Errorf("%d elements", elements)
	}
}

func BenchmarkHTML(b *testing.B) {
	r := many(b, 10_000)
	f, _ := report.Lookup("html")
	var size bytes.Buffer
	if err := f.Write(&size, r, nil); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(size.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if err := f.Write(io.Discard, r, nil); err != nil {
			b.Fatal(err)
		}
	}
}
