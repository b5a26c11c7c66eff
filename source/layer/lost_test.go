package layer_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source/layer"
)

func TestLost(t *testing.T) {
	im := testimage.Parse(t, `-- LAYER: a --
-- etc/kept --
kept
-- etc/replaced --
first
-- dir/one --
one
-- dir/sub/two --
two
-- bin/tool --
tool
-- bin/link => bin/tool --
-- empty --
-- LAYER: b --
-- etc/replaced --
second
-- .wh.dir --
-- bin/.wh.tool --
-- .wh.empty --
-- LAYER: c --
-- etc/replaced --
third
-- etc/.wh.gone --
-- dir/one --
again
-- LAYER: d --
-- dir --
a file now
`)
	f, err := layer.Read(t.Context(), blobs(im), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var got []string
	for _, l := range f.Lost() {
		got = append(got, fmt.Sprintf("%s: %d bytes of layer %d, by %d, deleted %v", l.Path, l.Size, l.Layer, l.By, l.Deleted))
	}
	want := []string{
		"etc/replaced: 6 bytes of layer 0, by 1, deleted false",
		"dir/sub/two: 4 bytes of layer 0, by 1, deleted true",
		"dir/one: 4 bytes of layer 0, by 1, deleted true",
		"etc/replaced: 7 bytes of layer 1, by 2, deleted false",
		"dir/one: 6 bytes of layer 2, by 3, deleted true",
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}
