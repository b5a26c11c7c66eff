package dockerfile_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// corpus is every Dockerfile of the testdata.
func corpus(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/*.Dockerfile")
	if err != nil || len(names) == 0 {
		t.Fatalf("got %v, %v, want testdata", names, err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		if files[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// The nodes of a file cover it byte by byte.
func checkLossless(t testing.TB, f *dockerfile.File) {
	t.Helper()
	at := 0
	for _, n := range f.Nodes {
		if n.Span.Start != at || n.Span.End <= at {
			t.Fatalf("%s: a node covers %v, want it to start at %d", f.Name, n.Span, at)
		}
		at = n.Span.End
		if in := n.Instr; in != nil {
			checkSpans(t, f, in, n.Span)
		}
	}
	if at != len(f.Source) {
		t.Fatalf("%s: the nodes end at %d of %d bytes", f.Name, at, len(f.Source))
	}
}

func checkSpans(t testing.TB, f *dockerfile.File, in *dockerfile.Instr, outer boltseal.Span) {
	t.Helper()
	within := func(what string, s boltseal.Span) {
		if s.Start < outer.Start || s.End > outer.End || s.Start > s.End {
			t.Fatalf("%s: %s of %s has span %v outside of %v", f.Name, what, in.Name, s, outer)
		}
	}
	within("instruction", in.Span)
	within("keyword", in.Keyword.Span)
	if got := f.Text(in.Keyword.Span); got != in.Keyword.Text && !strings.Contains(got, "\n") {
		t.Fatalf("%s: the keyword %q stands as %q", f.Name, in.Keyword.Text, got)
	}
	for _, w := range in.Words {
		within("word", w.Span)
		if got := f.Text(w.Span); len(got) == len(w.Text) && got != w.Text {
			t.Fatalf("%s: the word %q stands as %q", f.Name, w.Text, got)
		}
	}
	for _, w := range in.JSON {
		within("element", w.Span)
	}
	for _, flag := range in.Flags {
		within("flag", flag.Span)
		within("flag value", flag.Value.Span)
	}
	for _, p := range in.Pairs {
		within("key", p.Key.Span)
		within("value", p.Value.Span)
	}
	for _, h := range in.Heredocs {
		within("body", h.Body)
		within("end", h.End)
	}
	if in.Trigger != nil {
		checkSpans(t, f, in.Trigger, outer)
	}
}

// checkOracle compares with the reference parser: the same instructions with
// the same flags, arguments, here-documents and lines.
func checkOracle(t testing.TB, f *dockerfile.File) {
	t.Helper()
	want, err := parser.Parse(bytes.NewReader(f.Source))
	if err != nil {
		if len(f.Errors) == 0 {
			t.Fatalf("%s: the reference parser says %v, and this one nothing", f.Name, err)
		}
		return
	}
	if string(want.EscapeToken) != string(f.Escape) {
		t.Fatalf("%s: escape %q, want %q", f.Name, f.Escape, want.EscapeToken)
	}
	var got, expected []string
	for _, in := range f.Instrs {
		got = append(got, describe(in, f))
	}
	for _, n := range want.AST.Children {
		expected = append(expected, describeNode(n))
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Fatalf("%s: the reference parser (-), this one (+):\n%s", f.Name, diff)
	}
}

func describe(in *dockerfile.Instr, f *dockerfile.File) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", in.Name)
	for _, h := range in.Heredocs {
		fmt.Fprintf(&b, " heredoc %q chomp=%v expand=%v fd=%d %q", h.Name, h.Chomp, h.Expand, h.FD, f.Text(h.Body))
	}
	if in.IsJSON() {
		for _, w := range in.JSON {
			fmt.Fprintf(&b, " json %q", w.Text)
		}
	} else if args := []string{"CMD", "RUN", "ENTRYPOINT", "SHELL", "USER", "WORKDIR", "STOPSIGNAL", "MAINTAINER"}; contains(args, in.Name) {
		fmt.Fprintf(&b, " args %q", in.Args.Value)
	} else if in.Name == "FROM" || in.Name == "EXPOSE" {
		fmt.Fprintf(&b, " words %q", strings.Fields(in.Args.Value))
	}
	return b.String()
}

func describeNode(n *parser.Node) string {
	var b strings.Builder
	name := strings.ToUpper(n.Value)
	fmt.Fprintf(&b, "%s", name)
	for _, h := range n.Heredocs {
		fmt.Fprintf(&b, " heredoc %q chomp=%v expand=%v fd=%d %q", h.Name, h.Chomp, h.Expand, h.FileDescriptor, h.Content)
	}
	var values []string
	for next := n.Next; next != nil; next = next.Next {
		values = append(values, next.Value)
	}
	if n.Attributes["json"] && name != "HEALTHCHECK" {
		for _, v := range values {
			fmt.Fprintf(&b, " json %q", v)
		}
	} else if args := []string{"CMD", "RUN", "ENTRYPOINT", "SHELL", "USER", "WORKDIR", "STOPSIGNAL", "MAINTAINER"}; contains(args, name) {
		fmt.Fprintf(&b, " args %q", strings.Join(values, " "))
	} else if name == "FROM" || name == "EXPOSE" {
		if values == nil {
			values = []string{}
		}
		fmt.Fprintf(&b, " words %q", values)
	}
	return b.String()
}

func contains(list []string, s string) bool {
	return slices.Contains(list, s)
}

func TestCorpus(t *testing.T) {
	for name, source := range corpus(t) {
		f := dockerfile.Parse(name, source)
		checkLossless(t, f)
		checkOracle(t, f)
	}
}

func TestEditsAreExact(t *testing.T) {
	source := "# syntax=docker/dockerfile:1\nFROM alpine \\\n  # the base\n\n  AS Build\nRUN --mount=type=cache,target=/x apt-get \\\r\n  install curl # not a comment\nENV A=1 B=\"two words\"\nENV old form\nCOPY --from=build [\"a b\", \"/c\"]\n"
	f := dockerfile.Parse("Dockerfile", []byte(source))
	checkLossless(t, f)
	from := f.Instrs[0]
	if len(from.Inner) != 1 || from.Inner[0].Text != "the base" || len(from.Empty) != 1 {
		t.Errorf("got %+v, want one comment and one empty line", from)
	}
	stage := f.Stages[0]
	if stage.Name != "build" || f.Text(stage.Alias.Span) != "Build" || f.Text(stage.Image.Span) != "alpine" {
		t.Errorf("got %+v", stage)
	}
	if line, col := f.Line(stage.Alias.Span.Start); line != 5 || col != 6 {
		t.Errorf("the alias stands at %d:%d, want 5:6", line, col)
	}
	run := f.Instrs[1]
	if mount, ok := run.Flag("mount"); !ok || mount.Value.Text != "type=cache,target=/x" {
		t.Errorf("got %+v", run.Flags)
	}
	if got := f.Text(run.Words[1].Span); got != "install" {
		t.Errorf("got %q, want install", got)
	}
	env := f.Instrs[2]
	if len(env.Pairs) != 2 || f.Text(env.Pairs[1].Value.Span) != `"two words"` {
		t.Errorf("got %+v", env.Pairs)
	}
	if old := f.Instrs[3].Pairs; len(old) != 1 || !old[0].Legacy || old[0].Value.Text != "form" {
		t.Errorf("got %+v", old)
	}
	if copied := f.Instrs[4]; len(copied.JSON) != 2 || f.Text(copied.JSON[0].Span) != `"a b"` {
		t.Errorf("got %+v", copied.JSON)
	}
	if f.StageNamed("BUILD", 1) != stage || f.StageNamed("build", 0) != nil {
		t.Error("the stage is not found by its name")
	}
}

func TestErrorsHavePlaces(t *testing.T) {
	for source, want := range map[string]string{
		"":                                     "no instructions",
		"# only a comment\n":                   "no instructions",
		"FROM a b\n":                           "one or three arguments",
		"FROM a\nFETCH x\n":                    `unknown instruction "FETCH"`,
		"FROM a\nRUN <<EOF\nx\n":               "has no end",
		"# escape=x\nFROM a\n":                 "must be",
		"# escape=`\n# escape=`\nFROM a\n":     "stands twice",
		"FROM a\nENV x\n":                      "two arguments",
		"FROM a\nENV x=1 y\n":                  "can't find =",
		"FROM a\nONBUILD NONSENSE\n":           "unknown instruction",
		"FROM a\nCMD [\"a\", [1]]\n":           "strings only",
		"FROM a\nHEALTHCHECK CMD <<EOF\nEOF\n": "",
	} {
		f := dockerfile.Parse("Dockerfile", []byte(source))
		checkLossless(t, f)
		if want == "" {
			continue
		}
		if len(f.Errors) == 0 || !strings.Contains(f.Errors[0].Message, want) {
			t.Errorf("%q: got %v, want %s", source, f.Errors, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, source := range corpus(f) {
		f.Add(source)
	}
	f.Add([]byte("# escape=`\nFROM a`\n\n b\nRUN <<-\"E F\" 3<<X\n\tE F\nX\n"))
	f.Fuzz(func(t *testing.T, source []byte) {
		file := dockerfile.Parse("Dockerfile", source)
		checkLossless(t, file)
		for _, in := range file.Instrs {
			for _, w := range in.Words {
				_ = file.Location(w.Span)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	var all [][]byte
	for _, source := range corpus(b) {
		all = append(all, source)
		b.SetBytes(int64(len(source)))
	}
	for b.Loop() {
		for _, source := range all {
			dockerfile.Parse("Dockerfile", source)
		}
	}
}
