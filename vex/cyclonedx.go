package vex

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
)

// CycloneDX 1.4 and later, JSON: vulnerabilities with an analysis. A
// vulnerability without one says that it is there, not what it does.
var _ = add(format{
	name: "CycloneDX VEX",
	is:   func(h *head) bool { return h.BOMFormat == "CycloneDX" },
	read: readCycloneDX,
})

type cycloneDX struct {
	Metadata struct {
		Timestamp string              `json:"timestamp"`
		Component *cycloneDXComponent `json:"component"`
		Authors   []struct {
			Name string `json:"name"`
		} `json:"authors"`
		Supplier struct {
			Name string `json:"name"`
		} `json:"supplier"`
	} `json:"metadata"`
	Components      []cycloneDXComponent `json:"components"`
	Vulnerabilities []struct {
		ID         string `json:"id"`
		Updated    string `json:"updated"`
		References []struct {
			ID string `json:"id"`
		} `json:"references"`
		Analysis *struct {
			State         string `json:"state"`
			Justification string `json:"justification"`
			Detail        string `json:"detail"`
			LastUpdated   string `json:"lastUpdated"`
			FirstIssued   string `json:"firstIssued"`
		} `json:"analysis"`
		Affects []struct {
			Ref      string `json:"ref"`
			Versions []struct {
				Version string `json:"version"`
			} `json:"versions"`
		} `json:"affects"`
	} `json:"vulnerabilities"`
}

type cycloneDXComponent struct {
	Ref        string               `json:"bom-ref"`
	PURL       string               `json:"purl"`
	Components []cycloneDXComponent `json:"components"`
}

// cycloneDXStates are the analysis states (CycloneDX 1.6,
// impactAnalysisState). A false positive does not affect.
var cycloneDXStates = map[string]boltseal.Status{
	"not_affected": boltseal.StatusNotAffected, "false_positive": boltseal.StatusNotAffected,
	"resolved": boltseal.StatusFixed, "resolved_with_pedigree": boltseal.StatusFixed,
	"exploitable": boltseal.StatusAffected, "in_triage": boltseal.StatusUnderReview,
}

// cycloneDXJustifications says them in the words of OpenVEX.
var cycloneDXJustifications = map[string]string{
	"code_not_present": "vulnerable_code_not_present", "code_not_reachable": "vulnerable_code_not_in_execute_path",
	"requires_configuration": "vulnerable_code_cannot_be_controlled_by_adversary", "requires_dependency": "component_not_present",
	"requires_environment":  "vulnerable_code_cannot_be_controlled_by_adversary",
	"protected_by_compiler": "inline_mitigations_already_exist", "protected_at_runtime": "inline_mitigations_already_exist",
	"protected_at_perimeter": "inline_mitigations_already_exist", "protected_by_mitigating_control": "inline_mitigations_already_exist",
}

func readCycloneDX(data []byte) ([]policy.Statement, error) {
	var doc cycloneDX
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	purls := map[string]string{}
	var index func([]cycloneDXComponent)
	index = func(components []cycloneDXComponent) {
		for _, c := range components {
			purls[c.Ref] = c.PURL
			index(c.Components)
		}
	}
	index(doc.Components)
	if c := doc.Metadata.Component; c != nil {
		index([]cycloneDXComponent{*c})
	}
	author := doc.Metadata.Supplier.Name
	if len(doc.Metadata.Authors) > 0 {
		author = doc.Metadata.Authors[0].Name
	}
	var out []policy.Statement
	for i, v := range doc.Vulnerabilities {
		if v.Analysis == nil || v.Analysis.State == "" {
			continue
		}
		status, ok := cycloneDXStates[v.Analysis.State]
		if !ok {
			return nil, fmt.Errorf("vulnerability %d: unknown analysis state %q", i+1, clip(v.Analysis.State))
		}
		when, err := moment(v.Analysis.LastUpdated, v.Updated, v.Analysis.FirstIssued, doc.Metadata.Timestamp)
		if err != nil {
			return nil, fmt.Errorf("vulnerability %d: %w", i+1, err)
		}
		ids := []string{v.ID}
		for _, r := range v.References {
			ids = append(ids, r.ID)
		}
		s := policy.Statement{
			IDs: names(ids...), Status: status, Justification: cycloneDXJustifications[v.Analysis.Justification],
			Impact: v.Analysis.Detail, Author: author, Time: when,
		}
		if len(s.IDs) == 0 {
			return nil, fmt.Errorf("vulnerability %d: %w", i+1, errNoID)
		}
		for _, a := range v.Affects {
			ref := refPURL(a.Ref, purls)
			p, err := boltseal.ParsePURL(ref)
			if len(a.Versions) == 0 || err != nil || p.Version != "" {
				s.Products = append(s.Products, policy.Product{IDs: names(ref)})
				continue
			}
			for _, v := range a.Versions { // a range of versions is not read, and so settles nothing
				if p.Version = v.Version; p.Version != "" {
					s.Products = append(s.Products, policy.Product{IDs: []string{p.String()}})
				}
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// refPURL is the package URL behind a reference: of the same document, of
// another one (a BOM-Link, whose fragment is the reference there), or itself.
func refPURL(ref string, purls map[string]string) string {
	if purl := purls[ref]; purl != "" {
		return purl
	}
	if strings.HasPrefix(ref, "urn:cdx:") {
		_, ref, _ = strings.Cut(ref, "#")
	}
	return ref
}
