// Package repo asks the repositories of Linux distributions for packages:
// which versions there are, and the packages themselves. Everything is
// verified before it is used: an index by the distribution's keys, which are
// those that the image trusts, and a package by the index.
//
// It asks the hosts that its caller names and no other. It neither unpacks nor
// installs anything.
package repo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/boltseal/boltseal/internal/limit"
)

// Ceilings on what repositories send.
const (
	maxRelease = 16 << 20
	maxIndex   = 512 << 20 // inflated
	maxPackage = 2 << 30
)

// Client fetches from repositories. The zero value works.
type Client struct {
	Transport http.RoundTripper // nil means the default one, with the environment's proxies
	UserAgent string
	TempDir   string
	Now       func() time.Time // nil leaves dates unchecked
}

// open starts a download.
func (c *Client) open(ctx context.Context, address string) (io.ReadCloser, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%s: want http or https", address)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if c.UserAgent != "" {
		req.Header.Set("User-Agent", c.UserAgent)
	}
	client := http.Client{Transport: c.Transport, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if len(via) > 5 || via[0].URL.Scheme == "https" && req.URL.Scheme != "https" {
			return errors.New("it leads away from where it should be")
		}
		return nil
	}}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("%s: %s", address, resp.Status)
	}
	return resp.Body, nil
}

// read fetches a small file.
func (c *Client) read(ctx context.Context, address string, most int64) ([]byte, error) {
	body, err := c.open(ctx, address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	return limit.ReadAll(body, most, &limit.Error{What: address, Max: most, Unit: "bytes"})
}

// File is a package that was fetched and verified, in a temporary file.
type File struct {
	*os.File
	Size int64
}

// Close removes the file.
func (f *File) Close() error { return errors.Join(f.File.Close(), os.Remove(f.Name())) }

// download fetches a file of which size and SHA-256 are known.
func (c *Client) download(ctx context.Context, address string, size int64, sum string) (file *File, err error) {
	if size < 0 || size > maxPackage {
		return nil, fmt.Errorf("%s: %d bytes are too many", address, size)
	}
	body, err := c.open(ctx, address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	f, err := os.CreateTemp(c.TempDir, "boltseal-package-*")
	if err != nil {
		return nil, err
	}
	file = &File{File: f, Size: size}
	defer func() {
		if err != nil {
			_ = file.Close()
		}
	}()
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, h), io.LimitReader(body, size+1))
	if err != nil {
		return file, fmt.Errorf("%s: %w", address, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); n != size || got != sum {
		return file, fmt.Errorf("%s: the bytes are not what the repository's index says", address)
	}
	return file, nil
}
