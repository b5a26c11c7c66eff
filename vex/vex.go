// Package vex reads what vendors and teams publish about which products a
// vulnerability affects (Vulnerability Exploitability eXchange): OpenVEX,
// CycloneDX and CSAF documents, bare or as the predicate of an in-toto
// statement. All become [policy.Statement]; what counts is decided there.
//
// A document that cannot be understood whole is an error: half a document may
// lack the statement that takes another one back.
package vex

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/strictjson"
	"github.com/boltseal/boltseal/policy"
)

// maxStatements bounds what one document may say.
const maxStatements = 1 << 20

// format is one kind of document.
type format struct {
	name string
	is   func(*head) bool
	read func(data []byte) ([]policy.Statement, error)
}

// head are the names by which documents tell what they are.
type head struct {
	Context       any             `json:"@context"`
	BOMFormat     string          `json:"bomFormat"`
	Document      json.RawMessage `json:"document"`
	ProductTree   json.RawMessage `json:"product_tree"`
	Statements    json.RawMessage `json:"statements"`
	PredicateType string          `json:"predicateType"`
	Predicate     json.RawMessage `json:"predicate"`
}

var formats []format

func add(f format) bool {
	formats = append(formats, f)
	return true
}

// Read reads the statements of a document; name is what they give as their
// source.
func Read(name string, data []byte) ([]policy.Statement, error) {
	if err := strictjson.Check(data); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var h head
	if err := json.Unmarshal(data, &h); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if h.PredicateType != "" && len(h.Predicate) > 0 {
		return Read(name, h.Predicate)
	}
	for _, f := range formats {
		if !f.is(&h) {
			continue
		}
		statements, err := f.read(data)
		if err != nil {
			return nil, fmt.Errorf("%s: read %s: %w", name, f.name, err)
		}
		if len(statements) > maxStatements {
			return nil, fmt.Errorf("%s: more than %d statements", name, maxStatements)
		}
		for i := range statements {
			statements[i].Source = name
		}
		return statements, nil
	}
	return nil, fmt.Errorf("%s: no VEX document of a known kind; want OpenVEX, CycloneDX or CSAF", name)
}

// statusOf reads a status in the words of OpenVEX.
func statusOf(word string) (boltseal.Status, error) {
	switch word {
	case "not_affected":
		return boltseal.StatusNotAffected, nil
	case "affected":
		return boltseal.StatusAffected, nil
	case "fixed":
		return boltseal.StatusFixed, nil
	case "under_investigation":
		return boltseal.StatusUnderReview, nil
	}
	return "", fmt.Errorf("status %q: want not_affected, affected, fixed or under_investigation", clip(word))
}

// moment reads a time of RFC 3339; what is absent is the zero time.
func moment(words ...string) (time.Time, error) {
	for _, word := range words {
		if word == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, word)
		if err != nil {
			return t, fmt.Errorf("time %q: want RFC 3339, such as 2026-01-31T12:00:00Z", clip(word))
		}
		return t, nil
	}
	return time.Time{}, nil
}

var errNoID = errors.New("a statement names no vulnerability")

// names drops the empty and the repeated ones.
func names(ids ...string) []string {
	var out []string
	seen := map[string]bool{}
	for _, id := range ids {
		if id = strings.TrimSpace(id); id != "" && !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

func clip(s string) string {
	if len(s) > 80 {
		return s[:80]
	}
	return s
}
