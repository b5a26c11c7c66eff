package scan_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/scan"
)

var updateMap = flag.Bool("update-rule-map", false, "write docs/reference/rule-map.md anew")

// Every check of other tools that testdata/other-tools.txt names is one of
// ours by an alias, or has a reason for which there is none; docs/reference
// has the table.
func TestRuleMap(t *testing.T) {
	ours := map[string][]string{}
	for _, c := range scan.AuditChecks() {
		for _, alias := range c.Aliases {
			ours[alias] = append(ours[alias], c.ID)
		}
	}
	data, err := os.ReadFile("testdata/other-tools.txt")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{} // by tool
	covered := map[string]int{}
	for line := range strings.Lines(string(data)) {
		name, reason, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if name == "" || name[0] == '#' {
			continue
		}
		tool, id, _ := strings.Cut(name, ":")
		checks := slices.Compact(slices.Sorted(slices.Values(ours[name])))
		switch {
		case len(checks) == 0 && reason == "":
			t.Errorf("%s is neither found nor excused", name)
		case len(checks) > 0 && reason != "":
			t.Errorf("%s is found by %v, and excused: %s", name, checks, reason)
		case len(checks) > 0:
			covered[tool]++
			for i, c := range checks {
				checks[i] = "`" + c + "`"
			}
			reason = strings.Join(checks, " ")
		default:
			reason = "none: " + reason
		}
		rows[tool] = append(rows[tool], fmt.Sprintf("| %s | %s |\n", id, reason))
	}
	var b strings.Builder
	b.WriteString("# Checks of other tools, and ours\n\nWritten by `go test ./scan -run TestRuleMap -update-rule-map` from the checks' aliases and scan/testdata/other-tools.txt.\n" +
		"`boltseal checks hadolint:DL3008` explains one. Comments that accept a finding by its name in another tool are honoured: docs/guide/lint.md.\n")
	for _, tool := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(&b, "\n## %s\n\n%d of %d have a check.\n\n| its check | ours |\n|---|---|\n%s", tool, covered[tool], len(rows[tool]), strings.Join(rows[tool], ""))
	}
	const file = "../docs/reference/rule-map.md"
	if *updateMap {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	old, err := os.ReadFile(file)
	if err != nil || string(old) != b.String() {
		t.Errorf("%s is not what the checks say: run go test ./scan -run TestRuleMap -update-rule-map (%v)", file, err)
	}
}
