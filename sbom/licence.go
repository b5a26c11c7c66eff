package sbom

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/boltseal/boltseal/internal/spdx"
)

// licenceRef prefixes the names that are made up for licences that SPDX does
// not name.
const licenceRef = "LicenseRef-boltseal-"

// licences are a document's licences outside of SPDX's list, by LicenseRef-
// name.
type licences map[string]string

// expression is all of a component's licences as one SPDX expression.
// Licences that are no expressions get a LicenseRef- name, which is the same
// wherever the same text stands.
func (l licences) expression(all []string) string {
	parts := make([]string, len(all))
	for i, s := range all {
		parts[i] = s
		if !spdx.Valid(s) {
			parts[i] = refOf(s)
			l[parts[i]] = s
			continue
		}
		for _, leaf := range spdx.Leaves(s) {
			if spdx.IsRef(leaf) && strings.HasPrefix(leaf, "LicenseRef-") && l[leaf] == "" {
				l[leaf] = ""
			}
		}
	}
	return spdx.Join(parts)
}

// refOf makes a LicenseRef- name of any text.
func refOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return licenceRef + strings.TrimPrefix(slug(s, 32)+"-"+hex.EncodeToString(sum[:4]), "-")
}

// slug is what of s may stand in an identifier of SPDX, at most n bytes.
func slug(s string, n int) string {
	var b []byte
	for i := 0; i < len(s) && len(b) < n; i++ {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.':
			b = append(b, c)
		case len(b) > 0 && b[len(b)-1] != '-':
			b = append(b, '-')
		}
	}
	return strings.TrimRight(string(b), "-")
}

// split takes an expression apart into a component's licences. Names that
// were made up here become what they stand for.
func (l licences) split(expr string) []string {
	if expr == "" || expr == "NOASSERTION" || expr == "NONE" {
		return nil
	}
	parts := spdx.Conjuncts(expr)
	for i, part := range parts {
		if text := l[part]; text != "" && strings.HasPrefix(part, licenceRef) {
			parts[i] = text
		}
	}
	return parts
}

// statement is what a writer makes of one component's licences; many
// components have the same.
type statement struct {
	expression string
	exact      bool // split gives back what was taken
}

// state makes a statement, or finds the one made before.
func (l licences) state(all []string, known map[string]statement) statement {
	key := strings.Join(all, "\x00")
	s, ok := known[key]
	if !ok {
		s.expression = l.expression(all)
		s.exact = slices.Equal(l.split(s.expression), all)
		known[key] = s
	}
	return s
}

// foreignLicence is a licence as another tool writes it: an expression where
// it can only mean one, else a LicenseRef- name that keeps the words.
func foreignLicence(s string) string {
	s = strings.TrimSpace(s)
	if s == "NOASSERTION" || s == "NONE" {
		return ""
	}
	if expr, ok := spdx.Normalize(s); ok || s == "" {
		return expr
	}
	ref := "LicenseRef-" + slug(s, 64)
	if ref == "LicenseRef-" || len(ref) >= len("LicenseRef-")+64 {
		return refOf(s)
	}
	return ref
}
