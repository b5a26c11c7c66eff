package version

// Maven artifacts (Maven's POM reference, "Version Order Specification"): a
// version is a list of numbers and qualifiers, each led by a dot or a hyphen.
// A change between digits and letters counts as a hyphen, and nulls ("0",
// "final", "ga", "release") at the end of a run up to a hyphen are dropped.
var _ = add(Scheme{Name: "maven", Compare: compareMaven, Valid: validMaven}, "Maven")

func compareMaven(a, b string) int {
	if a == b {
		return 0
	}
	x, y := mavenScanner{s: a}, mavenScanner{s: b}
	for {
		t, okT := x.next()
		u, okU := y.next()
		switch {
		case !okT && !okU:
			return 0
		case !okT:
			t = u.null()
		case !okU:
			u = t.null()
		}
		if c := t.compare(u); c != 0 {
			return c
		}
	}
}

// mavenToken is a number or a qualifier with what leads it.
type mavenToken struct {
	text   string
	class  mavenClass
	hyphen bool // a hyphen leads it
	rank   int8 // of a qualifier
}

// mavenClass orders tokens that are not of one kind.
type mavenClass uint8

const (
	mavenQualifier mavenClass = iota // led by a dot or a hyphen
	mavenHyphenNumber
	mavenDotNumber
)

// The qualifiers that have a place of their own.
const (
	mavenAlpha int8 = iota
	mavenBeta
	mavenMilestone
	mavenCandidate
	mavenSnapshot
	mavenRelease
	mavenServicePack
	mavenOther
)

var mavenWords = [...]struct {
	word string
	rank int8
}{
	{"alpha", mavenAlpha}, {"beta", mavenBeta}, {"milestone", mavenMilestone},
	{"rc", mavenCandidate}, {"cr", mavenCandidate}, {"snapshot", mavenSnapshot},
	{"", mavenRelease}, {"ga", mavenRelease}, {"final", mavenRelease}, {"release", mavenRelease},
	{"sp", mavenServicePack},
}

func (t mavenToken) compare(u mavenToken) int {
	if t.class != u.class {
		return int(t.class) - int(u.class)
	}
	if t.class != mavenQualifier {
		return compareNumbers(t.text, u.text)
	}
	if t.rank != u.rank || t.rank != mavenOther {
		return int(t.rank) - int(u.rank)
	}
	return compareFold(t.text, u.text)
}

// null is what a missing token counts as beside t.
func (t mavenToken) null() mavenToken {
	if t.class == mavenQualifier {
		return mavenToken{rank: mavenRelease}
	}
	return mavenToken{class: t.class}
}

// isNull says whether the token adds nothing.
func (t mavenToken) isNull() bool {
	if t.class == mavenQualifier {
		return t.rank == mavenRelease
	}
	return isZero(t.text)
}

// mavenScanner yields the tokens of a version, without the nulls that are
// dropped.
type mavenScanner struct {
	s      string
	i      int
	hyphen bool // a hyphen, or a change of kind, stands before i
	kept   int  // nulls before this place were found to stay
}

func (m *mavenScanner) next() (mavenToken, bool) {
	for {
		start := m.i
		t, ok := m.raw()
		if !ok {
			return t, false
		}
		if !t.isNull() || start < m.kept || m.stays() {
			return t, true
		}
	}
}

// stays says whether the null just read is kept: only if a token that is no
// null follows before the next hyphen. If not, all nulls up to there go with
// it. Either way no place is looked at twice.
func (m *mavenScanner) stays() bool {
	ahead := *m
	for {
		before := ahead
		t, ok := ahead.raw()
		switch {
		case !ok || t.hyphen:
			*m = before
			return false
		case !t.isNull():
			m.kept = before.i
			return true
		}
	}
}

// raw reads the next token. Nothing between two separators is a nought.
func (m *mavenScanner) raw() (mavenToken, bool) {
	if m.i >= len(m.s) {
		return mavenToken{}, false
	}
	t := mavenToken{hyphen: m.hyphen}
	start := m.i
	switch {
	case isDigit(m.s[start]):
		m.i = digits(m.s, start)
	default:
		for m.i < len(m.s) && m.s[m.i] != '.' && m.s[m.i] != '-' && !isDigit(m.s[m.i]) {
			m.i++
		}
	}
	t.text = m.s[start:m.i]
	shortened := m.i < len(m.s) && isDigit(m.s[m.i])
	m.separator()
	if t.text != "" && !isDigit(t.text[0]) {
		t.rank = mavenRank(t.text, shortened)
		// A qualifier behind a dot is as one behind a hyphen.
		t.hyphen = true
		return t, true
	}
	t.class = mavenDotNumber
	if t.hyphen {
		t.class = mavenHyphenNumber
	}
	return t, true
}

// separator steps over the dot or hyphen at the scanner's place.
func (m *mavenScanner) separator() {
	m.hyphen = m.i < len(m.s) && m.s[m.i] != '.'
	if m.i < len(m.s) && (m.s[m.i] == '.' || m.s[m.i] == '-') {
		m.i++
	}
}

func mavenRank(text string, shortened bool) int8 {
	if shortened && len(text) == 1 {
		switch lower(text[0]) {
		case 'a':
			return mavenAlpha
		case 'b':
			return mavenBeta
		case 'm':
			return mavenMilestone
		}
	}
	for i := range mavenWords {
		if equalFold(text, mavenWords[i].word) {
			return mavenWords[i].rank
		}
	}
	return mavenOther
}

func validMaven(v string) bool {
	_, ok := (&mavenScanner{s: v}).raw()
	return ok && only(v, ".-_+~")
}
