package version

// Arch Linux packages, by pacman's rules (vercmp(8)): [epoch:]pkgver[-pkgrel].
// No OSV ecosystem uses it yet.
var _ = add(Scheme{Name: "alpm", Compare: compareALPM, Valid: validALPM})

// compareALPM differs from vercmp in two places, where vercmp is no order: a
// missing pkgrel stands before all others instead of equalling each, and
// separators at the end do not count.
func compareALPM(a, b string) int {
	epochA, a := cutEpochDigits(a)
	epochB, b := cutEpochDigits(b)
	if c := compareNumbers(epochA, epochB); c != 0 {
		return c
	}
	verA, relA := cutRelease(a)
	verB, relB := cutRelease(b)
	if c := compareALPMPart(verA, verB); c != 0 {
		return c
	}
	return compareALPMPart(relA, relB)
}

// compareALPMPart is an older form of rpm's comparison: no tilde and no caret,
// a longer run of separators is newer, and letters behind the end are older,
// unless a separator divides them.
func compareALPMPart(a, b string) int {
	a, b = trimSeparators(a), trimSeparators(b)
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		startA, startB := i, j
		i, j = skipSeparators(a, i), skipSeparators(b, j)
		if c := (i - startA) - (j - startB); c != 0 {
			return c
		}
		if c := compareSegments(a, b, &i, &j); c != 0 {
			return c
		}
	}
	switch {
	case i < len(a):
		return older(isLetter(a[i]))
	case j < len(b):
		return older(!isLetter(b[j]))
	}
	return 0
}

func skipSeparators(s string, i int) int {
	for i < len(s) && !isAlnum(s[i]) {
		i++
	}
	return i
}

func trimSeparators(s string) string {
	for s != "" && !isAlnum(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func validALPM(v string) bool {
	_, v = cutEpochDigits(v)
	version, release := cutRelease(v)
	return version != "" && only(version, "._+~") && only(release, ".") && (release != "" || len(version) == len(v))
}
