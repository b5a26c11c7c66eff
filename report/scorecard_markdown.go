package report

import (
	"fmt"
	"strings"

	"github.com/boltseal/boltseal"
)

// mostMarkdownRows bounds the findings under a scorecard: a comment on GitHub
// holds 65,536 characters, and its reader wants the checklist.
const mostMarkdownRows = 50

// markdownScorecard writes the checklist as one table a layer, with what
// failed open and what passed folded away.
func markdownScorecard(b *strings.Builder, card *boltseal.Scorecard) {
	fmt.Fprintf(b, "### Score: %s\n\n%s\n\n", scoreWords(card.Tally), countWords(card.Tally))
	b.WriteString("| layer | score | passed | failed | accepted | not assessed |\n|---|---|---|---|---|---|\n")
	for _, t := range card.Layers {
		fmt.Fprintf(b, "| %s | %s | %d | %d | %d | %d |\n", markdown(titleOfTally(t)), scoreWords(t), t.Passed, t.Failed, t.Accepted, t.NotAssessed)
	}
	b.WriteString("\n")
	list := checklistOf(card)
	for _, o := range []struct {
		outcome boltseal.Outcome
		mark    string
		head    string
	}{
		{boltseal.OutcomeFail, "❌", "Failed"}, {boltseal.OutcomeAccepted, "☑️", "Accepted by waivers"},
		{boltseal.OutcomePass, "✅", "Passed"}, {boltseal.OutcomeNotAssessed, "⬜", "Not assessed"},
	} {
		n := 0
		for _, c := range list {
			if c.Outcome != o.outcome {
				continue
			}
			if n++; n == 1 {
				fmt.Fprintf(b, "<details%s><summary>%s %s</summary>\n\n| layer | control | why | what to do |\n|---|---|---|---|\n",
					map[bool]string{true: " open"}[o.outcome == boltseal.OutcomeFail], o.mark, o.head)
			}
			fmt.Fprintf(b, "| %s | %s<br>%s | %s | %s |\n", markdown(c.Layer), markdown(c.Control.Title), markdownCode(c.Control.ID), markdown(c.Why), markdownCode(c.Fix))
		}
		if n > 0 {
			b.WriteString("\n</details>\n\n")
		}
	}
	b.WriteString("| standard | score | passed | failed | accepted | not assessed |\n|---|---|---|---|---|---|\n")
	for _, t := range card.Frameworks {
		fmt.Fprintf(b, "| %s | %s | %d | %d | %d | %d |\n", markdown(titleOfTally(t)), scoreWords(t), t.Passed, t.Failed, t.Accepted, t.NotAssessed)
	}
	b.WriteString("\n")
}
