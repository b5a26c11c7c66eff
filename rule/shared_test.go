package rule_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/boltseal/boltseal/rule"
)

// shared reads the published rule files, which are not part of the project.
func shared(tb testing.TB, names ...string) []*rule.File {
	tb.Helper()
	dir := filepath.Join("..", "..", "shared", "falco-rules")
	if _, err := os.Stat(dir); err != nil {
		tb.Skipf("the published rule files are not beside the checkout: %v", err)
	}
	var files []*rule.File
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			tb.Fatal(err)
		}
		f, problems := rule.Parse(name, data)
		for _, p := range problems {
			tb.Errorf("parse: %v", p)
		}
		files = append(files, f)
	}
	return files
}

var published = []string{
	"falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml",
	"falco-deprecated_rules.yaml", "k8s_audit_rules.yaml",
}

// TestPublishedFilesLoad holds the package to the files that people use: each
// by itself and all together, unmodified.
func TestPublishedFilesLoad(t *testing.T) {
	want := map[string]rule.Counts{
		"falco_rules.yaml":            {Rules: 25, Enabled: 25},
		"falco-incubating_rules.yaml": {Rules: 31, Enabled: 31},
		"falco-sandbox_rules.yaml":    {Rules: 37, Enabled: 25},
		"falco-deprecated_rules.yaml": {Rules: 4, Enabled: 0},
		"k8s_audit_rules.yaml":        {Rules: 48, Enabled: 48},
	}
	for _, name := range published {
		set, problems := rule.Compile(shared(t, name), nil)
		for _, p := range rule.Errors(problems) {
			t.Error(p)
		}
		got := set.Counts()
		if got.Rules != want[name].Rules || got.Enabled != want[name].Enabled {
			t.Errorf("%s: %d rules, %d enabled; want %+v", name, got.Rules, got.Enabled, want[name])
		}
	}
	set, problems := rule.Compile(shared(t, published...), nil)
	for _, p := range rule.Errors(problems) {
		t.Error(p)
	}
	if got := len(set.Rules()); got != 145 {
		t.Errorf("%d rules together, want 145", got)
	}
	names, others := set.EventTypes("syscall")
	if others || len(names) != 39 {
		t.Errorf("event types: %d, others %v; want the 39 that the enabled rules name: %v", len(names), others, names)
	}
	for _, u := range set.Fields() {
		if !u.Known {
			t.Errorf("field %s is unknown to the table; rules %q use it", u.Field, u.Rules)
		}
	}
	for _, p := range problems {
		if p.Code != "LOAD_UNUSED_MACRO" && p.Code != "LOAD_UNUSED_LIST" {
			t.Log(p)
		}
	}
}
