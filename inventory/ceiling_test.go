package inventory_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/boltseal/boltseal/inventory"
)

// TestCeilings: a database of more packages or dependencies than any
// distribution has ends in a gap, and what was read until then is kept.
func TestCeilings(t *testing.T) {
	for _, test := range []struct {
		name, path, data string
		components       int
		want             string
	}{
		{
			"dpkg packages", "var/lib/dpkg/status", strings.Repeat("Package: a\nVersion: 1\n\n", 100_001), 1,
			"database of more than 100000 packages",
		},
		{
			"apk packages", "lib/apk/db/installed", strings.Repeat("P:a\nV:1\n\n", 100_001), 1,
			"database of more than 100000 packages",
		},
		{
			"dpkg dependencies", "var/lib/dpkg/status",
			strings.Repeat("Package: a\nVersion: 1\nDepends: "+strings.Repeat("a,", 400_000)+"\n\n", 6), 1,
			"packages with more than 2000000 dependencies in all",
		},
		{
			"apk dependencies", "lib/apk/db/installed",
			strings.Repeat("P:a\nV:1\nD:"+strings.Repeat("a ", 400_000)+"\n\n", 6), 1,
			"packages with more than 2000000 dependencies in all",
		},
		{
			"bad packages", "var/lib/dpkg/status", strings.Repeat("Package: a b\nVersion: 1\n\n", 1000), 0,
			"and more of the kind",
		},
		{
			"long os-release", "etc/os-release", "ID=debian\n" + strings.Repeat("#", 4<<20), 0,
			"file is longer than any of its kind",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := inventory.Read(t.Context(), fstest.MapFS{test.path: text(test.data)}, &inventory.Options{Image: true})
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Components) != test.components {
				t.Errorf("got %d components, want %d", len(got.Components), test.components)
			}
			all := strings.Join(lines(got), "\n")
			if !strings.Contains(all, ": "+test.want) || len(got.Gaps) > 21 {
				t.Errorf("got %d gaps, want one that says %q", len(got.Gaps), test.want)
			}
		})
	}
}
