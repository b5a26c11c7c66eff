package version

import (
	"cmp"
	"strings"
)

// PHP packages, by Composer's rules (composer/semver, VersionParser and
// Comparator): four numbers, a stability with numbers of its own, and "-dev"
// behind any of it. Branches ("dev-main", "1.x-dev") have names, not
// versions; those without a number are older than everything, since nothing is
// known of them.
var _ = add(Scheme{Name: "composer", Compare: compareComposer, Valid: validComposer}, "Packagist")

// composer is a version taken apart; its parts are in the string it came from.
type composer struct {
	numbers   string
	wild      bool // a branch: missing numbers are larger than any
	stability int8
	patch     string // the stability's own numbers
	dev       bool
	branch    string // a name instead of a version
	tail      string // what Composer would refuse
}

// Composer's stabilities in their order, as PHP's version_compare has them.
const (
	composerDev int8 = iota
	composerAlpha
	composerBeta
	composerCandidate
	composerStable
	composerPatch
)

func compareComposer(a, b string) int {
	if a == b {
		return 0
	}
	x, y := parseComposer(a), parseComposer(b)
	switch {
	case x.branch != "" && y.branch != "":
		return compareBytes(x.branch, y.branch)
	case x.branch != "" || y.branch != "":
		return older(x.branch != "")
	}
	if c := compareComposerNumbers(&x, &y); c != 0 {
		return c
	}
	return cmp.Or(int(x.stability)-int(y.stability), compareComposerPatch(&x, &y), compareGeneric(x.tail, y.tail))
}

// compareComposerNumbers orders the numbers. Those that a branch leaves out
// are larger than any.
func compareComposerNumbers(x, y *composer) int {
	a, b := x.numbers, y.numbers
	var t, u string
	for a != "" || b != "" {
		wildA, wildB := a == "" && x.wild, b == "" && y.wild
		if wildA != wildB {
			return older(wildB)
		}
		t, a = composerNumber(a)
		u, b = composerNumber(b)
		if c := compareNumbers(t, u); c != 0 {
			return c
		}
	}
	if x.wild != y.wild {
		return older(y.wild)
	}
	return 0
}

// compareComposerPatch orders what stands behind equal stabilities: "-dev" is
// older than the end, and the end older than a further number.
func compareComposerPatch(x, y *composer) int {
	a, b := x.patch, y.patch
	var t, u string
	for a != "" && b != "" {
		t, a = composerNumber(a)
		u, b = composerNumber(b)
		if c := compareNumbers(t, u); c != 0 {
			return c
		}
	}
	rank := func(rest string, dev bool) int {
		switch {
		case rest != "":
			return 2
		case dev:
			return 0
		}
		return 1
	}
	return rank(a, x.dev) - rank(b, y.dev)
}

// composerNumber takes a number off s, and the separator behind it.
func composerNumber(s string) (number, rest string) {
	end := digits(s, 0)
	return s[:end], s[min(end+1, len(s)):]
}

func parseComposer(s string) composer {
	s = composerVersion(s)
	v := composer{stability: composerStable}
	if hasPrefixFold(s, "dev-") {
		v.branch = s
		return v
	}
	if s != "" && s[0]|0x20 == 'v' {
		s = s[1:]
	}
	end := composerNumbersEnd(s)
	if end == 0 {
		v.branch = s + " "
		return v
	}
	v.numbers, s = s[:end], s[end:]
	if at(s, 0) == '.' && (at(s, 1)|0x20 == 'x' || at(s, 1) == '*') {
		v.wild = true
		for at(s, 0) == '.' && (at(s, 1)|0x20 == 'x' || at(s, 1) == '*') {
			s = s[2:]
		}
	}
	s = v.suffix(s)
	if rest, ok := cutPepWord(s, "dev"); ok {
		v.dev, s = true, rest
		if v.stability == composerStable {
			v.stability = composerDev
		}
	}
	v.tail = s
	return v
}

// composerVersion is s without an alias ("1.x-dev as 1.0"), a stability flag
// ("@dev") and build metadata.
func composerVersion(s string) string {
	s = strings.Trim(s, " \t\n\r")
	if i := strings.Index(s, " as "); i >= 0 {
		s = s[:i]
	}
	if i := strings.IndexAny(s, "@+#"); i >= 0 {
		s = s[:i]
	}
	return s
}

// composerNumbersEnd returns the end of the numbers that s begins with. Those
// of a date, "2010-01-02", may have hyphens and colons between them.
func composerNumbersEnd(s string) int {
	end := digits(s, 0)
	date := end >= 4
	for end > 0 && end+1 < len(s) && isDigit(s[end+1]) &&
		(s[end] == '.' || date && (s[end] == '-' || s[end] == ':')) {
		end = digits(s, end+1)
	}
	return end
}

var composerWords = [...]struct {
	word      string
	stability int8
}{
	{"stable", composerStable}, {"alpha", composerAlpha}, {"a", composerAlpha},
	{"beta", composerBeta}, {"b", composerBeta}, {"rc", composerCandidate},
	{"patch", composerPatch}, {"pl", composerPatch}, {"p", composerPatch},
}

// suffix takes the stability and its numbers off s.
func (v *composer) suffix(s string) string {
	for i := range composerWords {
		rest, ok := cutPepWord(s, composerWords[i].word)
		if !ok {
			continue
		}
		v.stability = composerWords[i].stability
		if rest != "" && (rest[0] == '.' || rest[0] == '-') && isDigit(at(rest, 1)) {
			rest = rest[1:]
		}
		end := digits(rest, 0)
		for end > 0 && end+1 < len(rest) && (rest[end] == '.' || rest[end] == '-') && isDigit(rest[end+1]) {
			end = digits(rest, end+1)
		}
		v.patch = rest[:end]
		return rest[end:]
	}
	return s
}

func validComposer(v string) bool {
	p := parseComposer(v)
	return p.numbers != "" && p.tail == "" && (p.dev || !p.wild)
}
