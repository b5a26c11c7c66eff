package version_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/osv-scalibr/semantic"

	"github.com/boltseal/boltseal/version"
)

// scalibrDiffers names, by scheme, what another implementation of the same
// orders is known to do differently, and why it is not followed. Each line was
// settled by the ecosystem's own tool or its documentation.
var scalibrDiffers = map[string]*regexp.Regexp{
	// It stops at digits behind the letter and ignores commit hashes; "_" in
	// a suffix of a suffix is lost on it. It also fills missing numbers up,
	// where apk-tools has "0.30-r1" older than "0.30.0-r0", and "0.30" older
	// than "0.30-r0".
	"apk": regexp.MustCompile(`~|\d[a-z]\d|_[a-z]+\d*_`),
	// It does not count a hyphen as ".pre.", as Gem::Version does, and keeps
	// noughts that it drops.
	"gem": regexp.MustCompile(`-|0\d|[a-zA-Z]0|\.0`),
	// It reads "go1.22rc1" as no version at all.
	"golang": regexp.MustCompile(`^go|^[V=]|[.]\D|\d[a-z]|-$|^[^+-]*\.\d+\.\d+\.`),
	// It sorts a qualifier behind a dot before one behind a hyphen, which
	// ComparableVersion ceased to do.
	"maven": regexp.MustCompile(`\.[^0-9.]|[.-][.-]|^[^0-9]`),
	// It takes what follows a dot that no digit follows into the build, and
	// drops numbers behind the third.
	"nuget":  regexp.MustCompile(`[.]\D|-$`),
	"pub":    regexp.MustCompile(`[.]\D|^[^+-]*\.\d+\.\d+\.|\+.*[.-]|\+\w\w|[+-]$`),
	"semver": regexp.MustCompile(`^[V=]|[.]\D|^[^+-]*\.\d+\.\d+\.|-$`),
}

func TestScalibr(t *testing.T) {
	for scheme, osv := range map[string]string{
		"apk": "Alpine", "cran": "CRAN", "deb": "Debian", "gem": "RubyGems", "golang": "Go", "hackage": "Hackage",
		"maven": "Maven", "nuget": "NuGet", "pep440": "PyPI", "pub": "Pub", "rpm": "Red Hat", "semver": "npm",
	} {
		t.Run(scheme, func(t *testing.T) {
			s, _ := version.Lookup(scheme)
			compared, different := 0, 0
			for _, p := range somePairs(corpus(t, scheme), 20000) {
				if !s.Valid(p[0]) || !s.Valid(p[1]) {
					continue
				}
				if differs := scalibrDiffers[scheme]; differs != nil && (differs.MatchString(p[0]) || differs.MatchString(p[1])) {
					continue
				}
				if scheme == "apk" && (numbers(p[0]) != numbers(p[1]) || strings.Contains(p[0], "-r") != strings.Contains(p[1], "-r")) {
					continue
				}
				v, err := semantic.Parse(p[0], osv)
				if err != nil {
					continue
				}
				want, err := v.CompareStr(p[1])
				if err != nil {
					continue
				}
				compared++
				if got := sign(s.Compare(p[0], p[1])); got != sign(want) {
					if different++; different < 20 {
						t.Errorf("Compare(%q, %q) = %d, scalibr says %d", p[0], p[1], got, want)
					}
				}
			}
			t.Logf("%d pairs compared, %d differ", compared, different)
			if compared < 3000 {
				t.Errorf("only %d pairs were compared", compared)
			}
		})
	}
}

// numbers counts the numbers that a version begins with.
func numbers(v string) int {
	return strings.Count(regexp.MustCompile(`^[0-9.]*`).FindString(v), ".")
}
