// Package cachedir keeps results of earlier runs in a folder, one file each,
// named by the hash of what they were made from. Any number of processes may
// use one folder at once without a lock: files appear whole, are never
// changed, and a lost one is only work done again.
package cachedir

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal/internal/atomicfile"
)

// Dir is a folder of results, bounded in size.
type Dir struct {
	path string
	max  int64
}

// suffix marks the files that are ours to delete.
const suffix = ".result"

// Open returns the cache in the folder path, which is made if need be. Once
// its files hold more than max bytes, those not used for longest are removed.
func Open(path string, max int64) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	return &Dir{path: path, max: max}, nil
}

func (d *Dir) file(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(d.path, hex.EncodeToString(sum[:])+suffix)
}

// Get returns what Put stored under key. A damaged file is a miss.
func (d *Dir) Get(key string) ([]byte, bool) {
	name := d.file(key)
	data, err := os.ReadFile(name)
	if err != nil || len(data) < sha256.Size {
		return nil, false
	}
	sum := sha256.Sum256(data[sha256.Size:])
	if !bytes.Equal(sum[:], data[:sha256.Size]) {
		return nil, false
	}
	// The time of use decides who is evicted; failing to note it is harmless.
	now := time.Now() //nolint:forbidigo // the file system's own clock is what eviction compares with
	_ = os.Chtimes(name, now, now)
	return data[sha256.Size:], true
}

// Put stores data under key.
func (d *Dir) Put(key string, data []byte) error {
	sum := sha256.Sum256(data)
	err := atomicfile.Write(d.file(key), 0o600, func(f *os.File) error {
		if _, err := f.Write(sum[:]); err != nil {
			return err
		}
		_, err := f.Write(data)
		return err
	})
	return errors.Join(err, d.evict())
}

// evict removes the files used longest ago until the rest fit. Files that
// another process removed meanwhile are as good as removed here.
func (d *Dir) evict() error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return fmt.Errorf("evict from cache: %w", err)
	}
	var infos []fs.FileInfo
	var total int64
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !strings.HasSuffix(entry.Name(), suffix) {
			continue
		}
		infos = append(infos, info)
		total += info.Size()
	}
	slices.SortFunc(infos, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, info := range infos {
		if total <= d.max {
			return nil
		}
		if err := os.Remove(filepath.Join(d.path, info.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("evict from cache: %w", err)
		}
		total -= info.Size()
	}
	return nil
}
