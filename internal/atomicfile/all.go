package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Change is new content for a file that is there.
type Change struct {
	Name     string
	Perm     fs.FileMode
	Old, New []byte
}

// ErrChanged is returned by Replace for a file that somebody else has written
// to in the meantime.
var ErrChanged = errors.New("it has changed since it was read")

// Replace writes all changes or none: new files are written beside the old
// ones, then every one takes its place, and when that fails for one those
// before it get their old content back. A file that does not hold Old any more
// is left alone, and so are then all others. A crash in between leaves every
// file whole, old or new.
func Replace(changes []Change) (err error) {
	staged := make([]string, len(changes))
	defer func() {
		for _, name := range staged {
			if name != "" {
				err = errors.Join(err, os.Remove(name))
			}
		}
	}()
	for i, c := range changes {
		if err := unchanged(c); err != nil {
			return fmt.Errorf("write %s: %w", c.Name, err)
		}
		name, err := stage(c)
		if err != nil {
			return fmt.Errorf("write %s: %w", c.Name, err)
		}
		staged[i] = name
	}
	for i, c := range changes {
		err := unchanged(c)
		if err == nil {
			err = os.Rename(staged[i], c.Name)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("write %s: %w", c.Name, err), restore(changes[:i]))
		}
		staged[i] = ""
		syncDir(filepath.Dir(c.Name))
	}
	return nil
}

func unchanged(c Change) error {
	f, err := os.Open(c.Name)
	if err != nil {
		return err
	}
	now, err := io.ReadAll(io.LimitReader(f, int64(len(c.Old))+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if !bytes.Equal(now, c.Old) {
		return ErrChanged
	}
	return nil
}

// stage writes the new content beside the file.
func stage(c Change) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(c.Name), "."+filepath.Base(c.Name)+".*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(c.New)
	err = errors.Join(err, f.Chmod(c.Perm), f.Sync(), f.Close())
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// restore gives files their old content back.
func restore(changes []Change) error {
	var errs []error
	for _, c := range changes {
		errs = append(errs, WriteBytes(c.Name, c.Perm, c.Old))
	}
	return errors.Join(errs...)
}
