package layer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	"github.com/boltseal/boltseal/internal/limit"
)

// content numbers what a store holds. The special values are no content.
type content uint32

const (
	notKept   content = 0
	sniffedNo content = ^content(0)     // the first bytes were looked at and not wanted
	refused   content = ^content(0) - 1 // it was wanted; a gap says why it is not here
)

func (c content) kept() bool { return c != notKept && c < refused }

// store holds the bytes of kept files: small ones in memory, the rest in one
// temporary file, or where the image itself has them.
type store struct {
	limits limit.Limits
	parent string // of the temporary folder

	mu     sync.RWMutex
	items  []item
	memory int64 // bytes in memory
	spool  *os.File
	dir    string // the temporary folder, while it exists
	end    int64  // of the spool
	closed bool
}

// item is the bytes of one file.
type item struct {
	data []byte
	at   io.ReaderAt // when data is nil: size bytes of at from off
	off  int64
	size int64
}

// region is a part of the spool.
type region struct {
	file *os.File
	off  int64
	size int64
}

func (it *item) section() *io.SectionReader {
	if it.at == nil {
		return io.NewSectionReader(bytes.NewReader(it.data), 0, it.size)
	}
	return io.NewSectionReader(it.at, it.off, it.size)
}

// add puts an item that is whole into the store.
func (s *store) add(it item) content {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items = append(s.items, it)
	return content(len(s.items))
}

// get returns the item, or fs.ErrClosed.
func (s *store) get(c content) (item, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return item{}, fs.ErrClosed
	}
	return s.items[c-1], nil
}

// drop forgets every item that is not live.
func (s *store) drop(live func(content) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.items {
		if it := &s.items[i]; it.data != nil && !live(content(i+1)) {
			s.memory -= it.size
			it.data = nil
		}
	}
}

// inMemory says whether a file of this size is to be kept in memory, and
// counts it if so.
func (s *store) inMemory(size int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if max := s.limits.Memory; max > 0 && (size > max/4 || s.memory+size > max) {
		return false
	}
	s.memory += size
	return true
}

// region sets apart room for a file in the spool. It returns a [*limit.Error]
// when there is none.
func (s *store) region(size int64) (*os.File, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, 0, fs.ErrClosed
	}
	if max := s.limits.Spool; max > 0 && size > max-s.end {
		return nil, 0, &limit.Error{What: "temporary files", Max: max, Unit: "bytes", Flag: "--max-spool-bytes"}
	}
	if s.spool == nil {
		if err := s.create(); err != nil {
			return nil, 0, fmt.Errorf("make a temporary file: %w", err)
		}
	}
	off := s.end
	s.end += size
	return s.spool, off, nil
}

// create makes the spool. Where the system allows it, its name is gone at
// once, so that nothing stays behind however the program ends.
func (s *store) create() error {
	dir, err := os.MkdirTemp(s.parent, "boltseal-*")
	if err != nil {
		return err
	}
	s.dir = dir
	if s.spool, err = os.CreateTemp(dir, "layers-*"); err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	if os.RemoveAll(dir) == nil {
		s.dir = ""
	}
	return nil
}

// settle makes the spool as long as the regions in it: a sparse file may end
// in a hole that nobody wrote.
func (s *store) settle() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spool == nil || s.closed {
		return nil
	}
	if err := s.spool.Truncate(s.end); err != nil {
		return fmt.Errorf("write a temporary file: %w", err)
	}
	return nil
}

// close frees everything. Files that are open fail from then on.
func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed, s.items = true, nil
	var err error
	if s.spool != nil {
		err = s.spool.Close()
	}
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}

// arena hands out small pieces of larger blocks, so that thousands of small
// files do not become thousands of allocations, and starts with small blocks,
// so that one file in each of many layers does not keep many large ones. It
// is for one goroutine.
type arena struct {
	free  []byte
	block int
}

func (a *arena) alloc(n int64) []byte {
	if n > 8<<10 {
		return make([]byte, n)
	}
	if n > int64(len(a.free)) {
		a.block = min(max(2*a.block, 4<<10), 64<<10)
		a.free = make([]byte, max(a.block, int(n)))
	}
	b := a.free[:n:n]
	a.free = a.free[n:]
	return b
}
