package sbom

import "strings"

// spdx3Licence is a licence as an element: an expression, or parts of one.
type spdx3Licence struct {
	kind       string
	expression string
	members    refs
	subject    string
	addition   string
}

// maxExpression is how long an expression made of elements may get; a few
// elements that name each other could make it endless.
const maxExpression = 4096

// expression is the licence expression that an element stands for, or empty.
func (r *spdx3Reader) expression(id string, depth int) string {
	if name, ok := strings.CutPrefix(id, "https://spdx.org/licenses/"); ok {
		return name
	}
	if known, ok := r.known[id]; ok {
		return known
	}
	l, ok := r.elements[id]
	if !ok || depth > 8 {
		return ""
	}
	r.known[id] = "" // what names itself means nothing
	expr := r.compose(&l, depth)
	if len(expr) > maxExpression {
		expr = ""
	}
	r.known[id] = expr
	return expr
}

func (r *spdx3Reader) compose(l *spdx3Licence, depth int) string {
	subject := func() string { return r.expression(l.subject, depth+1) }
	switch l.kind {
	case "expandedlicensing_ConjunctiveLicenseSet":
		return r.join(l.members, " AND ", depth)
	case "expandedlicensing_DisjunctiveLicenseSet":
		return r.join(l.members, " OR ", depth)
	case "expandedlicensing_OrLaterOperator":
		return subject() + "+"
	case "expandedlicensing_WithAdditionOperator":
		addition := strings.TrimPrefix(l.addition, "https://spdx.org/licenses/")
		if e, ok := r.elements[l.addition]; ok {
			addition = e.expression
		}
		return subject() + " WITH " + addition
	}
	return l.expression
}

func (r *spdx3Reader) join(members refs, word string, depth int) string {
	var b strings.Builder
	for i, m := range members {
		part := r.expression(m, depth+1)
		if part == "" || b.Len() > maxExpression {
			return ""
		}
		if i > 0 {
			b.WriteString(word)
		}
		b.WriteString("(" + part + ")")
	}
	return b.String()
}
