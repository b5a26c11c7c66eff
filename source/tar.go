package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/internal/safetar"
)

// tarFiles are the files of a tar: its headers are walked once, bodies are
// passed over, and afterwards each file is a section of the archive.
type tarFiles struct {
	archive
	entries map[string]tarEntry
}

type tarEntry struct {
	off, size int64
	link      string // of a link: the entry that it stands for
}

// maxOuter is how many entries an image archive may have: a few for each
// layer. Its layers have their own count.
const maxOuter = 100_000

var errManyEntries = fmt.Errorf("an image archive of more than %d files (rootfs:FILE reads a tar as a root file system)", maxOuter)

// indexTar walks the headers of an archive. Names are only ever compared, so
// none can lead anywhere; of two entries with one name the last counts, as
// for tools that unpack.
func (o *opener) indexTar(ctx context.Context, a archive) (*tarFiles, error) {
	t := &tarFiles{archive: a, entries: map[string]tarEntry{}}
	r := safetar.NewReader(safetar.FromReaderAt(a, a.size))
	for n := int64(1); ; n++ {
		if n > maxOuter {
			return nil, errManyEntries
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read tar: %w", err)
		}
		if max := o.Limits.PathLength; max > 0 && int64(len(h.Name)) > max {
			return nil, &limit.Error{What: "a name in the archive", Max: max, Unit: "bytes", Flag: "--max-path-length"}
		}
		name := cleanName(string(h.Name))
		switch {
		case h.Type == safetar.Symlink:
			// "../ID/layer.tar" is relative to the folder it stands in.
			link := string(h.Link)
			if !path.IsAbs(link) {
				link = path.Join("/", path.Dir(name), link)
			}
			t.entries[name] = tarEntry{link: cleanName(link)}
		case h.Type == safetar.HardLink:
			t.entries[name] = tarEntry{link: cleanName(string(h.Link))}
		case h.Sparse:
			return nil, fmt.Errorf("read tar: %q is sparse, which image archives do not know", clip(name, 100))
		case h.HasBody():
			t.entries[name] = tarEntry{off: h.Offset, size: h.Stored}
		}
	}
}

func cleanName(s string) string { return strings.TrimPrefix(path.Clean("/"+s), "/") }

// maxLinks is how many links in a row are followed.
const maxLinks = 16

// open finds a file, links followed.
func (t *tarFiles) open(name string) (archive, error) {
	name = cleanName(name)
	for range maxLinks {
		e, ok := t.entries[name]
		if !ok {
			return archive{}, &fs.PathError{Op: "open", Path: clip(name, 200), Err: fs.ErrNotExist}
		}
		if e.link == "" {
			if e.off+e.size > t.size {
				return archive{}, fmt.Errorf("%s: %w", clip(name, 200), io.ErrUnexpectedEOF)
			}
			return archive{io.NewSectionReader(t, e.off, e.size), e.size}, nil
		}
		name = e.link
	}
	return archive{}, fmt.Errorf("%s: more than %d links in a row", clip(name, 200), maxLinks)
}

func (t *tarFiles) has(name string) bool {
	_, err := t.open(name)
	return err == nil
}

// looksLikeTar tells whether the first bytes of a file are a tar header.
func looksLikeTar(head []byte) bool {
	if len(head) < 512 {
		return false
	}
	if magic := string(head[257:262]); magic == "ustar" {
		return true
	}
	// A V7 header has no magic but a checksum: the sum of all bytes, with
	// its own field taken for spaces.
	var sum, want int64
	for i, c := range head[:512] {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int64(c)
	}
	digits := strings.Trim(string(head[148:156]), " \x00")
	if digits == "" {
		return false
	}
	for _, c := range digits {
		if c < '0' || c > '7' {
			return false
		}
		want = want<<3 | int64(c-'0')
	}
	return sum == want
}
