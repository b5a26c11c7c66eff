//go:build !unix

package advisory

import (
	"fmt"
	"io"
	"os"
)

// mapFile reads the whole file where it cannot be mapped.
func mapFile(f *os.File, size int64) ([]byte, func() error, error) {
	if int64(int(size)) != size {
		return nil, nil, fmt.Errorf("read %d bytes: too large for this machine", size)
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, size), data); err != nil {
		return nil, nil, err
	}
	return data, func() error { return nil }, nil
}
