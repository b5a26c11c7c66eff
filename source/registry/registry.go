// Package registry talks to registries: it pulls and pushes manifests and
// blobs and lists referrers (OCI distribution specification 1.1, which
// Docker's registries speak too). Start from [New]; a [Client] is asked about
// a [Ref].
//
// A registry is not trusted. Every manifest and blob is checked against its
// digest and size before anyone hears of its end; documents are limited in
// size; a registry that hangs, drops the line or answers 429 or 5xx is asked
// again within limits; and none may send us to an address inside our network
// unless it stands there itself. Credentials go to the registry they belong
// to and to the token server it names, never along a redirect.
//
// The package parses references with go-containerregistry. It speaks HTTP
// itself because the promises above have to be kept beneath a request:
// resuming a blob in the middle, what is dialled after a redirect, and who
// gets to see a credential.
package registry

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/boltseal/boltseal/internal/limit"
)

// Options are the optional parameters of [New]. The zero value asks
// registries anonymously over HTTPS.
type Options struct {
	// Credentials is asked once for every repository that wants to know who
	// is asking. Nil means nobody; see [Keychain] for what users expect.
	Credentials func(ctx context.Context, ref Ref) (Credential, error)

	Offline   bool // refuse every request with ErrOffline, before any socket
	PlainHTTP bool // speak HTTP without TLS; only loopback needs no asking
	Insecure  bool // do not verify certificates

	CAFile   string // certificate authorities in PEM, besides the system's
	CertFile string // client certificate in PEM
	KeyFile  string // its key

	// CertDirs are folders with certificates for single hosts, see [CertDirs].
	CertDirs []string

	// Mirrors are hosts to ask before the host that a reference names. What
	// they answer for a digest is verified; for a tag they are trusted.
	Mirrors map[string][]string

	// Env looks up HTTP_PROXY, HTTPS_PROXY and NO_PROXY. Nil means no proxy.
	Env func(string) string

	// IdleTimeout ends a request when nothing happens for so long, or when
	// less than a kilobyte trickles in; zero means 60 seconds.
	IdleTimeout time.Duration
	// Timeout is how long one document may take with all its retries; zero
	// means 5 minutes. The content of blobs is bound by IdleTimeout and the
	// caller's context only.
	Timeout time.Duration
	// Attempts is how often a request is sent before its failure counts;
	// less than 1 means 5.
	Attempts int
	// MaxWait is the longest wait that a registry may ask for; zero means
	// 60 seconds.
	MaxWait time.Duration

	Limits    limit.Limits // of which JSONBytes counts; the zero value means limit.Default
	UserAgent string       // empty means "boltseal"

	// Transport, when it is not nil, sends all requests. What it dials is
	// then its own business.
	Transport http.RoundTripper
	// Now and Sleep are the clock; nil means the real one.
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
}

// Client asks registries. It is safe for use by several goroutines.
type Client struct {
	opts Options
	dial *dialer

	// The connections are pooled by where they may lead: a pool is only used
	// where its dialler's rule holds.
	home, away, inside http.RoundTripper

	mu      sync.Mutex
	schemes map[string]string // of each host that was spoken to
	auth    map[string]*login // by host, repository and what is to be done
}

// New returns a client. It opens no connection.
func New(opts *Options) (*Client, error) {
	c := &Client{schemes: map[string]string{}, auth: map[string]*login{}}
	if opts != nil {
		c.opts = *opts
	}
	o := &c.opts
	if o.IdleTimeout <= 0 {
		o.IdleTimeout = time.Minute
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Minute
	}
	if o.Attempts < 1 {
		o.Attempts = 5
	}
	if o.MaxWait <= 0 {
		o.MaxWait = time.Minute
	}
	if o.Limits == (limit.Limits{}) {
		o.Limits = limit.Default()
	}
	if o.UserAgent == "" {
		o.UserAgent = "boltseal"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	c.dial = &dialer{Dialer: net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}, reachOf: reachOf}
	if o.Transport != nil {
		c.home, c.away, c.inside = o.Transport, o.Transport, o.Transport
		return c, nil
	}
	return c, c.transports()
}

// transports makes the three pools of connections.
func (c *Client) transports() error {
	config, err := c.tls()
	if err != nil {
		return err
	}
	proxy, proxies := proxyFrom(c.opts.Env)
	pool := func(dial func(context.Context, string, string) (net.Conn, error)) *hosts {
		h := &hosts{dirs: c.opts.CertDirs, config: config}
		h.make = func(config *tls.Config) *http.Transport {
			return &http.Transport{
				Proxy:                  proxy,
				DialContext:            dial,
				TLSClientConfig:        config.Clone(),
				TLSHandshakeTimeout:    30 * time.Second,
				ForceAttemptHTTP2:      true,
				MaxIdleConnsPerHost:    16,
				IdleConnTimeout:        90 * time.Second,
				ExpectContinueTimeout:  time.Second,
				DisableCompression:     true, // a blob's bytes are what its digest is of
				MaxResponseHeaderBytes: 1 << 20,
			}
		}
		h.common = h.make(config)
		return h
	}
	// A proxy is the user's word, wherever it stands.
	unlessProxy := func(furthest reach) func(context.Context, string, string) (net.Conn, error) {
		guarded := c.dial.away(furthest)
		return func(ctx context.Context, network, address string) (net.Conn, error) {
			if proxies[address] {
				return c.dial.DialContext(ctx, network, address)
			}
			return guarded(ctx, network, address)
		}
	}
	c.home, c.away, c.inside = pool(c.dial.home), pool(unlessProxy(public)), pool(unlessProxy(private))
	return nil
}

// Close closes the idle connections.
func (c *Client) Close() error {
	for _, rt := range []http.RoundTripper{c.home, c.away, c.inside} {
		if h, ok := rt.(*hosts); ok {
			h.CloseIdleConnections()
		}
	}
	return nil
}

var errNoCertificate = errors.New("no PEM certificate in it")

func (c *Client) tls() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.opts.Insecure} //nolint:gosec // only when asked
	if c.opts.CAFile != "" {
		pem, err := os.ReadFile(c.opts.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read certificate authorities: %w", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read certificate authorities %s: %w", c.opts.CAFile, errNoCertificate)
		}
		config.RootCAs = pool
	}
	if c.opts.CertFile != "" || c.opts.KeyFile != "" {
		cert, err := tls.LoadX509KeyPair(c.opts.CertFile, c.opts.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{cert}
	}
	return config, nil
}

// proxyFrom is the proxy that env asks for, and the addresses it is dialled at.
func proxyFrom(env func(string) string) (func(*http.Request) (*url.URL, error), map[string]bool) {
	if env == nil {
		return nil, nil
	}
	get := func(name string) string {
		if v := env(name); v != "" {
			return v
		}
		return env(strings.ToLower(name))
	}
	config := httpproxy.Config{HTTPProxy: get("HTTP_PROXY"), HTTPSProxy: get("HTTPS_PROXY"), NoProxy: get("NO_PROXY")}
	proxies := map[string]bool{}
	for _, s := range []string{config.HTTPProxy, config.HTTPSProxy} {
		if a := proxyAddress(s); a != "" {
			proxies[a] = true
		}
	}
	choose := config.ProxyFunc()
	return func(req *http.Request) (*url.URL, error) { return choose(req.URL) }, proxies
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// proxyAddress is the host and port that a proxy's URL is dialled at.
func proxyAddress(s string) string {
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		if u, err = url.Parse("http://" + s); err != nil {
			return ""
		}
	}
	if u.Port() != "" {
		return u.Host
	}
	port := map[string]string{"https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	return net.JoinHostPort(u.Hostname(), cmp.Or(port, "80"))
}
