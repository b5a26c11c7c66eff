package remedy_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/docker"
	"github.com/boltseal/boltseal/remedy"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

func lint(source []byte) ([]boltseal.Finding, error) {
	return docker.Run(dockerfile.Parse("Dockerfile", source), docker.Rules(), nil), nil
}

// Over every Dockerfile of the rules' own tests: fixing twice changes no more
// than fixing once, comments stay, and the file still parses.
func TestFixesOverTheCorpus(t *testing.T) {
	names, err := filepath.Glob("../check/docker/testdata/*.Dockerfile")
	if err != nil || len(names) < 10 {
		t.Fatalf("got %d files, %v", len(names), err)
	}
	for _, name := range names {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, unsafe := range []bool{false, true} {
			opts := &remedy.Options{Unsafe: unsafe}
			once, err := remedy.Apply(source, lint, opts)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			twice, err := remedy.Apply(once.Content, lint, opts)
			if err != nil || !bytes.Equal(once.Content, twice.Content) {
				t.Errorf("%s: fixed twice: %v\n%s\nthen\n%s", name, err, once.Content, twice.Content)
			}
			before, after := dockerfile.Parse("", source), dockerfile.Parse("", once.Content)
			if len(after.Errors) > len(before.Errors) {
				t.Errorf("%s: after the fixes: %v", name, after.Errors)
			}
			if len(before.Stages) != len(after.Stages) {
				t.Errorf("%s: %d stages became %d", name, len(before.Stages), len(after.Stages))
			}
		}
	}
}

func TestEditsThatTouchWait(t *testing.T) {
	content := []byte("abc")
	calls := 0
	check := func(data []byte) ([]boltseal.Finding, error) {
		calls++
		var out []boltseal.Finding
		for _, word := range []string{"a", "ab"} {
			if i := strings.Index(string(data), word); i >= 0 {
				out = append(out, boltseal.Finding{Check: "x/" + word, Fixes: []boltseal.Fix{{Safe: true, Edits: []boltseal.Edit{
					{Span: boltseal.Span{Start: i, End: i + len(word)}, New: strings.ToUpper(word)},
				}}}})
			}
		}
		return out, nil
	}
	done, err := remedy.Apply(content, check, nil)
	if err != nil || string(done.Content) != "Abc" || len(done.Fixed) != 1 || len(done.Left) != 0 {
		t.Errorf("got %q, %+v, %v", done.Content, done, err)
	}
}

func TestUnsafeNeedsAsking(t *testing.T) {
	check := func(data []byte) ([]boltseal.Finding, error) {
		if string(data) != "x" {
			return nil, nil
		}
		return []boltseal.Finding{{Check: "x/x", Fixes: []boltseal.Fix{{Edits: []boltseal.Edit{{Span: boltseal.Span{Start: 0, End: 1}, New: "y"}}}}}}, nil
	}
	if done, _ := remedy.Apply([]byte("x"), check, nil); string(done.Content) != "x" || len(done.Left) != 1 {
		t.Errorf("got %q", done.Content)
	}
	if done, _ := remedy.Apply([]byte("x"), check, &remedy.Options{Unsafe: true}); string(done.Content) != "y" {
		t.Errorf("got %q", done.Content)
	}
}

func TestFixesThatBringThemselvesBackEnd(t *testing.T) {
	check := func(data []byte) ([]boltseal.Finding, error) {
		return []boltseal.Finding{{Check: "x/x", Fixes: []boltseal.Fix{{Safe: true, Edits: []boltseal.Edit{{New: "y"}}}}}}, nil
	}
	done, err := remedy.Apply([]byte("x"), check, nil)
	if err != nil || string(done.Content) != "x" {
		t.Errorf("got %q, %v", done.Content, err)
	}
}

func TestErrorsOfTheCheckKeepTheContent(t *testing.T) {
	boom := errors.New("boom")
	if _, err := remedy.Apply([]byte("x"), func([]byte) ([]boltseal.Finding, error) { return nil, boom }, nil); !errors.Is(err, boom) {
		t.Errorf("got %v", err)
	}
}

func FuzzApply(f *testing.F) {
	f.Add([]byte("FROM debian\nRUN sudo apt-get install curl\nCMD node x\n"))
	f.Add([]byte("from a\r\nadd . /x\r\nmaintainer x\r\n"))
	f.Fuzz(func(t *testing.T, source []byte) {
		done, err := remedy.Apply(source, lint, &remedy.Options{Unsafe: true})
		if err != nil {
			t.Fatal(err)
		}
		if before, after := dockerfile.Parse("", source), dockerfile.Parse("", done.Content); len(after.Errors) > len(before.Errors) {
			t.Fatalf("%q became %q: %v", source, done.Content, after.Errors)
		}
		if accepted(source) == nil {
			if err := accepted(done.Content); err != nil {
				t.Fatalf("%q became %q, which the builder refuses: %v", source, done.Content, err)
			}
		}
	})
}
