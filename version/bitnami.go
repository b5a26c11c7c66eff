package version

// Bitnami's packages: semantic versions, but a pre-release that is a number
// is the packaging's revision, and newer than the version without it. Only
// words before it ("2.6.0-rc1") come from the software itself.
var _ = add(Scheme{Name: "bitnami", Compare: compareBitnami, Valid: validSemver}, "Bitnami")

func compareBitnami(a, b string) int {
	x, y := parseSemver(a), parseSemver(b)
	if c := compareDotted(x.numbers, y.numbers); c != 0 {
		return c
	}
	revisionX, revisionY := bitnamiRevision(&x), bitnamiRevision(&y)
	if c := comparePre(x.pre, y.pre); c != 0 {
		return c
	}
	return compareNumbers(revisionX, revisionY)
}

// bitnamiRevision takes the pre-release off if it is a revision.
func bitnamiRevision(v *semver) string {
	if !allDigits(v.pre) {
		return ""
	}
	revision := v.pre
	v.pre = ""
	return revision
}
