package layer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/safetar"
)

// stream is a layer on its way through three stages: a goroutine that reads
// and hashes the stored bytes, one that inflates them, and the caller's, which
// hashes and walks the tar. It is the walker's input.
type stream struct {
	rd     *reading
	stored atomic.Int64 // stored bytes that were read
	raw    int64        // inflated bytes that were given out
	in     *ahead
	digest *digester // of the inflated bytes; nil when the stored ones are the same
}

// Next implements [safetar.Input].
func (s *stream) Next(int64) ([]byte, error) {
	b, err := s.in.next()
	if err != nil {
		return nil, err
	}
	s.raw += int64(len(b))
	if err := s.rd.count(int64(len(b)), s.raw, s.stored.Load()); err != nil {
		return nil, err
	}
	if s.digest != nil {
		s.digest.write(b)
	}
	return b, nil
}

// Skip implements [safetar.Input]: every byte has to be hashed.
func (s *stream) Skip(int64) (int64, error) { return 0, nil }

// inflate reads a layer from its first stored byte to its last, and closes r.
func (rd *reading) inflate(ctx context.Context, i int, r io.ReadCloser, each visit) (boltseal.Layer, error) {
	blob := &rd.blobs[i]
	layer := boltseal.Layer{}
	storedDigest, err1 := newDigester(blob.Digest)
	rawDigest, err2 := newDigester(blob.DiffID)
	if err := errors.Join(err1, err2); err != nil {
		return layer, errors.Join(err, r.Close())
	}
	s := &stream{rd: rd, digest: rawDigest}
	bytes := newAhead(r, &rd.pool, func(b []byte) {
		storedDigest.write(b)
		s.stored.Add(int64(len(b)))
		if rd.opts.Progress != nil {
			rd.opts.Progress(int64(len(b)))
		}
	})
	s.in = bytes
	var decoded *decoded
	// Closing is what ends a read that hangs.
	unhook := context.AfterFunc(ctx, func() { _ = r.Close() })
	defer func() {
		unhook()
		s.in.stop()
		bytes.stop()
		_ = r.Close()
		s.in.wait(&rd.pool)
		bytes.wait(&rd.pool)
		decoded.done()
	}()

	head, err := bytes.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return layer, err
	}
	f, err := sniff(head)
	if err != nil {
		return layer, err
	}
	bytes.cur = head
	if f == plain && storedDigest.name == rawDigest.name {
		s.digest = nil
	}
	if f != plain {
		decoded = rd.codecs.decode(f, bytes)
		s.in = newAhead(decoded, &rd.pool, nil)
	}
	ended, err := s.walk(ctx, each)
	if err != nil {
		return layer, err
	}
	if layer.Size = s.stored.Load(); blob.Size > 0 && layer.Size != blob.Size {
		return layer, fmt.Errorf("it has %d bytes, not %d: %w", layer.Size, blob.Size, io.ErrUnexpectedEOF)
	}
	if layer.Digest, err = storedDigest.sum("it"); err != nil {
		return layer, err
	}
	if s.digest == nil {
		rawDigest.hash = storedDigest.hash
	}
	if layer.DiffID, err = rawDigest.sum("its uncompressed tar"); err != nil {
		return layer, err
	}
	if !ended && blob.Digest == "" && blob.DiffID == "" && blob.Size <= 0 {
		rd.unended(i)
	}
	return layer, nil
}

// walk goes through the archive and whatever follows it.
func (s *stream) walk(ctx context.Context, each visit) (ended bool, err error) {
	r := safetar.NewReader(s)
	if err := s.rd.entriesOf(ctx, r, each); err != nil {
		return false, err
	}
	for {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		if _, err := s.Next(0); errors.Is(err, io.EOF) {
			return r.Ended(), nil
		} else if err != nil {
			return false, err
		}
	}
}
