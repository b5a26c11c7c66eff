package secret_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/check/secret"
)

var update = flag.Bool("update", false, "write docs/reference/detectors.md anew")

// The reference page is the registry, written out.
func TestReference(t *testing.T) {
	var b strings.Builder
	all := secret.Detectors()
	fmt.Fprintf(&b, `# Credentials that boltseal finds

%d kinds. Generated from the detectors: `+"`go test ./check/secret -run TestReference -update`"+`. How to use them:
[guide/secrets.md](../guide/secrets.md).

*Known by* says what gives a credential away: its own form, the name that it is assigned to, or the place where it stands.
*Verified* is what is checked beyond that, without asking anybody.

| id | what | severity | known by | verified |
|---|---|---|---|---|
`, len(all))
	for _, d := range all {
		by := "its form"
		switch {
		case d.Value != "":
			by = "its name"
		case d.Find != nil && d.Rank != secret.ByForm:
			by = "its place"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", d.ID, d.Title, d.Severity, by, d.Proof)
	}
	name := filepath.Join("..", "..", "docs", "reference", "detectors.md")
	if *update {
		if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.String(), string(got)); diff != "" {
		t.Errorf("%s is not what the detectors say; run the test with -update:\n%s", name, diff)
	}
}
