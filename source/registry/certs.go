package registry

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// CertDirs are the folders in which docker and podman look for what a registry
// is trusted by and logged in to with: FOLDER/HOST[:PORT] holds authorities in
// files *.crt, and client certificates in pairs *.cert and *.key. They are
// listed by precedence.
func CertDirs(getenv func(string) string) []string {
	var dirs []string
	if home := getenv("HOME"); home != "" {
		config := getenv("XDG_CONFIG_HOME")
		if config == "" {
			config = filepath.Join(home, ".config")
		}
		dirs = append(dirs, filepath.Join(config, "containers", "certs.d"), filepath.Join(config, "docker", "certs.d"),
			filepath.Join(home, ".docker", "certs.d"))
	}
	return append(dirs, "/etc/containers/certs.d", "/etc/docker/certs.d")
}

// hosts sends each request with the certificates of its host.
type hosts struct {
	dirs   []string
	config *tls.Config
	make   func(*tls.Config) *http.Transport

	mu     sync.Mutex
	common *http.Transport            // for hosts without any
	by     map[string]*http.Transport // nil where the common one does
}

// RoundTrip implements [http.RoundTripper].
func (h *hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	t, err := h.of(r.URL.Host)
	if err != nil {
		return nil, fmt.Errorf("certificates of %s: %w", r.URL.Host, err)
	}
	return t.RoundTrip(r)
}

func (h *hosts) of(host string) (*http.Transport, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t, known := h.by[host]
	if !known {
		config, err := h.configOf(host)
		if err != nil {
			return nil, err
		}
		if config != nil {
			t = h.make(config)
		}
		if h.by == nil {
			h.by = map[string]*http.Transport{}
		}
		h.by[host] = t
	}
	if t == nil {
		return h.common, nil
	}
	return t, nil
}

// CloseIdleConnections closes those of every host.
func (h *hosts) CloseIdleConnections() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.common.CloseIdleConnections()
	for _, t := range h.by {
		if t != nil {
			t.CloseIdleConnections()
		}
	}
}

// configOf is the TLS configuration of a host that has a folder, else nil. The
// first folder counts, as it does for podman.
func (h *hosts) configOf(host string) (*tls.Config, error) {
	if host == "" || host[0] == '.' || strings.ContainsAny(host, `/\`) {
		return nil, nil
	}
	for _, dir := range h.dirs {
		dir = filepath.Join(dir, host)
		files, err := os.ReadDir(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
			continue // as for a user who has no say in it
		case err != nil:
			return nil, err
		}
		config := h.config.Clone()
		for _, f := range files {
			if err := addCertificate(config, dir, f.Name()); err != nil {
				return nil, err
			}
		}
		return config, nil
	}
	return nil, nil
}

// addCertificate takes what one file of a folder of certificates says.
func addCertificate(config *tls.Config, dir, name string) error {
	path := filepath.Join(dir, name)
	switch filepath.Ext(name) {
	case ".crt":
		pem, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		pool := config.RootCAs
		if pool == nil {
			if pool, err = x509.SystemCertPool(); err != nil {
				pool = x509.NewCertPool()
			}
		}
		pool = pool.Clone()
		if !pool.AppendCertsFromPEM(pem) {
			return fmt.Errorf("%s: %w", path, errNoCertificate)
		}
		config.RootCAs = pool
	case ".cert":
		cert, err := tls.LoadX509KeyPair(path, strings.TrimSuffix(path, ".cert")+".key")
		if err != nil {
			return err
		}
		config.Certificates = append(slices.Clip(config.Certificates), cert)
	case ".key":
		if _, err := os.Stat(strings.TrimSuffix(path, ".key") + ".cert"); err != nil {
			return fmt.Errorf("%s has no certificate beside it: %w", path, err)
		}
	}
	return nil
}
