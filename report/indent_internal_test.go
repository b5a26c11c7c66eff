package report

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzIndent compares with encoding/json, as far as nothing is hostile; what
// is must be the same value all the same, with nothing hostile left.
func FuzzIndent(f *testing.F) {
	for _, s := range []string{
		`{}`, `[]`, `null`, `"x"`, `{"a":[],"b":{},"c":[1,-2.5e3,true,false,null,"\"\\"],"d":{"e":{"f":["ä","` + "\u202e\U000e0041\u007f" + `"]}}}`,
		`[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]`, `{"":""}`, `["\\","\\\"",""]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var compact, want, got bytes.Buffer
		if json.Compact(&compact, data) != nil {
			return
		}
		if err := json.Indent(&want, compact.Bytes(), "", "  "); err != nil {
			t.Fatal(err)
		}
		want.WriteByte('\n')
		if err := writeIndented(&got, compact.Bytes()); err != nil {
			t.Fatal(err)
		}
		hostile := bytes.ContainsFunc(compact.Bytes(), isHostile)
		if !hostile && !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Errorf("got  %q\nwant %q", got.Bytes(), want.Bytes())
		}
		if !hostile {
			return
		}
		var a, b any
		if json.Unmarshal(data, &a) != nil {
			return
		}
		if err := json.Unmarshal(got.Bytes(), &b); err != nil {
			t.Fatalf("%v: %q", err, got.Bytes())
		}
		one, errA := json.Marshal(a)
		two, errB := json.Marshal(b)
		if errA != nil || errB != nil || !bytes.Equal(one, two) {
			t.Errorf("another value: %q, want %q", two, one)
		}
	})
}

func BenchmarkIndent(b *testing.B) {
	data := bytes.Repeat([]byte(`{"purl":"pkg:npm/buffer-equal@1.0.1","licenses":["MIT"],"locations":[{"file":"srv/app/node_modules/buffer-equal/package.json"}]},`), 1000)
	data = append(append([]byte{'['}, data...), "{}]"...)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := writeIndented(discard{}, data); err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
