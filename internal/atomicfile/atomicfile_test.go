package atomicfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/internal/atomicfile"
)

func TestOldContentStaysWhenWritingFails(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "x")
	if err := atomicfile.WriteBytes(name, 0o640, []byte("old")); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	err := atomicfile.Write(name, 0o600, func(f *os.File) error {
		if _, err := f.WriteString("half"); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("got %v, want %v", err, boom)
	}
	if got, _ := os.ReadFile(name); string(got) != "old" {
		t.Errorf("got %q, want old", got)
	}
	if err := atomicfile.Copy(name, 0o600, strings.NewReader("new")); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(name)
	info, err := os.Stat(name)
	if err != nil || string(got) != "new" || info.Mode().Perm() != 0o600 {
		t.Errorf("got %q, %v, %v", got, info.Mode(), err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if err := atomicfile.WriteBytes(filepath.Join(dir, "no", "x"), 0o600, nil); err == nil {
		t.Error("want an error for a folder that is not there")
	}
}

// A device, a pipe or a link that the user names is written to, and never
// replaced: as root, "-o json=/dev/null" must leave /dev/null a device.
func TestWhatIsNoRegularFileIsWrittenThrough(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := os.WriteFile(target, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("target", link); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	if err := atomicfile.WriteBytes(link, 0o600, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link became %v, %v", info.Mode(), err)
	}
	if got, _ := os.ReadFile(target); string(got) != "new" {
		t.Errorf("got %q behind the link, want new", got)
	}
	before, err := os.Stat(os.DevNull)
	if err != nil {
		t.Skipf("no null device: %v", err)
	}
	// A link in a folder of the test's own stands for the device: were it
	// replaced, only the link would be lost.
	null := filepath.Join(dir, "null")
	if err := os.Symlink(os.DevNull, null); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.WriteBytes(null, 0o644, []byte("x")); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(null)
	if err != nil || after.Mode() != before.Mode() || !os.SameFile(before, after) {
		t.Errorf("the null device became %v, %v", after.Mode(), err)
	}
}
