// Package client speaks to a boltseal server. Start at [New]. It is what the
// command line uses, and opens no connection but to the server that it was
// given.
package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/store"
)

// Options are the optional parameters of [New].
type Options struct {
	Project   string // store.DefaultProject when empty
	UserAgent string
	CA        []byte        // PEM of further authorities
	Timeout   time.Duration // of one request; 2 minutes when zero
	Tries     int           // of a request that the server did not answer; 4 when zero
}

// Client speaks for one token about one project.
type Client struct {
	base  *url.URL
	token string
	opts  Options
	http  *http.Client
}

// New makes a client of the server at address, https://host[:port][/path].
// Without TLS only a server on this machine is spoken to: a token must not
// cross a network in the clear.
func New(address, token string, opts *Options) (*Client, error) {
	u, err := url.Parse(strings.TrimSuffix(address, "/"))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("server %q: want https://host[:port]", address)
	}
	if host := u.Hostname(); u.Scheme == "http" && host != "localhost" && !strings.HasPrefix(host, "127.") && host != "::1" {
		return nil, fmt.Errorf("server %s: want https, except on this machine", u.Host)
	}
	c := &Client{base: u, token: token}
	if opts != nil {
		c.opts = *opts
	}
	if c.opts.Project == "" {
		c.opts.Project = store.DefaultProject
	}
	if c.opts.Timeout <= 0 {
		c.opts.Timeout = 2 * time.Minute
	}
	if c.opts.Tries <= 0 {
		c.opts.Tries = 4
	}
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, errors.New("the default transport of net/http was replaced")
	}
	transport = transport.Clone()
	if len(c.opts.CA) > 0 {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(c.opts.CA) {
			return nil, errors.New("the file of certificate authorities holds none")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	c.http = &http.Client{Transport: transport, Timeout: c.opts.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c, nil
}

// Problem is an answer that says no.
type Problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

// Error implements error.
func (p *Problem) Error() string {
	if p.Detail != "" {
		return p.Detail
	}
	return strings.ToLower(p.Title)
}

// Upload keeps a report on the server. It may be called again after any
// error: the server keeps it once.
func (c *Client) Upload(ctx context.Context, r *boltseal.Report) (*store.Receipt, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("upload: %w", err)
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, fmt.Errorf("upload: %w", err)
	}
	header := http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"zstd"}}
	var receipt store.Receipt
	if err := c.do(ctx, http.MethodPost, c.in("reports"), header, encoder.EncodeAll(data, nil), &receipt); err != nil {
		return nil, fmt.Errorf("upload to %s: %w", c.base.Host, err)
	}
	return &receipt, nil
}

// Get reads what a path below the project answers into v: "images",
// "findings".
func (c *Client) Get(ctx context.Context, path string, query url.Values, v any) error {
	if err := c.do(ctx, http.MethodGet, c.in(path)+"?"+query.Encode(), nil, nil, v); err != nil {
		return fmt.Errorf("read %s from %s: %w", path, c.base.Host, err)
	}
	return nil
}

// Images lists images.
func (c *Client) Images(ctx context.Context, query url.Values) (*store.Page[store.Image], error) {
	var page store.Page[store.Image]
	return &page, c.Get(ctx, "images", query, &page)
}

// Findings lists findings.
func (c *Client) Findings(ctx context.Context, query url.Values) (*store.Page[store.Finding], error) {
	var page store.Page[store.Finding]
	return &page, c.Get(ctx, "findings", query, &page)
}

// Report gives a report as it was uploaded.
func (c *Client) Report(ctx context.Context, id int64) (*boltseal.Report, error) {
	var r boltseal.Report
	return &r, c.Get(ctx, "reports/"+strconv.FormatInt(id, 10), nil, &r)
}

func (c *Client) in(path string) string {
	return "/api/v1/projects/" + url.PathEscape(c.opts.Project) + "/" + path
}

// maxAnswer bounds what a server may answer.
const maxAnswer = 256 << 20

// do asks, and asks again when nobody answered or the server was busy: every
// request here may be made twice.
func (c *Client) do(ctx context.Context, method, path string, header http.Header, body []byte, v any) error {
	var err error
	for n := range c.opts.Tries {
		if n > 0 {
			select {
			case <-ctx.Done():
				return errors.Join(err, ctx.Err())
			case <-time.After(time.Duration(1<<n) * 250 * time.Millisecond):
			}
		}
		var final bool
		if final, err = c.once(ctx, method, path, header, body, v); final {
			return err
		}
	}
	return err
}

func (c *Client) once(ctx context.Context, method, path string, header http.Header, body []byte, v any) (final bool, err error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base.String()+path, bytes.NewReader(body))
	if err != nil {
		return true, err
	}
	maps.Copy(req.Header, header)
	req.Header.Set("Accept", "application/json")
	if c.opts.UserAgent != "" {
		req.Header.Set("User-Agent", c.opts.UserAgent)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return ctx.Err() != nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return false, err
	case len(data) > maxAnswer:
		return true, fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	case resp.StatusCode >= 300:
		p := &Problem{Status: resp.StatusCode, Title: resp.Status}
		_ = json.Unmarshal(data, p) // whoever answers otherwise is no server of ours, and the status says enough
		p.Status = resp.StatusCode
		return resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode < 500, p
	case v == nil || len(data) == 0:
		return true, nil
	}
	if err := json.Unmarshal(data, v); err != nil {
		return true, fmt.Errorf("the answer cannot be read: %w", err)
	}
	return true, nil
}
