package api_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/testpostgres"
	"github.com/boltseal/boltseal/serve"
	"github.com/boltseal/boltseal/serve/api"
	"github.com/boltseal/boltseal/serve/client"
	"github.com/boltseal/boltseal/store"
)

var begin = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

var shared testpostgres.Shared

func TestMain(m *testing.M) { os.Exit(shared.Main(m)) }

// running is a server with one project more than it began with.
type running struct {
	*serve.Server
	web   *httptest.Server
	admin string
}

func start(t testing.TB, url string, limits serve.Limits) *running {
	t.Helper()
	now := func() time.Time { return begin }
	db, err := store.Open(t.Context(), url, &store.Options{Now: now, Judge: serve.Judge(nil, now)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if limits.PerSecond == 0 {
		limits.PerSecond, limits.Burst = 1e6, 1e6
	}
	s, err := serve.New(&serve.Options{DB: db, Now: now, Version: "test", Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	api.Mount(s)
	if _, err := db.AddProject(t.Context(), "shop", "", "test"); err != nil {
		t.Fatal(err)
	}
	r := &running{Server: s, web: httptest.NewServer(s.Handler())}
	t.Cleanup(r.web.Close)
	r.admin = r.token(t, store.Token{Role: "admin"})
	return r
}

func both(t *testing.T, test func(*testing.T, *running)) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, start(t, "sqlite:"+filepath.Join(t.TempDir(), "store.db"), serve.Limits{}))
	})
	t.Run("postgres", func(t *testing.T) { test(t, start(t, shared.Of(t).Database(t), serve.Limits{})) })
}

func (r *running) token(t testing.TB, token store.Token) string {
	t.Helper()
	token.Name = "test"
	secret, _, err := serve.NewToken(t.Context(), r.DB(), token, "test")
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// ask makes a request and gives the answer's status and body.
func (r *running) ask(t testing.TB, token, method, path string, body io.Reader, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.web.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

func report(name string, n int) *boltseal.Report {
	c := boltseal.Component{PURL: "pkg:npm/left-pad@1.0.0", Name: "left-pad", Version: "1.0.0", FoundBy: "npm", Basis: boltseal.Declared}
	r := &boltseal.Report{
		Schema: boltseal.ReportSchema, Time: begin, Components: []boltseal.Component{c}, Gaps: []boltseal.Gap{},
		Artifact: boltseal.Artifact{Kind: boltseal.KindImage, Name: name, Digest: boltseal.Digest(fmt.Sprintf("sha256:%064x", n))},
		Findings: []boltseal.Finding{{Check: "vuln/known", Message: "m", Severity: boltseal.High, Subject: boltseal.Subject{Name: name}, Component: &c, Advisory: &boltseal.Advisory{ID: fmt.Sprintf("CVE-2024-%d", n), Feed: "osv/npm"}}},
	}
	r.Findings[0].Seal()
	r.Verdict.Blocking = []string{r.Findings[0].Key}
	return r
}

func body(t testing.TB, v any) *bytes.Reader {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(data)
}

const shop, dflt = "/api/v1/projects/shop", "/api/v1/projects/default"

func TestUploadAndRead(t *testing.T) {
	both(t, func(t *testing.T, r *running) {
		c, err := client.New(r.web.URL, r.admin, &client.Options{Project: "shop"})
		if err != nil {
			t.Fatal(err)
		}
		receipt, err := c.Upload(t.Context(), report("app:1", 1))
		if err != nil {
			t.Fatal(err)
		}
		if receipt.New != 1 || receipt.Repeated {
			t.Errorf("receipt: %+v", receipt)
		}
		for _, path := range []string{"/overview", "/trend", "/images", "/images/1", "/images/1/history", "/images/1/layers", "/findings", "/findings/1", "/findings/1/events", "/reports/1", "/waivers", "/groups?by=component", "/groups", "/alerts", "/workloads", "/documents/policy", "/tokens", "/audit"} {
			if code, got := r.ask(t, r.admin, "GET", shop+path, nil); code != 200 || !strings.HasPrefix(got, "{") {
				t.Errorf("GET %s: %d %s", path, code, got)
			}
		}
		findings, err := c.Findings(t.Context(), url.Values{"advisory": {"CVE-2024-1"}, "state": {"new"}, "severity": {"high"}})
		if err != nil || len(findings.Items) != 1 || findings.Items[0].Component.Name != "left-pad" {
			t.Errorf("findings: %+v, %v", findings, err)
		}
		if code, got := r.ask(t, r.admin, "POST", shop+"/waivers", strings.NewReader(`{"id":"CVE-2024-1","reason":"no","owner":"me","expires":"2026-06-01T00:00:00Z"}`), "Content-Type", "application/json"); code != 201 || !strings.Contains(got, `"findings":1`) {
			t.Errorf("waive: %d %s", code, got)
		}
	})
}

func TestEdit(t *testing.T) {
	both(t, func(t *testing.T, r *running) {
		alert := `{"uid":"a1","at":"2026-05-04T11:00:00Z","host":"n","count":2,"check":"runtime/shell","message":"m","severity":"critical"}` + "\n"
		for _, c := range []struct {
			method, path, body string
			header             []string
			want               int
			has                string
		}{
			{"PUT", shop + "/documents/policy/default", "failOn: [", nil, 422, "policy"},
			{"PUT", shop + "/documents/nothing/default", "a: 1", nil, 404, ""},
			{"PUT", shop + "/documents/policy/default", "fail-on: critical\n", []string{"If-None-Match", "*"}, 200, `"version":1`},
			{"PUT", shop + "/documents/policy/default", "fail-on: critical\n", []string{"If-None-Match", "*"}, 412, ""},
			{"PUT", shop + "/documents/policy/default", "fail-on: high\n", []string{"If-Match", `"1"`}, 200, `"version":2`},
			{"GET", shop + "/documents/policy/default", "", nil, 200, `"body":`},
			{"POST", shop + "/alerts", alert + alert, nil, 200, `"added":1`},
			{"POST", shop + "/alerts", "{", nil, 422, "line 1"},
			{"GET", shop + "/alerts?severity=high", "", nil, 200, `"host":"n"`},
			{"PUT", shop + "/workloads/prod", `[{"namespace":"a","kind":"Pod","name":"p","container":"c","image":"app:1"}]`, nil, 204, ""},
			{"GET", shop + "/workloads?unknown=true", "", nil, 200, `"cluster":"prod"`},
			{"POST", "/api/v1/projects", `{"name":"Bad Name"}`, nil, 422, ""},
			{"POST", "/api/v1/projects", `{"name":"new"}`, nil, 201, `"name":"new"`},
			{"POST", "/api/v1/projects", `{"name":"new"}`, nil, 409, ""},
			{"POST", "/api/v1/accounts", `{"name":"anna","password":"short"}`, nil, 422, ""},
			{"POST", "/api/v1/accounts", `{"name":"anna","password":"long enough a password"}`, nil, 201, `"name":"anna"`},
			{"PUT", shop + "/members/anna", `{"role":"viewer"}`, nil, 204, ""},
			{"PUT", shop + "/members/anna", `{"role":"king"}`, nil, 422, ""},
			{"POST", shop + "/tokens", `{"name":"ci","role":"developer","scopes":["upload"]}`, nil, 201, `"secret":"bsl_`},
			{"POST", shop + "/tokens", `{"name":"ci","role":"developer","scopes":["everything"]}`, nil, 422, ""},
			{"GET", "/api/v1/me", "", nil, 200, `"shop":"admin"`},
			{"GET", "/api/v1/accounts", "", nil, 200, `"anna"`},
			{"GET", shop + "/audit", "", nil, 200, `token.add`},
		} {
			header := append([]string{"Content-Type", "application/json"}, c.header...)
			code, got := r.ask(t, r.admin, c.method, c.path, strings.NewReader(c.body), header...)
			if code != c.want || !strings.Contains(got, c.has) {
				t.Errorf("%s %s: got %d %s, want %d with %q", c.method, c.path, code, got, c.want, c.has)
			}
		}
	})
}

func TestWhoMayDoWhat(t *testing.T) {
	both(t, func(t *testing.T, r *running) {
		c, err := client.New(r.web.URL, r.admin, &client.Options{Project: "shop"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Upload(t.Context(), report("app:1", 1)); err != nil {
			t.Fatal(err)
		}
		tokens := map[string]string{
			"viewer":          r.token(t, store.Token{Project: "shop", Role: "viewer"}),
			"developer":       r.token(t, store.Token{Project: "shop", Role: "developer"}),
			"uploader":        r.token(t, store.Token{Project: "shop", Role: "developer", Scopes: []string{"upload"}}),
			"security":        r.token(t, store.Token{Project: "shop", Role: "security"}),
			"other project":   r.token(t, store.Token{Project: "default", Role: "admin"}),
			"expired":         r.token(t, store.Token{Project: "shop", Role: "admin", Expires: begin.Add(-time.Second)}),
			"made up":         "bsl_made-up",
			"nobody":          "",
			"no role, global": r.token(t, store.Token{}),
		}
		waiver := `{"id":"CVE-0","reason":"no","owner":"me","expires":"2026-06-01T00:00:00Z"}`
		for _, c := range []struct {
			method, path, body string
			want               map[string]int
		}{
			{"GET", shop + "/images/1", "", map[string]int{"viewer": 200, "developer": 200, "uploader": 403, "security": 200, "other project": 404, "expired": 401, "made up": 401, "nobody": 401, "no role, global": 404}},
			{"GET", dflt + "/images/1", "", map[string]int{"viewer": 404, "other project": 404}},
			{"GET", dflt + "/findings/1", "", map[string]int{"other project": 404}},
			{"GET", dflt + "/reports/1", "", map[string]int{"other project": 404}},
			{"GET", "/api/v1/projects/no-such/images", "", map[string]int{"viewer": 404, "other project": 404, "nobody": 401}},
			{"POST", shop + "/reports", "{}", map[string]int{"viewer": 403, "developer": 422, "uploader": 422, "other project": 404, "nobody": 401}},
			{"POST", shop + "/waivers", waiver, map[string]int{"viewer": 403, "developer": 403, "uploader": 403, "security": 201, "other project": 404, "nobody": 401}},
			{"DELETE", shop + "/waivers/1", "", map[string]int{"developer": 403, "other project": 404, "nobody": 401}},
			{"DELETE", dflt + "/waivers/1", "", map[string]int{"other project": 404}},
		} {
			for who, want := range c.want {
				code, got := r.ask(t, tokens[who], c.method, c.path, strings.NewReader(c.body), "Content-Type", "application/json")
				if code != want {
					t.Errorf("%s %s by %s: got %d %s, want %d", c.method, c.path, who, code, got, want)
				}
			}
		}
	})
}

func TestUploadsThatAreRefused(t *testing.T) {
	r := start(t, "sqlite:"+filepath.Join(t.TempDir(), "store.db"), serve.Limits{BodyBytes: 100_000, PerSecond: 1e6, Burst: 1e6})
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = z.Write(bytes.Repeat([]byte(" "), 10<<20))
	_ = z.Close()
	for name, c := range map[string]struct {
		body   string
		header []string
		want   int
	}{
		"too large":      {strings.Repeat(" ", 100_001), nil, 413},
		"bomb":           {bomb.String(), []string{"Content-Encoding", "gzip"}, 413},
		"not gzip":       {"{}", []string{"Content-Encoding", "gzip"}, 400},
		"not zstd":       {"{}", []string{"Content-Encoding", "zstd"}, 400},
		"other packing":  {"{}", []string{"Content-Encoding", "br"}, 415},
		"cut":            {`{"schema":`, nil, 422},
		"twice a name":   {`{"schema":"` + boltseal.ReportSchema + `","schema":"x"}`, nil, 422},
		"another schema": {`{"schema":"x"}`, nil, 422},
		"deep":           {strings.Repeat("[", 90_000), nil, 422},
		"long key":       {"{}", []string{"Idempotency-Key", strings.Repeat("k", 300)}, 422},
	} {
		code, got := r.ask(t, r.admin, "POST", dflt+"/reports", strings.NewReader(c.body), c.header...)
		if code != c.want || !strings.Contains(got, `"status":`) {
			t.Errorf("%s: got %d %s, want %d", name, code, got, c.want)
		}
	}
	// What was refused left nothing.
	if code, got := r.ask(t, r.admin, "GET", dflt+"/images", nil); code != 200 || !strings.Contains(got, `"items":[]`) {
		t.Errorf("images: %d %s", code, got)
	}
}

func TestManyUploadsAtOnce(t *testing.T) {
	both(t, func(t *testing.T, r *running) {
		const n = 1000
		var wg sync.WaitGroup
		transport := &http.Transport{MaxIdleConnsPerHost: 200, MaxConnsPerHost: 200}
		defer transport.CloseIdleConnections()
		httpClient := &http.Client{Transport: transport}
		codes := make([]int, n)
		for i := range n {
			wg.Go(func() {
				req, err := http.NewRequestWithContext(t.Context(), "POST", r.web.URL+dflt+"/reports", body(t, report(fmt.Sprintf("app%d:1", i%500), i%500)))
				if err != nil {
					t.Error(err)
					return
				}
				req.Header.Set("Authorization", "Bearer "+r.admin)
				resp, err := httpClient.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				codes[i] = resp.StatusCode
			})
		}
		wg.Wait()
		count := map[int]int{}
		for _, c := range codes {
			count[c]++
		}
		if count[201] != 500 || count[200] != 500 {
			t.Errorf("answers by status: %v, want 500 of 201 and of 200", count)
		}
		_, got := r.ask(t, r.admin, "GET", dflt+"/images?limit=1", nil)
		if !strings.Contains(got, `"total":500`) {
			t.Errorf("images: %s", got)
		}
	})
}

func TestOpenAPI(t *testing.T) {
	r := start(t, "sqlite:"+filepath.Join(t.TempDir(), "store.db"), serve.Limits{})
	code, got := r.ask(t, "", "GET", "/api/openapi.json", nil)
	var doc struct {
		OpenAPI string                    `json:"openapi"`
		Paths   map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal([]byte(got), &doc); err != nil || code != 200 {
		t.Fatalf("%d %v", code, err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || doc.Paths["/api/v1/projects/{project}/reports"]["post"] == nil || len(doc.Paths) < 10 {
		t.Errorf("openapi %s with %d paths", doc.OpenAPI, len(doc.Paths))
	}
}
