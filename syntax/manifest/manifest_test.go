package manifest_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	yaml "go.yaml.in/yaml/v3"

	"github.com/boltseal/boltseal/syntax/manifest"
)

// corpus is read as another library reads it: the same values, and errors in
// the same files.
var corpus = []string{
	"a: b\n", "a:\n  b: c\n  d: e\nf: g\n", "- a\n- b\n", "a:\n- b\n- c\nd: e\n", "a:\n  - b: c\n    d: e\n  - f: g\n",
	"- - a\n  - b\n- c\n", "a: [b, c, {d: e}]\n", "a: {b: c, 'd': \"e\", f: [1, 2]}\n", "a: |\n  x\n   y\n\n  z\nb: c\n",
	"a: >\n  x\n  y\n\n  z\n   more\n  end\nb: c\n", "a: |-\n  x\n\nb: |+\n  y\n\nc: d\n", "a: |2\n    x\n   y\n", "a: 'it''s'\n", "a: \"x\\ny\\u00e9\\\"\"\n",
	"a: one\n  two\n\n  three\nb: c\n", "a: \"one\n  two\n\n  three\"\nb: 'x\n  y'\n", "a: &x {b: c}\nd: *x\n", "base: &b\n  x: 1\n  y: 2\nd:\n  <<: *b\n  y: 3\n",
	"a: &a {x: 1}\nb: &b {y: 2, x: 3}\nc:\n  <<: [*a, *b]\n  z: 4\n",
	"a: 1\n---\nb: 2\n...\n---\nc: 3\n", "# c\na: b # d\n# e\nf: g#h\n", "a:\nb:\n  c:\nd: ~\n", "\ufeffa: b\n", "a: b\r\nc:\r\n  - d\r\n  - e\r\n",
	"? a\n: b\n? c\n", "? - a\n  - b\n: x\n", "{\"a\": 1, \"b\": [true, null, 1.5e3, \"xy\"]}\n", "{\n\t\"a\": 1,\n\t\"b\": {\n\t\t\"c\": 2\n\t}\n}\n",
	"a: http://x:80/y\nb: x:y\nc: -1\nd: -x\ne: ?x\nf: :x\n", "a: 0644\nb: 0x1F\nc: 1_000\nd: .5\ne: 1e3\nf: +1\ng: 0o17\n", "é: ü\n日本:\n  - 語\n",
	"a: !!str 1\nc: !Ref x\n", "&a x: y\nz: *a\n", "a: &k\n  b: c\nd: &l\n- e\nf: *l\n", "--- |\n text\n", "--- a\n", "---\n# only a comment\n---\na: b\n",
	"a: [\n  b,\n  c,\n]\nd: {\n  e: f,\n}\n", "[a: b, c]\n", "{a, b: , c: d}\n", "a: \"b\" # c\nd: [e] # f\n", "a:   \n  b\n", "a: >-\n\n  x\n\n\n  y\n", "- |\n x\n- >\n y\n", "-\n  a: b\n-\n  - c\n",
	"a: x\n\n\n\nb: y\n", "a: |\n  #!/bin/sh\n  echo x\n", "a: '#x'\nb: x #y\nc: x#y\n", "key with spaces: value with spaces\n", "\"q\": 1\n'r': 2\n", "a: - b\n", "a: b: c\n", "a: b\n c: d\n", "a: [b\n", "a: \"b\n", "\ta: b\n", "a:\n\tb: c\n", "a: *nope\n", "- a\nb: c\n", "a: b\n- c\n", "a: {b: c}}\n", "a: ]\n", "a: @x\n", "a: `x`\n", "a: %x\n", "!!map\na: b\n", "&m\na: b\n", "a: !!seq\n- b\n",
	"a: \"x\\\n   y\"\n", "a: 'x  \n\n  y'\n", "a: |\n\n\n  x\n", "a: |\n", "a: |+\n\nb: c\n", "- a: b\n  c:\n  - d\n  e: f\n", "b: 1.2.3\nc: 12:30:45\nd: 1e\n", "a: .inf\n", "{}\n", "[]\n", "\n\n", "# c\n", "x\n", "x\ny\n", "a: {}\nb: []\n", "a:\n    b: 1\n  c: 2\n", "a: b\n---\n- c\n", "a: 'x' 'y'\n", "a: [b, c,]\n", "a: [,]\n", "? |\n  block key\n: - one\n  - two\n", "a: yes\nb: on\nc: \"true\"\n", "a: -\nb: --\n", "-a\n", "- -\n", "a: |1-\n  x\n", "a: >+\n  x\n\n", "a: >\n\n\n", "a: x  # y\n  z\n", "[a, [b, {c: d}], \"e\": f]\n", "a: {x: http://y/z, 'k':v}\n", "a: {\"k\":v,\"l\":[1]}\n",
	"a: |\n  x", "a: >\n  x\n  y", "a: |\n  x\n  \n    \n  y\n", "a: |\n  x\n # less\nb: c\n", "a: x\n# c\n\n# d\nb:\n  # e\n  c: d\n  # f\n- g\n", "a:\n  - b\n # c\n  - d\n", "a: \"\\x41\\u263a\\U0001F600\"\n", "a: \"\\q\"\n", "a: [a\n", "a: 'x\n---\ny'\n", "---\n---\n---\na: 1\n", "a: 1\n--- # c\nb: 2\n", "a: 1\n---\n{\"b\": 2}\n---\n[1, 2]\n", "a: &a\nb: *a\n",
	"- &x a\n- *x\n- {k: *x}\n", "a: \"tab\there\"\n", "a:\tb\n", "a: {b: c,\n d: e}\nf: g\n", "a:\n  {b: c}\n", "a:\n  [b]\n", "a:\n  \"b\"\n", "a:\n  |\n  b\n", "a: {b: [c, d: e]}\n", "x: {? a : b, ? c}\n", "a: b # é\nc: \"é\" # ü\n", "\"a\\tb\": c\n", "a: 1:2\n", "a: foo bar: baz\n", "a: foo\n bar: baz\n", "a: [x y, z w]\n", "a: [a b: c d]\n", "a:b\n", "a: b:\n", "a: ::\n", "a: ,b\n", "a: [b]c\n", "a: {b}\n", "a: {b, c}\n",
}

func TestOracle(t *testing.T) {
	for _, source := range corpus {
		compare(t, source)
	}
}

func compare(t *testing.T, source string) {
	t.Helper()
	f := manifest.Parse("x.yaml", []byte(source))
	got, broken := []string{}, len(f.Errors) > 0
	for _, d := range f.Docs {
		data, err := d.Root.JSON()
		if err != nil {
			broken = true
			continue
		}
		got = append(got, canonical(t, data))
	}
	want := []string{}
	dec := yaml.NewDecoder(strings.NewReader(source))
	for {
		var v any
		err := dec.Decode(&v)
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && v == nil {
			continue
		}
		var data []byte
		if err == nil {
			data, err = json.Marshal(v)
		}
		if err != nil {
			if !broken {
				t.Errorf("%q: got %q, another library says %v", source, got, err)
			}
			return
		}
		want = append(want, canonical(t, data))
	}
	if diff := cmp.Diff(want, got); diff != "" || broken {
		t.Errorf("%q: want (-), got (+):\n%s%v", source, diff, f.Errors)
	}
}

func canonical(t *testing.T, data []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Errorf("%s: %v", data, err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Error(err)
	}
	return string(out)
}
