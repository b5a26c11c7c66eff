package version

import "strings"

// Debian packages, by dpkg's rules (deb-version(7)): [epoch:]upstream[-revision].
var _ = add(Scheme{Name: "deb", Compare: compareDeb, Valid: validDeb}, "Debian", "Ubuntu", "Echo")

func compareDeb(a, b string) int {
	epochA, a := cutEpoch(a)
	epochB, b := cutEpoch(b)
	if c := compareDebPart(epochA, epochB); c != 0 {
		return c
	}
	a, revisionA := cutRelease(a)
	b, revisionB := cutRelease(b)
	if c := compareDebPart(a, b); c != 0 {
		return c
	}
	return compareDebPart(revisionA, revisionB)
}

// cutEpoch takes off what stands before the first colon.
func cutEpoch(s string) (epoch, rest string) {
	for i := range len(s) {
		if s[i] == ':' {
			return s[:i], s[i+1:]
		}
	}
	return "", s
}

// cutRelease takes off what stands behind the last hyphen.
func cutRelease(s string) (version, release string) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '-' {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// compareDebPart orders upstream versions and revisions: runs of other bytes
// and runs of digits in turn, where a tilde sorts before the end, the end
// before letters and letters before all else.
func compareDebPart(a, b string) int {
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		for i < len(a) && !isDigit(a[i]) || j < len(b) && !isDigit(b[j]) {
			if c := debOrder(a, i) - debOrder(b, j); c != 0 {
				return c
			}
			i++
			j++
		}
		endA, endB := digits(a, i), digits(b, j)
		if c := compareNumbers(a[i:endA], b[j:endB]); c != 0 {
			return c
		}
		i, j = endA, endB
	}
	return 0
}

func debOrder(s string, i int) int {
	if i >= len(s) {
		return 0
	}
	switch c := s[i]; {
	case isDigit(c):
		return 0
	case isLetter(c):
		return int(c)
	case c == '~':
		return -1
	default:
		return int(c) + 256
	}
}

func validDeb(v string) bool {
	if epoch, rest, ok := strings.Cut(v, ":"); ok {
		if !allDigits(epoch) {
			return false
		}
		v = rest
	}
	upstream, revision := cutRelease(v)
	return upstream != "" && isDigit(upstream[0]) && only(upstream, ".-+~:") && only(revision, ".+~") &&
		(revision != "" || len(upstream) == len(v))
}
