package safetar

import (
	"errors"
	"fmt"
	"io"
)

// Piece gives the next piece of the current entry's content, valid until the
// next call of any method, and [io.EOF] after the last. Holes of sparse files
// come as zeros.
func (r *Reader) Piece() ([]byte, error) {
	if len(r.replay) > 0 {
		p := r.replay
		r.replay = nil
		return p, nil
	}
	if r.holes.on {
		return r.sparsePiece()
	}
	if r.left == 0 {
		return nil, io.EOF
	}
	return r.stored(r.left)
}

// stored consumes a piece of at most n stored bytes of the current body.
func (r *Reader) stored(n int64) ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	if len(r.buf) == 0 {
		if err := r.fill(n); err != nil {
			r.err = unexpected(err)
			return nil, r.err
		}
	}
	p := r.buf[:min(n, int64(len(r.buf)))]
	r.consume(len(p))
	r.left -= int64(len(p))
	return p, nil
}

// Peek gives the first n bytes of the content, or all of it when it is
// shorter, without consuming them. It must be called before [Reader.Piece],
// with at most 512.
func (r *Reader) Peek(n int) ([]byte, error) {
	if want := min(int64(n), r.left); !r.holes.on && r.replay == nil {
		if want == 0 {
			return nil, nil
		}
		if len(r.buf) == 0 {
			if err := r.fill(r.left); err != nil {
				r.err = unexpected(err)
				return nil, r.err
			}
		}
		if int64(len(r.buf)) >= want {
			return r.buf[:want], nil
		}
	}
	r.head = r.head[:0]
	for len(r.head) < n {
		p, err := r.Piece()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		r.head = append(r.head, p...)
	}
	r.replay = r.head
	return r.head[:min(n, len(r.head))], nil
}

// Read reads the content of the current entry.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	piece, err := r.Piece()
	if err != nil {
		return 0, err
	}
	n := copy(p, piece)
	if n < len(piece) {
		r.unread(piece[n:])
	}
	return n, nil
}

// unread gives a piece's rest back. The piece is still in memory that the
// reader holds, so it can be replayed as it is.
func (r *Reader) unread(rest []byte) { r.replay = rest }

// sparse is the state of reading a sparse file: the fragments that are stored
// and how far the content was given.
type sparse struct {
	on        bool
	fragments []Fragment
	next      int   // fragment that at is before or in
	at        int64 // in the content
}

// Fragment is a run of bytes of a sparse file that is stored.
type Fragment struct{ Offset, Length int64 }

// Fragments lists what is stored of the current entry if it is sparse, in
// order; the rest are zeros. The list is valid until the next entry.
func (r *Reader) Fragments() []Fragment {
	if !r.holes.on {
		return nil
	}
	return r.holes.fragments
}

// zeros is what holes are made of.
var zeros [64 << 10]byte

func (r *Reader) sparsePiece() ([]byte, error) {
	s := &r.holes
	for s.next < len(s.fragments) && s.at == s.fragments[s.next].Offset+s.fragments[s.next].Length {
		s.next++
	}
	end, hole := r.h.Size, true
	if s.next < len(s.fragments) {
		f := s.fragments[s.next]
		if end = f.Offset; s.at >= f.Offset {
			end, hole = f.Offset+f.Length, false
		}
	}
	if s.at == end {
		if r.left > 0 {
			return nil, fmt.Errorf("%w: %d bytes too many", ErrSparse, r.left)
		}
		return nil, io.EOF
	}
	if hole {
		n := min(end-s.at, int64(len(zeros)))
		s.at += n
		return zeros[:n:n], nil
	}
	if r.left == 0 {
		return nil, fmt.Errorf("%w: data is missing", ErrSparse)
	}
	p, err := r.stored(min(end-s.at, r.left))
	s.at += int64(len(p))
	return p, err
}
