package advisory

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// spoolMemory is how much of the compressed texts stays in memory.
const spoolMemory = 64 << 20

// spool holds the compressed blocks until their place in the database is
// known: in memory, and what is too much for that in a temporary file.
type spool struct {
	dir    string
	memory []byte
	file   *os.File
	size   uint64
	ends   []uint64
}

// add appends a block and returns its number.
func (s *spool) add(frame []byte) (uint64, error) {
	if s.file == nil && len(s.memory)+len(frame) > spoolMemory {
		f, err := os.CreateTemp(s.dir, ".boltseal-spool-*")
		if err != nil {
			return 0, fmt.Errorf("spool texts: %w", err)
		}
		// Where a file can be removed while it is open, nothing of it
		// outlives the program, however that ends.
		_ = os.Remove(f.Name())
		s.file = f
	}
	if s.file != nil {
		if _, err := s.file.Write(frame); err != nil {
			return 0, fmt.Errorf("spool texts: %w", err)
		}
	} else {
		s.memory = append(s.memory, frame...)
	}
	s.size += uint64(len(frame))
	s.ends = append(s.ends, s.size)
	return uint64(len(s.ends) - 1), nil
}

// WriteTo writes all blocks one behind the other.
func (s *spool) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(s.memory)
	if err != nil || s.file == nil {
		return int64(n), err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return int64(n), err
	}
	m, err := io.Copy(w, s.file)
	return int64(n) + m, err
}

// offsets are where the blocks end.
func (s *spool) offsets() []uint64 { return s.ends }

func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	name := s.file.Name()
	err := s.file.Close()
	if gone := os.Remove(name); gone != nil && !errors.Is(gone, os.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	s.file = nil
	return err
}
