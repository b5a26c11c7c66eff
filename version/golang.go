package version

import "strings"

// Go modules: semantic versions, pseudo-versions among them, and for the
// standard library and toolchain also Go's own spelling, "go1.22rc1"
// (go.dev/doc/toolchain, "Go versions"). "(devel)" is not a version.
var _ = add(Scheme{Name: "golang", Compare: compareGo, Valid: validGo}, "Go")

func compareGo(a, b string) int {
	if a == b {
		return 0
	}
	x, gluedX := parseGo(a)
	y, gluedY := parseGo(b)
	if c := compareDotted(x.numbers, y.numbers); c != 0 {
		return c
	}
	if x.pre == "" || y.pre == "" || !gluedX && !gluedY {
		return comparePre(x.pre, y.pre)
	}
	return compareGoPre(x.pre, y.pre, gluedX, gluedY)
}

// parseGo also tells whether the pre-release is glued to the number, as in
// Go's own spelling, where "rc1" is what is "rc.1" elsewhere.
func parseGo(s string) (v semver, glued bool) {
	if rest, ok := strings.CutPrefix(s, "go"); ok {
		// What follows a space or hyphen is how the toolchain was built:
		// "go1.22.1 X:boringcrypto", "go1.21.3-custom".
		if i := strings.IndexAny(rest, " -"); i >= 0 {
			rest = rest[:i]
		}
		s = rest
	}
	v = parseSemver(s)
	return v, strings.HasSuffix(s, v.pre) && v.pre != "" && isDigit(at(s, len(s)-len(v.pre)-1))
}

func compareGoPre(a, b string, gluedA, gluedB bool) int {
	var x, y string
	for a != "" && b != "" {
		x, a = goIdentifier(a, &gluedA)
		y, b = goIdentifier(b, &gluedB)
		if c := compareIdentifier(x, y); c != 0 {
			return c
		}
	}
	return len(a) - len(b)
}

// goIdentifier takes the next identifier off. The first of a glued
// pre-release ends where its letters do.
func goIdentifier(s string, glued *bool) (identifier, rest string) {
	if i := letters(s, 0); *glued && i > 0 && i < len(s) && isDigit(s[i]) {
		*glued = false
		return s[:i], s[i:]
	}
	*glued = false
	identifier, rest, _ = nextField(s)
	return identifier, rest
}

func validGo(v string) bool {
	p, _ := parseGo(v)
	return p.valid()
}
