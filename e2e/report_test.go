package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// report is the part of boltseal's JSON that the tests look at.
type report struct {
	Artifact struct {
		Kind, Name, Digest, ImageID string
		Platform                    struct{ OS, Arch string }
		Distro                      struct{ ID, Version string }
		Layers                      []struct{ Digest, DiffID, CreatedBy string }
	}
	Children []struct {
		Kind, Digest string
		Platform     struct{ OS, Arch string }
	}
	Components []component
	Findings   []finding
	Gaps       []gap
	Verdict    struct {
		Allow    bool
		Blocking []string
	}
}

type component struct {
	PURL, Name, Version, FoundBy, Basis, OwnedBy string
	Locations                                    []struct{ File, Layer string }
}

type finding struct {
	Key, Check, Severity string
	Subject              json.RawMessage
	Component            *component
	Advisory             *struct{ ID string }
	FixedIn              []string
	Locations            []struct{ File string }
}

type gap struct{ What, Why, Kind, Platform string }

func parse(t *testing.T, r result) report {
	t.Helper()
	var got report
	if err := json.Unmarshal(r.stdout, &got); err != nil {
		t.Fatalf("read the report: %v\n%s", err, clip(r.stdout))
	}
	return got
}

// inventory runs boltseal sbom for its JSON. No gap is allowed.
func inventory(t *testing.T, target string) report {
	t.Helper()
	got := parse(t, boltseal(t, "sbom", target, "-o", "json").ok(t))
	if len(got.Gaps) > 0 {
		t.Errorf("%s: gaps: %+v", target, got.Gaps)
	}
	return got
}

// rows are the lines of a truth file, split at tabs.
func rows(t *testing.T, dir, name string) [][]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "truth", name))
	if err != nil {
		t.Fatal(err)
	}
	var all [][]string
	for line := range strings.Lines(string(data)) {
		all = append(all, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	if len(all) == 0 {
		t.Fatalf("%s of %s is empty: nothing would be tested", name, dir)
	}
	return all
}

// same compares two sets of lines and names what one has and the other lacks.
func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	got, want = slices.Compact(got), slices.Compact(want)
	if slices.Equal(got, want) {
		t.Logf("%s: %d, all the same", what, len(want))
		return
	}
	missing := slices.DeleteFunc(slices.Clone(want), func(s string) bool { _, found := slices.BinarySearch(got, s); return found })
	extra := slices.DeleteFunc(slices.Clone(got), func(s string) bool { _, found := slices.BinarySearch(want, s); return found })
	t.Errorf("%s: %d, want %d; %d missing: %.20q; %d too many: %.20q", what, len(got), len(want), len(missing), missing, len(extra), extra)
}
