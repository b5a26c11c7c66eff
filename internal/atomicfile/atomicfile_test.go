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
