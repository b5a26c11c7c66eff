package version

// Semantic versions (SemVer 2.0.0, section 11), read as leniently as the
// registries that use them: a leading "v", missing or further numbers, and a
// pre-release without its hyphen ("1.9.0b1"). Build metadata does not count.
var _ = add(Scheme{Name: "semver", Compare: compareSemver, Valid: validSemver},
	"crates.io", "GHC", "GitHub Actions", "Hex", "Kubernetes", "Linux", "npm", "SwiftURL", "VSCode")

// semver is a version taken apart; its parts are in the string it came from.
type semver struct {
	numbers string // "1.2.3"
	pre     string // behind the hyphen, "" for a release
	build   string // behind the plus
}

func compareSemver(a, b string) int {
	if a == b {
		return 0
	}
	x, y := parseSemver(a), parseSemver(b)
	if c := compareDotted(x.numbers, y.numbers); c != 0 {
		return c
	}
	return comparePre(x.pre, y.pre)
}

func parseSemver(s string) semver {
	if s != "" && (s[0] == '=' || s[0]|0x20 == 'v') {
		s = s[1:]
	}
	var v semver
	end := dotted(s)
	v.numbers, s = s[:end], s[end:]
	for i := range len(s) {
		if s[i] == '+' {
			s, v.build = s[:i], s[i+1:]
			break
		}
	}
	if len(s) > 1 && (s[0] == '-' || s[0] == '.') {
		s = s[1:]
	}
	v.pre = s
	return v
}

// dotted returns the end of the numbers with dots between them that s begins
// with.
func dotted(s string) int {
	end := digits(s, 0)
	for end > 0 && end+1 < len(s) && s[end] == '.' && isDigit(s[end+1]) {
		end = digits(s, end+1)
	}
	return end
}

// compareDotted orders numbers with dots between them; missing ones are nought.
func compareDotted(a, b string) int {
	var x, y string
	for a != "" || b != "" {
		x, a, _ = nextField(a)
		y, b, _ = nextField(b)
		if c := compareNumbers(x, y); c != 0 {
			return c
		}
	}
	return 0
}

// comparePre orders pre-releases: none is the newest, and identifiers are
// compared one by one (section 11.3 and 11.4).
func comparePre(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == "":
		return 1
	case b == "":
		return -1
	}
	return compareIdentifiers(a, b)
}

func compareIdentifiers(a, b string) int {
	moreA, moreB := true, true
	var x, y string
	for moreA && moreB {
		x, a, moreA = nextField(a)
		y, b, moreB = nextField(b)
		if c := compareIdentifier(x, y); c != 0 {
			return c
		}
	}
	switch {
	case moreA:
		return 1
	case moreB:
		return -1
	}
	return 0
}

// compareIdentifier orders numbers by value and before everything else, the
// rest by its bytes.
func compareIdentifier(a, b string) int {
	numberA, numberB := allDigits(a), allDigits(b)
	switch {
	case numberA && numberB:
		return compareNumbers(a, b)
	case numberA:
		return -1
	case numberB:
		return 1
	}
	return compareBytes(a, b)
}

func validSemver(v string) bool {
	p := parseSemver(v)
	return p.valid()
}

func (v *semver) valid() bool {
	return v.numbers != "" && (v.pre == "" || validFields(v.pre, "-")) && (v.build == "" || validFields(v.build, "-"))
}
