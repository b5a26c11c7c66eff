package layer

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/internal/safetar"
)

// headSize is how much of a file Options.Sniff sees.
const headSize = 512

// keeper decides about the content of one layer's files and keeps it. It is
// for one goroutine.
type keeper struct {
	rd    *reading
	layer int
	arena arena
}

// take deals with the content of the entry that r is at: path is its name
// and choice what is to become of it.
func (k *keeper) take(r *safetar.Reader, h *safetar.Header, path string, choice Choice) (content, error) {
	var sink io.WriteCloser
	if k.rd.opts.Stream != nil {
		sink = k.rd.opts.Stream(k.layer, path, h.Size)
	}
	kept := notKept
	if choice == Sniff && k.rd.opts.Sniff != nil {
		head, err := r.Peek(headSize)
		if err != nil {
			return notKept, errors.Join(fmt.Errorf("%s: %w", path, err), closeSink(sink))
		}
		if choice = Keep; !k.rd.opts.Sniff(path, head) {
			choice, kept = Skip, sniffedNo
		}
	}
	if most := k.rd.opts.Limits.FileBytes; most > 0 && h.Size > most && (choice != Skip || sink != nil && h.Sparse) {
		k.rd.gaps.limit(path, k.layer, &limit.Error{What: "file", Max: most, Unit: "bytes", Flag: "--max-file-bytes"})
		if choice != Skip {
			choice, kept = Skip, refused
		}
		if h.Sparse && sink != nil {
			err := sink.Close()
			if sink = nil; err != nil {
				return kept, fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	if choice == Skip && sink == nil {
		return kept, nil
	}
	kept, err := k.copy(r, h, path, kept, choice, sink)
	if err = errors.Join(err, closeSink(sink)); err != nil {
		return notKept, fmt.Errorf("%s: %w", path, err)
	}
	return kept, nil
}

func closeSink(sink io.WriteCloser) error {
	if sink == nil {
		return nil
	}
	return sink.Close()
}

// copy reads the content to its end, or as far as it is needed. kept is what
// it returns when the content is not to be kept.
func (k *keeper) copy(r *safetar.Reader, h *safetar.Header, path string, kept content, choice Choice, sink io.Writer) (content, error) {
	var it item
	var spool *os.File
	switch {
	case choice == Skip:
	case k.rd.plain[k.layer] && !h.Sparse: // it can be read where it is
		it, choice = item{at: k.rd.blobs[k.layer].At, off: h.Offset, size: h.Size}, Skip
		kept = k.rd.store.add(it)
	case k.rd.store.inMemory(h.Size):
		it = item{data: k.arena.alloc(h.Size), size: h.Size}
	default:
		file, off, err := k.rd.store.region(h.Size)
		if _, full := errors.AsType[*limit.Error](err); full {
			k.rd.gaps.limit(path, k.layer, err)
			choice, kept = Skip, refused
			break
		}
		if err != nil {
			return notKept, err
		}
		it, spool = item{at: file, off: off, size: h.Size}, file
	}
	if choice == Skip && sink == nil {
		return kept, nil
	}
	for at := int64(0); ; {
		p, err := r.Piece()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return notKept, err
		}
		if h.Sparse {
			// Holes cost the image nothing, so they are counted here.
			if err := k.rd.count(int64(len(p)), 0, 0); err != nil {
				return notKept, err
			}
		}
		if choice == Keep {
			if err := write(&it, spool, at, p, h.Sparse); err != nil {
				return notKept, err
			}
		}
		if sink != nil {
			if _, err := sink.Write(p); err != nil {
				return notKept, err
			}
		}
		at += int64(len(p))
	}
	if choice == Keep {
		kept = k.rd.store.add(it)
	}
	return kept, nil
}

// write puts a piece of content where the item is kept.
func write(it *item, spool *os.File, at int64, p []byte, sparse bool) error {
	if spool == nil {
		copy(it.data[at:], p)
		return nil
	}
	if sparse && zero(p) {
		return nil // the spool has holes, too
	}
	if _, err := spool.WriteAt(p, it.off+at); err != nil {
		return fmt.Errorf("write a temporary file: %w", err)
	}
	return nil
}

func zero(p []byte) bool {
	for _, c := range p {
		if c != 0 {
			return false
		}
	}
	return true
}
