//go:build unix

package advisory

import (
	"fmt"
	"os"
	"syscall"
)

// mapFile gives the bytes of a file without reading them, and what undoes it.
// The file may be renamed over or removed meanwhile: the mapping keeps it.
func mapFile(f *os.File, size int64) ([]byte, func() error, error) {
	if int64(int(size)) != size {
		return nil, nil, fmt.Errorf("map %d bytes: too large for this machine", size)
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, nil, fmt.Errorf("map: %w", err)
	}
	return data, func() error { return syscall.Munmap(data) }, nil
}
