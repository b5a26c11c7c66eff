package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// apiHost is where the API of a registry is served.
func apiHost(host string) string {
	if host == dockerHub {
		return "registry-1.docker.io"
	}
	return host
}

// mayBePlain tells whether HTTP without TLS may be spoken to host.
func (c *Client) mayBePlain(host string) bool { return c.opts.PlainHTTP || isLoopback(host) }

// scheme is how host is spoken to; sure is false while it was not tried.
func (c *Client) scheme(host string) (scheme string, sure bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.schemes[host]; ok {
		return s, true
	}
	if c.opts.PlainHTTP {
		return "http", true
	}
	return "https", !isLoopback(host)
}

func (c *Client) setScheme(host, scheme string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.schemes[host] = scheme
}

// request makes the HTTP request of a call, without credentials.
func (c *Client) request(ctx context.Context, k *call, scheme string) (*http.Request, error) {
	u := k.url
	if u == nil {
		u = &url.URL{Scheme: scheme, Host: apiHost(k.ref.Host), Path: "/v2/" + k.ref.Repository + "/" + k.path, RawQuery: k.query.Encode()}
	}
	req, err := http.NewRequestWithContext(ctx, k.method, u.String(), nil)
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, k.header)
	if k.body != nil {
		body, err := k.body()
		if err != nil {
			return nil, err
		}
		req.Body, req.ContentLength = body, k.size
		if k.size == 0 {
			_ = body.Close()
			req.Body = http.NoBody
		}
	}
	return req, nil
}

// begin sends the first request of a call, without knowing for sure how to
// speak to its host: a registry on this machine is often served without TLS.
func (c *Client) begin(ctx context.Context, k *call, decorate func(*http.Request)) (*http.Response, error) {
	host := apiHost(k.ref.Host)
	scheme, sure := c.scheme(host)
	for {
		req, err := c.request(ctx, k, scheme)
		if err != nil {
			return nil, err
		}
		home := scheme + "://" + host
		if k.url == nil || strings.EqualFold(k.url.Scheme+"://"+k.url.Host, home) {
			decorate(req)
		}
		resp, err := c.send(ctx, req, home)
		switch {
		case err == nil && !sure:
			c.setScheme(host, scheme)
			return resp, nil
		case err == nil || sure || scheme == "http" || !speaksPlain(err):
			return resp, err
		}
		scheme = "http"
	}
}

// speaksPlain tells whether a failed TLS handshake may be for want of TLS on
// the other side. A certificate that is wrong never means that.
func speaksPlain(err error) bool {
	var notTLS tls.RecordHeaderError
	return errors.As(err, &notTLS) || transient(err)
}
