package advisory

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/boltseal/boltseal/internal/limit"
)

// client fetches files from servers that may be slow, broken or hostile.
type client struct {
	http    *http.Client
	agent   string
	timeout time.Duration
	max     int64

	mu       sync.Mutex
	progress func(Progress)
}

const (
	attempts   = 3
	firstPause = time.Second / 2
	longest    = 30 * time.Second // that a server may ask us to wait
	redirects  = 5
)

var (
	errRedirect = errors.New("redirected from https to plain http")
	errTooMany  = errors.New("too many redirects")
	errStalled  = errors.New("the server stopped sending")
	errHash     = errors.New("the bytes are not those that the server's hash is of")
)

func newClient(o *UpdateOptions) *client {
	proxies := httpproxy.Config{HTTPProxy: o.HTTPProxy, HTTPSProxy: o.HTTPSProxy, NoProxy: o.NoProxy}
	proxy := proxies.ProxyFunc()
	transport := &http.Transport{
		Proxy:                 func(r *http.Request) (*url.URL, error) { return proxy(r.URL) },
		TLSClientConfig:       &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   o.Timeout,
		ResponseHeaderTimeout: o.Timeout,
		IdleConnTimeout:       o.Timeout,
		ForceAttemptHTTP2:     true,
		// Archives are compressed already, and the hash is of the stored bytes.
		DisableCompression: true,
	}
	c := &client{agent: o.UserAgent, timeout: o.Timeout, max: o.MaxBytes, progress: o.Progress}
	if c.agent == "" {
		c.agent = "boltseal"
	}
	c.http = &http.Client{Transport: transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		switch {
		case len(via) > redirects:
			return errTooMany
		case via[0].URL.Scheme == "https" && r.URL.Scheme != "https":
			return errRedirect
		}
		return nil
	}}
	return c
}

func (c *client) close() { c.http.CloseIdleConnections() }

// condition is what a server is told of the copy that we have.
type condition struct{ etag, modified string }

// response is an answer with a body, or without one because the copy that
// we have is still right.
type response struct {
	body           io.ReadCloser
	same           bool
	size           int64 // -1 when the server does not say
	etag, modified string
}

// statusError is an answer that is no file.
type statusError struct {
	url  string
	code int
}

func (e *statusError) Error() string {
	return fmt.Sprintf("get %s: %d %s", e.url, e.code, http.StatusText(e.code))
}

// missing says whether the server answered that it has no such file.
func missing(err error) bool {
	e, ok := errors.AsType[*statusError](err)
	return ok && (e.code == http.StatusNotFound || e.code == http.StatusGone)
}

// brokeOff says whether an answer began and did not end as it should.
func brokeOff(err error) bool {
	_, network := errors.AsType[*net.OpError](err)
	return network || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errStalled) || errors.Is(err, errHash)
}

// get opens a file. It tries again when the server is busy or does not
// answer; what breaks off later is for whoever reads the body.
func (c *client) get(ctx context.Context, what, address string, have condition) (*response, error) {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		resp, wait, err := c.once(ctx, what, address, have)
		if err == nil || wait < 0 || attempt == attempts {
			return resp, err
		}
		timer := time.NewTimer(max(pause, wait))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		case <-timer.C:
		}
		pause *= 2
	}
}

// once asks once. A wait that is not negative says that asking again may
// help, and how long the server wants to be left alone.
func (c *client) once(ctx context.Context, what, address string, have condition) (*response, time.Duration, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		cancel(nil)
		return nil, -1, fmt.Errorf("get %s: %w", redact(address), err)
	}
	req.Header.Set("User-Agent", c.agent)
	if have.etag != "" {
		req.Header.Set("If-None-Match", have.etag)
	}
	if have.modified != "" {
		req.Header.Set("If-Modified-Since", have.modified)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		defer cancel(nil)
		_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
		if untrusted || errors.Is(err, errRedirect) || errors.Is(err, errTooMany) || ctx.Err() != nil {
			return nil, -1, err
		}
		return nil, 0, err
	}
	out := &response{size: resp.ContentLength, etag: resp.Header.Get("ETag"), modified: resp.Header.Get("Last-Modified")}
	switch {
	case resp.StatusCode == http.StatusOK:
		b := &body{c: c, what: what, r: resp.Body, total: resp.ContentLength, cancel: cancel, ctx: ctx}
		b.guard()
		b.hash = googHash(resp.Header)
		out.body = b
		return out, 0, nil
	case resp.StatusCode == http.StatusNotModified && have != condition{}:
		out.same = true
	}
	wait := time.Duration(-1)
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500 {
		wait = retryAfter(resp.Header)
	}
	// What is left of a short answer lets the connection be used again.
	_, _ = io.CopyN(io.Discard, resp.Body, 4<<10)
	_ = resp.Body.Close()
	cancel(nil)
	if out.same {
		return out, 0, nil
	}
	return nil, wait, &statusError{redact(address), resp.StatusCode}
}

// redact is an address without the password that somebody put in it.
func redact(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an address that is none"
	}
	return u.Redacted()
}

// retryAfter is how long a busy server asks to be left alone (RFC 9110,
// 10.2.3), within reason.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, longest)
}

// slowest is how many bytes a second a server has to send. One that drips
// would keep all other feeds waiting as one does that stands still.
const slowest = 512

// body is an answer's bytes: counted, bounded, watched for a standstill and,
// where the server gives a hash, compared with it at their end.
type body struct {
	c      *client
	what   string
	r      io.ReadCloser
	n      atomic.Int64
	seen   int64 // by the guard
	total  int64
	mu     sync.Mutex
	watch  *time.Timer // nil when it is over
	ctx    context.Context
	cancel context.CancelCauseFunc
	hash   *uint32
	sum    uint32
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.n.Add(int64(n)) > b.c.max {
		return 0, &limit.Error{What: b.what, Max: b.c.max, Unit: "bytes", Flag: "the limit"}
	}
	b.sum = crc32.Update(b.sum, castagnoli, p[:n])
	b.tell()
	if errors.Is(err, io.EOF) && b.hash != nil && *b.hash != b.sum {
		return n, errHash
	}
	if err != nil && !errors.Is(err, io.EOF) {
		if cause := context.Cause(b.ctx); cause != nil {
			err = cause
		}
	}
	return n, err
}

// guard gives the answer up when too little of it came since it last looked.
func (b *body) guard() {
	least := int64(b.c.timeout.Seconds() * slowest)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watch = time.AfterFunc(b.c.timeout, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.watch == nil {
			return
		}
		now := b.n.Load()
		if now-b.seen < max(1, least) {
			b.cancel(errStalled)
			return
		}
		b.seen = now
		b.watch.Reset(b.c.timeout)
	})
}

func (b *body) Close() error {
	b.mu.Lock()
	if b.watch != nil {
		b.watch.Stop()
		b.watch = nil
	}
	b.mu.Unlock()
	// A body that is not read to its end would keep sending.
	b.cancel(nil)
	return b.r.Close()
}

func (b *body) tell() {
	if b.c.progress == nil {
		return
	}
	b.c.mu.Lock()
	defer b.c.mu.Unlock()
	b.c.progress(Progress{What: b.what, Bytes: b.n.Load(), Total: max(0, b.total)})
}

// googHash is the CRC-32C that Google's object store gives of what it holds,
// which is what it sends unless it encodes it on the way.
func googHash(h http.Header) *uint32 {
	if h.Get("Content-Encoding") != "" {
		return nil
	}
	for _, line := range h.Values("X-Goog-Hash") {
		for item := range strings.SplitSeq(line, ",") {
			value, ok := strings.CutPrefix(strings.TrimSpace(item), "crc32c=")
			if !ok {
				continue
			}
			if raw, err := base64.StdEncoding.DecodeString(value); err == nil && len(raw) == 4 {
				sum := binary.BigEndian.Uint32(raw)
				return &sum
			}
		}
	}
	return nil
}
