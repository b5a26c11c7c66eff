package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/boltseal/boltseal/source/registry"
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

// openDaemon has the daemon save an image, and opens what it saved.
func (o *opener) openDaemon(ctx context.Context, name, image string, hosts func() (named string, usual []string, err error)) (*Subject, error) {
	d, host, err := o.daemon(name, hosts)
	if err != nil {
		return nil, err
	}
	o.keep(d)
	id, err := d.ImageID(ctx, image)
	if err != nil {
		return nil, daemonHint(name, image, err)
	}
	r, err := d.Save(ctx, id, o.platform)
	if err != nil {
		return nil, daemonHint(name, image, err)
	}
	in, err := o.spool(ctx, r, "image "+image)
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, err
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
	s.mark(host + "\x00" + string(id))
	return s, nil
}

// daemon finds the daemon that goes by a name.
func (o *opener) daemon(name string, hosts func() (named string, usual []string, err error)) (*registry.Daemon, string, error) {
	if o.Offline {
		return nil, "", fmt.Errorf("%w: the %s daemon is asked through a socket (archives need none: pipe %s save into the target -)", ErrOffline, name, name)
	}
	host, usual, err := hosts()
	if err == nil && host == "" {
		host, err = pickHost(name, usual)
	}
	if err == nil {
		err = checkSocket(host)
	}
	if err != nil {
		return nil, "", err
	}
	certs := o.Getenv("DOCKER_CERT_PATH")
	d, err := registry.NewDaemon(&registry.DaemonOptions{
		Host: host, CertDir: certs, TLS: o.Getenv("DOCKER_TLS_VERIFY") != "" || certs != "",
	})
	return d, host, err
}

// Load gives an archive, in the form that docker save writes, to a local
// daemon: "docker" or "podman".
func Load(ctx context.Context, daemon string, archive io.Reader, opts *Options) error {
	o := newOpener(opts)
	hosts := o.dockerHosts
	if daemon == "podman" {
		hosts = o.podmanHosts
	}
	d, _, err := o.daemon(daemon, hosts)
	if err != nil {
		return err
	}
	return errors.Join(d.Load(ctx, archive), d.Close())
}

// daemonHint adds what a user may have meant, or may not do.
func daemonHint(name, image string, err error) error {
	switch {
	case errors.Is(err, registry.ErrNotFound):
		return fmt.Errorf("no image %s on this machine (registry:%s asks a registry; for the image %s:%s write registry:%s:%s): %w",
			image, image, name, image, name, image, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w (may this user use %s?)", err, name)
	}
	return err
}

// pickHost is the first of the usual hosts that there is.
func pickHost(name string, hosts []string) (string, error) {
	for _, host := range hosts {
		if path, ok := registry.SocketPath(host); ok {
			if _, err := os.Stat(path); err == nil {
				return host, nil
			}
		}
	}
	hint := ""
	if name == "podman" {
		hint = "; systemctl start podman.socket starts it (or pipe podman save into the target -)"
	}
	return "", fmt.Errorf("no %s daemon listens on this machine: looked for %s%s", name, strings.Join(hosts, ", "), hint)
}

var errNoSocket = errors.New("not a socket")

// checkSocket makes an error that says more than that nobody listens.
func checkSocket(host string) error {
	path, ok := registry.SocketPath(host)
	if !ok {
		return nil
	}
	info, err := os.Stat(path)
	if err == nil && info.Mode()&fs.ModeSocket == 0 {
		err = errNoSocket
	}
	if err != nil {
		return fmt.Errorf("%s: %w", host, err)
	}
	return nil
}
