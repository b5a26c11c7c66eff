package vex

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
)

// CSAF 2.0 and 2.1 with a product tree (profiles 4 and 5: security advisory
// and VEX).
var _ = add(format{
	name: "CSAF",
	is:   func(h *head) bool { return len(h.Document) > 0 && len(h.ProductTree) > 0 },
	read: readCSAF,
})

type csaf struct {
	Document struct {
		Publisher struct {
			Name string `json:"name"`
		} `json:"publisher"`
		Tracking struct {
			Current string `json:"current_release_date"`
		} `json:"tracking"`
	} `json:"document"`
	Tree struct {
		Branches      []csafBranch  `json:"branches"`
		Products      []csafProduct `json:"full_product_names"`
		Relationships []struct {
			Product   csafProduct `json:"full_product_name"`
			Reference string      `json:"product_reference"`
			RelatesTo string      `json:"relates_to_product_reference"`
		} `json:"relationships"`
		Groups []struct {
			ID       string   `json:"group_id"`
			Products []string `json:"product_ids"`
		} `json:"product_groups"`
	} `json:"product_tree"`
	Vulnerabilities []csafVulnerability `json:"vulnerabilities"`
}

type csafBranch struct {
	Branches []csafBranch `json:"branches"`
	Product  *csafProduct `json:"product"`
}

type csafProduct struct {
	ID     string `json:"product_id"`
	Helper struct {
		PURL   string   `json:"purl"`
		PURLs  []string `json:"purls"`
		CPE    string   `json:"cpe"`
		Hashes []struct {
			Files []struct {
				Algorithm string `json:"algorithm"`
				Value     string `json:"value"`
			} `json:"file_hashes"`
		} `json:"hashes"`
	} `json:"product_identification_helper"`
}

type csafVulnerability struct {
	CVE string `json:"cve"`
	IDs []struct {
		Text string `json:"text"`
	} `json:"ids"`
	Status map[string][]string `json:"product_status"`
	Flags  []csafNote          `json:"flags"`
	Threat []csafNote          `json:"threats"`
}

type csafNote struct {
	Label    string   `json:"label"`
	Category string   `json:"category"`
	Details  string   `json:"details"`
	Products []string `json:"product_ids"`
	Groups   []string `json:"group_ids"`
}

// csafStatuses are the groups of product_status (CSAF 2.0, section 3.2.3.9).
// "recommended" and "first_*" speak of where something begins, not of the
// product at hand, except that first_fixed is fixed.
var csafStatuses = map[string]boltseal.Status{
	"known_not_affected": boltseal.StatusNotAffected, "fixed": boltseal.StatusFixed, "first_fixed": boltseal.StatusFixed,
	"known_affected": boltseal.StatusAffected, "first_affected": boltseal.StatusAffected, "last_affected": boltseal.StatusAffected,
	"under_investigation": boltseal.StatusUnderReview,
}

func readCSAF(data []byte) ([]policy.Statement, error) {
	var doc csaf
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	products := map[string]policy.Product{}
	cpes := map[string]string{}
	doc.index(products, cpes)
	groups := map[string][]string{}
	for _, g := range doc.Tree.Groups {
		groups[g.ID] = g.Products
	}
	when, err := moment(doc.Document.Tracking.Current)
	if err != nil {
		return nil, err
	}
	var out []policy.Statement
	for i, v := range doc.Vulnerabilities {
		ids := []string{v.CVE}
		for _, id := range v.IDs {
			ids = append(ids, id.Text)
		}
		if ids = names(ids...); len(ids) == 0 {
			return nil, fmt.Errorf("vulnerability %d: %w", i+1, errNoID)
		}
		labels, details := notes(v.Flags, groups, false), notes(v.Threat, groups, true)
		for _, group := range slices.Sorted(maps.Keys(csafStatuses)) {
			for _, id := range v.Status[group] {
				product, ok := products[id]
				if !ok {
					continue // only a CPE, which no component of ours is named by
				}
				out = append(out, policy.Statement{
					IDs: ids, Products: []policy.Product{product}, Status: csafStatuses[group], Justification: labels[id], Impact: details[id],
					Author: doc.Document.Publisher.Name, Time: when,
				})
				if len(out) > maxStatements {
					return nil, fmt.Errorf("more than %d statements", maxStatements)
				}
			}
		}
	}
	return out, nil
}

// index collects the products that a package URL or a hash names, and the
// CPEs of all, by product id.
func (c *csaf) index(products map[string]policy.Product, cpes map[string]string) {
	take := func(p *csafProduct) {
		if p == nil {
			return
		}
		if p.Helper.CPE != "" {
			cpes[p.ID] = p.Helper.CPE
		}
		ids := append([]string{p.Helper.PURL}, p.Helper.PURLs...)
		for _, h := range p.Helper.Hashes {
			for _, f := range h.Files {
				ids = append(ids, strings.ToLower(f.Algorithm+":"+f.Value))
			}
		}
		if ids = names(ids...); len(ids) > 0 {
			products[p.ID] = policy.Product{IDs: ids}
		}
	}
	var walk func([]csafBranch)
	walk = func(branches []csafBranch) {
		for i := range branches {
			take(branches[i].Product)
			walk(branches[i].Branches)
		}
	}
	walk(c.Tree.Branches)
	for i := range c.Tree.Products {
		take(&c.Tree.Products[i])
	}
	for i := range c.Tree.Relationships {
		r := &c.Tree.Relationships[i]
		part, ok := products[r.Reference]
		if !ok {
			take(&r.Product)
			continue
		}
		whole, isImage := products[r.RelatesTo]
		switch {
		case isImage:
			products[r.Product.ID] = policy.Product{IDs: whole.IDs, Parts: part.IDs}
		default:
			// A platform without a name that can be compared is kept as one
			// that nothing is on, so that the statement does not widen.
			platform := cpes[r.RelatesTo]
			if platform == "" {
				platform = "cpe:/o:" + r.RelatesTo
			}
			products[r.Product.ID] = policy.Product{IDs: part.IDs, Platform: platform}
		}
	}
}

// notes gives each product the label, or the details of the impact, that a
// flag or threat has for it.
func notes(list []csafNote, groups map[string][]string, impact bool) map[string]string {
	out := map[string]string{}
	for _, n := range list {
		text := n.Label
		if impact {
			if n.Category != "impact" {
				continue
			}
			text = n.Details
		}
		ids := n.Products
		for _, g := range n.Groups {
			ids = append(ids, groups[g]...)
		}
		for _, id := range ids {
			if out[id] == "" {
				out[id] = text
			}
		}
	}
	return out
}
