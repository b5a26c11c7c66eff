package manifest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

func apply(source string, e boltseal.Edit) string {
	return source[:e.Span.Start] + e.New + source[e.Span.End:]
}

// values are what the property test sets and appends.
var values = []any{
	"x", true, 7, "yes", "a: b", "#c", "", "two\nlines\n", "1.5", "é\"'\\",
	manifest.Fields{{"drop", []any{"ALL"}}}, []any{}, manifest.Fields{}, []any{"a", manifest.Fields{{"b", 1}, {"c", []any{"d"}}}}, nil,
}

// Whatever is set, appended or removed anywhere: the file reads as before
// but for what was asked, and nothing outside of the edit moved.
func TestEditsKeepTheRest(t *testing.T) {
	sources := append(slices.Clone(corpus), pod, podTight, podJSON, strings.ReplaceAll(pod, "\n", "\r\n"), compact)
	for _, source := range sources {
		checkEdits(t, source)
	}
}

func checkEdits(t *testing.T, source string) {
	t.Helper()
	f := manifest.Parse("x.yaml", []byte(source))
	if len(f.Errors) > 0 || strings.ContainsAny(source, "*!") || strings.Contains(source, "<<") {
		return
	}
	for _, d := range f.Docs {
		if _, err := d.Root.JSON(); err != nil {
			return
		}
	}
	for i, d := range f.Docs {
		walk(d.Root, func(n *manifest.Node) {
			for k, v := range values {
				if n.Kind == manifest.Mapping || n.IsNull() {
					checkEdit(t, f, i, n, fmt.Sprintf("set new.sub %d", k), func() (boltseal.Edit, error) { return f.Set(n, v, "new", "sub") },
						func(old any) any { return with(old, "new", map[string]any{"sub": plainValue(v)}) })
					checkEdit(t, f, i, n, fmt.Sprintf("set new %d", k), func() (boltseal.Edit, error) { return f.Set(n, v, "new") },
						func(old any) any { return with(old, "new", plainValue(v)) })
				}
				if n.Kind == manifest.Sequence || n.IsNull() {
					checkEdit(t, f, i, n, fmt.Sprintf("append %d", k), func() (boltseal.Edit, error) { return f.Append(n, v) },
						func(old any) any { list, _ := old.([]any); return append(slices.Clone(list), plainValue(v)) })
				}
				if n.Parent != nil {
					checkEdit(t, f, i, n, fmt.Sprintf("set %d", k), func() (boltseal.Edit, error) { return f.Set(n, v) },
						func(any) any { return plainValue(v) })
				}
			}
			if n.Parent != nil {
				checkEdit(t, f, i, n, "remove", func() (boltseal.Edit, error) { return f.Remove(n) }, func(any) any { return gone{} })
			}
		})
	}
}

type gone struct{}

func walk(n *manifest.Node, visit func(*manifest.Node)) {
	visit(n)
	for _, p := range n.Pairs {
		walk(p.Value, visit)
	}
	for _, it := range n.Items {
		walk(it, visit)
	}
}

func with(old any, key string, v any) any {
	m := map[string]any{}
	if o, ok := old.(map[string]any); ok {
		maps.Copy(m, o)
	}
	m[key] = v
	return m
}

func plainValue(v any) any {
	switch v := v.(type) {
	case manifest.Fields:
		m := map[string]any{}
		for _, f := range v {
			m[f.Name] = plainValue(f.Value)
		}
		return m
	case []any:
		out := []any{}
		for _, x := range v {
			out = append(out, plainValue(x))
		}
		return out
	case int:
		return float64(v)
	}
	return v
}

func checkEdit(t *testing.T, f *manifest.File, doc int, n *manifest.Node, what string, do func() (boltseal.Edit, error), change func(any) any) {
	t.Helper()
	source := string(f.Source)
	if t.Failed() {
		return
	}
	e, err := do()
	if err != nil && strings.Contains(err.Error(), "ends inside its last text") && !strings.HasSuffix(source, "\n") {
		return
	}
	if err != nil {
		t.Errorf("%s at %q of %q: %v", what, n.Path(), source, err)
		return
	}
	if e.Span.Start < 0 || e.Span.End < e.Span.Start || e.Span.End > len(source) {
		t.Errorf("%s at %q of %q: span %v", what, n.Path(), source, e.Span)
		return
	}
	after := apply(source, e)
	g := manifest.Parse("x.yaml", []byte(after))
	want := wanted(f, doc, n, change)
	got := meaning(g)
	if diff := cmp.Diff(want, got); diff != "" || len(g.Errors) > 0 {
		t.Errorf("%s at %q of\n%s\ngave\n%s\n%v want (-), got (+):\n%s", what, n.Path(), source, after, g.Errors, diff)
	}
	lost := 0
	for range f.Comments() {
		lost++
	}
	for range g.Comments() {
		lost--
	}
	inside := 0
	for c := range f.Comments() {
		if c.Span.Start >= n.Span.Start-len(n.Path())-20 && c.Span.Start <= n.Span.End+20 {
			inside++
		}
	}
	if lost > inside {
		t.Errorf("%s at %q of\n%s\ngave\n%s\nwhich lost %d comments", what, n.Path(), source, after, lost)
	}
}

// meaning is what the documents of a file say.
func meaning(f *manifest.File) []any {
	out := []any{}
	for _, d := range f.Docs {
		data, err := d.Root.JSON()
		if err != nil {
			out = append(out, err.Error())
			continue
		}
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			v = err.Error()
		}
		if v != nil {
			out = append(out, v)
		}
	}
	return out
}

// wanted is what the documents say after the change of one node.
func wanted(f *manifest.File, doc int, n *manifest.Node, change func(any) any) []any {
	out := []any{}
	for i, d := range f.Docs {
		v := mapped(d.Root, n, change)
		if i != doc {
			v = mapped(d.Root, nil, change)
		}
		if v != nil {
			out = append(out, v)
		}
	}
	return out
}

func mapped(at, n *manifest.Node, change func(any) any) any {
	var v any
	switch at.Kind {
	case manifest.Mapping:
		m := map[string]any{}
		for _, p := range at.Pairs {
			if x := mapped(p.Value, n, change); x != (gone{}) {
				m[p.Key.Value] = x
			}
		}
		v = m
	case manifest.Sequence:
		list := []any{}
		for _, it := range at.Items {
			if x := mapped(it, n, change); x != (gone{}) {
				list = append(list, x)
			}
		}
		v = list
	default:
		data, err := at.JSON()
		if err != nil {
			return err.Error()
		}
		_ = json.Unmarshal(data, &v)
	}
	if at == n {
		return change(v)
	}
	return v
}

const pod = `# A pod.
apiVersion: v1
kind: Pod
metadata:
    name: web   # its name
    labels: {app: web, "tier": 'front'}
spec:
    # the containers
    containers:
    - name: web
      image: nginx:latest # pinned later
      # may it write?
      securityContext: {}
      args: ["--port", "80"]
      command:
          - sh
          - -c
          - |
              echo "x: y"
              # no comment

              exit 0
    -   name: side
        image: 'busybox'
        env:
        - name: A
          value: "1"   # one

        - {name: B, value: two}
    hostPID: true

    volumes:
    # nothing here
    nodeSelector:
# at the end
`

const podTight = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    image: b\n    ports: []\n---\nkind: X\nlist:\n- - a\n  - b\n-\n  c: d\n-   e: f\n    g: >-\n      folded\n      text\n"

const compact = `{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"name":"a","image":"b"}],"x":{},"y":[]}}`

const podJSON = `{
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "x"},
	"spec": {
		"containers": [
			{
				"name": "a",
				"image": "b"
			}
		],
		"volumes": []
	}
}
`

// examples show the layout that edits give.
func TestEditLayout(t *testing.T) {
	for _, c := range []struct {
		source string
		do     func(*manifest.File, *manifest.Node) (boltseal.Edit, error)
		want   string
	}{
		{"a:\n    b: 1 # c\n# d\n", set(manifest.Fields{{"drop", []any{"ALL"}}}, "a", "caps"), "a:\n    b: 1 # c\n    caps:\n        drop:\n          - ALL\n# d\n"},
		{"l:\n- x\na:\n  b: 1\n", set([]any{"ALL"}, "a", "drop"), "l:\n- x\na:\n  b: 1\n  drop:\n  - ALL\n"},
		{"a: {}  # none\n", set(true, "a", "b"), "a:  # none\n  b: true\n"},
		{"a: 'x'\n", set("y", "a"), "a: 'y'\n"},
		{"a: \"x\" # c\n", set("y", "a"), "a: \"y\" # c\n"},
		{"a:\r\n  b: c\r\n", set("e", "a", "d"), "a:\r\n  b: c\r\n  d: e\r\n"},
		{"a: {b: c}\n", set("e", "a", "d"), "a: {b: c, d: e}\n"},
		{podJSON, set(manifest.Fields{{"runAsNonRoot", true}}, "spec", "securityContext"), strings.Replace(podJSON, "\"volumes\": []\n", "\"volumes\": [],\n\t\t\"securityContext\": {\n\t\t\t\"runAsNonRoot\": true\n\t\t}\n", 1)},
		{compact, set(true, "spec", "x", "y"), strings.Replace(compact, `"x":{}`, `"x":{"y": true}`, 1)},
		{"- a: b\n  c: d\n", remove("0", "a"), "- c: d\n"},
		{"a:\n  b: c # d\n  # e\n  f: g\n", remove("a", "b"), "a:\n  # e\n  f: g\n"},
		{"a:\n  b: c\n", remove("a", "b"), "a: {}\n"},
		{"a: [b, c]\n", appendTo("d", "a"), "a: [b, c, d]\n"},
		{"a: [\"b\"]\n", appendTo("d", "a"), "a: [\"b\", \"d\"]\n"},
		{"a:\n- b\n", appendTo(manifest.Fields{{"x", 1}, {"z", 2}}, "a"), "a:\n- b\n- x: 1\n  z: 2\n"},
		{"a: b", set("d", "c"), "a: b\nc: d"},
		{"a: b\n", set("on", "a"), "a: \"on\"\n"},
	} {
		f := manifest.Parse("x.yaml", []byte(c.source))
		e, err := c.do(f, f.Docs[0].Root)
		if err != nil {
			t.Errorf("%q: %v", c.source, err)
			continue
		}
		if diff := cmp.Diff(c.want, apply(c.source, e)); diff != "" {
			t.Errorf("%q: want (-), got (+):\n%s", c.source, diff)
		}
	}
}

type edit = func(*manifest.File, *manifest.Node) (boltseal.Edit, error)

func set(v any, path ...string) edit {
	return func(f *manifest.File, n *manifest.Node) (boltseal.Edit, error) { return f.Set(n, v, path...) }
}

func remove(path ...string) edit {
	return func(f *manifest.File, n *manifest.Node) (boltseal.Edit, error) { return f.Remove(n, path...) }
}

func appendTo(v any, path ...string) edit {
	return func(f *manifest.File, n *manifest.Node) (boltseal.Edit, error) { return f.Append(n, v, path...) }
}
