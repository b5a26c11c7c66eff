package version

import "strings"

// The schemes walk their input byte by byte: versions are ASCII in every
// ecosystem, and a byte outside ASCII is one more byte that is no digit and no
// letter.

func isDigit(c byte) bool { return c-'0' < 10 }

func isLetter(c byte) bool { return c|0x20-'a' < 26 }

func isAlnum(c byte) bool { return isDigit(c) || isLetter(c) }

// lower is c in lower case, if it is an ASCII letter.
func lower(c byte) byte {
	if c-'A' < 26 {
		return c | 0x20
	}
	return c
}

// at is the byte at i, or nought where there is none.
func at(s string, i int) byte {
	if i >= 0 && i < len(s) {
		return s[i]
	}
	return 0
}

// older is the result of a comparison whose left side is, or is not, older.
func older(left bool) int {
	if left {
		return -1
	}
	return 1
}

// digits returns the end of the run of digits that begins at i.
func digits(s string, i int) int {
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return i
}

// letters returns the end of the run of letters that begins at i.
func letters(s string, i int) int {
	for i < len(s) && isLetter(s[i]) {
		i++
	}
	return i
}

// allDigits says whether s is one or more digits.
func allDigits(s string) bool { return s != "" && digits(s, 0) == len(s) }

// isZero says whether a run of digits has the value nought. The empty run has.
func isZero(s string) bool {
	for i := range len(s) {
		if s[i] != '0' {
			return false
		}
	}
	return true
}

// compareNumbers orders two runs of digits of any length by their value.
func compareNumbers(a, b string) int {
	if len(a) == 1 && len(b) == 1 {
		return int(a[0]) - int(b[0])
	}
	for len(a) > 0 && a[0] == '0' {
		a = a[1:]
	}
	for len(b) > 0 && b[0] == '0' {
		b = b[1:]
	}
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// compareFold orders two strings by their bytes, ASCII letters in lower case.
func compareFold(a, b string) int {
	for i := range min(len(a), len(b)) {
		if x, y := lower(a[i]), lower(b[i]); x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

// equalFold says whether a is b, which is in lower case, in any case.
func equalFold(a, b string) bool { return len(a) == len(b) && compareFold(a, b) == 0 }

// hasPrefixFold says whether s begins with prefix, which is in lower case.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && equalFold(s[:len(prefix)], prefix)
}

// nextField cuts s at its first dot. More is false when there was none.
func nextField(s string) (field, rest string, more bool) {
	for i := range len(s) {
		if s[i] == '.' {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// only says whether every byte of s is a letter, a digit or one of also.
func only(s, also string) bool {
	for i := range len(s) {
		if !isAlnum(s[i]) && strings.IndexByte(also, s[i]) < 0 {
			return false
		}
	}
	return true
}

// compareBytes orders two strings by their bytes. It is strings.Compare for
// strings so short that the call would cost more than the work.
func compareBytes(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return int(a[i]) - int(b[i])
		}
	}
	return len(a) - len(b)
}
