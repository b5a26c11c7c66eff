package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/internal/unxz"
)

// Ceilings on what a package may hold.
const (
	maxControl = 16 << 20
	maxData    = 8 << 30
	maxEntries = 500_000
)

// debFile is an opened Debian package (deb(5)).
type debFile struct {
	control map[string][]byte // the members of the control archive, by name
	entries []debEntry        // of the data archive, in its order
	data    *os.File          // the data archive, inflated
}

type debEntry struct {
	*tar.Header
	offset int64
}

// Close removes the inflated data.
func (d *debFile) Close() error {
	if d.data == nil {
		return nil
	}
	return errors.Join(d.data.Close(), os.Remove(d.data.Name()))
}

// readDeb opens a package. Its data is inflated into a temporary file.
func readDeb(r io.ReaderAt, size int64, temp string) (_ *debFile, err error) {
	d := &debFile{}
	defer func() {
		if err != nil {
			_ = d.Close()
		}
	}()
	members, err := arMembers(r, size)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		section := io.NewSectionReader(r, m.offset, m.size)
		switch {
		case strings.HasPrefix(m.name, "control.tar"):
			err = d.readControl(section, m.name)
		case strings.HasPrefix(m.name, "data.tar"):
			err = d.readData(section, m.name, temp)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
	}
	if d.control["control"] == nil || d.data == nil {
		return nil, errors.New("not a Debian package: it lacks control.tar or data.tar")
	}
	return d, nil
}

type arMember struct {
	name         string
	offset, size int64
}

// arMembers lists an ar archive (ar(5), the common format).
func arMembers(r io.ReaderAt, size int64) ([]arMember, error) {
	head := make([]byte, 60)
	if _, err := r.ReadAt(head[:8], 0); err != nil || string(head[:8]) != "!<arch>\n" {
		return nil, errors.New("not a Debian package")
	}
	var out []arMember
	for at := int64(8); at+60 <= size && len(out) < 16; {
		if _, err := r.ReadAt(head, at); err != nil {
			return nil, err
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(head[48:58])), 10, 64)
		if err != nil || n < 0 || n > size-at-60 || string(head[58:]) != "`\n" {
			return nil, errors.New("a damaged archive")
		}
		out = append(out, arMember{strings.TrimRight(strings.TrimSpace(string(head[:16])), "/"), at + 60, n})
		at += 60 + n + n%2
	}
	return out, nil
}

// inflated reads a member as its name says it is compressed.
func inflated(r io.Reader, name string) (io.Reader, func(), error) {
	switch path.Ext(name) {
	case ".xz":
		return unxz.NewReader(r), func() {}, nil
	case ".gz":
		z, err := gzip.NewReader(r)
		return z, func() {}, err
	case ".zst":
		z, err := zstd.NewReader(r, zstd.WithDecoderMaxMemory(256<<20), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	case ".tar":
		return r, func() {}, nil
	}
	return nil, nil, errors.New("compressed in a way that is not read")
}

func (d *debFile) readControl(r io.Reader, name string) error {
	z, done, err := inflated(r, name)
	if err != nil {
		return err
	}
	defer done()
	t := tar.NewReader(limit.Reader(z, maxControl, &limit.Error{What: name, Max: maxControl, Unit: "bytes"}))
	d.control = map[string][]byte{}
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if base := path.Clean(h.Name); h.Typeflag == tar.TypeReg && !strings.Contains(base, "/") {
			if d.control[base], err = io.ReadAll(t); err != nil {
				return err
			}
		}
	}
}

func (d *debFile) readData(r io.Reader, name, temp string) error {
	z, done, err := inflated(r, name)
	if err != nil {
		return err
	}
	defer done()
	if d.data, err = os.CreateTemp(temp, "boltseal-package-*"); err != nil {
		return err
	}
	if _, err := io.Copy(d.data, limit.Reader(z, maxData, &limit.Error{What: name, Max: maxData, Unit: "bytes"})); err != nil {
		return err
	}
	if _, err := d.data.Seek(0, io.SeekStart); err != nil {
		return err
	}
	at := &position{r: d.data}
	t := tar.NewReader(at)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(d.entries) >= maxEntries {
			return fmt.Errorf("more than %d entries", maxEntries)
		}
		d.entries = append(d.entries, debEntry{h, at.n})
	}
}

// position counts what was read, so that a body can be found again.
type position struct {
	r io.Reader
	n int64
}

func (p *position) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.n += int64(n)
	return n, err
}

// open gives an entry's content.
func (d *debFile) open(e *debEntry) (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(d.data, e.offset, e.Size)), nil
}

// conffiles lists the configuration files that a package says it has.
func (d *debFile) conffiles() map[string]bool {
	out := map[string]bool{}
	for line := range bytes.Lines(d.control["conffiles"]) {
		words := strings.Fields(string(line))
		if len(words) > 0 && strings.HasPrefix(words[len(words)-1], "/") {
			out[strings.TrimPrefix(path.Clean(words[len(words)-1]), "/")] = true
		}
	}
	return out
}
