package registry_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal/source/registry"
)

func pemFile(t *testing.T, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTLS(t *testing.T) {
	rec := serve(t)
	s := httptest.NewUnstartedServer(rec.Config.Handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	name := strings.TrimPrefix(s.URL, "https://") + "/a:1"
	ca := pemFile(t, "ca.pem", "CERTIFICATE", s.Certificate().Raw)

	push(t, client(t, &registry.Options{CAFile: ca}), name, 10)
	if _, err := client(t, &registry.Options{Insecure: true}).Manifest(t.Context(), ref(t, name)); err != nil {
		t.Errorf("not verified when asked: %v", err)
	}
	before := len(rec.asked())
	_, err := client(t, nil).Manifest(t.Context(), ref(t, name))
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("unknown authority: got %v", err)
	}
	if got := len(rec.asked()); got != before {
		t.Errorf("%d requests of a client that did not trust the registry", got-before)
	}
	if _, err := registry.New(&registry.Options{CAFile: filepath.Join(t.TempDir(), "none")}); err == nil {
		t.Error("no such CA file: no error")
	}
	empty := pemFile(t, "key.pem", "PRIVATE KEY", nil)
	if _, err := registry.New(&registry.Options{CAFile: empty}); err == nil || !strings.Contains(err.Error(), "no PEM certificate") {
		t.Errorf("no certificate in the CA file: got %v", err)
	}
}

func TestClientCertificate(t *testing.T) {
	rec := serve(t)
	s := httptest.NewUnstartedServer(rec.Config.Handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	s.StartTLS()
	t.Cleanup(s.Close)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ann"}, NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(s.URL, "https://") + "/a:1"
	with := &registry.Options{Insecure: true, Attempts: 1,
		CertFile: pemFile(t, "cert.pem", "CERTIFICATE", cert), KeyFile: pemFile(t, "key.pem", "PRIVATE KEY", der)}
	push(t, client(t, with), name, 10)
	if _, err := client(t, &registry.Options{Insecure: true, Attempts: 1}).Manifest(t.Context(), ref(t, name)); err == nil {
		t.Error("without the certificate: no error")
	}
	if _, err := registry.New(&registry.Options{CertFile: with.CertFile}); err == nil {
		t.Error("a certificate without its key: no error")
	}
}

// TestCertDirs trusts and logs in to a registry by what docker's folder of
// certificates has for it.
func TestCertDirs(t *testing.T) {
	rec := serve(t)
	s := httptest.NewUnstartedServer(rec.Config.Handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	s.StartTLS()
	t.Cleanup(s.Close)
	host := strings.TrimPrefix(s.URL, "https://")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ann"}, NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	client1 := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	key1 := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	for _, c := range []struct {
		name, host string
		files      map[string][]byte
		want       string // of the error; empty for none
	}{
		{"whole", host, map[string][]byte{"ca.crt": ca, "client.cert": client1, "client.key": key1, "README": nil}, ""},
		{"of another host", "registry.example.com", map[string][]byte{"ca.crt": ca, "client.cert": client1, "client.key": key1}, "certificate"},
		{"no authority", host, map[string][]byte{"client.cert": client1, "client.key": key1}, "certificate"},
		{"no key", host, map[string][]byte{"ca.crt": ca, "client.cert": client1}, "client.key"},
		{"no certificate", host, map[string][]byte{"ca.crt": ca, "client.key": key1}, "has no certificate beside it"},
		{"broken", host, map[string][]byte{"ca.crt": []byte("x")}, "no PEM certificate"},
	} {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, c.host), 0o700); err != nil {
			t.Fatal(err)
		}
		for name, data := range c.files {
			if err := os.WriteFile(filepath.Join(dir, c.host, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err := client(t, &registry.Options{CertDirs: []string{filepath.Join(dir, "none"), dir}, Attempts: 1}).Manifest(t.Context(), ref(t, host+"/a:1"))
		if c.want == "" {
			if !errors.Is(err, registry.ErrNotFound) { // it was asked, and has no such image
				t.Errorf("%s: got %v", c.name, err)
			}
			continue
		}
		if err == nil || errors.Is(err, registry.ErrNotFound) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// spy answers nothing and notes the URLs.
type spy struct{ urls []string }

func (s *spy) RoundTrip(r *http.Request) (*http.Response, error) {
	s.urls = append(s.urls, r.URL.Scheme+"://"+r.URL.Host)
	return nil, tls.RecordHeaderError{Msg: "not TLS"}
}

func TestPlainHTTPOnlyWhenAsked(t *testing.T) {
	for _, c := range []struct {
		host  string
		plain bool
		want  string
	}{
		{"registry.example.com", false, "https://registry.example.com"},
		{"10.0.0.5:5000", false, "https://10.0.0.5:5000"},
		{"registry.example.com", true, "http://registry.example.com"},
		{"localhost:5000", false, "https://localhost:5000 http://localhost:5000"},
		{"127.0.0.1:5000", false, "https://127.0.0.1:5000 http://127.0.0.1:5000"},
		{"[::1]:5000", false, "https://[::1]:5000 http://[::1]:5000"},
		{"localhost.example.com", false, "https://localhost.example.com"},
		{"docker.io", false, "https://registry-1.docker.io"},
	} {
		s := &spy{}
		_, err := client(t, &registry.Options{Transport: s, PlainHTTP: c.plain, Attempts: 1}).Manifest(t.Context(), ref(t, c.host+"/x/a"))
		if got := strings.Join(s.urls, " "); err == nil || got != c.want {
			t.Errorf("%s, asked %v: got %s (%v), want %s", c.host, c.plain, got, err, c.want)
		}
	}
}

func TestRedirectToPlainHTTP(t *testing.T) {
	rec := serve(t)
	rec.fault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, "http://store.example.com/x", http.StatusFound)
		return true
	})
	s := httptest.NewUnstartedServer(rec.Config.Handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	_, err := client(t, &registry.Options{Insecure: true}).Manifest(t.Context(), ref(t, strings.TrimPrefix(s.URL, "https://")+"/a"))
	if err == nil || !strings.Contains(err.Error(), "refused redirect") || len(rec.asked()) != 1 {
		t.Errorf("got %v after %d requests", err, len(rec.asked()))
	}
}

func TestRedirectLoop(t *testing.T) {
	rec := serve(t)
	rec.fault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
		return true
	})
	_, err := client(t, &registry.Options{PlainHTTP: true}).Manifest(t.Context(), ref(t, rec.host()+"/a"))
	if err == nil || !strings.Contains(err.Error(), "in a row") || len(rec.asked()) != 10 {
		t.Errorf("got %v after %d requests", err, len(rec.asked()))
	}
}

func TestProxy(t *testing.T) {
	var through []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		through = append(through, r.URL.String())
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(proxy.Close)
	env := map[string]string{"http_proxy": proxy.URL}
	c := client(t, &registry.Options{PlainHTTP: true, Attempts: 1, Env: func(k string) string { return env[k] }})
	if _, err := c.Manifest(t.Context(), ref(t, "registry.example.com/a:1")); err == nil {
		t.Error("no error")
	}
	rec := serve(t)
	if push(t, c, rec.host()+"/a:1", 10); len(rec.asked()) == 0 {
		t.Error("what is on this machine goes through no proxy")
	}
	if len(through) != 1 || through[0] != "http://registry.example.com/v2/a/manifests/1" {
		t.Errorf("through the proxy went %v", through)
	}
}
