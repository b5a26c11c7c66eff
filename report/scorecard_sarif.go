package report

import (
	"slices"

	"github.com/boltseal/boltseal"
)

// sarifTaxonomies makes a taxonomy of each framework of a scorecard (SARIF
// 2.1.0, 3.19.3): the controls are its taxa, and what became of each is in
// its properties.
func sarifTaxonomies(card *boltseal.Scorecard) []sarifTaxonomy {
	var out []sarifTaxonomy
	for _, t := range frameworksOf(card) {
		taxonomy := sarifTaxonomy{Name: clean(t.Name), Full: sarifText{Text: clean(titleOfTally(t))}, Taxa: []sarifTaxon{}}
		for _, c := range card.Controls {
			if c.Control.Framework != t.Name {
				continue
			}
			taxonomy.Taxa = append(taxonomy.Taxa, sarifTaxon{
				ID: clean(c.Control.ID), Short: sarifText{Text: clean(c.Control.Title)},
				Properties: map[string]any{"layer": clean(c.Layer), "outcome": string(c.Outcome), "why": clean(c.Why)},
			})
		}
		out = append(out, taxonomy)
	}
	return out
}

// sarifRelations are the controls that a check failed.
func sarifRelations(card *boltseal.Scorecard, check string) []sarifRelation {
	var out []sarifRelation
	for _, c := range card.Controls {
		if c.Outcome != boltseal.OutcomeFail && c.Outcome != boltseal.OutcomeAccepted {
			continue
		}
		if slices.Contains(c.Checks, check) {
			out = append(out, sarifRelation{
				Target: sarifReference{ID: clean(c.Control.ID), Component: sarifComponentRef{Name: clean(c.Control.Framework)}},
				Kinds:  []string{"relevant"},
			})
		}
	}
	return out
}
