package source

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

var _ = add(Scheme{
	Name: "docker", Aliases: []string{"docker-daemon"}, Usage: "docker:NAME", Title: "an image in the Docker daemon on this machine",
	open: func(ctx context.Context, o *opener, where string) (*Subject, error) {
		return o.openDaemon(ctx, "docker", where, o.dockerHosts)
	},
})

var _ = add(Scheme{
	Name: "podman", Usage: "podman:NAME", Title: "an image in podman's service on this machine",
	open: func(ctx context.Context, o *opener, where string) (*Subject, error) {
		return o.openDaemon(ctx, "podman", where, o.podmanHosts)
	},
})

// A daemon may prepare an archive for long before it sends the first byte.
const daemonIdle = 10 * time.Minute

// daemon is a service with Docker's API, which podman has too.
type daemon struct {
	name string // "docker"
	host string // "unix:///var/run/docker.sock"
	base url.URL
	http *http.Client
}

// openDaemon has the daemon save an image, and opens what it saved.
func (o *opener) openDaemon(ctx context.Context, name, image string, hosts func() ([]string, error)) (*Subject, error) {
	if o.Offline {
		return nil, fmt.Errorf("%w: the %s daemon is asked through a socket (pipe %s save into the target -)", ErrOffline, name, name)
	}
	list, err := hosts()
	if err != nil {
		return nil, err
	}
	d, err := o.dial(name, list)
	if err != nil {
		return nil, err
	}
	id, err := d.identify(ctx, image)
	if err != nil {
		return nil, err
	}
	in, err := o.save(ctx, d, id)
	if err != nil {
		return nil, fmt.Errorf("%s: save %s: %w", d.host, image, err)
	}
	// It was asked for one image; several are that image's platforms.
	s, err := o.openTar(ctx, in, image, name+":"+image, selector{all: true}, anyArchive)
	if err != nil {
		return nil, err
	}
	s.Artifact.Name = image
	for _, child := range s.Children {
		child.Artifact.Name = image
	}
	s.mark(d.host + "\x00" + id)
	return s, nil
}

// save spools the image with the given identifier. By its identifier exactly
// one image is saved; a name without a tag would mean all of its tags.
func (o *opener) save(ctx context.Context, d *daemon, id string) (archive, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	query := url.Values{}
	if p := o.platform; p != nil {
		want, err := json.Marshal(map[string]string{"os": p.OS, "architecture": p.Arch, "variant": p.Variant})
		if err != nil {
			return archive{}, err
		}
		query.Set("platform", string(want)) // daemons that keep one platform of each image ignore it
	}
	resp, err := d.get(ctx, "/images/"+id+"/get", query)
	if err != nil {
		return archive{}, err
	}
	defer resp.Body.Close()
	idle := time.AfterFunc(daemonIdle, func() { cancel(errDaemonIdle) })
	defer idle.Stop()
	return o.spool(ctx, readFunc(func(p []byte) (int, error) {
		n, err := resp.Body.Read(p)
		idle.Reset(daemonIdle)
		if cause := context.Cause(ctx); cause != nil && err != nil && !errors.Is(err, io.EOF) {
			err = cause
		}
		return n, err
	}), "image "+id)
}

var errDaemonIdle = fmt.Errorf("the daemon sent nothing for %s", daemonIdle)

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// identify is the identifier of an image by its name.
func (d *daemon) identify(ctx context.Context, image string) (string, error) {
	resp, err := d.get(ctx, "/images/"+image+"/json", nil)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var doc struct{ ID string }
	if err := json.NewDecoder(io.LimitReader(resp.Body, 64<<20)).Decode(&doc); err != nil {
		return "", fmt.Errorf("%s: describe %s: %w", d.host, image, err)
	}
	id := doc.ID
	if !strings.Contains(id, ":") {
		id = "sha256:" + id // podman leaves it out
	}
	if _, err := boltseal.ParseDigest(id); err != nil {
		return "", fmt.Errorf("%s: describe %s: %w", d.host, image, err)
	}
	return id, nil
}

// get asks the daemon.
func (d *daemon) get(ctx context.Context, path string, query url.Values) (*http.Response, error) {
	u := d.base
	u.Path, u.RawQuery = path, query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := d.http.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		if errors.Is(err, fs.ErrPermission) {
			return nil, fmt.Errorf("%s: %w (may this user use %s?)", d.host, err, d.name)
		}
		return nil, fmt.Errorf("%s: %w", d.host, err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	var doc struct{ Message string }
	_ = json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&doc)
	if resp.StatusCode == http.StatusNotFound {
		image := strings.TrimSuffix(strings.TrimPrefix(path, "/images/"), "/json")
		return nil, fmt.Errorf("%s: no image %s on this machine (registry:%s asks a registry; for the image %s:%s write registry:%s:%s)",
			d.host, image, image, d.name, image, d.name, image)
	}
	return nil, fmt.Errorf("%s: %d: %s", d.host, resp.StatusCode, strconv.Quote(clip(doc.Message, 300)))
}

// dial makes a client for the first of the hosts that there is.
func (o *opener) dial(name string, hosts []string) (*daemon, error) {
	for _, host := range hosts {
		path, ok := socketPath(host)
		if !ok {
			return o.dialRemote(name, host)
		}
		info, err := os.Stat(path)
		if err != nil && len(hosts) > 1 {
			continue
		}
		if err == nil && info.Mode()&fs.ModeSocket == 0 {
			err = errors.New("not a socket")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", host, err)
		}
		d := &daemon{name: name, host: host, base: url.URL{Scheme: "http", Host: name}}
		d.client(&http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}})
		o.keep(d)
		return d, nil
	}
	return nil, fmt.Errorf("no %s daemon on this machine: looked for %s", name, strings.Join(hosts, ", "))
}

func (d *daemon) client(t *http.Transport) {
	t.ResponseHeaderTimeout, t.DisableCompression = daemonIdle, true
	d.http = &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return errDaemonRedirect }}
}

var errDaemonRedirect = errors.New("the daemon sends us elsewhere")

// Close closes the connections to the daemon.
func (d *daemon) Close() error {
	d.http.CloseIdleConnections()
	return nil
}

// dialRemote makes a client for a daemon on another machine, as
// DOCKER_HOST=tcp://… says it.
func (o *opener) dialRemote(name, host string) (*daemon, error) {
	u, err := url.Parse(host)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%s host %q: want unix:// or tcp://", name, clip(host, 200))
	}
	d := &daemon{name: name, host: u.Scheme + "://" + u.Host, base: url.URL{Scheme: "http", Host: u.Host}}
	t := &http.Transport{}
	switch u.Scheme {
	case "tcp", "http", "https":
	case "ssh":
		return nil, fmt.Errorf("%s host %s: ssh is not spoken (ssh HOST %s save IMAGE, piped into the target -)", name, d.host, name)
	default:
		return nil, fmt.Errorf("%s host %s: want unix:// or tcp://", name, d.host)
	}
	certs := o.Getenv("DOCKER_CERT_PATH")
	if u.Scheme == "https" || o.Getenv("DOCKER_TLS_VERIFY") != "" || certs != "" && u.Scheme == "tcp" {
		if t.TLSClientConfig, err = daemonTLS(certs); err != nil {
			return nil, fmt.Errorf("%s host %s: %w", name, d.host, err)
		}
		d.base.Scheme = "https"
	}
	d.client(t)
	o.keep(d)
	return d, nil
}

// daemonTLS reads ca.pem, cert.pem and key.pem, as the docker command does.
func daemonTLS(dir string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if dir == "" {
		return config, nil
	}
	pem, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		return nil, err
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New("ca.pem holds no certificate")
	}
	cert, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		return nil, err
	}
	config.Certificates = []tls.Certificate{cert}
	return config, nil
}

// socketPath is the path in unix:///path.
func socketPath(host string) (string, bool) {
	path, ok := strings.CutPrefix(host, "unix:")
	if !ok {
		return host, strings.HasPrefix(host, "/")
	}
	if rest, ok := strings.CutPrefix(path, "//"); ok {
		path = rest
	}
	return path, true
}
