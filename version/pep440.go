package version

import (
	"cmp"
	"strings"
)

// Python packages (PEP 440, as the packaging specification keeps it): epochs,
// pre-, post- and development releases, local versions, and every spelling that
// the specification normalises. What does not parse is older than all that
// does, which was the rule for legacy versions too.
var _ = add(Scheme{Name: "pep440", Compare: comparePEP440, Valid: validPEP440}, "PyPI")

// pep440 is a version taken apart; its parts are in the string it came from.
type pep440 struct {
	epoch   string
	release string
	phase   int8   // order of the release's phases; final is 3
	number  string // of the phase's pre-release
	post    string
	dev     string
	hasPost bool
	hasDev  bool
	local   string
	ok      bool
}

// The phases of a release in their order: "1.0.dev1" without pre- and
// post-release comes before "1.0a1", and "1.0" behind "1.0rc1".
const (
	pepDevOnly = int8(iota) - 1
	pepAlpha
	pepBeta
	pepCandidate
	pepFinal
)

func comparePEP440(a, b string) int {
	if a == b {
		return 0
	}
	x, y := parsePEP440(a), parsePEP440(b)
	switch {
	case !x.ok && !y.ok:
		return compareGeneric(a, b)
	case !x.ok || !y.ok:
		return older(!x.ok)
	}
	if c := compareNumbers(x.epoch, y.epoch); c != 0 {
		return c
	}
	if c := compareDotted(x.release, y.release); c != 0 {
		return c
	}
	if c := cmp.Or(int(x.phase)-int(y.phase), compareNumbers(x.number, y.number)); c != 0 {
		return c
	}
	if c := compareOptional(x.hasPost, y.hasPost, x.post, y.post); c != 0 {
		return c
	}
	// A development release comes before the version that it leads to.
	if x.hasDev != y.hasDev {
		return older(x.hasDev)
	}
	if c := compareNumbers(x.dev, y.dev); c != 0 {
		return c
	}
	return compareLocal(x.local, y.local)
}

// compareOptional orders a part that may be missing, and is older then.
func compareOptional(hasA, hasB bool, a, b string) int {
	if hasA != hasB {
		return older(hasB)
	}
	return compareNumbers(a, b)
}

// compareLocal orders local versions: none is the oldest, and unlike in
// pre-releases elsewhere numbers are newer than words.
func compareLocal(a, b string) int {
	var x, y string
	for a != "" && b != "" {
		x, a = localSegment(a)
		y, b = localSegment(b)
		numberX, numberY := allDigits(x), allDigits(y)
		c := compareFold(x, y)
		switch {
		case numberX && numberY:
			c = compareNumbers(x, y)
		case numberX || numberY:
			c = older(numberY)
		}
		if c != 0 {
			return c
		}
	}
	return len(a) - len(b)
}

func localSegment(s string) (segment, rest string) {
	for i := range len(s) {
		if isPepSeparator(s[i]) {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

func isPepSeparator(c byte) bool { return c == '.' || c == '-' || c == '_' }

func parsePEP440(s string) pep440 {
	s = strings.Trim(s, " \t\n\r\f\v")
	if s != "" && s[0]|0x20 == 'v' {
		s = s[1:]
	}
	v := pep440{phase: pepFinal}
	if i := digits(s, 0); i > 0 && at(s, i) == '!' {
		v.epoch, s = s[:i], s[i+1:]
	}
	end := dotted(s)
	v.release, s = s[:end], s[end:]
	v.ok = end > 0
	if s == "" {
		return v
	}
	s = v.pre(s)
	s = v.postRelease(s)
	if rest, ok := cutPepWord(s, "dev"); ok {
		v.hasDev = true
		v.dev, s = pepNumber(rest)
		if v.phase == pepFinal && !v.hasPost {
			v.phase = pepDevOnly
		}
	}
	if s != "" {
		v.local = s[1:]
		v.ok = v.ok && s[0] == '+' && validLocal(v.local)
	}
	return v
}

var pepPhases = [...]struct {
	word  string
	phase int8
}{
	{"alpha", pepAlpha}, {"a", pepAlpha}, {"beta", pepBeta}, {"b", pepBeta},
	{"preview", pepCandidate}, {"pre", pepCandidate}, {"rc", pepCandidate}, {"c", pepCandidate},
}

// pre takes the pre-release off s.
func (v *pep440) pre(s string) string {
	for i := range pepPhases {
		if rest, ok := cutPepWord(s, pepPhases[i].word); ok {
			v.phase = pepPhases[i].phase
			v.number, rest = pepNumber(rest)
			return rest
		}
	}
	return s
}

// postRelease takes the post-release off s: "-1" and ".post1" are the same.
func (v *pep440) postRelease(s string) string {
	if at(s, 0) == '-' && isDigit(at(s, 1)) {
		end := digits(s, 1)
		v.post, v.hasPost = s[1:end], true
		return s[end:]
	}
	for _, word := range [...]string{"post", "rev", "r"} {
		if rest, ok := cutPepWord(s, word); ok {
			v.hasPost = true
			v.post, rest = pepNumber(rest)
			return rest
		}
	}
	return s
}

// cutPepWord takes a word in any case off s, and a separator before it.
func cutPepWord(s, word string) (rest string, ok bool) {
	if s != "" && isPepSeparator(s[0]) {
		s = s[1:]
	}
	if !hasPrefixFold(s, word) {
		return "", false
	}
	return s[len(word):], true
}

// pepNumber takes a number off s, and a separator before it. Either may be
// missing.
func pepNumber(s string) (number, rest string) {
	start := 0
	if s != "" && isPepSeparator(s[0]) {
		start = 1
	}
	end := digits(s, start)
	return s[start:end], s[end:]
}

func validLocal(s string) bool {
	for more := true; more; {
		segment, rest := localSegment(s)
		if segment == "" || !only(segment, "") {
			return false
		}
		more = len(segment) < len(s)
		s = rest
	}
	return true
}

func validPEP440(v string) bool { return parsePEP440(v).ok }
