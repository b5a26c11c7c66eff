package serve_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/serve"
	"github.com/boltseal/boltseal/store"
)

var begin = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }
func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func server(t *testing.T, c *clock, opts serve.Options) *serve.Server {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "store.db"), &store.Options{Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	opts.DB = db
	s, err := serve.New(&opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPasswords(t *testing.T) {
	hash, err := serve.HashPassword("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	if !serve.CheckPassword(hash, "correct horse battery") || serve.CheckPassword(hash, "correct horse batterz") || serve.CheckPassword("", "") || serve.CheckPassword(hash, "") {
		t.Error("a password and its hash")
	}
	for _, bad := range []string{"$argon2id$v=19$m=99999999,t=3,p=4$AAAA$AAAA", "$argon2id$v=19$m=65536,t=0,p=0$AAAA$AAAA", "$2y$x", "$$$$$"} {
		if serve.CheckPassword(bad, "x") {
			t.Errorf("%q is taken", bad)
		}
	}
	if _, err := serve.HashPassword("short"); err == nil {
		t.Error("a short password is taken")
	}
}

// browser keeps cookies and follows nothing.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func send(t *testing.T, c *http.Client, method, target, body string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(data)
}

func TestSessions(t *testing.T) {
	c := &clock{t: begin}
	s := server(t, c, serve.Options{Limits: serve.Limits{LoginTries: 3}})
	hash, err := serve.HashPassword("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	account, err := s.DB().AddAccount(t.Context(), store.Account{Name: "anna", Hash: hash}, "test")
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.DB().Project(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DB().SetMember(t.Context(), p, account.ID, "security", "test"); err != nil {
		t.Fatal(err)
	}
	s.Handle("POST /login", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.Login(r, r.FormValue("name"), r.FormValue("password")); err != nil {
			s.Refuse(w, r, err)
		}
	}))
	s.Handle("POST /logout", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.Logout(r); err != nil {
			s.Refuse(w, r, err)
		}
	}))
	s.HandleAuth("GET /p/{project}", serve.Need{Role: serve.Viewer}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, s.CSRF(r.Context()))
	}))
	s.HandleAuth("POST /p/{project}", serve.Need{Role: serve.Security}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	anna := browser(t)
	form := func(name, password string) string {
		return url.Values{"name": {name}, "password": {password}}.Encode()
	}
	const formType = "application/x-www-form-urlencoded"
	expect := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %d, want %d", what, got, want)
		}
	}
	code, _ := send(t, anna, "GET", web.URL+"/p/default", "")
	expect("before the log-in", code, 401)
	code, _ = send(t, anna, "GET", web.URL+"/p/default", "", "Accept", "text/html")
	expect("a person is led to the log-in", code, 303)
	code, _ = send(t, anna, "POST", web.URL+"/login", form("anna", "wrong wrong wrong"), "Content-Type", formType)
	expect("a wrong password", code, 401)
	code, _ = send(t, anna, "POST", web.URL+"/login", form("anna", "correct horse battery"), "Content-Type", formType)
	expect("the right password", code, 200)
	code, token := send(t, anna, "GET", web.URL+"/p/default", "")
	expect("after the log-in", code, 200)
	code, _ = send(t, anna, "GET", web.URL+"/p/other", "")
	expect("a project of others", code, 404)
	code, _ = send(t, anna, "POST", web.URL+"/p/default", "")
	expect("a change without the token", code, 403)
	code, _ = send(t, anna, "POST", web.URL+"/p/default", "", "X-CSRF-Token", token)
	expect("a change with the token", code, 200)
	code, _ = send(t, anna, "POST", web.URL+"/p/default", "csrf="+url.QueryEscape(token), "Content-Type", formType)
	expect("a form with the token", code, 200)
	code, _ = send(t, anna, "POST", web.URL+"/p/default", "", "X-CSRF-Token", token, "Sec-Fetch-Site", "cross-site")
	expect("a change from another site", code, 403)
	code, _ = send(t, anna, "POST", web.URL+"/p/default", "", "X-CSRF-Token", token, "Origin", "https://evil.example.org")
	expect("a change from another origin", code, 403)
	account.Disabled = true
	if err := s.DB().SetAccount(t.Context(), account, "test"); err != nil {
		t.Fatal(err)
	}
	code, _ = send(t, anna, "GET", web.URL+"/p/default", "")
	expect("who may not any more", code, 401)
	account.Disabled = false
	if err := s.DB().SetAccount(t.Context(), account, "test"); err != nil {
		t.Fatal(err)
	}
	code, _ = send(t, anna, "POST", web.URL+"/logout", "")
	expect("log out", code, 200)
	code, _ = send(t, anna, "GET", web.URL+"/p/default", "")
	expect("after the log-out", code, 401)
	for range 3 {
		code, _ = send(t, anna, "POST", web.URL+"/login", form("bob", "x"), "Content-Type", formType)
	}
	expect("too many tries", code, 429)
	c.pass(20 * time.Minute)
	code, _ = send(t, anna, "POST", web.URL+"/login", form("anna", "correct horse battery"), "Content-Type", formType)
	expect("after a while", code, 200)
}

func TestRateLimit(t *testing.T) {
	c := &clock{t: begin}
	s := server(t, c, serve.Options{Limits: serve.Limits{PerSecond: 1, Burst: 2}})
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	var got []int
	for range 3 {
		code, _ := send(t, http.DefaultClient, "GET", web.URL+"/healthz", "", "X-Forwarded-For", "198.51.100.7")
		got = append(got, code)
	}
	c.pass(2 * time.Second)
	code, _ := send(t, http.DefaultClient, "GET", web.URL+"/healthz", "")
	if got[0] != 200 || got[1] != 200 || got[2] != 429 || code != 200 {
		t.Errorf("got %v and then %d", got, code)
	}
}

// pair is a certificate of its own with a serial number.
func pair(t *testing.T, serial int64) (cert, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw})
}

func TestCertificatesAreReadAnew(t *testing.T) {
	c := &clock{t: begin}
	cert, key := pair(t, 1)
	var broken error
	var mu sync.Mutex
	var told error
	config, err := serve.TLS(func() ([]byte, []byte, error) { mu.Lock(); defer mu.Unlock(); return cert, key, broken }, c.now, func(err error) { told = err })
	if err != nil {
		t.Fatal(err)
	}
	s := server(t, c, serve.Options{TLS: config})
	ctx, cancel := context.WithCancel(t.Context())
	address, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- s.Run(ctx, "127.0.0.1:0", func(addr string) error { address <- addr; return nil })
	}()
	addr := <-address
	serial := func() int64 {
		t.Helper()
		conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if got := serial(); got != 1 {
		t.Errorf("certificate %d", got)
	}
	mu.Lock()
	cert, key = pair(t, 2)
	mu.Unlock()
	c.pass(time.Minute)
	if got := serial(); got != 2 {
		t.Errorf("after a new one: certificate %d", got)
	}
	mu.Lock()
	broken = errors.New("gone")
	mu.Unlock()
	c.pass(time.Minute)
	if got := serial(); got != 2 || told == nil {
		t.Errorf("when it cannot be read: certificate %d, told %v", got, told)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestMetricsAndHealth(t *testing.T) {
	c := &clock{t: begin}
	s := server(t, c, serve.Options{})
	p, err := s.DB().Project(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	f := boltseal.Finding{Check: "x/y", Message: "m", Severity: boltseal.Critical}
	f.Seal()
	r := &boltseal.Report{Schema: boltseal.ReportSchema, Time: begin, Artifact: boltseal.Artifact{Kind: boltseal.KindImage, Name: "app:1", Created: begin.Add(-100 * 24 * time.Hour)}, Findings: []boltseal.Finding{f},
		Scorecard: &boltseal.Scorecard{Tally: boltseal.Tally{Score: 75, Passed: 3, Failed: 1}}}
	if _, err := s.DB().Ingest(t.Context(), p, r, &store.Upload{Who: "x"}); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	_, got := send(t, http.DefaultClient, "GET", web.URL+"/metrics", "")
	for _, line := range []string{
		`boltseal_vulnerabilities{project="default",severity="critical"} 1`, `boltseal_compliance_score{project="default"} 75`, `boltseal_runtime_alerts{project="default",severity="high"} 0`,
		`boltseal_image_age_days{project="default"} 100`, `boltseal_scan_coverage_fresh_ratio{project="default"} 1`, `boltseal_images_denied{project="default"} 1`, `boltseal_store_up 1`,
	} {
		if !strings.Contains(got, line) {
			t.Errorf("no %s", line)
		}
	}
	if strings.Contains(got, "boltseal_scan_coverage_ratio{") {
		t.Error("coverage of nothing is told")
	}
	if err := s.DB().Close(); err != nil {
		t.Fatal(err)
	}
	if code, _ := send(t, http.DefaultClient, "GET", web.URL+"/readyz", ""); code != 503 {
		t.Errorf("ready without a store: %d", code)
	}
	if code, _ := send(t, http.DefaultClient, "GET", web.URL+"/healthz", ""); code != 200 {
		t.Errorf("health without a store: %d", code)
	}
}
