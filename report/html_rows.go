package report

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

type (
	htmlCard struct {
		htmlTally
		Layers     []htmlTally
		Frameworks []htmlTally
	}
	htmlTally struct {
		Title, Class, Words, Counts string
		Score, Assessed, Total      int
		Bar                         []htmlSegment
		Controls                    []htmlControl
	}
	// htmlSegment is a part of a bar a hundred wide.
	htmlSegment struct{ Class, At, Width string }
	htmlControl struct {
		Outcome, Word, Title, ID, Why, Fix string
		Also                               []string
		Findings                           string // keys, for the button that shows them
		Loud                               bool   // says why before it is opened
	}
)

func htmlCardOf(card *boltseal.Scorecard) *htmlCard {
	out := &htmlCard{htmlTally: htmlTallyOf(card.Tally)}
	list := checklistOf(card)
	for _, t := range card.Layers {
		layer := htmlTallyOf(t)
		for i := range list {
			if list[i].Layer == t.Name {
				layer.Controls = append(layer.Controls, htmlControlOf(&list[i]))
			}
		}
		out.Layers = append(out.Layers, layer)
	}
	for _, t := range card.Frameworks {
		framework := htmlTallyOf(t)
		for i := range card.Controls {
			if card.Controls[i].Control.Framework == t.Name {
				framework.Controls = append(framework.Controls, htmlControlOf(&card.Controls[i]))
			}
		}
		out.Frameworks = append(out.Frameworks, framework)
	}
	return out
}

func htmlTallyOf(t boltseal.Tally) htmlTally {
	out := htmlTally{
		Title: clean(titleOfTally(t)), Words: scoreWords(t), Counts: countWords(t), Class: "c-none",
		Score: t.Score, Assessed: t.Assessed(), Total: t.Total(),
	}
	switch {
	case t.Assessed() == 0:
	case t.Score == 100:
		out.Class = "c-good"
	case t.Score >= 60:
		out.Class = "c-mid"
	default:
		out.Class = "c-bad"
	}
	at := 0
	for _, s := range []struct {
		class string
		n     int
	}{{"pass", t.Passed}, {"accepted", t.Accepted}, {"fail", t.Failed}} {
		if s.n > 0 {
			share := 100 / float64(t.Total())
			out.Bar = append(out.Bar, htmlSegment{s.class, shareWords(float64(at) * share), shareWords(float64(s.n) * share)})
			at += s.n
		}
	}
	return out
}

func htmlControlOf(c *boltseal.ControlResult) htmlControl {
	out := htmlControl{
		Outcome: string(c.Outcome), Word: strings.ReplaceAll(string(c.Outcome), "-", " "),
		Title: clean(c.Control.Title), ID: clean(c.Control.ID), Why: clean(c.Why), Fix: clean(c.Fix),
		Findings: clean(strings.Join(c.Findings, " ")),
	}
	if c.Outcome == boltseal.OutcomeFail || c.Outcome == boltseal.OutcomeAccepted {
		out.Loud = true
		// The checks say more than the keys of the worst few.
		out.Findings = clean(strings.Join(c.Checks, " "))
	}
	for _, id := range c.Also {
		out.Also = append(out.Also, clean(id))
	}
	return out
}

func htmlFindingOf(r *boltseal.Report, f *boltseal.Finding) htmlFinding {
	out := htmlFinding{
		Key: clean(f.Key), Severity: int(boltseal.Critical - f.Severity), Check: clean(f.Check), Name: clean(nameOf(f)),
		Title: clean(titleOf(f)), Fix: clean(fixOf(f)), Where: clean(whereOf(f)), Score: f.Score,
		Made: clean(f.CreatedBy), Origin: originOf(f.Origin), Fixed: clean(strings.Join(f.FixedIn, ", ")),
		Mendable: len(f.FixedIn) > 0 || len(f.Fixes) > 0,
	}
	if f.Severity < boltseal.Unknown || f.Severity > boltseal.Critical {
		out.Severity = int(boltseal.Critical)
	}
	if text := clean(f.Message); text != out.Title {
		out.Message = text
	}
	if len(f.Fixes) > 0 && out.Fix == "" {
		out.Fix = clean(f.Fixes[0].Title)
	}
	if f.Component != nil {
		out.PURL = clean(f.Component.PURL)
	}
	if a := f.Advisory; a != nil {
		out.Aliases = clean(strings.Join(a.Aliases, ", "))
		if a.KEV != nil {
			out.KEV = "seen (CISA KEV)"
		}
		if a.EPSS != nil {
			out.EPSS = percent(a.EPSS.Score) + " in the next 30 days (EPSS, a prediction)"
		}
		for _, ref := range a.References[:min(len(a.References), 8)] {
			if address := webAddress(ref); address != "" {
				out.Refs = append(out.Refs, clean(address))
			}
		}
	}
	if f.Rating != nil {
		out.Rated = clean(strings.TrimSpace(strings.Join([]string{f.Rating.By, number(f.Rating.Score), f.Rating.Vector}, " ")))
	}
	for _, reason := range f.Reasons {
		out.Reasons = append(out.Reasons, clean(reason))
	}
	for _, l := range placesOf(f) {
		if place := placeText(l); place != "" && len(out.Places) < 20 {
			out.Places = append(out.Places, clean(place))
		}
	}
	if f.Subject.Platform != "" && len(platformsOf(r)) > 1 {
		out.Platform = clean(f.Subject.Platform)
	}
	for _, fix := range f.Fixes {
		if fix.Title != "" {
			out.Fixes = append(out.Fixes, clean(fix.Title))
		}
	}
	for _, e := range f.Evidence {
		if e.Kind == boltseal.EvidenceStable {
			continue
		}
		if text := cmp.Or(e.Excerpt, e.Statement); text != "" {
			out.Evidence = append(out.Evidence, cleanLines(cut(text, maxHelp)))
		}
	}
	if f.Waived != nil {
		out.Waiver = clean(f.Waived.String())
	}
	return out
}

// htmlTexts are the long texts of findings, each once: many findings share
// the words of one check or advisory.
type htmlTexts struct {
	docs map[string]string // by check
	most int               // bytes of one
	at   map[string]int
	list []string
}

// of is the place of a finding's text in the list, from 1, or 0 for none.
func (t *htmlTexts) of(f *boltseal.Finding) int {
	text := t.docs[f.Check]
	if f.Advisory != nil {
		text = f.Advisory.Details
	}
	if text = cleanLines(cut(strings.TrimSpace(text), t.most)); text == "" {
		return 0
	}
	if _, ok := t.at[text]; !ok {
		t.list = append(t.list, text)
		t.at[text] = len(t.list)
	}
	return t.at[text]
}

// whereOf is the component, or the place, that a finding is about.
func whereOf(f *boltseal.Finding) string {
	if f.Component != nil {
		return strings.TrimSpace(f.Component.Name + " " + f.Component.Version)
	}
	return placeText(f.Location)
}

func placeText(l boltseal.Location) string {
	if l.Line > 0 {
		return fmt.Sprintf("%s:%d", l.File, l.Line)
	}
	return l.File
}

func htmlComponentOf(c *boltseal.Component, findings map[string]int) htmlComponent {
	out := htmlComponent{
		Name: clean(c.Name), Version: clean(c.Version), PURL: clean(c.PURL), Type: clean(typeOf(c)),
		Licenses: clean(strings.Join(c.Licenses, ", ")), Findings: findings[c.PURL],
	}
	if len(c.Locations) > 0 {
		out.Place = clean(c.Locations[0].File)
		if more := len(c.Locations) - 1; more > 0 {
			out.Place += fmt.Sprintf(" and %d more", more)
		}
	}
	return out
}

// shareWords is a length in a bar.
func shareWords(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }
