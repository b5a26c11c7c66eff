package seal_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal/seal"
)

func env(m map[string]string) func(string) string { return func(name string) string { return m[name] } }

func TestAmbientTokens(t *testing.T) {
	github := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "bearer s3cret" || r.URL.Query().Get("audience") != "sigstore" || r.URL.Query().Get("api-version") != "2.0" {
			http.Error(w, `{"error":"denied"}`, http.StatusForbidden)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"value": "from-github"})
	}))
	t.Cleanup(github.Close)
	nothing := func(string) ([]byte, error) { return nil, fs.ErrNotExist }
	for _, c := range []struct {
		name  string
		env   map[string]string
		read  func(string) ([]byte, error)
		token string
		fails string
	}{
		{"variable", map[string]string{"SIGSTORE_ID_TOKEN": " abc\n"}, nothing, "abc", ""},
		{"github", map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": github.URL + "/?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "s3cret"}, nothing, "from-github", ""},
		{"github refuses", map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": github.URL, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "other"}, nothing, "", "403 Forbidden denied"},
		{"github without TLS", map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": "http://192.0.2.1/x", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "s3cret"}, nothing, "", "without TLS"},
		{"pod", nil, func(name string) ([]byte, error) { return []byte(name), nil }, seal.TokenFile, ""},
		{"unreadable", nil, func(string) ([]byte, error) { return nil, os.ErrPermission }, "", "permission denied"},
		{"nothing", nil, nothing, "", "id-token: write"},
	} {
		token, from, err := seal.AmbientToken(t.Context(), &seal.TokenOptions{Getenv: env(c.env), ReadFile: c.read})
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%s: got %v, want %q", c.name, err, c.fails)
			}
			continue
		}
		if err != nil || token != c.token || from == "" {
			t.Errorf("%s: got %q from %q, %v", c.name, token, from, err)
		}
	}
	if _, _, err := seal.AmbientToken(t.Context(), &seal.TokenOptions{Getenv: env(nil), ReadFile: nothing}); !errors.Is(err, seal.ErrNoToken) {
		t.Errorf("got %v, want ErrNoToken", err)
	}
}

// A person signs in with a browser elsewhere: the program asks until then.
func TestDeviceToken(t *testing.T) {
	var polls int
	answer := func(n int) (int, any) {
		switch n {
		case 1:
			return http.StatusBadRequest, map[string]string{"error": "authorization_pending"}
		case 2:
			return http.StatusBadRequest, map[string]string{"error": "slow_down"}
		}
		return http.StatusOK, map[string]string{"id_token": "the-token"}
	}
	mux := http.NewServeMux()
	issuer := httptest.NewServer(mux)
	t.Cleanup(issuer.Close)
	reply := func(w http.ResponseWriter, status int, v any) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	name := issuer.URL
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, 200, map[string]string{"issuer": name, "device_authorization_endpoint": issuer.URL + "/device", "token_endpoint": issuer.URL + "/token"})
	})
	mux.HandleFunc("POST /device", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("client_id") != "sigstore" || r.FormValue("scope") != "openid email" || len(r.FormValue("code_challenge")) != 43 {
			reply(w, 400, map[string]string{"error": "bad"})
			return
		}
		reply(w, 200, map[string]any{"device_code": "d", "user_code": "AB\x1b[2JCD", "verification_uri": issuer.URL + "/go", "interval": 1, "expires_in": 600})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		polls++
		if r.FormValue("device_code") != "d" || r.FormValue("code_verifier") == "" {
			polls = 100
		}
		status, v := answer(polls)
		reply(w, status, v)
	})
	var shown string
	var waited []time.Duration
	opts := &seal.DeviceOptions{
		Issuer: issuer.URL, Show: func(address, code string) { shown = address + " " + code },
		Sleep: func(_ context.Context, d time.Duration) error { waited = append(waited, d); return nil },
	}
	token, err := seal.DeviceToken(t.Context(), opts)
	if err != nil || token != "the-token" || shown != issuer.URL+"/go AB[2JCD" {
		t.Errorf("got %q, %v, shown %q", token, err, shown)
	}
	if len(waited) != 3 || waited[0] != 5*time.Second || waited[2] != 10*time.Second {
		t.Errorf("waited %v", waited)
	}
	answer = func(int) (int, any) { return 400, map[string]string{"error": "access_denied"} }
	if _, err := seal.DeviceToken(t.Context(), opts); err == nil || !strings.Contains(err.Error(), "access_denied") {
		t.Errorf("got %v", err)
	}
	answer = func(int) (int, any) { return 400, map[string]string{"error": "authorization_pending"} }
	if _, err := seal.DeviceToken(t.Context(), opts); err == nil || !strings.Contains(err.Error(), "in time") {
		t.Errorf("got %v", err)
	}
	name = "https://other.test"
	if _, err := seal.DeviceToken(t.Context(), opts); err == nil || !strings.Contains(err.Error(), "calls itself") {
		t.Errorf("got %v", err)
	}
}

func TestSigningConfig(t *testing.T) {
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	service := func(url string, version int, start, end, operator string) string {
		if end != "" {
			end = `,"end":"` + end + `"`
		}
		data, _ := json.Marshal(version)
		return `{"url":"` + url + `","majorApiVersion":` + string(data) + `,"validFor":{"start":"` + start + `"` + end + `},"operator":"` + operator + `"}`
	}
	config := func(rekor, selector string) []byte {
		return []byte(`{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","caUrls":[` +
			service("https://old.test", 1, "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z", "a") + `,` + service("https://ca.test", 1, "2021-01-01T00:00:00Z", "", "a") +
			`],"rekorTlogUrls":[` + rekor + `],"rekorTlogConfig":{"selector":"` + selector + `","count":2}}`)
	}
	one := service("https://r1.test", 1, "2021-01-01T00:00:00Z", "", "a")
	two := service("https://r2.test", 2, "2025-01-01T00:00:00Z", "", "a")
	other := service("https://r3.test", 2, "2024-01-01T00:00:00Z", "", "b")
	later := service("https://r4.test", 2, "2027-01-01T00:00:00Z", "", "c")
	for _, c := range []struct {
		rekor, selector string
		want            []seal.LogService
		fails           bool
	}{
		{one, "ANY", []seal.LogService{{URL: "https://r1.test", Version: 1}}, false},
		{one + "," + two + "," + other + "," + later, "ANY", []seal.LogService{{URL: "https://r2.test", Version: 2}}, false},
		{one + "," + two + "," + other, "ALL", []seal.LogService{{URL: "https://r2.test", Version: 2}, {URL: "https://r3.test", Version: 2}}, false},
		{two + "," + other, "EXACT", []seal.LogService{{URL: "https://r2.test", Version: 2}, {URL: "https://r3.test", Version: 2}}, false},
		{two, "EXACT", nil, true},
		{later, "ANY", nil, true},
	} {
		s, err := seal.ParseSigningConfig(config(c.rekor, c.selector), now)
		if c.fails {
			if err == nil {
				t.Errorf("%s %s: got %+v, want an error", c.rekor, c.selector, s)
			}
			continue
		}
		if err != nil || s.Fulcio != "https://ca.test" || len(s.Rekor) != len(c.want) || s.Rekor[0] != c.want[0] {
			t.Errorf("%s %s: got %+v, %v", c.rekor, c.selector, s, err)
		}
	}
	for _, bad := range []string{``, `{}`, `{"mediaType":"x"}`, `{"mediaType":"a","mediaType":"b"}`} {
		if _, err := seal.ParseSigningConfig([]byte(bad), now); err == nil {
			t.Errorf("%s: want an error", bad)
		}
	}
}

// A signer that could not be verified later is refused at once.
func TestSignersThatAreRefused(t *testing.T) {
	k := newKey(t, "")
	to := token(someone, vouches)
	for name, opts := range map[string]seal.SignerOptions{
		"nobody": {Now: clock}, "no clock": {Key: k}, "both": {Key: k, Token: to, Now: clock}, "no authority": {Token: to, Now: clock},
		"no log": {Token: to, Now: clock, Services: &seal.Services{Fulcio: "https://f.test"}},
	} {
		if _, err := seal.NewSigner(&opts); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
}

// Services that answer nonsense are noticed before anything is pushed.
func TestServicesThatLie(t *testing.T) {
	sign := func(ss *sigstore, services *seal.Services) error {
		_, err := signer(t, &seal.SignerOptions{Token: token(someone, vouches), Services: services, Trust: ss.trust(t)}).Statement(t.Context(), statement())
		return err
	}
	ss := newSigstore(t)
	ss.wrongKey = true
	if err := sign(ss, ss.services(1, true)); err == nil || !strings.Contains(err.Error(), "for another key") {
		t.Errorf("another key: %v", err)
	}
	ss = newSigstore(t)
	ss.withoutSCT = true
	if err := sign(ss, ss.services(1, true)); err == nil || !strings.Contains(err.Error(), "sct") {
		t.Errorf("no SCT: %v", err)
	}
	ss = newSigstore(t)
	ss.wrongStamp = true
	if err := sign(ss, ss.services(2, true)); err == nil || !strings.Contains(err.Error(), "timestamp") {
		t.Errorf("another timestamp: %v", err)
	}
	ss = newSigstore(t)
	services := ss.services(1, false)
	services.Rekor[0].URL += "/nothing"
	if err := sign(ss, services); err == nil || !strings.Contains(err.Error(), "transparency log") {
		t.Errorf("no log: %v", err)
	}
}
