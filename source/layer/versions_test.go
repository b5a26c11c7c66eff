package layer_test

import (
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source/layer"
)

// TestVersions asks for each layer's version of a database.
func TestVersions(t *testing.T) {
	for _, c := range []struct {
		name, image, ask string
		want             []string
	}{
		{"each layer", `
-- LAYER gzip --
-- db/list --
one
-- LAYER --
-- other --
x
-- LAYER zstd --
-- db/list --
two
-- LAYER --
-- db/list --
thrown away by the next entry
-- db/list --
three
`, "db/list", []string{"0 one", "2 two", "3 three"}},
		{"whiteout between", `
-- LAYER --
-- db/list --
one
-- LAYER --
-- db/.wh.list (noeol) --
-- LAYER --
-- db/list --
two
`, "db/list", []string{"2 two"}},
		{"opaque folder in the same layer", `
-- LAYER --
-- db/list --
one
-- LAYER --
-- db/.wh..wh..opq (noeol) --
-- db/list --
two
`, "db/list", []string{"1 two"}},
		{"through a link", `
-- LAYER --
-- db/list --
one
-- data -> db --
-- LAYER --
-- data/list --
two, by a name that nobody asked about
-- LAYER --
-- db/list --
three
`, "data/list", []string{"0 one", "1 not kept", "2 three"}},
		{"the last through a link", `
-- LAYER --
-- db/list --
one
-- data -> db --
-- LAYER --
-- data/list --
two
`, "db/list", []string{"0 one", "1 two"}},
		{"not asked for", "\n-- LAYER --\n-- db/other --\none\n-- LAYER --\n-- db/other --\ntwo\n", "db/other", nil},
		{"not there", "\n-- LAYER --\n-- db/other --\none\n", "db/list", nil},
	} {
		im := testimage.Parse(t, c.image)
		for kind, bs := range map[string][]layer.Blob{"stream": blobs(im), "in place": inPlace(im)} {
			f := read(t, bs, &layer.Options{
				Jobs: 2,
				Select: func(name string, _ int64, _ fs.FileMode) layer.Choice {
					if strings.HasPrefix(name, "db/") {
						return layer.Keep
					}
					return layer.Skip
				},
				Versions: func(name string) bool { return name == "db/list" },
			})
			var got []string
			for _, v := range f.Versions(c.ask) {
				text := "not kept"
				if v.Content != nil {
					data, err := io.ReadAll(v.Content)
					if err != nil {
						t.Fatal(err)
					}
					text = strings.TrimSpace(string(data))
				}
				got = append(got, fmt.Sprint(v.Layer, " ", text))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", c.name, kind, diff)
			}
		}
	}
}
