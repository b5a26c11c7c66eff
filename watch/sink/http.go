package sink

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/boltseal/boltseal/watch"
)

// payload makes a request's body of alerts.
type payload struct {
	name        string
	batch       int
	path        func(string) string // of the request, from the one that the user gives
	contentType string
	body        func([]*watch.Alert) ([]byte, error)
	header      func([]*watch.Alert) http.Header
}

// receiver is spoken to over HTTP.
type receiver struct {
	payload
	url    string
	header http.Header
	client *http.Client
	agent  string
}

const requestTimeout = 30 * time.Second

func httpSink(p payload) func(dest string, o *Options) (Sink, error) {
	return func(dest string, o *Options) (Sink, error) {
		header := http.Header{}
		if name, isFile := strings.CutPrefix(dest, "@"); isFile {
			var err error
			if dest, header, err = readTarget(name); err != nil {
				return nil, err
			}
		}
		u, err := url.Parse(dest)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, errors.New("want a URL that begins with https:// or http://, or @FILE with one")
		}
		if p.path != nil {
			u.Path = p.path(strings.TrimSuffix(u.Path, "/"))
		}
		spool, err := o.spool(p.name, dest)
		if err != nil {
			return nil, err
		}
		transport := &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: o.TLS, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: requestTimeout,
		}
		r := &receiver{payload: p, url: u.String(), header: header, agent: o.UserAgent, client: &http.Client{
			Transport: transport, Timeout: requestTimeout,
			// What stands in the URL is often a secret, and a redirect makes a GET of a POST.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}}
		return newQueue(p.name+" "+u.Scheme+"://"+u.Host, p.batch, spool, o, r.send), nil
	}
}

// spool opens the folder of one receiver. Its name says nothing of the URL.
func (o *Options) spool(name, dest string) (*Spool, error) {
	if o.Spool == "" {
		return nil, nil
	}
	sum := sha256.Sum256([]byte(name + "=" + dest))
	return OpenSpool(filepath.Join(o.Spool, name+"-"+hex.EncodeToString(sum[:6])), o.SpoolBytes)
}

// readTarget reads a URL and headers from a file.
func readTarget(name string) (string, http.Header, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, 64<<10))
	header := http.Header{}
	target := ""
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if target == "" {
			target = line
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			return "", nil, fmt.Errorf("%s: want the URL on the first line, and NAME: VALUE on those that follow", name)
		}
		header.Add(strings.TrimSpace(key), strings.TrimSpace(value))
	}
	if err := lines.Err(); err != nil {
		return "", nil, fmt.Errorf("read %s: %w", name, err)
	}
	return target, header, nil
}

func (r *receiver) send(ctx context.Context, batch []*watch.Alert) error {
	body, err := r.body(batch)
	if err != nil {
		return refusal{err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(body))
	if err != nil {
		return refusal{errors.New("the URL cannot be asked")}
	}
	maps.Copy(req.Header, r.header)
	if r.payload.header != nil {
		maps.Copy(req.Header, r.payload.header(batch))
	}
	req.Header.Set("Content-Type", r.contentType)
	req.Header.Set("User-Agent", r.agent)
	resp, err := r.client.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok { // its text has the URL, which may hold a secret
			err = u.Err
		}
		return fmt.Errorf("send: %w", err)
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 512))
	return judge(resp, said)
}

// judge says what an answer means: taken, come back, or never.
func judge(resp *http.Response, said []byte) error {
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil
	}
	err := fmt.Errorf("the receiver answers %s", resp.Status)
	if text := clean(strings.ReplaceAll(string(said), " ", "_"), 120); text != "-" {
		err = fmt.Errorf("%w: %s", err, strings.ReplaceAll(text, "_", " "))
	}
	switch resp.StatusCode {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusUnsupportedMediaType:
		return refusal{err} // about what was sent; anything else somebody can mend
	}
	if s, convErr := strconv.Atoi(resp.Header.Get("Retry-After")); convErr == nil && s >= 0 {
		return later{err, time.Duration(min(s, 3600)) * time.Second}
	}
	return err
}
