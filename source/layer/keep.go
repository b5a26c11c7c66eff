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

// scratchSize is how large a file may be to be judged in memory before it is
// kept. Larger ones go to the spool, and what is not wanted there is written
// over.
const scratchSize = 1 << 20

// keeper decides about the content of one layer's files and keeps it. It is
// for one goroutine.
type keeper struct {
	rd      *reading
	layer   int
	arena   arena
	scratch []byte
	spare   region // of the spool: somebody's that was not wanted in the end
}

// take deals with the content of the entry that r is at: path is its name
// and choice what is to become of it.
func (k *keeper) take(r *safetar.Reader, h *safetar.Header, path string, choice Choice) (content, error) {
	var sink io.WriteCloser
	if k.rd.opts.Stream != nil {
		sink = k.rd.opts.Stream(k.layer, path, h.Size)
	}
	kept, asked := notKept, false
	if choice == Sniff && k.rd.opts.Sniff != nil {
		head, err := r.Peek(headSize)
		if err != nil {
			return notKept, errors.Join(fmt.Errorf("%s: %w", path, err), closeSink(sink))
		}
		if choice = Keep; !k.rd.opts.Sniff(path, head) {
			choice, kept = Skip, sniffedNo
		}
		asked = choice == Keep && k.rd.opts.Accept != nil
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
	kept, err := k.copy(r, h, path, kept, choice, asked, sink)
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
// it returns when the content is not to be kept, and with ask Options.Accept
// has the last word on that.
func (k *keeper) copy(r *safetar.Reader, h *safetar.Header, path string, kept content, choice Choice, ask bool, sink io.Writer) (content, error) {
	var to destination
	switch {
	case choice == Skip:
	case k.rd.plain[k.layer] && !h.Sparse: // it can be read where it is
		it := item{at: k.rd.blobs[k.layer].At, off: h.Offset, size: h.Size}
		if choice = Skip; ask && !k.accepts(path, &it) {
			kept = sniffedNo
			break
		}
		kept = k.rd.store.add(it)
	default:
		var err error
		to, err = k.destination(h.Size, ask)
		if _, full := errors.AsType[*limit.Error](err); full {
			k.rd.gaps.limit(path, k.layer, err)
			choice, kept = Skip, refused
			break
		}
		if err != nil {
			return notKept, err
		}
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
			if err := to.write(at, p, h.Sparse); err != nil {
				return notKept, err
			}
		}
		if sink != nil {
			if _, err := sink.Write(p); err != nil {
				return notKept, err
			}
			if d, ok := sink.(interface{ Done() bool }); ok && d.Done() {
				if sink = nil; choice == Skip {
					return kept, nil
				}
			}
		}
		at += int64(len(p))
	}
	if choice != Keep {
		return kept, nil
	}
	if ask && !k.accepts(path, &to.item) {
		k.reject(&to)
		return sniffedNo, nil
	}
	return k.settle(path, &to)
}

// accepts asks Options.Accept about a whole file.
func (k *keeper) accepts(path string, it *item) bool {
	return k.rd.opts.Accept(path, it.section(), it.size)
}

// destination is where a file's bytes go while they pass.
type destination struct {
	item
	spool   *os.File // nil: they go to item.data
	scratch bool     // item.data is only lent
	used    bool     // other bytes were there before
}

// destination finds room for a file. One that may not be wanted in the end
// gets room that can be had again.
func (k *keeper) destination(size int64, ask bool) (destination, error) {
	if ask && size <= scratchSize {
		if int64(len(k.scratch)) < size {
			k.scratch = make([]byte, min(scratchSize, 2*size))
		}
		return destination{item: item{data: k.scratch[:size], size: size}, scratch: true}, nil
	}
	if !ask && k.rd.store.inMemory(size) {
		return destination{item: item{data: k.arena.alloc(size), size: size}}, nil
	}
	if size <= k.spare.size {
		to := destination{item: item{at: k.spare.file, off: k.spare.off, size: size}, spool: k.spare.file, used: true}
		k.spare.off, k.spare.size = k.spare.off+size, k.spare.size-size
		return to, nil
	}
	file, off, err := k.rd.store.region(size)
	return destination{item: item{at: file, off: off, size: size}, spool: file}, err
}

// reject gives the room of a file back that is not wanted.
func (k *keeper) reject(to *destination) {
	switch {
	case to.scratch:
	case to.used && to.off+to.size == k.spare.off:
		k.spare.off, k.spare.size = to.off, k.spare.size+to.size
	case to.size > k.spare.size:
		k.spare = region{file: to.spool, off: to.off, size: to.size}
	}
}

// settle keeps the file for good.
func (k *keeper) settle(path string, to *destination) (content, error) {
	if !to.scratch {
		return k.rd.store.add(to.item), nil
	}
	final, err := k.destination(to.size, false)
	if _, full := errors.AsType[*limit.Error](err); full {
		k.rd.gaps.limit(path, k.layer, err)
		return refused, nil
	}
	if err == nil {
		err = final.write(0, to.data, false)
	}
	if err != nil {
		return notKept, err
	}
	return k.rd.store.add(final.item), nil
}

// write puts a piece of content where the item is kept.
func (to *destination) write(at int64, p []byte, sparse bool) error {
	if to.spool == nil {
		copy(to.data[at:], p)
		return nil
	}
	if sparse && !to.used && zero(p) {
		return nil // the spool has holes, too
	}
	if _, err := to.spool.WriteAt(p, to.off+at); err != nil {
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
