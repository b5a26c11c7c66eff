package version

// RPM packages, by rpm's rules (rpm-version(7)): [epoch:]version[-release].
var _ = add(Scheme{Name: "rpm", Compare: compareRPM, Valid: validRPM},
	"AlmaLinux", "Amazon Linux", "Azure Linux", "Bottlerocket", "Mageia", "openEuler", "openSUSE", "Oracle Linux", "Photon OS", "Red Hat", "Rocky Linux", "SUSE")

func compareRPM(a, b string) int {
	epochA, a := cutEpochDigits(a)
	epochB, b := cutEpochDigits(b)
	if c := compareNumbers(epochA, epochB); c != 0 {
		return c
	}
	verA, relA := cutRelease(a)
	verB, relB := cutRelease(b)
	if c := compareRPMPart(verA, verB); c != 0 {
		return c
	}
	// A version that names no release stands before all its releases.
	if hasA, hasB := len(verA) < len(a), len(verB) < len(b); hasA != hasB {
		if hasA {
			return 1
		}
		return -1
	}
	return compareRPMPart(relA, relB)
}

// cutEpochDigits takes off digits that a colon follows; other colons belong to
// the version.
func cutEpochDigits(s string) (epoch, rest string) {
	if i := digits(s, 0); i < len(s) && s[i] == ':' {
		return s[:i], s[i+1:]
	}
	return "", s
}

// compareRPMPart orders versions and releases segment by segment. A tilde
// sorts before the end of the part, a caret behind it but before any segment,
// and numbers sort behind letters.
func compareRPMPart(a, b string) int {
	if a == b {
		return 0
	}
	i, j := 0, 0
	for {
		i, j = skipRPM(a, i), skipRPM(b, j)
		x, y := at(a, i), at(b, j)
		switch {
		case x == '~' || y == '~':
			if x != y {
				return older(x == '~')
			}
			i, j = i+1, j+1
			continue
		case x == '^' || y == '^':
			if x != y {
				return older(x == 0 || x == '^' && y != 0)
			}
			i, j = i+1, j+1
			continue
		case x == 0 && y == 0:
			return 0
		case x == 0 || y == 0:
			return older(x == 0)
		}
		if c := compareSegments(a, b, &i, &j); c != 0 {
			return c
		}
	}
}

// compareSegments compares the segments at i and j, and steps behind them.
func compareSegments(a, b string, i, j *int) int {
	startA, startB := *i, *j
	if !isDigit(a[startA]) {
		*i, *j = letters(a, startA), letters(b, startB)
		if *j == startB {
			return -1
		}
		return compareBytes(a[startA:*i], b[startB:*j])
	}
	*i, *j = digits(a, startA), digits(b, startB)
	if *j == startB {
		return 1
	}
	return compareNumbers(a[startA:*i], b[startB:*j])
}

func skipRPM(s string, i int) int {
	for i < len(s) && !isAlnum(s[i]) && s[i] != '~' && s[i] != '^' {
		i++
	}
	return i
}

func validRPM(v string) bool {
	_, v = cutEpochDigits(v)
	version, release := cutRelease(v)
	return version != "" && only(version, "._+~^") && only(release, "._+~^") && (release != "" || len(version) == len(v))
}
