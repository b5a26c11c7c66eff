package registry

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

// blobReader reads a blob and takes up the line again when it drops.
type blobReader struct {
	ctx    context.Context // of the whole read: the reader is the operation
	c      *Client
	ref    Ref
	digest boltseal.Digest
	size   int64

	body  io.ReadCloser
	off   int64 // where the next byte goes
	fresh int64 // where off was when the line was last taken up
	drops int   // in a row, with little in between
	err   error
}

// progress is how much has to pass before a line counts as good again.
const progress = 256 << 10

var (
	errLength = errors.New("the registry lies about the length")
	errRange  = errors.New("the registry answers with another part than was asked for")
)

// connect opens the line at off.
func (r *blobReader) connect() error {
	k := &call{
		ref: r.ref, method: http.MethodGet, path: "blobs/" + string(r.digest), scopes: pull(r.ref),
		header: http.Header{"Accept-Encoding": {"identity"}}, ok: []int{http.StatusOK},
	}
	if r.off > 0 {
		k.header.Set("Range", fmt.Sprintf("bytes=%d-%d", r.off, r.size-1))
		k.ok = append(k.ok, http.StatusPartialContent)
	}
	resp, err := r.c.do(r.ctx, k)
	if err != nil {
		return err
	}
	skip := int64(0)
	if resp.StatusCode == http.StatusPartialContent {
		if start, ok := rangeStart(resp.Header.Get("Content-Range")); !ok || start != r.off {
			_ = resp.Body.Close()
			return errRange
		}
	} else {
		skip = r.off // the registry knows no ranges
	}
	if want := r.size - r.off + skip; resp.ContentLength >= 0 && resp.ContentLength != want {
		_ = resp.Body.Close()
		return fmt.Errorf("%w: %d bytes instead of %d", errLength, resp.ContentLength, want)
	}
	r.body, r.fresh = resp.Body, r.off
	if _, err := io.CopyN(io.Discard, resp.Body, skip); err != nil {
		r.dropped(err)
	}
	return r.err
}

// rangeStart reads where "bytes 100-199/200" starts (RFC 9110, section 14.4).
func rangeStart(s string) (int64, bool) {
	rest, ok := strings.CutPrefix(s, "bytes ")
	if !ok {
		return 0, false
	}
	first, _, ok := strings.Cut(rest, "-")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(first, 10, 64)
	return n, err == nil && n >= 0
}

// Read reads no more than the size that the descriptor gives.
func (r *blobReader) Read(p []byte) (int, error) {
	if r.err == nil && r.off == r.size {
		r.err = io.EOF
	}
	for r.err == nil && len(p) > 0 {
		if r.body == nil {
			if err := r.reconnect(); err != nil {
				r.fail(err)
				break
			}
			continue
		}
		n, err := r.body.Read(p[:min(int64(len(p)), r.size-r.off)])
		r.off += int64(n)
		if r.off-r.fresh >= progress {
			r.drops = 0
		}
		if err != nil && r.off < r.size {
			r.dropped(err)
		}
		if n > 0 {
			return n, nil
		}
	}
	if r.err == nil {
		return 0, nil
	}
	return 0, r.err
}

// dropped takes leave of a broken line. The next Read opens another, unless
// lines keep breaking.
func (r *blobReader) dropped(err error) {
	_ = r.body.Close()
	r.body = nil
	r.drops++
	hung := errors.Is(err, ErrIdle) && r.off == r.fresh
	if r.drops >= r.c.opts.Attempts || r.ctx.Err() != nil || hung {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		r.fail(fmt.Errorf("line dropped after %d of %d bytes: %w", r.off, r.size, err))
	}
}

// reconnect takes the line up again, at once after the first drop and after
// a pause when it drops again soon.
func (r *blobReader) reconnect() error {
	if r.drops > 1 {
		if err := r.c.opts.Sleep(r.ctx, 250*time.Millisecond<<min(r.drops, 6)); err != nil {
			return err
		}
	}
	return r.connect()
}

func (r *blobReader) fail(err error) {
	if r.err != nil {
		return
	}
	r.err = fmt.Errorf("pull %s: blob %s: %w", r.ref, r.digest, err)
}

// Close ends the request.
func (r *blobReader) Close() error {
	if r.err == nil {
		r.err = errClosed
	}
	if r.body == nil {
		return nil
	}
	err := r.body.Close()
	r.body = nil
	return err
}

var errClosed = errors.New("read after close")

// verifier fails instead of coming to the end of something else than want.
type verifier struct {
	io.ReadCloser
	h    hash.Hash
	want boltseal.Digest
	err  error
}

func (v *verifier) Read(p []byte) (int, error) {
	if v.err != nil {
		return 0, v.err
	}
	n, err := v.ReadCloser.Read(p)
	v.h.Write(p[:n])
	if errors.Is(err, io.EOF) {
		if bad := match(v.want, v.h); bad != nil {
			v.err = fmt.Errorf("blob: %w", bad)
			return n, v.err
		}
	}
	return n, err
}
