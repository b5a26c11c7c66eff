package strictjson_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/internal/strictjson"
)

func TestCheck(t *testing.T) {
	for _, good := range []string{`{}`, `[]`, `null`, ` {"a":{"a":1},"b":[{"a":1},{"a":2}]} `, `"x"`, `1e999`} {
		if err := strictjson.Check([]byte(good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	deep := strings.Repeat("[", 200) + strings.Repeat("]", 200)
	for _, bad := range []string{
		``, `{`, `[1`, `{"a":1,"a":2}`, `{"a":1,"A":2}`, `{"x":{"b":1,"b":1}}`, `{} {}`, `{}x`, `{"a":}`, deep, `{"a"`, `[{"a":1}`,
	} {
		if err := strictjson.Check([]byte(bad)); err == nil {
			t.Errorf("%.40s: want an error", bad)
		}
	}
}

func TestUnmarshalKnownRefusesOtherNames(t *testing.T) {
	var v struct{ A int }
	if err := strictjson.UnmarshalKnown([]byte(`{"a":1}`), &v); err != nil || v.A != 1 {
		t.Errorf("got %v, %v", v, err)
	}
	if err := strictjson.UnmarshalKnown([]byte(`{"a":1,"b":2}`), &v); err == nil {
		t.Error("want an error for b")
	}
	if err := strictjson.Unmarshal([]byte(`{"a":3,"b":2}`), &v); err != nil || v.A != 3 {
		t.Errorf("got %v, %v", v, err)
	}
}

// What passes is JSON to the standard library as well.
func FuzzCheck(f *testing.F) {
	f.Add([]byte(`{"a":[1,2,{"b":null}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if strictjson.Check(data) == nil && !json.Valid(data) {
			t.Fatalf("%q passes and is not JSON", data)
		}
	})
}
