package report

import (
	"fmt"
	"strings"

	"github.com/boltseal/boltseal"
)

// checklistOf are a scorecard's controls of the framework that its score is
// made of, in its order.
func checklistOf(card *boltseal.Scorecard) []boltseal.ControlResult {
	var out []boltseal.ControlResult
	for _, c := range card.Controls {
		if c.Control.Framework == card.Tally.Name {
			out = append(out, c)
		}
	}
	return out
}

// frameworksOf are all tallies with a name to print, the checklist first.
func frameworksOf(card *boltseal.Scorecard) []boltseal.Tally {
	return append([]boltseal.Tally{card.Tally}, card.Frameworks...)
}

// titleOfTally is what a tally is called.
func titleOfTally(t boltseal.Tally) string {
	if t.Title != "" {
		return clean(t.Title)
	}
	return clean(t.Name)
}

// scoreWords is a score as people read it. One that nothing stands behind is
// none.
func scoreWords(t boltseal.Tally) string {
	if t.Assessed() == 0 {
		return "not assessed"
	}
	return fmt.Sprintf("%d of 100", t.Score)
}

// countWords tells how many controls have which outcome, leaving out none but
// zeroes.
func countWords(t boltseal.Tally) string {
	var parts []string
	for _, o := range []struct {
		n    int
		word string
	}{{t.Passed, "passed"}, {t.Failed, "failed"}, {t.Accepted, "accepted"}, {t.NotAssessed, "not assessed"}} {
		if o.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", o.n, o.word))
		}
	}
	return strings.Join(parts, ", ")
}

// outcomeColumn holds "not assessed".
const outcomeColumn = 12

// scorecard writes the checklist layer by layer, then a line for each public
// standard.
func (p *page) scorecard(card *boltseal.Scorecard, verbose bool) {
	p.line()
	p.line(cell{"Score ", bold}, cell{scoreWords(card.Tally), inkOfScore(card.Tally)}, cell{"  " + countWords(card.Tally), faint})
	for _, layer := range card.Layers {
		p.line()
		p.spread([]cell{{titleOfTally(layer), bold}}, cell{p.bar(layer) + pad(scoreWords(layer), len("not assessed")), inkOfScore(layer)})
		var list []boltseal.ControlResult
		for _, c := range checklistOf(card) {
			if c.Layer == layer.Name {
				list = append(list, c)
			}
		}
		p.controls(list, verbose)
	}
	p.line()
	p.line(cell{"Standards", bold})
	width := 0
	for _, t := range card.Frameworks {
		width = max(width, widthOf(titleOfTally(t)))
	}
	width = min(width, p.width/2)
	for _, t := range card.Frameworks {
		p.line(cell{"  " + pad(titleOfTally(t), width) + "  ", plain}, cell{pad(scoreWords(t), outcomeColumn), inkOfScore(t)},
			cell{"  " + countWords(t), faint})
		if !verbose {
			continue
		}
		var list []boltseal.ControlResult
		for _, c := range card.Controls {
			if c.Control.Framework == t.Name {
				list = append(list, c)
			}
		}
		p.controls(list, verbose)
	}
	if !verbose {
		p.paragraph(0, "", "Each standard's controls, and all findings: --verbose, or -o html=FILE", faint)
	}
}

// controls writes controls one under the other. What several in a row have
// in common is said once, under the last of them.
func (p *page) controls(list []boltseal.ControlResult, verbose bool) {
	for i := range list {
		c := &list[i]
		same := i+1 < len(list) && list[i+1].Outcome == c.Outcome && list[i+1].Why == c.Why && list[i+1].Fix == c.Fix
		p.control(c, verbose, !same)
	}
}

// control writes one control: its outcome, what it asks, and what speaks for
// it where there is something to do.
func (p *page) control(c *boltseal.ControlResult, verbose, why bool) {
	at := indent + outcomeColumn + between
	word, ink := outcomeWord(c.Outcome)
	title := clean(c.Control.Title)
	if verbose {
		title += " [" + clean(c.Control.ID) + "]"
	}
	body := plain
	if c.Outcome == boltseal.OutcomeNotAssessed {
		body = faint
	}
	for n, line := range wrap(title, p.width-at) {
		lead := cell{strings.Repeat(" ", at), plain}
		if n == 0 {
			lead = cell{strings.Repeat(" ", indent) + pad(word, outcomeColumn) + strings.Repeat(" ", between), ink}
		}
		p.line(lead, cell{line, body})
	}
	if !verbose && (!why || c.Outcome == boltseal.OutcomePass) {
		return
	}
	p.paragraph(at, "", clean(c.Why), faint)
	if c.Fix != "" {
		p.paragraph(at, "→ ", clean(c.Fix), plain)
	}
	if verbose && len(c.Also) > 0 {
		p.paragraph(at, "also: ", cleanList(c.Also, len(c.Also), true), faint)
	}
}

func outcomeWord(o boltseal.Outcome) (string, ink) {
	switch o {
	case boltseal.OutcomePass:
		return "pass", green
	case boltseal.OutcomeFail:
		return "FAIL", boldRed
	case boltseal.OutcomeAccepted:
		return "accepted", yellow
	case boltseal.OutcomeNotAssessed:
		return "not assessed", faint
	}
	return "not assessed", faint
}

func inkOfScore(t boltseal.Tally) ink {
	switch {
	case t.Assessed() == 0:
		return faint
	case t.Score == 100:
		return green
	case t.Score >= 60:
		return yellow
	}
	return red
}

// bar is a score in ten blocks, where there is room for it.
func (p *page) bar(t boltseal.Tally) string {
	if p.width < 80 || t.Assessed() == 0 {
		return ""
	}
	full := t.Score / 10
	return strings.Repeat("█", full) + strings.Repeat("░", 10-full) + "  "
}
