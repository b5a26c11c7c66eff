package vuln_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/vuln"
)

// TestReach: what the linker left out is not called, what it left in may be,
// and without either list nobody knows. The finding is there in any case.
func TestReach(t *testing.T) {
	db := database(t, map[string][]byte{"advisories.json": []byte(`[
{"schema_version":"1.7.0","id":"GO-2024-1","modified":"2024-09-01T00:00:00Z","aliases":["CVE-2024-1","GHSA-aaaa-bbbb-cccc"],"affected":[{"package":{"ecosystem":"Go","name":"golang.org/x/net"},
 "ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"0.17.0"}]}],
 "ecosystem_specific":{"imports":[{"path":"golang.org/x/net/html","symbols":["Parse","Tokenizer.Next"]}]}}]},
{"schema_version":"1.7.0","id":"GHSA-aaaa-bbbb-cccc","modified":"2024-09-01T00:00:00Z","aliases":["CVE-2024-1"],"affected":[{"package":{"ecosystem":"Go","name":"golang.org/x/net"},
 "ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"0.17.0"}]}]}]},
{"schema_version":"1.7.0","id":"GO-2024-2","modified":"2024-09-01T00:00:00Z","affected":[{"package":{"ecosystem":"Go","name":"example.com/bare"},
 "ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]},
{"schema_version":"1.7.0","id":"GO-2024-3","modified":"2024-09-01T00:00:00Z","affected":[{"package":{"ecosystem":"Go","name":"example.com/whole"},
 "ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],"ecosystem_specific":{"imports":[{"path":"example.com/whole/part"}]}}]}
]`)})
	one := func(name string, linked boltseal.Symbols) boltseal.Component {
		return boltseal.Component{PURL: "pkg:golang/" + name + "@v0.1.0", Name: name, Version: "v0.1.0", Basis: boltseal.Embedded, Linked: linked}
	}
	for _, test := range []struct {
		name string
		c    boltseal.Component
		want boltseal.Reach
		says string
	}{
		{"a method", one("golang.org/x/net", boltseal.NewSymbols([]string{"golang.org/x/net/html.Tokenizer.Next"})), boltseal.ReachCalled,
			"called: golang.org/x/net/html.Tokenizer.Next is linked in"},
		{"others", one("golang.org/x/net", boltseal.NewSymbols([]string{"golang.org/x/net/html.Render", "golang.org/x/net/html.*"})), boltseal.ReachNotCalled,
			"not called: golang.org/x/net/html.Parse, golang.org/x/net/html.Tokenizer.Next are not linked in"},
		{"nothing of it", one("golang.org/x/net", boltseal.Symbols{}), boltseal.ReachNotCalled, "not called: "},
		{"a lock file", one("golang.org/x/net", nil), boltseal.ReachUnknown, "the functions of the program are not"},
		{"an advisory without", one("example.com/bare", boltseal.Symbols{}), boltseal.ReachUnknown, "no advisory names its functions"},
		{"a whole package", one("example.com/whole", boltseal.NewSymbols([]string{"example.com/whole/part.*"})), boltseal.ReachCalled, "part.* is linked in"},
	} {
		findings, _, err := vuln.Match(t.Context(), []boltseal.Component{test.c}, &vuln.Options{DB: db})
		if err != nil || len(findings) != 1 {
			t.Fatalf("%s: %d findings, %v", test.name, len(findings), err)
		}
		f := findings[0]
		if f.Reach != test.want || !slices.ContainsFunc(f.Evidence, func(e boltseal.Evidence) bool { return strings.Contains(e.Statement, test.says) }) {
			t.Errorf("%s: got %q and %v, want %q and %q", test.name, f.Reach, f.Evidence, test.want, test.says)
		}
	}
}
