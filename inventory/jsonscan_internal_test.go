package inventory

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"
)

// FuzzJSONMembers compares with encoding/json on whatever that calls valid.
// The function is not exported.
func FuzzJSONMembers(f *testing.F) {
	for _, s := range []string{
		`{}`, ` { "a" : 1 , "b":[1,{"c":"}"}], "d":"\"", "e":null } `, `{"a":tru}`, `{"a":1}x`, `[1]`, `{"\u0061":"\n"}`, `{"a":1,}`, `{"a"`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !utf8.Valid(data) {
			return // invalid names are replaced in another way
		}
		got := map[string]json.RawMessage{}
		err := jsonMembers(data, func(name string, value json.RawMessage) { got[name] = value })
		var want map[string]json.RawMessage
		if json.Unmarshal(data, &want) != nil || want == nil {
			return // what is not looked at is not checked: an error is not owed
		}
		if err != nil || len(got) != len(want) {
			t.Fatalf("%q: %d members, want %d: %v", data, len(got), len(want), err)
		}
		for name, value := range want {
			if !bytes.Equal(bytes.TrimSpace(value), got[name]) {
				t.Errorf("%q: %q is %q, want %q", data, name, got[name], value)
			}
		}
	})
}
