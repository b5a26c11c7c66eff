package version

// .NET packages, by NuGet's rules (NuGetVersion): semantic versions with up to
// four numbers, and pre-releases in any case.
var _ = add(Scheme{Name: "nuget", Compare: compareNuGet, Valid: validNuGet}, "NuGet")

func compareNuGet(a, b string) int {
	if a == b {
		return 0
	}
	x, y := parseSemver(a), parseSemver(b)
	if c := compareDotted(x.numbers, y.numbers); c != 0 {
		return c
	}
	if x.pre == "" || y.pre == "" {
		return len(y.pre) - len(x.pre)
	}
	moreX, moreY := true, true
	var t, u string
	for moreX && moreY {
		t, x.pre, moreX = nextField(x.pre)
		u, y.pre, moreY = nextField(y.pre)
		if c := compareNuGetLabel(t, u); c != 0 {
			return c
		}
	}
	if moreX != moreY {
		return older(moreY)
	}
	return 0
}

func compareNuGetLabel(a, b string) int {
	if allDigits(a) || allDigits(b) {
		return compareIdentifier(a, b)
	}
	return compareFold(a, b)
}

func validNuGet(v string) bool {
	p := parseSemver(v)
	numbers := 1
	for i := range len(p.numbers) {
		if p.numbers[i] == '.' {
			numbers++
		}
	}
	return numbers <= 4 && validSemver(v)
}
