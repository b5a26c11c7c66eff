package report

import (
	"cmp"
	"crypto/sha256"
	_ "embed" // the page's template, style and script
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/boltseal/boltseal"
)

var _ = add(Format{Name: "html", Title: "one page for a browser, complete in itself", Write: writeHTML})

var (
	//go:embed html/page.html
	htmlPage string
	//go:embed html/page.css
	htmlStyle string
	//go:embed html/page.js
	htmlScript string
)

var htmlTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Parse(htmlPage))
})

// The rows that stand in the page itself, for readers without JavaScript. The
// script shows the others from the data block, a page at a time.
const (
	htmlRows = 100
	htmlGaps = 500
)

// Bytes of one check's or advisory's text, where findings are few and where
// they are many: a page must open on a telephone.
const (
	htmlText         = 2 << 10
	htmlShortText    = 400
	htmlManyFindings = 2_000
)

// writeHTML writes one page that loads nothing: its content security policy
// lets only its own style and script in, by their digests. Everything from
// outside is text, in the page and in the script.
func writeHTML(w io.Writer, r *boltseal.Report, opts *Options) error {
	o := opts.orDefault()
	page := htmlReport(r, &o)
	if err := htmlTemplate().Execute(w, page); err != nil {
		return fmt.Errorf("write HTML: %w", err)
	}
	return nil
}

// digestOf is the source of a content security policy that lets in exactly
// this text (CSP Level 3, 2.3.1).
func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

type (
	htmlDoc struct {
		Name, ScriptHash, StyleHash string
		Style                       template.CSS
		Script                      template.JS
		Facts                       []string
		Verdict                     htmlVerdict
		Card                        *htmlCard
		Severities                  []htmlSeverity
		FindingWords, FindingNote   string
		ComponentNote, GapNote      string
		Families                    []string
		Findings                    []htmlRow
		Gaps                        []boltseal.Gap
		Waivers                     []htmlWaiver
		Layers                      []htmlLayer
		Components                  []htmlComponent
		Looked, About               []htmlPair
		Data                        htmlData
	}
	htmlVerdict struct {
		Class, Word string
		Reasons     []string
	}
	htmlSeverity struct {
		Name       string
		Count, All int // without and with waived findings
		Share      string
	}
	htmlPair   struct{ Name, Value string }
	htmlWaiver struct {
		What, Why string
		Count     int
	}
	htmlLayer struct {
		Number           int
		Made, Size, From string
		Findings         int
	}
	htmlRow struct{ Severity, Name, Where, Title, Fix string }

	// htmlData is what the script reads.
	htmlData struct {
		Severities []string        `json:"severities"`
		Texts      []string        `json:"texts"`
		Findings   []htmlFinding   `json:"findings"`
		Components []htmlComponent `json:"components"`
	}
	htmlFinding struct {
		Key      string   `json:"key"`
		Severity int      `json:"sev"` // worst first
		Check    string   `json:"check"`
		Name     string   `json:"name"`
		Where    string   `json:"where"`
		Title    string   `json:"title"`
		Fix      string   `json:"fix"`
		Mendable bool     `json:"mendable,omitempty"`
		Message  string   `json:"message,omitempty"`
		Text     int      `json:"text,omitempty"` // in texts, from 1
		PURL     string   `json:"purl,omitempty"`
		Aliases  string   `json:"aliases,omitempty"`
		Rated    string   `json:"rated,omitempty"`
		KEV      string   `json:"kev,omitempty"`
		EPSS     string   `json:"epss,omitempty"`
		Score    int      `json:"score,omitempty"`
		Reasons  []string `json:"reasons,omitempty"`
		Fixed    string   `json:"fixed,omitempty"`
		Origin   string   `json:"origin,omitempty"`
		Made     string   `json:"made,omitempty"`
		Places   []string `json:"places,omitempty"`
		Platform string   `json:"platform,omitempty"`
		Waiver   string   `json:"waiver,omitempty"`
		Fixes    []string `json:"fixes,omitempty"`
		Refs     []string `json:"refs,omitempty"`
		Evidence []string `json:"evidence,omitempty"`
	}
	htmlComponent struct {
		Name     string `json:"name"`
		Version  string `json:"version"`
		PURL     string `json:"purl"`
		Type     string `json:"type"`
		Licenses string `json:"licenses,omitempty"`
		Place    string `json:"place,omitempty"`
		Findings int    `json:"findings,omitempty"`
	}
)

// htmlReport collects what the page shows. Every text from outside is
// cleaned here; the template and the script make no markup of it.
func htmlReport(r *boltseal.Report, o *Options) *htmlDoc {
	d := &htmlDoc{
		Name:  cmp.Or(clean(r.Artifact.Name), "report"),
		Style: template.CSS(htmlStyle), Script: template.JS(htmlScript), //nolint:gosec // both are constants of this package
		StyleHash: digestOf(htmlStyle), ScriptHash: digestOf(htmlScript),
		Facts: htmlFacts(r), Verdict: htmlVerdictOf(r), Looked: htmlLooked(r), About: htmlAbout(r),
		Waivers: htmlWaivers(r), Layers: htmlLayers(r),
	}
	if r.Scorecard != nil {
		d.Card = htmlCardOf(r.Scorecard)
	}
	for _, s := range boltseal.Severities() {
		d.Data.Severities = append(d.Data.Severities, s.String())
	}
	texts := &htmlTexts{docs: map[string]string{}, at: map[string]int{}, list: []string{}, most: htmlText}
	if len(r.Findings) > htmlManyFindings {
		texts.most = htmlShortText
	}
	for _, c := range o.Checks {
		texts.docs[c.ID] = c.Doc
	}
	d.Data.Findings = []htmlFinding{}
	by := map[string]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Component != nil && f.Waived == nil {
			by[f.Component.PURL]++
		}
		row := htmlFindingOf(r, f)
		row.Text = texts.of(f)
		d.Data.Findings = append(d.Data.Findings, row)
		family, _, _ := strings.Cut(clean(f.Check), "/")
		if !slices.Contains(d.Families, family) {
			d.Families = append(d.Families, family)
		}
	}
	slices.Sort(d.Families)
	d.Data.Texts = texts.list
	d.Data.Components = []htmlComponent{}
	for i := range r.Components {
		d.Data.Components = append(d.Data.Components, htmlComponentOf(&r.Components[i], by))
	}
	d.Severities, d.FindingWords = htmlSeverities(r)
	for _, f := range d.Data.Findings[:min(htmlRows, len(d.Data.Findings))] {
		d.Findings = append(d.Findings, htmlRow{Severity: d.Data.Severities[f.Severity], Name: f.Name, Where: f.Where, Title: f.Title, Fix: f.Fix})
	}
	d.FindingNote = shownOf(len(d.Findings), len(r.Findings))
	d.Components = d.Data.Components[:min(htmlRows, len(d.Data.Components))]
	d.ComponentNote = shownOf(len(d.Components), len(r.Components))
	for _, g := range r.Gaps[:min(htmlGaps, len(r.Gaps))] {
		g = boltseal.Gap{Kind: clean(g.Kind), What: clean(g.What), Why: clean(g.Why), Hint: clean(g.Hint), Platform: clean(g.Platform)}
		if g.Platform != "" && len(platformsOf(r)) > 1 {
			g.What += " (" + g.Platform + ")"
		}
		d.Gaps = append(d.Gaps, g)
	}
	if len(d.Gaps) < len(r.Gaps) {
		d.GapNote = shownOf(len(d.Gaps), len(r.Gaps))
	}
	return d
}

func shownOf(shown, all int) string {
	if shown == all {
		return count(all, "line")
	}
	return fmt.Sprintf("%d of %d; a browser with JavaScript shows all", shown, all)
}

func htmlFacts(r *boltseal.Report) []string {
	var facts []string
	note := func(s string) {
		if s = clean(s); s != "" {
			facts = append(facts, s)
		}
	}
	note(string(r.Artifact.Kind))
	note(distroOf(r))
	note(strings.Join(platformsOf(r), " "))
	if d := r.Artifact.Digest; d != "" {
		note(d.Algorithm() + ":" + d.Short())
	}
	if b := r.Artifact.Base; b != nil && b.Name != "" {
		note("built on " + b.Name)
	}
	if !r.Time.IsZero() {
		note(r.Time.UTC().Format("2006-01-02 15:04 UTC"))
	}
	return facts
}

func htmlVerdictOf(r *boltseal.Report) htmlVerdict {
	v := htmlVerdict{Class: "pass", Word: "Passed"}
	switch r.Verdict.ExitStatus() {
	case 1:
		v.Class, v.Word = "block", "Blocked"
	case 3:
		v.Class, v.Word = "gap", "Not assessed"
	}
	for _, reason := range r.Verdict.Reasons {
		v.Reasons = append(v.Reasons, clean(reason))
	}
	return v
}

func htmlSeverities(r *boltseal.Report) ([]htmlSeverity, string) {
	counts, all := r.Count(), map[boltseal.Severity]int{}
	most, total, waived := 1, 0, 0
	for i := range r.Findings {
		all[r.Findings[i].Severity]++
		if r.Findings[i].Waived != nil {
			waived++
		}
	}
	for _, n := range counts {
		most = max(most, n)
		total += n
	}
	var out []htmlSeverity
	for _, s := range boltseal.Severities() {
		if s == boltseal.Unknown && all[s] == 0 {
			continue
		}
		share := 100 * float64(counts[s]) / float64(most)
		if counts[s] > 0 {
			share = max(share, 1) // a line that can be seen
		}
		out = append(out, htmlSeverity{Name: s.String(), Count: counts[s], All: all[s], Share: shareWords(share)})
	}
	words := count(total, "finding")
	if waived > 0 {
		words += fmt.Sprintf(", and %d waived", waived)
	}
	return out, words
}

// htmlLooked is what a manager asks first: how much was seen, how old the
// knowledge is.
func htmlLooked(r *boltseal.Report) []htmlPair {
	out := []htmlPair{{"Components", strconv.Itoa(len(r.Components))}}
	if n := len(r.Children); n > 0 {
		out = append(out, htmlPair{"Images", strconv.Itoa(n)})
	}
	switch {
	case r.Snapshot != nil:
		out = append(out, htmlPair{"Advisories", feedLine(r.Snapshot, r.Time)})
	default:
		out = append(out, htmlPair{"Advisories", "none: nothing was compared with known vulnerabilities"})
	}
	gaps := "none"
	if len(r.Gaps) > 0 {
		gaps = count(len(r.Gaps), "gap") + ", see below"
	}
	return append(out, htmlPair{"Not assessed", gaps})
}

func htmlAbout(r *boltseal.Report) []htmlPair {
	out := []htmlPair{{"Made by", clean(strings.TrimSpace(cmp.Or(r.Tool.Name, "boltseal") + " " + r.Tool.Version))}}
	if !r.Time.IsZero() {
		out = append(out, htmlPair{"At", r.Time.UTC().Format(time.RFC3339)})
	}
	add := func(name, value string) {
		if value != "" {
			out = append(out, htmlPair{name, clean(value)})
		}
	}
	add("Digest", string(r.Artifact.Digest))
	add("Configuration", string(r.Artifact.ImageID))
	add("Policy", string(r.Verdict.Policy))
	if r.Snapshot != nil {
		add("Advisory data", r.Snapshot.ID)
		for _, f := range r.Snapshot.Feeds {
			if f.Error != "" {
				add("Not refreshed", f.Name+": "+f.Error)
			}
		}
	}
	if r.Scorecard != nil {
		add("Score", "the weight of the controls of the checklist that hold, among those that were assessed; rounded down")
	}
	return out
}

func htmlWaivers(r *boltseal.Report) []htmlWaiver {
	var out []htmlWaiver
	at := map[string]int{}
	for i := range r.Findings {
		w := r.Findings[i].Waived
		if w == nil {
			continue
		}
		what := strings.TrimSpace(clean(strings.Join([]string{w.ID, w.PURL, w.Path, w.Key}, " ")))
		if w.Comment {
			what = clean(r.Findings[i].Check + " in " + w.Source)
		}
		why := clean(w.String())
		key := what + "\x00" + why
		if _, ok := at[key]; !ok {
			at[key] = len(out)
			out = append(out, htmlWaiver{What: strings.Join(strings.Fields(what), " "), Why: why})
		}
		out[at[key]].Count++
	}
	return out
}

func htmlLayers(r *boltseal.Report) []htmlLayer {
	n := map[boltseal.Digest]int{}
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Waived == nil && f.Location.Layer != "" {
			n[f.Location.Layer]++
		}
	}
	var out []htmlLayer
	for i, l := range r.Artifact.Layers {
		from := "your layers"
		if l.FromBase {
			from = "base image"
		}
		out = append(out, htmlLayer{Number: i + 1, Made: clean(l.CreatedBy), Size: sizeWords(l.Size), From: from, Findings: n[l.DiffID]})
	}
	return out
}

// sizeWords is a number of bytes as people read it.
func sizeWords(n int64) string {
	switch {
	case n <= 0:
		return ""
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30))
}
