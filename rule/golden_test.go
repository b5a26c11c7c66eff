package rule_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/boltseal/boltseal/rule"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata")

// TestFiles loads the files of each archive in their order and compares the
// problems and what is left of the rules.
func TestFiles(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no archives in testdata: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var files []*rule.File
			var got strings.Builder
			want := ""
			inputs := archive.Files[:0:0]
			for _, f := range archive.Files {
				if f.Name == "want" {
					want = string(f.Data)
					continue
				}
				inputs = append(inputs, f)
				file, problems := rule.Parse(f.Name, f.Data)
				files = append(files, file)
				for _, p := range problems {
					fmt.Fprintln(&got, p)
				}
			}
			set, problems := rule.Compile(files, nil)
			for _, p := range problems {
				fmt.Fprintln(&got, p)
			}
			for _, r := range set.Rules() {
				fmt.Fprintf(&got, "%s:%d: %s, enabled %v, %s, tags %v: %s\n", r.File, r.Line, r.Name, r.Enabled, r.Priority, r.Tags, strings.Join(strings.Fields(r.Condition), " "))
			}
			if *update {
				archive.Files = append(inputs, txtar.File{Name: "want", Data: []byte(got.String())})
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got.String()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestOutput(t *testing.T) {
	ev := subject(t)
	for output, want := range map[string]string{
		"who=%proc.name from=%proc.pname":          "who=bash from=sshd",
		"*%user.uid|%group.name":                   "<NA>|<NA>",
		"%8proc.name|%2proc.name|":                 "bash    |ba|",
		"name %proc.name. ports %fd.port":          "name bash. ports 443,50000",
		"%proc.aname and %proc.aname[1]":           "sshd->systemd and sshd",
		"%toupper(proc.name) %len(proc.name) 100%": "BASH 4 100%",
		"%evt.arg.flags %fd.types":                 "O_CREAT|O_RDWR (file,ipv4)",
		"%evt.buffer":                              `\x00\xca\xfe\xba\xbe\x00`,
		"%container.info.":                         ".",
	} {
		file := fmt.Sprintf("- rule: r\n  desc: d\n  priority: INFO\n  condition: evt.type=openat\n  output: '%s'\n", output)
		f, problems := rule.Parse("r.yaml", []byte(file))
		set, more := rule.Compile([]*rule.File{f}, nil)
		if failed := rule.Errors(append(problems, more...)); len(failed) > 0 {
			t.Errorf("%s: %v", output, failed)
			continue
		}
		if got := set.Rules()[0].Text(ev); got != want {
			t.Errorf("%s prints %q, want %q", output, got, want)
		}
	}
	set, _ := rule.Compile([]*rule.File{first(rule.Parse("r.yaml", []byte("- rule: r\n  desc: d\n  priority: INFO\n  condition: evt.type=openat\n  output: '%proc.name %fd.num %user.uid %evt.is_open_write %fd.types'\n")))}, nil)
	want := map[string]any{"proc.name": "bash", "fd.num": int64(-1), "user.uid": nil, "evt.is_open_write": true, "fd.types": []string{"file", "ipv4"}}
	if diff := cmp.Diff(want, set.Rules()[0].Values(ev)); diff != "" {
		t.Errorf("output fields, want -, got +:\n%s", diff)
	}
}

func first(f *rule.File, _ []rule.Problem) *rule.File { return f }

// TestFirstAndAll: the first rule of the files wins, or all of them match.
func TestFirstAndAll(t *testing.T) {
	file := ""
	for _, name := range []string{"b", "a", "c"} {
		file += fmt.Sprintf("- rule: %s\n  desc: d\n  priority: INFO\n  condition: evt.type=openat and proc.name=bash\n  output: o\n", name)
	}
	for all, want := range map[bool]string{false: "b", true: "b a c"} {
		set, _ := rule.Compile([]*rule.File{first(rule.Parse("r.yaml", []byte(file)))}, &rule.Options{All: all})
		var got []string
		set.Eval(subject(t), func(m *rule.Match) bool { got = append(got, m.Rule.Name); return true })
		if strings.Join(got, " ") != want {
			t.Errorf("all %v: matched %v, want %s", all, got, want)
		}
	}
}
