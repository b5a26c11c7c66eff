package version

import "strings"

// Ruby gems, by RubyGems' rules (Gem::Version): numbers and words with dots
// between them, words older than numbers, and a hyphen short for ".pre.".
var _ = add(Scheme{Name: "gem", Compare: compareGem, Valid: validGem}, "RubyGems")

func compareGem(a, b string) int {
	if a == b {
		return 0
	}
	x, y := gemScanner{s: a}, gemScanner{s: b}
	for {
		t, okT := x.next()
		u, okU := y.next()
		if !okT && !okU {
			return 0
		}
		if c := compareGemSegments(t, u); c != 0 {
			return c
		}
	}
}

// compareGemSegments orders two segments; a missing one is nought.
func compareGemSegments(a, b string) int {
	wordA, wordB := a != "" && !isDigit(a[0]), b != "" && !isDigit(b[0])
	switch {
	case wordA != wordB:
		return older(wordA)
	case wordA:
		return compareBytes(a, b)
	}
	return compareNumbers(a, b)
}

// gemScanner yields a version's segments, without the noughts that stand
// right before the first word.
type gemScanner struct {
	s    string
	i    int
	kept int  // noughts before this place were found to stay
	word bool // a word was seen
}

func (g *gemScanner) next() (string, bool) {
	for {
		start := g.i
		segment, ok := g.raw()
		if !ok || g.word || start < g.kept || !isZero(segment) || g.stays() {
			return segment, ok
		}
	}
}

// stays says whether the nought just read is kept: unless a word follows it
// with nothing but noughts between, which then go with it. Either way no place
// is looked at twice.
func (g *gemScanner) stays() bool {
	ahead := *g
	for {
		before := ahead
		segment, ok := ahead.raw()
		switch {
		case ahead.word:
			*g = before
			return false
		case !ok || !isZero(segment):
			g.kept = ahead.i
			return true
		}
	}
}

func (g *gemScanner) raw() (string, bool) {
	for g.i < len(g.s) {
		start := g.i
		switch c := g.s[start]; {
		case isDigit(c):
			g.i = digits(g.s, start)
		case isLetter(c):
			g.i = letters(g.s, start)
			g.word = true
		case c == '-':
			g.i++
			g.word = true
			return "pre", true
		default:
			g.i++
			continue
		}
		return g.s[start:g.i], true
	}
	return "", false
}

func validGem(v string) bool {
	v = strings.Trim(v, " \t\n\r\f\v")
	main, pre, hasPre := strings.Cut(v, "-")
	if hasPre && !validFields(pre, "-") {
		return false
	}
	return v != "" && isDigit(v[0]) && validFields(main, "")
}

// validFields says whether s is letters, digits and bytes of also with single
// dots between them.
func validFields(s, also string) bool {
	for more := true; more; {
		var field string
		field, s, more = nextField(s)
		if field == "" || !only(field, also) {
			return false
		}
	}
	return true
}
