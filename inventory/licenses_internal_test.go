package inventory

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/internal/spdx"
)

// The function is not exported: each reader's own tests see only the few
// spellings that its files hold.
func TestLicenses(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"MIT", "MIT"},
		{"(MIT OR Apache-2.0)", "MIT OR Apache-2.0"},
		{"MIT/Apache-2.0", "MIT OR Apache-2.0"},
		{"Expat or Custom-1", "MIT OR LicenseRef-Custom-1"},
		{"GPL-2+ AND libgcc OR libstdc", "GPL-2.0-or-later AND LicenseRef-libgcc OR LicenseRef-libstdc"},
		{"free to use or modify", "LicenseRef-free-to-use-or-modify"},
		{"MIT OR", "LicenseRef-MIT-OR"},
		{"UNLICENSED", "LicenseRef-UNLICENSED"},
		{"LicenseRef-Own", "LicenseRef-Own"},
		{"SEE LICENSE IN LICENSE.md", "LicenseRef-SEE-LICENSE-IN-LICENSE.md"},
		{"UNKNOWN", ""},
		{"\n\nMIT License\n\nCopyright (c) someone", "MIT"},
		{"***", ""},
	} {
		var want []string
		if c.want != "" {
			want = []string{c.want}
		}
		if diff := cmp.Diff(want, licenses(c.in)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.in, diff)
		}
	}
}

func FuzzLicenses(f *testing.F) {
	for _, s := range []string{"MIT", "Expat or Custom", "A AND B OR C", "((((", "LicenseRef-", "a/b/c", "OR OR", "x\ny"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, expr := range licenses(s) {
			if strings.TrimSpace(expr) != expr || !spdx.Valid(expr) {
				t.Errorf("licenses(%q) = %q, which is no expression", s, expr)
			}
		}
	})
}
