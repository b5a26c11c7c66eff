// Package spdx knows the licences that the SPDX project has named, and the
// expressions made of them (SPDX specification 2.3, annex D). [Normalize]
// turns the spellings that package metadata uses into such an expression
// where they can mean only one thing; it never guesses. Start there.
//
// The list is embedded and is read when it is first asked for, so that a
// program that needs no licence pays nothing.
package spdx

import "strings"

// maxLength is how long a licence field may be; real expressions stay below
// two thousand bytes.
const maxLength = 8 << 10

// Normalize returns the SPDX expression that s means: identifiers in the
// list's own case, operators in capitals, deprecated identifiers replaced by
// what succeeded them, no operand twice. It reads expressions, the short
// names of Debian and Fedora, the full names and addresses of licences, and
// the other spellings in aliases.txt. It returns false when s could mean
// several licences ("BSD", "GPL") or none that SPDX names ("UNLICENSED").
func Normalize(s string) (expr string, ok bool) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > maxLength {
		return "", false
	}
	if n, err := parse(s); err == nil {
		return n.modern().String(), true
	}
	if n, ok := spelling(s); ok {
		return n.modern().String(), true
	}
	return "", false
}

// Valid tells whether expr is an SPDX licence expression as the
// specification has it: known identifiers in any case, LicenseRef- names,
// operators in capitals.
func Valid(expr string) bool {
	if len(expr) > maxLength {
		return false
	}
	_, err := parse(expr)
	return err == nil
}

// ID returns the listed licence whose identifier is s, in the list's case.
// Deprecated ones are listed too.
func ID(s string) (id string, ok bool) {
	l, ok := list().licenses[strings.ToLower(s)]
	return l.id, ok
}

// Name is the full name of the licence with the identifier id, or empty.
func Name(id string) string { return list().licenses[strings.ToLower(id)].name }

// Deprecated tells whether the list has id and advises against it.
func Deprecated(id string) bool { return list().licenses[strings.ToLower(id)].deprecated }

// Conjuncts splits a valid expression at its outermost ANDs. Anything else
// comes back as it is.
func Conjuncts(expr string) []string {
	n, err := parse(expr)
	if err != nil || n.op != opAnd {
		return []string{expr}
	}
	parts := make([]string, len(n.operands))
	for i, operand := range n.operands {
		parts[i] = operand.String()
	}
	return parts
}

// Join makes one expression of several valid ones that all apply. The parts
// keep their spelling and get brackets where they need them.
func Join(exprs []string) string {
	parts := make([]string, len(exprs))
	for i, expr := range exprs {
		parts[i] = expr
		if n, err := parse(expr); len(exprs) > 1 && err == nil && n.op == opOr {
			parts[i] = "(" + expr + ")"
		}
	}
	return strings.Join(parts, " AND ")
}

// Leaves lists the simple parts of a valid expression in the order in which
// they stand: identifiers without "+" and exception, and LicenseRef- names.
func Leaves(expr string) []string {
	n, err := parse(expr)
	if err != nil {
		return nil
	}
	return n.leaves(nil)
}

// IsRef tells whether s is a well-formed LicenseRef- name, with or without a
// DocumentRef- before it.
func IsRef(s string) bool {
	if rest, ok := strings.CutPrefix(s, "DocumentRef-"); ok {
		doc, ref, found := strings.Cut(rest, ":")
		if !found || !isIDString(doc) {
			return false
		}
		s = ref
	}
	rest, ok := strings.CutPrefix(s, "LicenseRef-")
	return ok && isIDString(rest)
}

// isIDString tells whether s is an idstring of the grammar.
func isIDString(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	return s != ""
}
