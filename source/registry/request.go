package registry

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// call is one request to a registry.
type call struct {
	ref    Ref // its host and repository
	method string
	path   string // below the repository: "manifests/latest"
	query  url.Values
	url    *url.URL // where the registry told us to go, instead of path
	header http.Header
	body   func() (io.ReadCloser, error) // nil or the content, afresh for every attempt
	size   int64                         // of body
	scopes []string
	once   bool  // a second attempt could not succeed
	ok     []int // statuses that are answers; all others are errors
}

func pull(r Ref) []string { return []string{"repository:" + r.Repository + ":pull"} }
func push(r Ref) []string { return []string{"repository:" + r.Repository + ":pull,push"} }

// do sends the request until it is answered, within the limits on retries,
// and returns an answer with one of the statuses in ok.
func (c *Client) do(ctx context.Context, k *call) (*http.Response, error) {
	if c.opts.Offline {
		return nil, fmt.Errorf("%s: %w", k.ref.Host, ErrOffline)
	}
	for attempt := 1; ; attempt++ {
		resp, err := c.authorized(ctx, k)
		if err == nil && slices.Contains(k.ok, resp.StatusCode) {
			return resp, nil
		}
		wait, again := c.again(ctx, k, attempt, resp, err)
		if err == nil {
			err = c.refusal(k, resp)
		}
		if !again {
			return nil, err
		}
		if wait > c.opts.MaxWait {
			return nil, fmt.Errorf("%w: asked to wait %s, which is longer than %s", err, wait, c.opts.MaxWait)
		}
		if serr := c.opts.Sleep(ctx, wait); serr != nil {
			return nil, fmt.Errorf("%w: %w", err, serr)
		}
	}
}

// again tells whether the request is worth another attempt, and when.
func (c *Client) again(ctx context.Context, k *call, attempt int, resp *http.Response, err error) (time.Duration, bool) {
	if attempt >= c.opts.Attempts || ctx.Err() != nil || k.once {
		return 0, false
	}
	// Half a second, doubled each time, between half and one and a half of it
	// so that many clients do not come back together.
	wait := 500 * time.Millisecond << min(attempt-1, 6)
	wait = wait/2 + jitter(wait)
	if err != nil {
		return wait, transient(err)
	}
	if asked, ok := retryAfter(resp.Header.Get("Retry-After"), c.opts.Now()); ok {
		wait = max(asked, wait)
	}
	return wait, tryLater(resp.StatusCode)
}

// tryLater tells whether the status means that the same request may be
// answered later.
func tryLater(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// transient tells whether a failed request may succeed when repeated.
func transient(err error) bool {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return dns.IsTemporary && !dns.IsNotFound
	}
	var cert *tls.CertificateVerificationError
	var alert tls.AlertError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, ErrIdle),
		errors.Is(err, ErrAddress), errors.Is(err, errRedirect), errors.As(err, &cert), errors.As(err, &alert):
		return false
	}
	if status, ok := errors.AsType[*StatusError](err); ok {
		return tryLater(status.Status)
	}
	var op net.Error
	return errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || isReset(err)
}

// isReset tells whether the other side hung up, which net/http says in words.
func isReset(err error) bool {
	s := err.Error()
	for _, word := range []string{"connection reset", "broken pipe", "server closed", "GOAWAY", "stream error", "server sent"} {
		if strings.Contains(s, word) {
			return true
		}
	}
	return false
}

func jitter(d time.Duration) time.Duration {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(d)))
	if err != nil {
		return d / 2
	}
	return time.Duration(n.Int64())
}

// retryAfter reads the header of that name: seconds or a date (RFC 9110,
// section 10.2.3).
func retryAfter(s string, now time.Time) (time.Duration, bool) {
	if n, err := strconv.ParseInt(s, 10, 32); err == nil && n >= 0 {
		return time.Duration(n) * time.Second, true
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(t.Sub(now), 0), true
	}
	return 0, false
}

// refusal is the error that the answer stands for.
func (c *Client) refusal(k *call, resp *http.Response) error {
	e := statusError(resp)
	if errors.Is(e, ErrDenied) {
		e.Cause = c.loginFor(k).problem()
		e.Hint = "is the name right? private images need docker login " + k.ref.Host
	}
	if e.Status == http.StatusTooManyRequests {
		e.Hint = "the registry limits how often it may be asked; logging in often raises the limit"
	}
	return e
}

const maxRedirects = 10

var errRedirect = errors.New("refused redirect")

// send sends one request and follows redirects of reading requests. The
// credentials in it go no further than the host it is for.
func (c *Client) send(ctx context.Context, req *http.Request, home string) (*http.Response, error) {
	req.Header.Set("User-Agent", c.opts.UserAgent)
	for range maxRedirects {
		rt, err := c.transportFor(req.URL, home)
		if err != nil {
			return nil, plainError(req, err)
		}
		idle := c.opts.IdleTimeout
		if req.Body != nil {
			idle *= 5 // a registry may think for long about what it was sent
		}
		resp, err := watched(rt, req, idle)
		if err != nil {
			return nil, plainError(req, err)
		}
		reading := req.Method == http.MethodGet || req.Method == http.MethodHead
		location := resp.Header.Get("Location")
		if !reading || location == "" || !isRedirect(resp.StatusCode) {
			return resp, nil
		}
		closeBody(resp)
		to, err := req.URL.Parse(location)
		if err != nil {
			return nil, plainError(req, fmt.Errorf("%w: not a URL", errRedirect))
		}
		if err := c.mayFollow(req.URL, to); err != nil {
			return nil, plainError(req, err)
		}
		next := req.Clone(ctx)
		next.URL, next.Host = to, ""
		if !sameOrigin(req.URL, to) {
			next.Header.Del("Authorization")
		}
		req = next
	}
	return nil, plainError(req, fmt.Errorf("%w: more than %d in a row", errRedirect, maxRedirects))
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// mayFollow refuses redirects that lose what the first URL had: a scheme we
// speak, and the protection of TLS.
func (c *Client) mayFollow(from, to *url.URL) error {
	switch {
	case to.Scheme != "https" && to.Scheme != "http", to.Host == "", to.User != nil:
		return fmt.Errorf("%w: to %s", errRedirect, plainURL(to))
	case from.Scheme == "https" && to.Scheme == "http" && !c.mayBePlain(to.Host):
		return fmt.Errorf("%w: from https to %s", errRedirect, plainURL(to))
	}
	return nil
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host)
}

// transportFor picks the pool of connections whose rule holds for a request
// to u on behalf of the registry at home, a scheme and a host.
func (c *Client) transportFor(u *url.URL, home string) (http.RoundTripper, error) {
	if strings.EqualFold(u.Scheme+"://"+u.Host, home) {
		return c.home, nil
	}
	scheme, host, _ := strings.Cut(home, "://")
	furthest, rt := private, c.inside
	if c.dial.wasPublic(scheme, host) {
		furthest, rt = public, c.away
	}
	if c.dial.nameReach(u.Host) > furthest {
		return nil, fmt.Errorf("%w: %s may not send us to %s", ErrAddress, host, u.Host)
	}
	return rt, nil
}
