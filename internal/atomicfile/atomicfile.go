// Package atomicfile writes files that are there whole or not at all: a crash
// at any moment leaves the old content.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write calls write with a new file beside name and, when that succeeds,
// flushes it to disk and renames it to name with the given permissions.
// On any error name keeps its old content and the new file is gone. A link is
// followed, and what is no regular file (a device, a pipe) is written to as it
// is, for there is nothing to keep whole.
func Write(name string, perm fs.FileMode, write func(*os.File) error) (err error) {
	if info, statErr := os.Stat(name); statErr == nil {
		if !info.Mode().IsRegular() {
			return through(name, write)
		}
		if target, linkErr := filepath.EvalSymlinks(name); linkErr == nil {
			name = target
		}
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreClosed(f.Close()), os.Remove(f.Name()))
		}
	}()
	if err := write(f); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := f.Chmod(perm); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	syncDir(filepath.Dir(name))
	return nil
}

// through writes to something that is not a regular file.
func through(name string, write func(*os.File) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// WriteBytes writes data as Write does.
func WriteBytes(name string, perm fs.FileMode, data []byte) error {
	return Write(name, perm, func(f *os.File) error {
		_, err := f.Write(data)
		return err
	})
}

// Copy writes what r gives as Write does.
func Copy(name string, perm fs.FileMode, r io.Reader) error {
	return Write(name, perm, func(f *os.File) error {
		_, err := io.Copy(f, r)
		return err
	})
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// syncDir makes the rename itself durable where the file system can; where
// it cannot, the content is whole all the same.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
