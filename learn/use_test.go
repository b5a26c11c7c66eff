package learn_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/learn"
)

func TestUsesAreAddedUp(t *testing.T) {
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	one := boltseal.ImageUse{Image: "web:1", Digest: "sha256:aa", Containers: 1, From: from, Until: from.Add(time.Minute), Files: []string{"/usr/bin/a", "/proc/self/x"}}
	two := one
	two.Until, two.Files = from.Add(time.Hour), []string{"/usr/lib/b.so"}
	u := learn.NewUses()
	u.Load([]boltseal.ImageUse{one})
	u.Load([]boltseal.ImageUse{two})
	data, err := u.Encode(from.Add(24 * time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	got, err := learn.DecodeUse(data)
	if err != nil {
		t.Fatal(err)
	}
	want := []boltseal.ImageUse{{Image: "web:1", Digest: "sha256:aa", Containers: 1, From: from, Until: from.Add(time.Hour), Files: []string{"/usr/bin/a", "/usr/lib/b.so"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !got[0].Long() || !got[0].Of(&boltseal.Artifact{ImageID: "sha256:aa"}) || got[0].Of(&boltseal.Artifact{Digest: "sha256:bb"}) {
		t.Errorf("%+v", got[0])
	}
	if _, err := learn.DecodeUse([]byte(`{"schema":"other"}`)); err == nil {
		t.Error("another schema was taken")
	}
}
