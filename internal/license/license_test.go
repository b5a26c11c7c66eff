package license_test

import (
	"strings"
	"testing"

	"github.com/boltseal/boltseal/internal/license"
	"github.com/google/go-cmp/cmp"
)

func TestExpression(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"MIT", "MIT"},
		{" mit ", "MIT"},
		{"(MIT OR Apache-2.0)", "(MIT OR Apache-2.0)"},
		{"MIT/Apache-2.0", "MIT OR Apache-2.0"},
		{"Apache License, Version 2.0", "Apache-2.0"},
		{"The Apache Software License, Version 2.0", "Apache-2.0"},
		{"http://www.apache.org/licenses/LICENSE-2.0.txt", "Apache-2.0"},
		{"GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"},
		{"gpl-2.0-only with classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"},
		{"GPLv2+ and MIT", "GPL-2.0-or-later AND MIT"},
		{"ASL 2.0 or MIT", "Apache-2.0 OR MIT"},
		{"MIT AND (Foo OR ISC)", "MIT AND (LicenseRef-Foo OR ISC)"},
		{"free to use or modify", "LicenseRef-free-to-use-or-modify"},
		{"Apache-2.0+", "Apache-2.0+"},
		{"UNLICENSED", "LicenseRef-UNLICENSED"},
		{"SEE LICENSE IN LICENSE.md", "LicenseRef-SEE-LICENSE-IN-LICENSE.md"},
		{"UNKNOWN", ""},
		{"", ""},
		{"\n\nMIT License\n\nCopyright (c) someone", "MIT"},
		{"MIT OR", "LicenseRef-MIT-OR"},
		{"(MIT", "LicenseRef-MIT"},
		{"Perl_5", "Artistic-1.0-Perl OR GPL-1.0-or-later"},
		{"perl_5 AND MIT", "(Artistic-1.0-Perl OR GPL-1.0-or-later) AND MIT"},
		{"LicenseRef-scancode-other", "LicenseRef-scancode-other"},
		{"BSD", "LicenseRef-BSD"}, // which of them is not said
		{"***", ""},
		{"Лицензия", ""},
	} {
		if got := license.Expression(c.in); got != c.want {
			t.Errorf("Expression(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestAll(t *testing.T) {
	got := license.All("MIT", "unknown", "mit", "Apache 2.0")
	if diff := cmp.Diff([]string{"MIT", "Apache-2.0"}, got); diff != "" {
		t.Errorf("All (-want +got):\n%s", diff)
	}
}

func FuzzExpression(f *testing.F) {
	for _, s := range []string{"MIT", "(MIT OR Apache-2.0) AND Foo", "GPLv2+ and MIT", "((((", "LicenseRef-", "a/b/c", "WITH"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := license.Expression(s)
		if strings.ContainsAny(got, "\n\t\"\\") {
			t.Fatalf("Expression(%q) = %q: no SPDX expression has such bytes", s, got)
		}
		if again := license.Expression(got); again != got {
			t.Fatalf("Expression(%q) = %q, and of that %q", s, got, again)
		}
	})
}
