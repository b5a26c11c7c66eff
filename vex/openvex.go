package vex

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/boltseal/boltseal/policy"
)

// OpenVEX, specification 0.2.0 and the older 0.0.1, in which vulnerability
// and products are bare strings.
var _ = add(format{
	name: "OpenVEX",
	is: func(h *head) bool {
		context, ok := h.Context.(string)
		return ok && strings.HasPrefix(context, "https://openvex.dev/ns") && len(h.Statements) > 0
	},
	read: readOpenVEX,
})

type openVEX struct {
	Author     string `json:"author"`
	Timestamp  string `json:"timestamp"`
	Updated    string `json:"last_updated"`
	Statements []struct {
		Vulnerability   openVEXName      `json:"vulnerability"`
		Products        []openVEXProduct `json:"products"`
		Subcomponents   []openVEXProduct `json:"subcomponents"`
		Status          string           `json:"status"`
		Justification   string           `json:"justification"`
		ImpactStatement string           `json:"impact_statement"`
		Timestamp       string           `json:"timestamp"`
		Updated         string           `json:"last_updated"`
	} `json:"statements"`
}

type openVEXName struct {
	ID      string   `json:"@id"`
	Name    string   `json:"name"`
	Aliases []string `json:"aliases"`
}

func (n *openVEXName) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &n.Name)
	}
	type plain openVEXName
	return json.Unmarshal(data, (*plain)(n))
}

type openVEXProduct struct {
	ID            string            `json:"@id"`
	Identifiers   map[string]string `json:"identifiers"`
	Hashes        map[string]string `json:"hashes"`
	Subcomponents []openVEXProduct  `json:"subcomponents"`
}

func (p *openVEXProduct) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &p.ID)
	}
	type plain openVEXProduct
	return json.Unmarshal(data, (*plain)(p))
}

func (p *openVEXProduct) ids() []string {
	ids := []string{p.ID, p.Identifiers["purl"]}
	for _, algorithm := range slices.Sorted(maps.Keys(p.Hashes)) {
		sum := p.Hashes[algorithm]
		if algorithm = strings.ReplaceAll(strings.ToLower(algorithm), "-", ""); algorithm == "sha256" || algorithm == "sha512" {
			ids = append(ids, algorithm+":"+strings.ToLower(sum))
		}
	}
	return names(ids...)
}

func readOpenVEX(data []byte) ([]policy.Statement, error) {
	var doc openVEX
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	out := make([]policy.Statement, 0, len(doc.Statements))
	for i, s := range doc.Statements {
		status, err := statusOf(s.Status)
		if err != nil {
			return nil, fmt.Errorf("statement %d: %w", i+1, err)
		}
		when, err := moment(s.Updated, s.Timestamp, doc.Updated, doc.Timestamp)
		if err != nil {
			return nil, fmt.Errorf("statement %d: %w", i+1, err)
		}
		st := policy.Statement{
			IDs:    names(append([]string{s.Vulnerability.Name, lastSegment(s.Vulnerability.ID)}, s.Vulnerability.Aliases...)...),
			Status: status, Justification: s.Justification, Impact: s.ImpactStatement, Author: doc.Author, Time: when,
		}
		if len(st.IDs) == 0 {
			return nil, fmt.Errorf("statement %d: %w", i+1, errNoID)
		}
		for _, p := range s.Products {
			product := policy.Product{IDs: p.ids()}
			for _, sub := range append(p.Subcomponents, s.Subcomponents...) {
				product.Parts = append(product.Parts, sub.ids()...)
			}
			st.Products = append(st.Products, product)
		}
		out = append(out, st)
	}
	return out, nil
}

// lastSegment is the id in an IRI such as https://nvd.nist.gov/vuln/detail/CVE-2024-0001.
func lastSegment(iri string) string { return iri[strings.LastIndexAny(iri, "/#")+1:] }
