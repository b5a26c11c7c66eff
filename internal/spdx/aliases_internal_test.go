package spdx

import (
	"strings"
	"testing"
)

// The table is only right if each line gives a valid, modern expression and
// no two lines fight over one key.
func TestAliases(t *testing.T) {
	seen := map[string]string{}
	for line := range lines(aliasesText) {
		spelling, expr, ok := strings.Cut(line, " = ")
		if n, err := parse(expr); !ok || err != nil || n.modern().String() != expr {
			t.Errorf("%q: not a modern expression", line)
		}
		if old := seen[key(spelling)]; old != "" && old != expr {
			t.Errorf("%q means %q and %q", spelling, old, expr)
		}
		seen[key(spelling)] = expr
	}
	for address, expr := range addresses {
		if n, err := parse(expr); err != nil || n.modern().String() != expr || strings.ToLower(address) != address {
			t.Errorf("%q = %q: not a modern expression", address, expr)
		}
	}
	for _, next := range successors {
		if _, err := parse(next); err != nil {
			t.Errorf("%q: %v", next, err)
		}
	}
}

// No listed name or identifier may read as another licence.
func TestListReadsAsItself(t *testing.T) {
	if n := len(list().licenses); n < 700 {
		t.Fatalf("%d licences, want more than 700", n)
	}
	for _, e := range list().licenses {
		want := e.id
		if n, err := parse(e.id); err == nil {
			want = n.modern().String()
		}
		for _, s := range []string{e.id, e.name, "The " + e.name + " license"} {
			if got, ok := Normalize(s); s == e.id && got != want || ok && s != e.id && got != want && !e.deprecated {
				t.Errorf("Normalize(%q) = %q, want %q", s, got, want)
			}
		}
	}
}
