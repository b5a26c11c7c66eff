package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

var errNoStdin = errors.New("there is no standard input")

// openStdin opens what is piped in: an image archive or a bill of materials,
// compressed or not.
func (o *opener) openStdin(ctx context.Context) (*Subject, error) {
	in, head, err := o.stdin(ctx)
	if err != nil {
		return nil, err
	}
	in, head, err = o.inflate(ctx, in, head, "standard input")
	switch {
	case errors.Is(err, errPlainFile):
		return nil, errUnknown
	case err != nil:
		return nil, err
	case looksLikeTar(head):
		return o.openTar(ctx, in, "-", "docker-archive:FILE", selector{}, anyArchive)
	case looksLikeSBOM(head):
		return o.readSBOM(in, "-")
	}
	return nil, errUnknown
}

// stdin gives standard input with random access, and its beginning. A file
// that the shell opened is read where it is; a pipe is spooled.
func (o *opener) stdin(ctx context.Context) (archive, []byte, error) {
	if o.Stdin == nil {
		return archive{}, nil, errNoStdin
	}
	if f, ok := o.Stdin.(*os.File); ok {
		info, err := f.Stat()
		if err != nil {
			return archive{}, nil, fmt.Errorf("standard input: %w", err)
		}
		if info.Mode().IsRegular() {
			off, err := f.Seek(0, io.SeekCurrent)
			if err != nil {
				return archive{}, nil, fmt.Errorf("standard input: %w", err)
			}
			in := archive{io.NewSectionReader(f, off, info.Size()-off), info.Size() - off}
			head, err := beginning(in)
			return in, head, err
		}
	}
	// Look before anything is written to disk.
	head := make([]byte, sniffLength)
	n, err := io.ReadFull(&counted{ctx: ctx, r: o.Stdin, o: o, what: "standard input"}, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return archive{}, nil, fmt.Errorf("standard input: %w", err)
	}
	head = head[:n]
	if !looksLikeTar(head) && !looksLikeSBOM(head) && sniffCompression(head) == plain {
		return archive{}, nil, errUnknown
	}
	in, err := o.spool(ctx, io.MultiReader(bytes.NewReader(head), o.Stdin), "standard input")
	return in, head, err
}
