package manifest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/syntax/manifest"
)

// Whatever the bytes: nothing panics, every span lies in the source and in
// its parent's, and edits do what they say.
func FuzzParse(f *testing.F) {
	for _, source := range append(corpus, pod, podTight, podJSON, compact) {
		f.Add([]byte(source))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 2000 {
			return
		}
		file := manifest.Parse("x.yaml", data)
		for _, e := range file.Errors {
			if e.Line < 1 || e.Col < 1 || e.Span.Start > len(data) {
				t.Errorf("%+v", e)
			}
		}
		at := 0
		for _, d := range file.Docs {
			if d.Span.Start < at || d.Span.End > len(data) {
				t.Fatalf("document %v behind %d", d.Span, at)
			}
			at = d.Span.End
			checkSpans(t, file, d.Root)
			if _, err := d.Root.JSON(); err != nil && !strings.HasPrefix(err.Error(), "encode: ") {
				t.Error(err)
			}
		}
		for c := range file.Comments() {
			if data[c.Span.Start] != '#' {
				t.Errorf("comment %+v", c)
			}
			file.About(c.Span)
		}
		file.Objects()
		if len(data) < 200 {
			checkEdits(t, string(data))
		}
	})
}

func checkSpans(t *testing.T, f *manifest.File, n *manifest.Node) {
	t.Helper()
	if n.Span.Start < 0 || n.Span.End < n.Span.Start || n.Span.End > len(f.Source) {
		t.Fatalf("span %v of %d bytes", n.Span, len(f.Source))
	}
	children := n.Items
	for _, p := range n.Pairs {
		children = append(children, p.Key, p.Value)
	}
	for _, c := range children {
		if c.Parent != n || c.Span.Start < n.Span.Start || c.Span.End > n.Span.End {
			t.Fatalf("%v is not inside %v: %q in %q", c.Span, n.Span, f.Text(c.Span), f.Text(n.Span))
		}
		checkSpans(t, f, c)
	}
	for i := 1; i < len(children); i++ {
		if children[i].Span.Start < children[i-1].Span.End {
			t.Fatalf("%v overlaps with %v in %q", children[i-1].Span, children[i].Span, f.Text(n.Span))
		}
	}
	// A quoted or one-line scalar's own text means the same alone.
	if text := f.Text(n.Span); n.Kind == manifest.Scalar && n.Style != manifest.Literal && n.Style != manifest.Folded &&
		text != "" && !strings.HasSuffix(text, ":") && text != "-" && text != "?" && !strings.ContainsAny(text, "\r\n") {
		g := manifest.Parse("", []byte("- "+text+"\n"))
		if n.Parent != nil && n.Parent.Style == manifest.Flow {
			g = manifest.Parse("", []byte("- ["+text+" ]\n"))
		}
		if len(g.Docs) != 1 {
			t.Fatalf("%q alone: %v", text, g.Errors)
		}
		alone := g.Docs[0].Root.Items[0]
		if alone.Kind == manifest.Sequence && len(alone.Items) == 1 {
			alone = alone.Items[0]
		}
		if alone.Value != n.Value {
			t.Fatalf("%q alone is %q, not %q", text, alone.Value, n.Value)
		}
	}
}

// What nobody would write ends with an error, and soon.
func TestLimits(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), ","))
	}
	merges := "a: &a {x: 1}\n"
	for c := 'b'; c < 'z'; c++ {
		merges += fmt.Sprintf("%c: &%c {<<: [*%c, *%c, *%c]}\n", c, c, c-1, c-1, c-1)
	}
	for name, source := range map[string]string{
		"aliases": bomb, "merges": merges, "brackets": strings.Repeat("[", 100_000), "braces": strings.Repeat("{a: ", 100_000),
		"dashes": strings.Repeat("- ", 100_000), "questions": strings.Repeat("? ", 100_000), "nodes": strings.Repeat("- \n", 600_000),
		"long alias": "a: &a " + strings.Repeat("x", 1_000_000) + "\nb: [" + strings.Repeat("*a,", 1000) + "]\n",
	} {
		f := manifest.Parse("x.yaml", []byte(source))
		if len(f.Errors) != 1 || len(f.Docs) != 0 {
			t.Errorf("%s: got %d documents and %v", name, len(f.Docs), f.Errors)
		}
	}
}

func TestOtherDocumentsAreGiven(t *testing.T) {
	f := manifest.Parse("x.yaml", []byte("a: 1\n---\nb: [1\n---\nc: 3\n---\nd: \"x\n---\ne: 5\n"))
	var got []string
	for _, d := range f.Docs {
		got = append(got, f.Text(d.Root.Span))
	}
	if strings.Join(got, "|") != "a: 1|c: 3|e: 5" || len(f.Errors) != 2 || f.Errors[0].Line != 3 || f.Errors[0].Col != 4 || f.Errors[1].Line != 7 {
		t.Errorf("got %q, %v", got, f.Errors)
	}
}

func BenchmarkParse(b *testing.B) {
	source := []byte(strings.Repeat(pod+"---\n", 20))
	b.SetBytes(int64(len(source)))
	b.ReportAllocs()
	for b.Loop() {
		if f := manifest.Parse("x.yaml", source); len(f.Docs) != 20 {
			b.Fatal(f.Errors)
		}
	}
}
