package remedy_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/remedy"
)

// texts are files of which "b" lacks what "a" asks for; a file that holds
// "bad" breaks, and so does the other one when it holds "worse".
type texts map[string]string

func (x texts) read(name string) ([]byte, bool) {
	content, ok := x[name]
	return []byte(content), ok
}

func (x texts) check(changed map[string][]byte) ([]boltseal.Finding, error) {
	now := map[string]string{}
	maps.Copy(now, x)
	for name, content := range changed {
		now[name] = string(content)
	}
	var out []boltseal.Finding
	add := func(file, check string, edits ...boltseal.Edit) {
		f := boltseal.Finding{Check: check, Location: boltseal.Location{File: file}}
		if len(edits) > 0 {
			f.Fixes = []boltseal.Fix{{Title: check, Safe: true, Edits: edits}}
		}
		f.Seal()
		out = append(out, f)
	}
	end := func(file, text string) boltseal.Edit {
		at := len(now[file])
		return boltseal.Edit{File: file, Span: boltseal.Span{Start: at, End: at}, New: text}
	}
	for _, name := range []string{"a", "b"} {
		content := now[name]
		if strings.Contains(content, "asks") && !strings.Contains(now["b"], "answer") {
			add("b", "x/answer", end("b", " answer"))
		}
		if strings.Contains(content, "tempts") && !strings.Contains(content, "bad") {
			add(name, "x/tempted", end(name, " bad"))
		}
		if strings.Contains(content, "spoils") && !strings.Contains(content, "worse") {
			add(name, "x/spoiled", end(name, " worse"))
		}
		if strings.Contains(content, "bad") || strings.Contains(now["a"]+now["b"], "worse") && !strings.Contains(content, "worse") {
			add(name, "x/syntax")
		}
	}
	return out, nil
}

func TestApplyAll(t *testing.T) {
	for _, c := range []struct {
		name string
		in   texts
		want texts // of what was fixed
	}{
		{"what another file asks for", texts{"a": "asks", "b": ""}, texts{"b": " answer"}},
		{"a fix that breaks its file is left alone, the other is made", texts{"a": "asks tempts", "b": ""}, texts{"b": " answer"}},
		{"a fix that breaks another file is left alone", texts{"a": "spoils", "b": ""}, texts{}},
		{"and the others are made", texts{"a": "spoils asks", "b": ""}, texts{"b": " answer"}},
		{"nothing to fix", texts{"a": "", "b": ""}, texts{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			done, gaps, err := remedy.ApplyAll(c.in.read, c.in.check, nil)
			if err != nil || len(gaps) > 0 || len(done) != len(c.want) {
				t.Fatalf("got %v, %v, %v, want %v", done, gaps, err, c.want)
			}
			for name, want := range c.want {
				if string(done[name].Content) != want || len(done[name].Fixed) != 1 {
					t.Errorf("%s: got %q with %d fixed, want %q", name, done[name].Content, len(done[name].Fixed), want)
				}
			}
		})
	}
}

func TestApplyAllTellsWhatFails(t *testing.T) {
	boom := errors.New("boom")
	x := texts{"a": "asks", "b": ""}
	calls := 0
	_, _, err := remedy.ApplyAll(x.read, func(changed map[string][]byte) ([]boltseal.Finding, error) {
		if calls++; calls > 1 {
			return nil, boom
		}
		return x.check(changed)
	}, nil)
	if !errors.Is(err, boom) {
		t.Errorf("got %v, want %v", err, boom)
	}
}
