package version

// Alpine packages, by apk-tools' rules (apk-package(5), "version"):
// number{.number}…{letter}{_suffix{number}}…{~hash}{-r#}.
//
// Digits behind the letter, as in "3.3.3p1", are not in that grammar, but
// apk-tools 2 takes them and Alpine ships such versions.
var _ = add(Scheme{Name: "apk", Compare: compareAPK, Valid: validAPK},
	"Alpaquita", "Alpine", "BellSoft Hardened Containers", "Chainguard", "CleanStart", "MinimOS", "Wolfi")

// apkKind is the kind of a token. When two versions differ in the kind of
// their next token, the one with the lower kind is newer, but for suffixes
// that stand before the release.
type apkKind uint8

const (
	apkFirst apkKind = iota
	apkNumber
	apkLetter
	apkSuffix
	apkSuffixNumber
	apkHash
	apkRevision
	apkEnd
	apkInvalid
)

// apkScanner takes a version apart. Its token is s[from:to].
type apkScanner struct {
	s        string
	from, to int
	kind     apkKind
	tail     bool // a number behind the letter: nothing numeric may follow
	rank     int8 // of a suffix; negative: before the release
}

func compareAPK(a, b string) int {
	if a == b {
		return 0
	}
	x, y := apkScanner{s: a}, apkScanner{s: b}
	x.first()
	y.first()
	for x.kind == y.kind && x.kind < apkEnd {
		if c := x.compare(&y); c != 0 {
			return c
		}
		x.next()
		y.next()
	}
	switch {
	case x.kind == apkEnd && y.kind == apkEnd:
		return 0
	case x.kind == y.kind:
		// apk calls these the same, which would let the vulnerable one of
		// two malformed versions pass for the fixed one.
		return compareGeneric(a[x.from:], b[y.from:])
	case x.kind == apkSuffix && x.rank < 0:
		return -1
	case y.kind == apkSuffix && y.rank < 0:
		return 1
	}
	return int(y.kind) - int(x.kind)
}

// compare orders two tokens of one kind.
func (x *apkScanner) compare(y *apkScanner) int {
	a, b := x.s[x.from:x.to], y.s[y.from:y.to]
	switch x.kind {
	case apkNumber:
		// A leading nought makes a number a decimal fraction.
		if !x.tail && !y.tail && (a[0] == '0' || b[0] == '0') {
			return compareBytes(a, b)
		}
		return compareNumbers(a, b)
	case apkLetter, apkHash:
		return compareBytes(a, b)
	case apkSuffix:
		return int(x.rank) - int(y.rank)
	default:
		return compareNumbers(a, b)
	}
}

func (x *apkScanner) first() {
	x.token(apkFirst, 0, digits(x.s, 0))
}

// token makes s[from:to] the token. An empty one is invalid.
func (x *apkScanner) token(kind apkKind, from, to int) {
	x.from, x.to, x.kind = from, to, kind
	if from == to {
		x.kind = apkInvalid
	}
}

func (x *apkScanner) next() {
	i := x.to
	if i == len(x.s) {
		x.kind, x.from = apkEnd, i
		return
	}
	switch c := x.s[i]; {
	case c == '.' && x.kind <= apkNumber && !x.tail:
		x.token(apkNumber, i+1, digits(x.s, i+1))
	case c-'a' < 26 && x.kind <= apkNumber && !x.tail:
		x.token(apkLetter, i, i+1)
	case isDigit(c) && x.kind == apkLetter:
		x.token(apkNumber, i, digits(x.s, i))
		x.tail = true
	case isDigit(c) && x.kind == apkSuffix:
		x.token(apkSuffixNumber, i, digits(x.s, i))
	case c == '_' && x.kind <= apkSuffixNumber:
		x.suffix(i + 1)
	case c == '~' && x.kind <= apkSuffixNumber:
		x.token(apkHash, i+1, hexDigits(x.s, i+1))
	case c == '-' && x.kind <= apkHash && at(x.s, i+1) == 'r':
		x.token(apkRevision, i+2, digits(x.s, i+2))
	default:
		x.from, x.kind = i, apkInvalid
	}
}

var apkSuffixes = [...]struct {
	word string
	rank int8
}{
	{"alpha", -4}, {"beta", -3}, {"pre", -2}, {"rc", -1},
	{"cvs", 1}, {"svn", 2}, {"git", 3}, {"hg", 4}, {"p", 5},
}

func (x *apkScanner) suffix(i int) {
	end := letters(x.s, i)
	word := x.s[i:end]
	for k := range apkSuffixes {
		if apkSuffixes[k].word == word {
			x.token(apkSuffix, i, end)
			x.rank = apkSuffixes[k].rank
			return
		}
	}
	x.from, x.kind = i, apkInvalid
}

func hexDigits(s string, i int) int {
	for i < len(s) && (isDigit(s[i]) || s[i]-'a' < 6) {
		i++
	}
	return i
}

func validAPK(v string) bool {
	x := apkScanner{s: v}
	for x.first(); x.kind < apkEnd; x.next() {
	}
	return x.kind == apkEnd
}
