// Package license turns what package metadata says about licences into SPDX
// licence expressions (SPDX specification 2.3, annex D). It knows the SPDX
// identifiers and the spellings that packagers really use, and it never
// guesses: what it does not know becomes a LicenseRef- that keeps the words.
// Start with [Expression].
//
// It is not a classifier of licence texts.
package license

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

//go:embed ids.txt
var idList string

//go:embed exceptions.txt
var exceptionList string

// identifiers maps lower-case SPDX identifiers to their canonical case.
var identifiers = sync.OnceValue(func() map[string]string { return index(idList) })

// exceptions does the same for what may follow WITH.
var exceptions = sync.OnceValue(func() map[string]string { return index(exceptionList) })

func index(list string) map[string]string {
	m := make(map[string]string, 768)
	for id := range strings.Lines(list) {
		id = strings.TrimSpace(id)
		m[strings.ToLower(id)] = id
	}
	return m
}

const (
	maxInput   = 4096 // bytes of a statement that are looked at
	maxRef     = 64   // bytes of a LicenseRef's own part
	maxNesting = 32
)

// ID returns the canonical spelling of an SPDX licence identifier.
func ID(s string) (string, bool) {
	id, ok := identifiers()[strings.ToLower(s)]
	return id, ok
}

// Expression turns one statement into an SPDX expression. It returns "" for
// statements that say nothing, such as "UNKNOWN".
func Expression(s string) string {
	s = strings.TrimSpace(firstLine(s))
	if id, known := ID(s); known {
		return id
	}
	if says, known := aliases()[fold(s)]; known {
		return says
	}
	if s == "" {
		return ""
	}
	// Before version 0.7 of SPDX expressions Cargo separated alternatives by
	// a slash.
	if !strings.ContainsAny(s, " :") && strings.Contains(s, "/") {
		s = strings.ReplaceAll(s, "/", " OR ")
	}
	p := parser{tokens: tokens(s)}
	if expr, ok := p.or(0); ok && len(p.tokens) == 0 && (!p.lower || !p.unknown) {
		return expr
	}
	return ref(s)
}

// All turns statements into expressions, without duplicates and in order.
func All(statements ...string) []string {
	var all []string
	for _, s := range statements {
		if expr := Expression(s); expr != "" && !slices.Contains(all, expr) {
			all = append(all, expr)
		}
	}
	return all
}

// firstLine is the first line that is not blank: some packages put the whole
// licence text where its name belongs.
func firstLine(s string) string {
	for line := range strings.Lines(s[:min(len(s), maxInput)]) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return ""
}

// ref keeps words that SPDX does not name. Only letters, digits, '-' and '.'
// may stand in a LicenseRef.
func ref(s string) string {
	s = strings.TrimPrefix(s, "LicenseRef-")
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' {
			b.WriteByte(c)
		} else if n := b.Len(); n > 0 && b.String()[n-1] != '-' {
			b.WriteByte('-')
		}
		if b.Len() >= maxRef {
			break
		}
	}
	words := strings.Trim(b.String(), "-.")
	if words == "" {
		return ""
	}
	return "LicenseRef-" + words
}
