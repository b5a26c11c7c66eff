package version

// Dart and Julia packages: semantic versions whose build metadata counts. It
// is compared like a pre-release, but none is the oldest (pub_semver,
// "Version"; Julia manual, "Version Number Literals").
var _ = add(Scheme{Name: "pub", Compare: comparePub, Valid: validSemver}, "Pub", "Julia")

func comparePub(a, b string) int {
	if a == b {
		return 0
	}
	x, y := parseSemver(a), parseSemver(b)
	if c := compareDotted(x.numbers, y.numbers); c != 0 {
		return c
	}
	if c := comparePre(x.pre, y.pre); c != 0 {
		return c
	}
	if x.build == "" || y.build == "" {
		return len(x.build) - len(y.build)
	}
	return compareIdentifiers(x.build, y.build)
}
