package inventory

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal/internal/spdx"
)

// licenses turns what a package says of its licences into SPDX expressions.
// Words that SPDX does not name become a LicenseRef- that keeps them; words
// that say nothing are left out.
func licenses(statements ...string) []string {
	var all []string
	for _, s := range statements[:min(len(statements), maxLicenses)] {
		if expr := licenseExpression(s); expr != "" && !slices.Contains(all, expr) {
			all = append(all, expr)
		}
	}
	return all
}

const maxLicenses = 100 // statements of one component

func licenseExpression(s string) string {
	// Some packages put a whole licence where its name belongs.
	s = strings.TrimSpace(s)
	first, _, _ := strings.Cut(s, "\n")
	first = strings.TrimSpace(first)
	switch strings.ToLower(first) {
	case "", "unknown", "none", "noassertion", "null", "undefined", "n/a", "license", "other", "dual license", "osi approved":
		return ""
	}
	if expr, ok := spdx.Normalize(first); ok {
		return expr
	}
	// Before version 0.7 of SPDX expressions Cargo, and npm's packages, set
	// alternatives apart by a slash.
	if !strings.ContainsAny(first, " :") && strings.Contains(first, "/") {
		if expr, ok := spdx.Normalize(strings.ReplaceAll(first, "/", " OR ")); ok {
			return expr
		}
	}
	if expr, ok := licenseParts(first, "OR"); ok {
		return expr
	}
	return licenseRef(first)
}

// licenseParts reads an expression some of whose operands SPDX does not name.
// "or" and "and" in small letters are operators only beside a licence that it
// does: they are words of sentences, too.
func licenseParts(s, operator string) (string, bool) {
	words := strings.Fields(s)
	if len(words) > 64 || strings.ContainsAny(s, "()") {
		return "", false
	}
	var parts []string
	known, capital := false, false
	for len(words) > 0 {
		end := slices.IndexFunc(words, func(w string) bool { return strings.EqualFold(w, operator) })
		if end < 0 {
			end = len(words)
		} else {
			capital = capital || words[end] == operator
		}
		operand := strings.Join(words[:end], " ")
		words = words[min(end+1, len(words)):]
		expr, ok := spdx.Normalize(operand)
		if !ok && operator == "OR" {
			expr, ok = licenseParts(operand, "AND")
		}
		if known = known || ok; !ok {
			expr = licenseRef(operand)
		}
		if expr == "" {
			return "", false
		}
		parts = append(parts, expr)
	}
	return strings.Join(parts, " "+operator+" "), (known || capital) && len(parts) > 1
}

const maxLicenseRef = 64 // bytes of its own part

// licenseRef keeps words that SPDX does not name. Only letters, digits, '-'
// and '.' may stand in it.
func licenseRef(s string) string {
	s = strings.TrimPrefix(s, "LicenseRef-")
	out := make([]byte, 0, maxLicenseRef)
	for i := 0; i < len(s) && len(out) < maxLicenseRef; i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.':
			out = append(out, c)
		case len(out) > 0 && out[len(out)-1] != '-':
			out = append(out, '-')
		}
	}
	words := strings.Trim(string(out), "-.")
	if words == "" {
		return ""
	}
	return "LicenseRef-" + words
}
