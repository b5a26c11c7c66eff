package shellcheck

import (
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDialect(t *testing.T) {
	for _, c := range [][3]string{
		{"", "sh", "sh"}, {"", "ash", "dash"}, {"", "powershell", ""}, {"", "", ""},
		{"#!/usr/bin/env -S bash -e\n", "sh", "bash"}, {"#!/usr/bin/python3\n", "sh", ""}, {"#! /bin/ksh", "sh", "ksh"}, {"#!", "sh", ""},
	} {
		if got := Dialect(c[0], c[1]); got != c[2] {
			t.Errorf("Dialect(%q, %q) = %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

func TestRead(t *testing.T) {
	const printed = `{"comments":[
		{"file":"0","line":1,"endLine":1,"column":1,"endColumn":2,"level":"info","code":1,"message":"of the prelude","fix":null},
		{"file":"0","line":3,"endLine":3,"column":4,"endColumn":6,"level":"info","code":2086,"message":"Quote.","fix":{"replacements":[
			{"line":3,"endLine":3,"column":4,"endColumn":4,"precedence":7,"insertionPoint":"afterEnd","replacement":"\""},
			{"line":3,"endLine":3,"column":6,"endColumn":6,"precedence":7,"insertionPoint":"beforeStart","replacement":"\""}]}},
		{"file":"0","line":99,"endLine":1,"column":99,"endColumn":-1,"level":"error","code":2,"message":"nowhere","fix":null}]}`
	scripts := []Script{{Text: "cd é\nüb $x\n", Known: []string{"A"}}}
	got := make([][]Comment, 1)
	if err := read([]byte(printed), scripts, got); err != nil {
		t.Fatal(err)
	}
	want := [][]Comment{{
		{Code: 2086, Level: "info", Message: "Quote.", Start: 10, End: 12, Edits: []Edit{{10, 10, `"`}, {12, 12, `"`}}},
		{Code: 2, Level: "error", Message: "nowhere", Start: 13, End: 13},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	for _, bad := range []string{"", "{", `{"comments":[{"file":"1"}]}`, `{"comments":[{"file":"../x"}]}`} {
		if err := read([]byte(bad), scripts, got); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// What is printed is another program's, whose version is not known.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"comments":[{"file":"0","line":1,"endLine":2,"column":1,"endColumn":9,"level":"info","code":2086,"message":"m","fix":{"replacements":[{"line":1}]}}]}`), "cd é\n")
	f.Fuzz(func(t *testing.T, printed []byte, text string) {
		out := make([][]Comment, 1)
		if read(printed, []Script{{Text: text}}, out) != nil {
			return
		}
		for _, c := range out[0] {
			if c.Start < 0 || c.Start > c.End || c.End > len(text) {
				t.Fatalf("%+v lies outside of %d bytes", c, len(text))
			}
		}
	})
}

func TestCheck(t *testing.T) {
	if _, err := exec.LookPath(Program); err != nil {
		t.Skip("ShellCheck is not installed")
	}
	got, err := Check(t.Context(), []Script{
		{Text: "echo $1\n", Shell: "sh"},
		{Text: "print 'x'\n", Shell: "powershell"},
		{Text: "if [ \"____________\" = x ]; then echo y; fi\necho \"$lower\"\n", Shell: "bash", Except: []int{2050, 2154}},
		{Text: "echo \"$lower\" && [[ a == b ]]\n", Shell: "ash", Known: []string{"lower", "not a name"}},
		{Text: "echo $plain\n  echo $loose", Shell: "sh", Known: []string{"plain"}, Loose: []string{"loose"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var codes [][]int
	for _, comments := range got {
		var of []int
		for _, c := range comments {
			of = append(of, c.Code)
		}
		codes = append(codes, of)
	}
	if diff := cmp.Diff([][]int{{2086}, nil, nil, {3010, 2050}, {2086}}, codes); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}
