package version_test

import (
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/version"
)

func TestAffected(t *testing.T) {
	type R = boltseal.Range
	tests := []struct {
		name     string
		osv      string
		ranges   []R
		versions []string
		fixed    map[string]string // affected version to its fix; "" when there is none
		well     []string
	}{
		{name: "from the start", osv: "npm", ranges: []R{{Introduced: "0", Fixed: "1.2.0"}},
			fixed: map[string]string{"0.0.0-alpha": "1.2.0", "1.1.9": "1.2.0", "1.2.0-rc.1": "1.2.0"},
			well:  []string{"1.2.0", "v1.2", "1.3.0"}},
		{name: "introduced is inclusive", osv: "npm", ranges: []R{{Introduced: "1.0.0", Fixed: "1.2.0"}},
			fixed: map[string]string{"1.0.0": "1.2.0"}, well: []string{"1.0.0-rc.1", "0.9.9"}},
		{name: "last affected is inclusive", osv: "PyPI", ranges: []R{{Introduced: "0", LastAffected: "1.4"}},
			fixed: map[string]string{"1.4": "", "1.4.0": "", "0.1": ""}, well: []string{"1.4.post1", "1.4.1"}},
		{name: "open", osv: "Debian:12", ranges: []R{{Introduced: "0"}},
			fixed: map[string]string{"1.0-1": "", "9:9": ""}},
		{name: "no introduced", osv: "Debian:12", ranges: []R{{Fixed: "2"}},
			fixed: map[string]string{"1": "2"}, well: []string{"2"}},
		{name: "branches, each with its fix", osv: "Maven",
			ranges: []R{{Introduced: "9.0.0-M1", Fixed: "9.0.90"}, {Introduced: "10.1.0-M1", Fixed: "10.1.25"}, {Introduced: "11.0.0-M1", Fixed: "11.0.0-M21"}},
			fixed:  map[string]string{"9.0.50": "9.0.90", "10.1.24": "10.1.25", "11.0.0-M20": "11.0.0-M21", "9.0.0-M1": "9.0.90"},
			well:   []string{"8.5.100", "9.0.90", "10.0.27", "10.1.25", "11.0.0-M21", "11.0.0"}},
		{name: "a fix is the next range's introduced", osv: "Go",
			ranges: []R{{Introduced: "0", Fixed: "1.5.0"}, {Introduced: "1.5.0", Fixed: "1.6.2"}},
			fixed:  map[string]string{"v1.4.0": "1.6.2", "v1.5.0": "1.6.2", "1.6.1": "1.6.2"}, well: []string{"1.6.2"}},
		{name: "a fix inside another range", osv: "Go",
			ranges: []R{{Introduced: "1.0.0", Fixed: "1.5.0"}, {Introduced: "1.4.0", Fixed: "1.6.0"}},
			fixed:  map[string]string{"1.1.0": "1.6.0", "1.4.5": "1.6.0"}, well: []string{"0.9.0", "1.6.0"}},
		{name: "ranges in no order", osv: "Go",
			ranges: []R{{Introduced: "2.0.0", Fixed: "2.3.0"}, {Introduced: "1.0.0", Fixed: "1.5.0"}},
			fixed:  map[string]string{"1.1.0": "1.5.0", "2.1.0": "2.3.0"}, well: []string{"1.5.0", "3.0.0"}},
		{name: "only a later branch has a fix", osv: "npm",
			ranges: []R{{Introduced: "1.0.0", LastAffected: "1.9.9"}, {Introduced: "2.0.0", Fixed: "2.1.0"}},
			fixed:  map[string]string{"1.5.0": "2.1.0", "2.0.5": "2.1.0"}},
		{name: "fixed at the start", osv: "Debian:12", ranges: []R{{Introduced: "0", Fixed: "0"}},
			well: []string{"0~a", "0", "1"}},
		{name: "enumerated", osv: "PyPI", versions: []string{"1.0", "1.2rc1"},
			fixed: map[string]string{"1.0": "", "1.0.0": "", "v1": "", "1.2c1": ""}, well: []string{"1.1", "1.2"}},
		{name: "enumerated beside ranges", osv: "PyPI", ranges: []R{{Introduced: "2.0", Fixed: "2.2"}}, versions: []string{"1.0", "2.2"},
			fixed: map[string]string{"1.0": "", "2.1": "", "2.2": ""}, well: []string{"1.1", "2.3"}},
		{name: "enumerated, with the fix in the ranges", osv: "PyPI", ranges: []R{{Introduced: "2.0", Fixed: "2.2"}}, versions: []string{"1.0"},
			fixed: map[string]string{"1.0": "2.2"}},
		{name: "rpm epochs", osv: "AlmaLinux:9", ranges: []R{{Introduced: "0", Fixed: "1:3.0.7-24.el9"}},
			fixed: map[string]string{"3.0.8-1.el9": "1:3.0.7-24.el9", "1:3.0.7-6.el9_2": "1:3.0.7-24.el9"}, well: []string{"1:3.0.7-24.el9", "1:3.0.7-24.el9_4"}},
		{name: "nothing is said", osv: "npm", well: []string{"1.0.0"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, ok := version.ForEcosystem(test.osv)
			if !ok {
				t.Fatalf("no scheme for %s", test.osv)
			}
			a := &boltseal.Affected{Ecosystem: test.osv, Ranges: test.ranges, Versions: test.versions}
			for v, want := range test.fixed {
				if !s.Affected(v, a) {
					t.Errorf("Affected(%q) = false", v)
				}
				if got, ok := s.Fixed(v, a); got != want || ok != (want != "") {
					t.Errorf("Fixed(%q) = %q, %v, want %q", v, got, ok, want)
				}
			}
			for _, v := range test.well {
				if s.Affected(v, a) {
					t.Errorf("Affected(%q) = true", v)
				}
				if got, ok := s.Fixed(v, a); ok {
					t.Errorf("Fixed(%q) = %q of a version that is not affected", v, got)
				}
			}
		})
	}
}
