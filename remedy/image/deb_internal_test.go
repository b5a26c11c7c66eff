package image

import (
	"bytes"
	"testing"
)

// FuzzReadDeb holds that no package makes its reader panic, or claim what is
// not there.
func FuzzReadDeb(f *testing.F) {
	f.Add([]byte("!<arch>\ndebian-binary   0           0     0     100644  4         `\n2.0\n"))
	f.Add([]byte("!<arch>\ncontrol.tar     0           0     0     100644  0         `\ndata.tar.zst    0           0     0     100644  4         `\n\x28\xb5\x2f\xfd"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := readDeb(bytes.NewReader(data), int64(len(data)), t.TempDir())
		if err != nil {
			return
		}
		for n := range d.entries {
			if d.entries[n].Size < 0 {
				t.Errorf("entry of %d bytes", d.entries[n].Size)
			}
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}

// FuzzActs holds that no maintainer script makes its reader panic.
func FuzzActs(f *testing.F) {
	f.Add([]byte("#!/bin/sh\nset -e\ncase $1 in configure) x > /etc/y ;; esac\n"))
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = acts(data) })
}
