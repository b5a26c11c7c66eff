package safetar

import (
	"errors"
	"fmt"
	"io"
)

// FromReader makes an input of any reader.
func FromReader(r io.Reader) Input {
	return &stream{r: r, buf: make([]byte, 64<<10)}
}

type stream struct {
	r   io.Reader
	buf []byte
}

func (s *stream) Next(int64) ([]byte, error) {
	n, err := io.ReadAtLeast(s.r, s.buf, 1)
	return s.buf[:n], err
}

func (s *stream) Skip(int64) (int64, error) { return 0, nil }

// Reads of an input with random access start small after a skip, since the
// next thing is a header and another skip, and grow while bytes are asked for
// in order.
const (
	minRead = 4 << 10
	maxRead = 128 << 10
)

// FromReaderAt makes an input of the size bytes of r that passes over bodies
// without reading them.
func FromReaderAt(r io.ReaderAt, size int64) Input {
	return &random{r: r, size: size, window: minRead}
}

type random struct {
	r      io.ReaderAt
	size   int64
	at     int64
	window int
	buf    []byte
}

func (s *random) Next(want int64) ([]byte, error) {
	if s.at >= s.size {
		return nil, io.EOF
	}
	n := min(max(int64(s.window), min(want, maxRead)), s.size-s.at)
	if int64(len(s.buf)) < n {
		s.buf = make([]byte, n)
	}
	s.window = min(2*s.window, maxRead)
	k, err := s.r.ReadAt(s.buf[:n], s.at)
	s.at += int64(k)
	if int64(k) == n {
		return s.buf[:n], nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = fmt.Errorf("%d bytes of %d are there: %w", s.at, s.size, io.ErrUnexpectedEOF)
	}
	return nil, err
}

func (s *random) Skip(n int64) (int64, error) {
	if n > s.size-s.at {
		return 0, io.ErrUnexpectedEOF
	}
	s.at += n
	s.window = minRead
	return n, nil
}
