package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

// DaemonOptions say how to reach a daemon.
type DaemonOptions struct {
	// Host is unix:///path/to.sock, tcp://host:port or https://host:port.
	Host string
	// TLS makes tcp:// mean TLS. CertDir holds ca.pem, cert.pem and key.pem,
	// as the docker command reads them; empty means the system's authorities
	// and no client certificate.
	TLS     bool
	CertDir string
	// IdleTimeout ends a request on which nothing happens; zero means 10
	// minutes: a daemon may prepare an archive for long before its first byte.
	IdleTimeout time.Duration
}

// Daemon asks a container daemon that has Docker's API, which podman has too,
// for the images that it keeps.
type Daemon struct {
	host string
	base url.URL
	idle time.Duration
	rt   *http.Transport
}

var (
	errHost = errors.New("want unix:// or tcp://")
	errSSH  = errors.New("ssh is not spoken: a key and an agent would be needed")
)

// NewDaemon returns a client. It opens no connection.
func NewDaemon(opts *DaemonOptions) (*Daemon, error) {
	d := &Daemon{host: opts.Host, idle: opts.IdleTimeout, rt: &http.Transport{DisableCompression: true}}
	if d.idle <= 0 {
		d.idle = 10 * time.Minute
	}
	if path, ok := SocketPath(opts.Host); ok {
		d.base = url.URL{Scheme: "http", Host: "daemon"}
		d.rt.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
		return d, nil
	}
	u, err := url.Parse(opts.Host)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("daemon %q: %w", printable(opts.Host, 200), errHost)
	}
	d.host = u.Scheme + "://" + u.Host
	d.base = url.URL{Scheme: "http", Host: u.Host}
	switch u.Scheme {
	case "tcp", "http":
	case "https":
		d.base.Scheme = "https"
	case "ssh":
		return nil, fmt.Errorf("daemon %s: %w", d.host, errSSH)
	default:
		return nil, fmt.Errorf("daemon %s: %w", d.host, errHost)
	}
	if u.Scheme == "https" || opts.TLS {
		d.base.Scheme = "https"
		if d.rt.TLSClientConfig, err = daemonTLS(opts.CertDir); err != nil {
			return nil, fmt.Errorf("daemon %s: %w", d.host, err)
		}
	}
	return d, nil
}

// SocketPath is the path in unix:///path; a path alone is one too.
func SocketPath(host string) (string, bool) {
	path, ok := strings.CutPrefix(host, "unix:")
	if !ok {
		return host, strings.HasPrefix(host, "/")
	}
	return strings.TrimPrefix(path, "//"), true
}

func daemonTLS(dir string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if dir == "" {
		return config, nil
	}
	ca := filepath.Join(dir, "ca.pem")
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: %w", ca, errNoCertificate)
	}
	cert, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		return nil, err
	}
	config.Certificates = []tls.Certificate{cert}
	return config, nil
}

// Close closes the idle connections.
func (d *Daemon) Close() error {
	d.rt.CloseIdleConnections()
	return nil
}

// ImageID is the identifier of the image that goes by a name.
func (d *Daemon) ImageID(ctx context.Context, name string) (boltseal.Digest, error) {
	resp, err := d.get(ctx, "/images/"+name+"/json", nil)
	if err != nil {
		return "", fmt.Errorf("describe %s: %w", printable(name, 200), err)
	}
	defer resp.Body.Close()
	var doc struct{ ID string }
	if err := json.NewDecoder(io.LimitReader(resp.Body, MaxManifest)).Decode(&doc); err != nil {
		return "", fmt.Errorf("describe %s: %w", printable(name, 200), err)
	}
	if !strings.Contains(doc.ID, ":") {
		doc.ID = "sha256:" + doc.ID // podman leaves it out
	}
	id, err := boltseal.ParseDigest(doc.ID)
	if err != nil {
		return "", fmt.Errorf("describe %s: %w", printable(name, 200), err)
	}
	return id, nil
}

// Save streams the image as docker save writes it. A nil platform means what
// the daemon has; daemons that keep one platform of each image ignore it.
func (d *Daemon) Save(ctx context.Context, id boltseal.Digest, platform *boltseal.Platform) (io.ReadCloser, error) {
	query := url.Values{}
	if platform != nil {
		want, err := json.Marshal(map[string]string{
			"os": platform.OS, "architecture": platform.Arch, "variant": platform.Variant,
		})
		if err != nil {
			return nil, err
		}
		query.Set("platform", string(want))
	}
	// By its identifier exactly one image is saved; a name without a tag
	// would mean all of its tags.
	resp, err := d.get(ctx, "/images/"+string(id)+"/get", query)
	if err != nil {
		return nil, fmt.Errorf("save %s: %w", id, err)
	}
	return resp.Body, nil
}

// Load gives the daemon an image, as docker load does.
func (d *Daemon) Load(ctx context.Context, archive io.Reader) error {
	resp, err := d.do(ctx, http.MethodPost, "/images/load", url.Values{"quiet": {"1"}}, archive)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	defer resp.Body.Close()
	// The status is 200 before the archive is read: what went wrong comes as
	// a line of the answer.
	for lines := json.NewDecoder(io.LimitReader(resp.Body, MaxManifest)); ; {
		var line struct{ Error string }
		if err := lines.Decode(&line); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("load: %w", err)
		}
		if line.Error != "" {
			return fmt.Errorf("load: %s: %s", d.host, printable(line.Error, 400))
		}
	}
}

func (d *Daemon) get(ctx context.Context, path string, query url.Values) (*http.Response, error) {
	return d.do(ctx, http.MethodGet, path, query, nil)
}

func (d *Daemon) do(ctx context.Context, method, path string, query url.Values, body io.Reader) (*http.Response, error) {
	u := d.base
	u.Path, u.RawQuery = path, query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/x-tar")
	}
	resp, err := watched(d.rt, req, d.idle)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.host, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %w", d.host, statusError(resp))
	}
	return resp, nil
}
