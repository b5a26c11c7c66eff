package manifest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/syntax/manifest"
)

func TestObjects(t *testing.T) {
	f := manifest.Parse("x.yaml", []byte(`apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: a, namespace: n}
- apiVersion: v1
  kind: PodList
  items:
  - metadata: {name: b}
---
kind: Pod
apiVersion: v1
metadata: {generateName: c-}
---
just: data
---
apiVersion: batch/v1
kind: List
items: []
---
- apiVersion: v1
  kind: Pod
`))
	var got []string
	for _, o := range f.Objects() {
		got = append(got, strings.Join([]string{o.APIVersion, o.Kind, o.Namespace, o.Name, o.Node.Path()}, "|"))
	}
	want := []string{"v1|ConfigMap|n|a|items[0]", "v1|Pod||b|items[1].items[0]", "v1|Pod||c-|"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		name, content string
		want          manifest.Kind
	}{
		{"a.yaml", "apiVersion: v1\nkind: Pod\n", manifest.Kubernetes},
		{"a.json", `{"kind": "Pod", "apiVersion": "v1"}`, manifest.Kubernetes},
		{"a.yaml", "x: y\n---\napiVersion: v1\nkind: Pod\n", manifest.Kubernetes},
		{"a.yaml", "services:\n  a:\n    image: x\n", manifest.Compose},
		{"compose.yaml", "services:\n  a:\n    environment: [A]\n", manifest.Compose},
		{"a.yaml", "services:\n  a:\n    port: 1\n", manifest.Unknown},
		{"a.yaml", "on: push\njobs: {}\n", manifest.Workflow},
		{"a.yaml", "'on': push\njobs: {a: b}\n", manifest.Workflow},
		{"a.yaml", "jobs: {a: b}\n", manifest.Unknown},
		{"action.yml", "runs:\n  using: composite\n", manifest.Action},
		{"a.json", `{"defaultAction": "SCMP_ACT_ERRNO"}`, manifest.Seccomp},
		{"a.yaml", "- rule: x\n  condition: y\n", manifest.Falco},
		{"a.yaml", "- list: x\n  items: [y]\n", manifest.Falco},
		{"a.yaml", "- a\n- b\n", manifest.Unknown},
		{"kustomization.yaml", "resources: [a]\n", manifest.Kustomization},
		{"a.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", manifest.Kustomization},
		{"x/Chart.yaml", "apiVersion: v2\nname: x\n", manifest.Chart},
		{"x/templates/a.yaml", "apiVersion: v1\nkind: Pod\nname: \"{{ .x }}\"\n", manifest.Template},
		{"a.yaml", "apiVersion: v1\nkind: Pod\n{{- if .x }}\na: b\n{{- end }}\n", manifest.Template},
		{"a.yaml", "apiVersion: v1\nkind: Pod\nimage: {{ .Values.image }}\n", manifest.Template},
		{"a.yaml", "apiVersion: v1\nkind: ConfigMap\ndata:\n  x: '{{ $labels.pod }}'\n", manifest.Kubernetes},
		{"a.yaml", "openapi: 3.0.0\n", manifest.Unknown},
		{"a.yaml", "", manifest.Unknown},
	} {
		if got := manifest.Classify(c.name, []byte(c.content)); got != c.want {
			t.Errorf("%s %q: got %q, want %q", c.name, c.content, got, c.want)
		}
	}
}

func TestGetAndEntries(t *testing.T) {
	f := manifest.Parse("x.yaml", []byte(`base: &base {x: 1, y: 2}
more: &more
  <<: *base
  z: 3
use:
  <<: [*more, {x: 9, w: 4}]
  y: 7
list: [a, *base]
`))
	root := f.Docs[0].Root
	for path, want := range map[string]string{
		"use x": "1", "use y": "7", "use z": "3", "use w": "4", "list 0": "a", "list 1 y": "2", "use nothing": "", "list 7": "", "use x y": "",
	} {
		if got := root.Get(strings.Fields(path)...).Str(); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	var got []string
	for key, value := range root.Get("use").Entries() {
		got = append(got, key.Value+"="+value.Value)
	}
	if diff := cmp.Diff([]string{"y=7", "z=3", "x=1", "w=4"}, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	var nobody *manifest.Node
	if nobody.Get("x") != nil || nobody.Str() != "" || !nobody.IsNull() || nobody.Path() != "" || nobody.KeyOf() != nil {
		t.Error("a nil node is something")
	}
	if got := root.Get("list", "0").Path(); got != "list[0]" {
		t.Errorf("got %q", got)
	}
}

func TestScalars(t *testing.T) {
	f := manifest.Parse("x.yaml", []byte("apiVersion: v1\na: yes\nb: \"off\"\nc: 0644\nd: 1_000\ne: text\nf: ~\ng:\nh: 0x10\n"))
	root := f.Docs[0].Root
	for key, want := range map[string]bool{"a": true, "b": false} {
		if got, ok := root.Get(key).Bool(); !ok || got != want {
			t.Errorf("%s: got %v, %v", key, got, ok)
		}
	}
	for key, want := range map[string]int64{"c": 420, "d": 1000, "h": 16} {
		if got, ok := root.Get(key).Int(); !ok || got != want {
			t.Errorf("%s: got %d, %v", key, got, ok)
		}
	}
	if _, ok := root.Get("e").Int(); ok || !root.Get("f").IsNull() || !root.Get("g").IsNull() || root.Get("e").IsNull() {
		t.Error("e is a text, f and g are null")
	}
	// kubectl reads YAML 1.1's booleans, and names of fields exactly.
	var v struct {
		A bool   `json:"a"`
		C int    `json:"c"`
		E string `json:"e"`
		H int    `json:"h"`
		B string `json:"b"`
		F *int   `json:"f"`
	}
	if err := root.Decode(&v); err != nil || !v.A || v.C != 420 || v.E != "text" || v.B != "off" || v.F != nil || v.H != 16 {
		t.Errorf("got %+v, %v", v, err)
	}
	if err := root.Get("e").Decode(new(int)); err == nil {
		t.Error("a text is no number")
	}
}

func TestComments(t *testing.T) {
	f := manifest.Parse("x.yaml", []byte("# one\n\n# two\n# three\na: b # four\nc: \"# no\"\nd:\n  # five\n  - e # six\n  - f\n"))
	var all []string
	for c := range f.Comments() {
		all = append(all, c.Text)
	}
	if diff := cmp.Diff([]string{"one", "two", "three", "four", "five", "six"}, all); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	for path, want := range map[string]string{"a": "two three four", "c": "", "d 0": "five six", "d 1": ""} {
		var got []string
		for _, c := range f.About(f.Docs[0].Root.Get(strings.Fields(path)...).Span) {
			got = append(got, c.Text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

func TestErrorsHavePlaces(t *testing.T) {
	for source, want := range map[string]string{
		"a: [b\n":               "line 1 column 4: the bracket that opens here is never closed",
		"a: b\n c: d\n":         "line 2 column 3: a key must stand on one line",
		"é: \"x\n":              "line 1 column 5: the quote that opens here is never closed",
		"a:\n\tb: c\n":          "line 2 column 1: a tab in the indentation, where only spaces may be",
		"a: 1\nb: 2\na: 3\n":    "line 3 column 1: the key \"a\" stands in this mapping twice",
		"a: *b\n":               "line 1 column 4: no anchor &b stands before this alias",
		"a: b\xff\n":            "line 1 column 5: the file is not valid UTF-8",
		"a:\r\n  - b\r\n c\r\n": "line 3 column 2: the indentation fits no line above",
		"a: b: c\n":             "line 1 column 5: a mapping cannot begin on the line of another key",
	} {
		f := manifest.Parse("x.yaml", []byte(source))
		if len(f.Errors) != 1 || f.Errors[0].Error() != want {
			t.Errorf("%q: got %v, want %s", source, f.Errors, want)
		}
	}
}

func TestAliasesAreNotEditedThrough(t *testing.T) {
	f := manifest.Parse("x.yaml", []byte("a: &a {b: c}\nd: *a\n"))
	if _, err := f.Set(f.Docs[0].Root, "x", "d", "b"); err == nil {
		t.Error("the value of a would change too")
	}
	e, err := f.Set(f.Docs[0].Root, "x", "d")
	if err != nil || apply(string(f.Source), e) != "a: &a {b: c}\nd: x\n" {
		t.Errorf("got %+v, %v", e, err)
	}
	if _, err := f.Remove(f.Docs[0].Root, "nothing"); err == nil {
		t.Error("nothing was removed")
	}
	if e, err := f.Set(f.Docs[0].Root, "c", "a", "b"); err != nil || e.New != "" || e.Span.Start != e.Span.End {
		t.Errorf("what is so already is edited: %+v, %v", e, err)
	}
}
