package policy

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"a", "a", true},
		{"a", "b", false},
		{"*", "", true},
		{"*", "abc", true},
		{"*", "a/b", false},
		{"a*c*e", "abcde", true},
		{"a*c*e", "abcd", false},
		{"*a", "aaab", false},
		{"**", "a/b/c", true},
		{"**/c", "a/b/c", true},
		{"**/c", "c", true},
		{"a/**", "a", false},
		{"a/**", "a/b/c", true},
		{"a/**/d", "a/d", true},
		{"a/**/d", "a/b/c/d", true},
		{"a/**/d", "a/b/c", false},
		{"**/b/**/d", "a/b/c/b/d", true},
		{"**/x/**", "a/b/c", false},
		{"a/*/c", "a/b/c", true},
		{"a/*/c", "a/b/b/c", false},
		{"a**b", "a/b", false},
		{"a/b", "a", false},
		{"a", "a/b", false},
	} {
		if got := match(c.pattern, c.name); got != c.want {
			t.Errorf("match(%q, %q) = %v, want %v", c.pattern, c.name, got, c.want)
		}
	}
}

// plainMatch says the same as match in the plainest way there is.
func plainMatch(pattern, name []string) bool {
	switch {
	case len(pattern) == 0:
		return len(name) == 0
	case pattern[0] == "**":
		if len(pattern) == 1 {
			return len(name) > 0
		}
		return plainMatch(pattern[1:], name) || len(name) > 0 && plainMatch(pattern, name[1:])
	case len(name) == 0:
		return false
	}
	return plainSegment(pattern[0], name[0]) && plainMatch(pattern[1:], name[1:])
}

func plainSegment(pattern, name string) bool {
	switch {
	case pattern == "":
		return name == ""
	case pattern[0] == '*':
		return plainSegment(pattern[1:], name) || name != "" && plainSegment(pattern, name[1:])
	}
	return name != "" && pattern[0] == name[0] && plainSegment(pattern[1:], name[1:])
}

func FuzzMatch(f *testing.F) {
	f.Add("a/**/d", "a/b/c/d")
	f.Add("*a*b", "aab")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if len(pattern) > 24 || len(name) > 24 {
			return // the plain way takes exponential time
		}
		if got, want := match(pattern, name), plainMatch(strings.Split(pattern, "/"), strings.Split(name, "/")); got != want {
			t.Errorf("match(%q, %q) = %v, want %v", pattern, name, got, want)
		}
	})
}
