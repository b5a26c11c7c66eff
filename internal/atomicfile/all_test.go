package atomicfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/boltseal/boltseal/internal/atomicfile"
)

func TestReplaceWritesAllOrNone(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, second string)
		fails bool
	}{
		{name: "all is well", spoil: func(*testing.T, string) {}},
		{"somebody else wrote to one", func(t *testing.T, second string) {
			if err := os.WriteFile(second, []byte("theirs"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"one is gone", func(t *testing.T, second string) {
			if err := os.Remove(second); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"one has become a folder", func(t *testing.T, second string) {
			if err := errors.Join(os.Remove(second), os.Mkdir(second, 0o700)); err != nil {
				t.Fatal(err)
			}
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			var changes []atomicfile.Change
			for _, base := range []string{"a", "b"} {
				name := filepath.Join(dir, base)
				if err := os.WriteFile(name, []byte("old"), 0o640); err != nil {
					t.Fatal(err)
				}
				changes = append(changes, atomicfile.Change{Name: name, Perm: 0o640, Old: []byte("old"), New: []byte("new")})
			}
			c.spoil(t, changes[1].Name)
			err := atomicfile.Replace(changes)
			got, _ := os.ReadFile(changes[0].Name)
			want := "new"
			if c.fails {
				want = "old"
			}
			if (err != nil) != c.fails || string(got) != want {
				t.Errorf("got %q and %v", got, err)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
			if info, err := os.Stat(changes[0].Name); err != nil || info.Mode().Perm() != 0o640 {
				t.Errorf("got %v, %v", info.Mode(), err)
			}
		})
	}
}

// A failure behind the first file that took its place gives that one its old
// content back.
func TestReplaceTakesBack(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(name, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	change := atomicfile.Change{Name: name, Perm: 0o600, Old: []byte("old"), New: []byte("new")}
	if err := atomicfile.Replace([]atomicfile.Change{change, change}); !errors.Is(err, atomicfile.ErrChanged) {
		t.Errorf("got %v, want that it has changed", err)
	}
	if got, _ := os.ReadFile(name); string(got) != "old" {
		t.Errorf("got %q, want old", got)
	}
}
