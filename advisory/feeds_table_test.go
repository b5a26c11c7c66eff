package advisory_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/advisory"
)

var updateTable = flag.Bool("update-feeds", false, "write docs/reference/feeds.md anew")

// TestFeedsTable holds that docs/reference/feeds.md lists every feed as the
// registry has it.
func TestFeedsTable(t *testing.T) {
	const path = "../docs/reference/feeds.md"
	var b strings.Builder
	b.WriteString(`# Feeds

Where the advisory database comes from. ` + "`boltseal db update`" + ` fetches the feeds marked *by default*; ` + "`--feed NAME`" + ` adds another,
` + "`--feed all`" + ` each, ` + "`--feed NAME=URL`" + ` takes it from a mirror and ` + "`--feed NAME=none`" + ` leaves it out. ` + "`db build --feed NAME=PATH`" + ` reads what
was fetched by other means. Each feed succeeds or fails alone, keeps its last data when it fails, and has its own line in ` + "`boltseal db status`" + `.

A *vendor's* word on its own packages wins over what others say of the same release, package and vulnerability.
Each row has recorded data and a test in ` + "`advisory/testdata/feeds`" + `, where the server also breaks down.

| feed | what | speaks of | vendor | by default | address | terms |
|---|---|---|---|---|---|---|
`)
	mark := map[bool]string{true: "yes", false: "-"}
	for _, f := range advisory.Feeds() {
		speaks := strings.Join(f.Speaks, ", ")
		switch f.Name {
		case "osv":
			speaks = "every ecosystem of the OSV schema"
		case "kev", "epss", "nvd":
			speaks = "vulnerabilities"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | <%s> | %s |\n", f.Name, f.Title, speaks, mark[f.Vendor], mark[!f.Extra], f.Base, f.Terms)
	}
	b.WriteString(`
What becomes of the vendors' own words:

| status | Debian | Ubuntu | Red Hat, SUSE (CSAF) | Alpine, Wolfi, Chainguard | Photon OS |
|---|---|---|---|---|---|
| affected | open | needed, pending, active, in-progress | known_affected | - | no resolved version |
| fixed (a range with an end) | resolved | released | fixed, first_fixed, recommended | a version | a resolved version |
| will-not-fix | ignored, end-of-life | ignored | no_fix_planned, "will not fix", "out of support scope" | - | - |
| deferred | no-dsa, postponed | deferred | "fix deferred" | - | - |
| under-investigation | undetermined | needs-triage | under_investigation | - | - |
| not-affected | resolved in 0 | not-affected | known_not_affected | version 0 | "Not Affected", NA |
`)
	if *updateTable {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != b.String() {
		t.Errorf("%s is not of this registry: run go test ./advisory -run TestFeedsTable -update-feeds", path)
	}
}
