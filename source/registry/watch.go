package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// trickle is how many bytes have to pass in one idle timeout for a request
// to count as alive: one byte a minute is a hang too.
const trickle = 1 << 10

// watch ends a request on which nothing happens.
type watch struct {
	idle   time.Duration
	cancel context.CancelCauseFunc
	timer  *time.Timer

	mu   sync.Mutex
	seen int
}

// watched sends req and returns its answer; both bodies are watched until the
// answer's is closed.
func watched(rt http.RoundTripper, req *http.Request, idle time.Duration) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	w := &watch{idle: idle, cancel: cancel}
	w.timer = time.AfterFunc(w.idle, func() { cancel(fmt.Errorf("%w for %s", ErrIdle, w.idle)) })
	sent := req.WithContext(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		sent.Body = &watchedBody{ReadCloser: req.Body, ctx: ctx, w: w}
	}
	resp, err := rt.RoundTrip(sent)
	if err != nil {
		err = causeOf(ctx, err)
		w.end()
		return nil, err
	}
	w.progress(trickle)
	resp.Request = req
	resp.Body = &watchedBody{ReadCloser: resp.Body, ctx: ctx, w: w, last: true}
	return resp, nil
}

func (w *watch) progress(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen += n; w.seen >= trickle {
		w.seen = 0
		w.timer.Reset(w.idle)
	}
}

func (w *watch) end() {
	w.timer.Stop()
	w.cancel(nil)
}

type watchedBody struct {
	io.ReadCloser
	ctx  context.Context // of the request it belongs to
	w    *watch
	last bool // the request ends with it
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.w.progress(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = causeOf(b.ctx, err)
	}
	return n, err
}

func (b *watchedBody) Close() error {
	if b.last {
		b.w.end()
	}
	return b.ReadCloser.Close()
}

// causeOf is why the request was cancelled, when our watch did it.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, ErrIdle) {
		return cause
	}
	return err
}
