package registry_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/source/registry"
)

// tokens is a token server that knows one user.
type tokens struct {
	*httptest.Server
	mu      sync.Mutex
	asked   []string // what each request was, in words
	expires int
	open    bool // anonymous users may pull
}

func serveTokens(t *testing.T) *tokens {
	ts := &tokens{expires: 300}
	ts.Server = httptest.NewServer(http.HandlerFunc(ts.serve))
	t.Cleanup(ts.Close)
	return ts
}

func (ts *tokens) serve(w http.ResponseWriter, r *http.Request) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	_ = r.ParseForm()
	user, password, _ := r.BasicAuth()
	ts.asked = append(ts.asked, fmt.Sprintf("%s service=%s scope=%s user=%s:%s refresh=%s",
		r.Method, r.Form.Get("service"), strings.Join(r.Form["scope"], " "), user, password, r.PostForm.Get("refresh_token")))
	known := user == "ann" && password == "secret" || r.PostForm.Get("refresh_token") == "refresh-me" || ts.open && user == ""
	if !known {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"errors":[{"code":"UNAUTHORIZED","message":"incorrect username or password\u001b[31m"}]}`)
		return
	}
	fmt.Fprintf(w, `{"token":"token-%d","expires_in":%d}`, len(ts.asked), ts.expires)
}

// guard makes rec answer only to the tokens of ts that are not in revoked.
func guard(rec *recorder, ts *tokens, revoked ...string) {
	rec.fault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		got := r.Header.Get("Authorization")
		if strings.HasPrefix(got, "Bearer token-") && !slices.Contains(revoked, got) || got == "Bearer ready-made" {
			return false
		}
		w.Header().Add("WWW-Authenticate", `Basic realm="old clients"`)
		w.Header().Add("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/token",service="reg, istry",scope="repository:a:pull"`, ts.URL))
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
}

func credential(cred registry.Credential) func(context.Context, registry.Ref) (registry.Credential, error) {
	return func(context.Context, registry.Ref) (registry.Credential, error) { return cred, nil }
}

func TestTokens(t *testing.T) {
	for _, c := range []struct {
		name string
		cred registry.Credential
		open bool
		want []string
		fail string
	}{
		{
			name: "password", cred: registry.Credential{Username: "ann", Password: "secret"},
			want: []string{"GET service=reg, istry scope=repository:a:pull user=ann:secret refresh="},
		},
		{
			name: "identity token", cred: registry.Credential{IdentityToken: "refresh-me"},
			want: []string{"POST service=reg, istry scope=repository:a:pull user=: refresh=refresh-me"},
		},
		{name: "registry token", cred: registry.Credential{RegistryToken: "ready-made"}},
		{
			name: "anonymous", open: true,
			want: []string{"GET service=reg, istry scope=repository:a:pull user=: refresh="},
		},
		{
			name: "nobody", fail: "401 unauthorized: UNAUTHORIZED: incorrect username or password [31m",
			want: []string{"GET service=reg, istry scope=repository:a:pull user=: refresh="},
		},
		{
			name: "wrong password", cred: registry.Credential{Username: "ann", Password: "guess"}, fail: "docker login",
			want: []string{"GET service=reg, istry scope=repository:a:pull user=ann:guess refresh="},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec, ts := serve(t), serveTokens(t)
			im, layer := push(t, client(t, nil), rec.host()+"/a:1", 1000)
			ts.open = c.open
			guard(rec, ts)
			cl := client(t, &registry.Options{Credentials: credential(c.cred)})
			r := ref(t, rec.host()+"/a:1")
			_, err := cl.Manifest(t.Context(), r)
			if c.fail == "" {
				if err == nil {
					_, err = cl.Manifest(t.Context(), r.At(im.Digest()))
				}
				if err == nil {
					_, err = readBlob(cl, r, layer)
				}
				if err != nil {
					t.Error(err)
				}
			} else if !errors.Is(err, registry.ErrDenied) || !strings.Contains(err.Error(), c.fail) {
				t.Errorf("got %v, want %q", err, c.fail)
			}
			if diff := cmp.Diff(c.want, ts.asked); diff != "" {
				t.Errorf("token server (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTokenRunsOut(t *testing.T) {
	rec, ts := serve(t), serveTokens(t)
	push(t, client(t, nil), rec.host()+"/a:1", 10)
	guard(rec, ts)
	now := time.Unix(1_700_000_000, 0)
	cl := client(t, &registry.Options{
		Credentials: credential(registry.Credential{Username: "ann", Password: "secret"}),
		Now:         func() time.Time { return now },
	})
	r := ref(t, rec.host()+"/a:1")
	for _, step := range []struct {
		after time.Duration
		asked int
	}{{0, 1}, {time.Minute, 1}, {5 * time.Minute, 2}} {
		now = now.Add(step.after)
		if _, err := cl.Manifest(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if len(ts.asked) != step.asked {
			t.Errorf("after %s: %d tokens, want %d", step.after, len(ts.asked), step.asked)
		}
	}
	guard(rec, ts, "Bearer token-2")
	if _, err := cl.Manifest(t.Context(), r); err != nil || len(ts.asked) != 3 {
		t.Errorf("a revoked token: got %v after %d tokens", err, len(ts.asked))
	}
}

func TestPushScope(t *testing.T) {
	rec, ts := serve(t), serveTokens(t)
	guard(rec, ts)
	push(t, client(t, &registry.Options{Credentials: credential(registry.Credential{Username: "ann", Password: "secret"})}),
		rec.host()+"/a:1", 10)
	if !slices.ContainsFunc(ts.asked, func(s string) bool { return strings.Contains(s, "repository:a:pull,push") }) {
		t.Errorf("no token for pushing: %v", ts.asked)
	}
}

func TestBasic(t *testing.T) {
	rec := serve(t)
	push(t, client(t, nil), rec.host()+"/a:1", 10)
	rec.fault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if user, password, _ := r.BasicAuth(); user == "ann" && password == "secret:with:colons" {
			return false
		}
		w.Header().Set("WWW-Authenticate", `BASIC realm="x"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	r := ref(t, rec.host()+"/a:1")
	cl := client(t, &registry.Options{Credentials: credential(registry.Credential{Username: "ann", Password: "secret:with:colons"})})
	if _, err := cl.Manifest(t.Context(), r); err != nil {
		t.Error(err)
	}
	helpless := func(context.Context, registry.Ref) (registry.Credential, error) {
		return registry.Credential{}, errors.New("docker-credential-x: not in PATH")
	}
	_, err := client(t, &registry.Options{Credentials: helpless}).Manifest(t.Context(), r)
	if !errors.Is(err, registry.ErrDenied) || !strings.Contains(err.Error(), "not in PATH") {
		t.Errorf("got %v, want why there are no credentials", err)
	}
	rec.fault(nil)
	if _, err := client(t, &registry.Options{Credentials: helpless}).Manifest(t.Context(), r); err != nil {
		t.Errorf("a broken helper of a registry that does not ask: %v", err)
	}
}

func TestHostileRealm(t *testing.T) {
	for realm, want := range map[string]string{
		"http://tokens.example.com/": "without TLS",
		"file:///etc/passwd":         "may not be asked",
		"/token":                     "may not be asked",
		"http://u:p@127.0.0.1/":      "may not be asked",
		"http://169.254.169.254/":    "without TLS",
		"https://169.254.169.254/":   "refused address",
	} {
		rec := serve(t)
		rec.fault(func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+realm+`"`)
			w.WriteHeader(http.StatusUnauthorized)
			return true
		})
		_, err := client(t, &registry.Options{Credentials: credential(registry.Credential{Username: "a", Password: "b"})}).
			Manifest(t.Context(), ref(t, rec.host()+"/a:1"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", realm, err, want)
		}
	}
}

func TestTokenServerTalksNonsense(t *testing.T) {
	for _, body := range []string{"", "{}", "null", "[1]", `{"token":1}`, `{"token":"a\nb: c"}`, strings.Repeat("[", 2<<20)} {
		rec := serve(t)
		ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
		t.Cleanup(ts.Close)
		rec.fault(func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+ts.URL+`"`)
			w.WriteHeader(http.StatusUnauthorized)
			return true
		})
		if _, err := client(t, nil).Manifest(t.Context(), ref(t, rec.host()+"/a:1")); err == nil {
			t.Errorf("%.20q: no error", body)
		}
	}
}

func TestCredentialsStayAtHome(t *testing.T) {
	var seen []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
		fmt.Fprint(w, "blob")
	}))
	t.Cleanup(elsewhere.Close)
	rec := serve(t)
	rec.fault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", "Basic")
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
		http.Redirect(w, r, elsewhere.URL+"/store?signature=secret", http.StatusTemporaryRedirect)
		return true
	})
	cl := client(t, &registry.Options{Credentials: credential(registry.Credential{Username: "ann", Password: "secret"})})
	got, err := readBlob(cl, ref(t, rec.host()+"/a"), registry.Describe("", []byte("blob")))
	if err != nil || string(got) != "blob" {
		t.Errorf("got %q, %v", got, err)
	}
	if diff := cmp.Diff([]string{""}, seen); diff != "" {
		t.Errorf("Authorization elsewhere (-want +got):\n%s", diff)
	}
}

func TestErrorsKeepSecrets(t *testing.T) {
	rec := serve(t)
	rec.fault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Has("signature") {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		http.Redirect(w, r, "/store?signature=secret", http.StatusFound)
		return true
	})
	cl := client(t, &registry.Options{Credentials: credential(registry.Credential{
		Username: "ann", Password: base64.StdEncoding.EncodeToString([]byte("secret")),
	})})
	_, err := readBlob(cl, ref(t, rec.host()+"/a"), registry.Describe("", []byte("blob")))
	if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "signature") {
		t.Errorf("got %v", err)
	}
}
