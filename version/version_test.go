package version_test

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/version"
)

// ordered reads testdata/<name>.txt: one line is newer than the line above it,
// and " = " stands between spellings of one version.
func ordered(tb testing.TB, name string) [][]string {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		tb.Fatalf("scheme has no ordered list: %v", err)
	}
	var groups [][]string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSuffix(line, "\n"); line != "" && !strings.HasPrefix(line, "#") {
			groups = append(groups, strings.Split(line, " = "))
		}
	}
	if len(groups) < 8 {
		tb.Fatalf("%s: %d lines are no test", name, len(groups))
	}
	return groups
}

// flat is every version of an ordered list.
func flat(tb testing.TB, name string) []string {
	tb.Helper()
	var all []string
	for _, group := range ordered(tb, name) {
		all = append(all, group...)
	}
	return all
}

func sign(n int) int { return cmp.Compare(n, 0) }

func TestOrder(t *testing.T) {
	for _, s := range version.Schemes() {
		t.Run(s.Name, func(t *testing.T) {
			groups := ordered(t, s.Name)
			for i, as := range groups {
				for j, bs := range groups {
					for _, a := range as {
						for _, b := range bs {
							if got, want := sign(s.Compare(a, b)), cmp.Compare(i, j); got != want {
								t.Errorf("Compare(%q, %q) = %d, want %d", a, b, got, want)
							}
						}
					}
				}
			}
		})
	}
}

func TestValid(t *testing.T) {
	refused := map[string][]string{
		"alpm":     {"", "1.0 ", "1.0-", "é"},
		"apk":      {"", "a", "1.0_foo", "1.0-1", "1.0-r", "1.", "1.0A", "1a.0", "1.0 "},
		"bitnami":  {"", "latest", "1.0 0"},
		"composer": {"", "dev-main", "main", "1.0-foo", "1.x"},
		"cran":     {"", "1.a", "1.", "-1"},
		"deb":      {"", "a:1", "1.0_1", "abc", "1:", "1.0-", "1 0"},
		"gem":      {"", "abc", "1..2", "1.0-", "1.0_1"},
		"generic":  {"", "main"},
		"golang":   {"", "(devel)", "main", "go"},
		"hackage":  {"", "1.a", "1.", "1-2"},
		"maven":    {"", "${project.version}", "1 0"},
		"nuget":    {"", "1.0.0.0.0", "abc", "1.*"},
		"opam":     {"", "1 0", "1:2"},
		"pep440":   {"", "1.0-foo", "1.0+", "1.0+a..b", "french toast", "1.0.x"},
		"pub":      {"", "abc"},
		"rpm":      {"", "1.0-", "-1", "1 0"},
		"semver":   {"", "latest", "v", "1.0.0 ", "1.2.3_4", "*"},
	}
	listed := map[string]bool{"nonsense": true, "dev-feature": true, "dev-main": true}
	for _, s := range version.Schemes() {
		for _, v := range flat(t, s.Name) {
			if got, want := s.Valid(v), !listed[v]; got != want {
				t.Errorf("%s: Valid(%q) = %v", s.Name, v, got)
			}
		}
		if len(refused[s.Name]) == 0 {
			t.Errorf("%s: no version that it refuses is tested", s.Name)
		}
		for _, v := range refused[s.Name] {
			if s.Valid(v) {
				t.Errorf("%s: Valid(%q) = true", s.Name, v)
			}
		}
	}
}

func TestForEcosystem(t *testing.T) {
	// The ecosystems of OSV schema 1.7.5 with the scheme of each. FreeBSD has
	// none: pkg's order is not written yet, and no order is not a guess.
	// Amazon, Bottlerocket and Oracle publish outside of OSV.
	want := map[string]string{
		"AlmaLinux:9": "rpm", "Amazon Linux:2023": "rpm", "Bottlerocket": "rpm", "Oracle Linux:9": "rpm", "Alpaquita:23": "apk", "Alpine:v3.20": "apk", "Android": "generic", "Azure Linux:3": "rpm",
		"BellSoft Hardened Containers:23": "apk", "Bioconductor": "cran", "Bitnami": "bitnami", "Chainguard": "apk",
		"CleanStart": "apk", "ConanCenter": "generic", "CRAN": "cran", "crates.io": "semver", "Debian:12": "deb",
		"Docker Hardened Images": "generic", "Docker Hardened Images:Alpine:3.20": "apk", "Docker Hardened Images:Debian:13": "deb",
		"Echo": "deb", "FreeBSD:ports": "", "GHC": "semver", "GitHub Actions": "semver", "Go": "golang", "Hackage": "hackage",
		"Hex": "semver", "Julia": "pub", "Kubernetes": "semver", "Linux": "semver", "Mageia:9": "rpm",
		"Maven": "maven", "Maven:https://maven.google.com": "maven", "MinimOS": "apk", "npm": "semver", "NuGet": "nuget",
		"opam": "opam", "openEuler:24.03-LTS": "rpm", "openSUSE:Leap 15.6": "rpm", "OSS-Fuzz": "generic",
		"Packagist": "composer", "Packagist:https://packages.drupal.org/8": "composer", "Photon OS:5.0": "rpm", "Pub": "pub",
		"PyPI": "pep440", "Red Hat:rhel_aus:8.4::appstream": "rpm", "Rocky Linux:9": "rpm",
		"Root:Alpine:3.18": "apk", "Root:PyPI": "pep440", "Root": "generic", "RubyGems": "gem", "SUSE:Linux Enterprise Server 15 SP5": "rpm",
		"SwiftURL": "semver", "TuxCare:npm": "semver", "TuxCare:Alpine:v3.16": "apk", "TuxCare:TuxCare:npm": "generic",
		"Ubuntu:Pro:18.04:LTS": "deb", "VSCode": "semver", "Wolfi": "apk",
		"": "", "GIT": "", "debian": "", "Nonesuch:1": "",
	}
	for osv, name := range want {
		s, ok := version.ForEcosystem(osv)
		if ok != (name != "") {
			t.Errorf("ForEcosystem(%q): %v", osv, ok)
		} else if ok && s.Name != name {
			t.Errorf("ForEcosystem(%q) = %s, want %s", osv, s.Name, name)
		}
	}
	for _, osv := range version.Ecosystems() {
		if _, ok := want[osv]; ok {
			continue
		}
		found := false
		for w := range want {
			found = found || strings.HasPrefix(w, osv+":")
		}
		if !found {
			t.Errorf("ecosystem %q is not tested", osv)
		}
	}
}

func TestLookup(t *testing.T) {
	for _, s := range version.Schemes() {
		if got, ok := version.Lookup(s.Name); !ok || got != s {
			t.Errorf("Lookup(%q) = %v, %v", s.Name, got, ok)
		}
	}
	if _, ok := version.Lookup("none"); ok {
		t.Error("Lookup(none) found something")
	}
}

// Root's patches come behind the version that they patch, whatever the inner
// order would say of their spelling.
func TestRootPatches(t *testing.T) {
	for osv, list := range map[string][]string{
		"Root:npm":         {"1.0.0-rc.1", "1.0.0", "1.0.0.root.io.1", "1.0.0.root.io.10", "1.0.1"},
		"Root:PyPI":        {"1.0rc1", "1.0", "1.0+root.io.1", "1.0+root.io.2", "1.0.post1"},
		"Root:Alpine:3.18": {"1.0-r1", "1.0-r2", "1.0-r10071"},
		"Root:Debian:12":   {"1.0-1", "1.0-1.root.io.1", "1.0-1.root.io.2", "1.0-1.1", "1.0-2"},
	} {
		s, _ := version.ForEcosystem(osv)
		for i := range list {
			for j := range list {
				if got, want := sign(s.Compare(list[i], list[j])), cmp.Compare(i, j); got != want {
					t.Errorf("%s: Compare(%q, %q) = %d, want %d", osv, list[i], list[j], got, want)
				}
			}
			if !s.Valid(list[i]) {
				t.Errorf("%s: Valid(%q) = false", osv, list[i])
			}
		}
	}
}
