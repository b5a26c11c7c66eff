package version

// What has no order of its own, or none that can be known: the order that a
// person would expect. An epoch, then runs of digits by value and runs of
// letters by their bytes, with the words for pre-releases before the end.
var _ = add(Scheme{Name: "generic", Compare: compareGeneric, Valid: validGeneric},
	"Android", "ConanCenter", "OSS-Fuzz")

func compareGeneric(a, b string) int {
	if a == b {
		return 0
	}
	epochA, restA := cutEpochDigits(trimV(a))
	epochB, restB := cutEpochDigits(trimV(b))
	if c := compareNumbers(epochA, epochB); c != 0 {
		return c
	}
	i, j := 0, 0
	for {
		x, y := genericToken(restA, &i), genericToken(restB, &j)
		if c := x.rank() - y.rank(); c != 0 {
			return c
		}
		if x == "" {
			return 0
		}
		if c := x.compare(y); c != 0 {
			return c
		}
	}
}

// trimV takes off a "v" before a number.
func trimV(s string) string {
	if len(s) > 1 && s[0]|0x20 == 'v' && isDigit(s[1]) {
		return s[1:]
	}
	return s
}

// generic is a run of digits or of letters, or a tilde. The end is empty.
type generic string

func genericToken(s string, i *int) generic {
	for *i < len(s) && !isAlnum(s[*i]) && s[*i] != '~' {
		*i++
	}
	start := *i
	switch {
	case start == len(s):
		return ""
	case s[start] == '~':
		*i = start + 1
	case isDigit(s[start]):
		*i = digits(s, start)
	default:
		*i = letters(s, start)
	}
	return generic(s[start:*i])
}

// rank orders tokens by their kind: a tilde, words for pre-releases from the
// earliest on, the end, other words, numbers.
func (t generic) rank() int {
	switch {
	case t == "":
		return 10
	case t == "~":
		return 0
	case isDigit(t[0]):
		return 12
	}
	for i, word := range preWords {
		if equalFold(string(t), word) {
			return i + 1
		}
	}
	return 11
}

var preWords = [...]string{"dev", "snapshot", "alpha", "beta", "pre", "preview", "rc"}

func (t generic) compare(u generic) int {
	if isDigit(t[0]) {
		return compareNumbers(string(t), string(u))
	}
	return compareFold(string(t), string(u))
}

// validGeneric takes whatever holds a number.
func validGeneric(v string) bool {
	for i := range len(v) {
		if isDigit(v[i]) {
			return true
		}
	}
	return false
}
