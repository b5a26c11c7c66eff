package kubeaudit

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/boltseal/boltseal/watch"
)

// Listener takes events over HTTP. It implements [watch.Feed].
type Listener struct {
	listener net.Listener
	config   *tls.Config
	queue    chan *Event
	told     func(error)
	refused  atomic.Uint64
}

// ListenOptions are the optional parameters of [Listen].
type ListenOptions struct {
	TLS    *tls.Config // without it only an address of this machine is listened on
	Queue  int         // events that wait; 0 is 10,000
	Errors func(error)
}

const defaultQueue = 10_000

// Listen opens the address. Any path is answered, as API servers are told
// many.
func Listen(ctx context.Context, address string, o *ListenOptions) (*Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen for audit events: want HOST:PORT: %w", err)
	}
	if ip := net.ParseIP(host); o.TLS == nil && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("listen for audit events on %s: without TLS only on 127.0.0.1 or ::1, because events hold secrets and anybody could send false ones", address)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for audit events: %w", err)
	}
	n := o.Queue
	if n <= 0 {
		n = defaultQueue
	}
	return &Listener{listener: l, config: o.TLS, queue: make(chan *Event, n), told: o.Errors}, nil
}

// Address is where it listens.
func (l *Listener) Address() string { return l.listener.Addr().String() }

// Source implements [watch.Feed].
func (l *Listener) Source() string { return Source }

// grace is how long requests may take to end when the watch does.
const grace = 5 * time.Second

// Run implements [watch.Feed].
func (l *Listener) Run(ctx context.Context, yield func(watch.Event)) error {
	server := &http.Server{
		Handler: http.HandlerFunc(l.take), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, TLSConfig: l.config,
	}
	failed := make(chan error, 1)
	go func() {
		if l.config != nil {
			failed <- server.ServeTLS(l.listener, "", "")
		} else {
			failed <- server.Serve(l.listener)
		}
	}()
	for {
		select {
		case e := <-l.queue:
			yield(e)
		case err := <-failed:
			return fmt.Errorf("serve: %w", err)
		case <-ctx.Done():
			stopping, stop := context.WithTimeout(context.WithoutCancel(ctx), grace)
			defer stop()
			err := server.Shutdown(stopping)
			if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
				err = errors.Join(err, served)
			}
			for { // what was answered with 200 is not thrown away
				select {
				case e := <-l.queue:
					yield(e)
				default:
					return err
				}
			}
		}
	}
}

// take answers one request. The events of a batch are taken all or not at
// all, and are matched with rules after the answer.
func (l *Listener) take(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "want POST", http.StatusMethodNotAllowed)
		return
	}
	if !strings.Contains(r.Header.Get("Content-Type"), "application/json") {
		http.Error(w, "want application/json", http.StatusUnsupportedMediaType)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBatch))
	if err != nil {
		code := http.StatusBadRequest
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			code = http.StatusRequestEntityTooLarge
			l.tell(fmt.Errorf("a batch of audit events was larger than %d bytes and was refused", MaxBatch))
		}
		http.Error(w, "the body cannot be read", code)
		return
	}
	events, err := Parse(body)
	if err != nil {
		l.tell(err)
		if len(events) == 0 {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	if len(events) > cap(l.queue)-len(l.queue) {
		// The API server keeps the batch and sends it again.
		if n := l.refused.Add(1); n == 1 || n%1000 == 0 {
			l.tell(fmt.Errorf("%d batches of audit events found no room and were put off", n))
		}
		w.Header().Set("Retry-After", "1")
		http.Error(w, "too many events wait", http.StatusTooManyRequests)
		return
	}
	for _, e := range events {
		select {
		case l.queue <- e:
		case <-r.Context().Done():
			return
		}
	}
	w.WriteHeader(http.StatusOK)
}

func (l *Listener) tell(err error) {
	if l.told != nil {
		l.told(err)
	}
}
