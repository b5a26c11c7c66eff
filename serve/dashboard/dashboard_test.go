package dashboard_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/serve"
	"github.com/boltseal/boltseal/serve/dashboard"
	"github.com/boltseal/boltseal/store"
)

var begin = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

const password = "correct horse battery"

// house is a server with two projects and people of all roles in the first.
type house struct {
	*serve.Server
	web *httptest.Server
}

func open(t *testing.T) *house {
	t.Helper()
	now := func() time.Time { return begin }
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "store.db"), &store.Options{Now: now, Judge: serve.Judge(nil, now)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s, err := serve.New(&serve.Options{DB: db, Now: now, Version: "test", Limits: serve.Limits{PerSecond: 1e6, Burst: 1e6, LoginTries: 1e6}})
	if err != nil {
		t.Fatal(err)
	}
	dashboard.Mount(s)
	h := &house{s, httptest.NewServer(s.Handler())}
	t.Cleanup(h.web.Close)
	return h
}

// people gives everybody an account who the tests speak of.
func (h *house) people(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	shop, err := h.DB().AddProject(ctx, "shop", "", "test")
	check(t, err)
	yard, err := h.DB().AddProject(ctx, "yard", "", "test")
	check(t, err)
	hash, err := serve.HashPassword(password)
	check(t, err)
	for _, x := range []struct {
		name    string
		project *store.Project
		role    string
	}{{"viewer", shop, "viewer"}, {"security", shop, "security"}, {"elsewhere", yard, "admin"}, {"nothing", nil, ""}, {"root", nil, ""}} {
		a, err := h.DB().AddAccount(ctx, store.Account{Name: x.name, Hash: hash, Admin: x.name == "root"}, "test")
		check(t, err)
		if x.project != nil {
			check(t, h.DB().SetMember(ctx, x.project, a.ID, x.role, "test"))
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fill puts an image with one finding, an alert and a workload into shop,
// all with this name.
func (h *house) fill(t *testing.T, name string) *store.Receipt {
	t.Helper()
	ctx := t.Context()
	p, err := h.DB().Project(ctx, "shop")
	check(t, err)
	digest := boltseal.Digest("sha256:" + strings.Repeat("ab", 32))
	layer := boltseal.Digest("sha256:" + strings.Repeat("cd", 32))
	c := boltseal.Component{PURL: "pkg:npm/left-pad@1.0.0", Name: "left-pad", Version: "1.0.0", FoundBy: "npm", Basis: boltseal.Declared, Locations: []boltseal.Location{{File: name, Layer: layer}}}
	f := boltseal.Finding{
		Check: "vuln/known", Severity: boltseal.Critical, Message: name, Subject: boltseal.Subject{Name: name, Digest: digest}, Component: &c, FixedIn: []string{"1.0.1"},
		Advisory: &boltseal.Advisory{ID: "CVE-2026-1", Summary: name, References: []string{"javascript:alert(1)", "https://example.org/" + url.PathEscape(name)}, Feed: "test"}, Location: boltseal.Location{File: name, Layer: layer},
	}
	f.Seal()
	r := &boltseal.Report{
		Schema: boltseal.ReportSchema, Time: begin, Components: []boltseal.Component{c}, Findings: []boltseal.Finding{f},
		Artifact: boltseal.Artifact{Kind: boltseal.KindImage, Name: name, Digest: digest, Layers: []boltseal.Layer{{DiffID: layer, Size: 1000, CreatedBy: name}}},
		Gaps:     []boltseal.Gap{{What: name, Why: name, Kind: "limit"}},
		Verdict:  boltseal.Verdict{Allow: true, Reasons: []string{name}},
	}
	receipt, err := h.DB().Ingest(ctx, p, r, &store.Upload{Who: "test"})
	check(t, err)
	w := boltseal.Workload{Cluster: "prod", Namespace: name, Kind: "Deployment", Name: name, Container: name, Image: name, Digest: digest}
	check(t, h.DB().SetWorkloads(ctx, p, "prod", []boltseal.Workload{w}, "test"))
	_, err = h.DB().AddAlerts(ctx, p, []store.Alert{{UID: "1", At: begin, Host: name, Finding: boltseal.Finding{
		Check: "runtime/shell", Severity: boltseal.High, Message: name, Event: &boltseal.Event{Time: begin, Source: "syscall", Name: "execve", Workload: &w},
	}}})
	check(t, err)
	return receipt
}

// browser is somebody at a browser, who follows no redirect.
type browser struct {
	h    *house
	http *http.Client
}

func (h *house) browser(t *testing.T, name string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	check(t, err)
	b := &browser{h, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if name != "" {
		if got := b.send(t, "/login", url.Values{"name": {name}, "password": {password}}); got.code != 303 {
			t.Fatalf("log in as %s: %d %s", name, got.code, got.body)
		}
	}
	return b
}

type answer struct {
	code   int
	body   string
	header http.Header
}

func (b *browser) do(t *testing.T, req *http.Request) answer {
	t.Helper()
	req.Header.Set("Accept", "text/html,*/*")
	resp, err := b.http.Do(req)
	check(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	check(t, err)
	return answer{resp.StatusCode, string(data), resp.Header}
}

func (b *browser) get(t *testing.T, path string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", b.h.web.URL+path, nil)
	check(t, err)
	return b.do(t, req)
}

func (b *browser) send(t *testing.T, path string, form url.Values, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", b.h.web.URL+path, strings.NewReader(form.Encode()))
	check(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return b.do(t, req)
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

func (b *browser) csrf(t *testing.T) string {
	t.Helper()
	page := b.get(t, "/projects/shop/findings").body
	m := csrfField.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no CSRF token in %s", page)
	}
	return html.UnescapeString(m[1])
}

var pages = []string{"", "images", "images?sort=name&name=a", "images/1", "images/1/sbom", "findings", "findings?by=advisory", "findings/1", "alerts", "workloads", "waivers", "policies", "export/images.csv", "export/findings.json", "export/alerts.csv", "export/workloads.json"}

// Nobody is led to log in, members see their project, and to everybody else
// it is not there.
func TestWhoMaySee(t *testing.T) {
	h := open(t)
	h.people(t)
	h.fill(t, "app:1")
	for name, want := range map[string]int{"": 303, "viewer": 200, "security": 200, "root": 200, "elsewhere": 404, "nothing": 404} {
		b := h.browser(t, name)
		for _, page := range pages {
			got := b.get(t, "/projects/shop/"+page)
			if got.code != want {
				t.Errorf("%q gets %s: %d, want %d: %.300s", name, page, got.code, want, got.body)
			}
			if want == 404 && strings.Contains(got.body, "app:1") {
				t.Errorf("%q is told of the image by %s", name, page)
			}
		}
		system := map[string]int{"": 303, "root": 200}[name]
		if system == 0 {
			system = 403
		}
		if got := b.get(t, "/system"); got.code != system {
			t.Errorf("%q gets /system: %d, want %d", name, got.code, system)
		}
	}
	// What another project has is not there either.
	if got := h.browser(t, "elsewhere").get(t, "/projects/yard/images/1"); got.code != 404 {
		t.Errorf("an image of another project: %d, want 404", got.code)
	}
	if got := h.browser(t, "").get(t, "/projects/shop/images?name=a&kev=true").header.Get("Location"); got != "/login?next=%2Fprojects%2Fshop%2Fimages%3Fname%3Da%26kev%3Dtrue" {
		t.Errorf("led to %s", got)
	}
}

// Names from outside are text wherever they stand.
func TestHostileNames(t *testing.T) {
	const evil = "=x\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{.}}"
	h := open(t)
	h.people(t)
	h.fill(t, evil)
	b := h.browser(t, "security")
	for _, page := range pages {
		got := b.get(t, "/projects/shop/"+page)
		if got.code != 200 {
			t.Errorf("%s: %d %.300s", page, got.code, got.body)
		}
		if strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
			for _, bad := range []string{"<script>alert", "<img src=x", `href="javascript:`} {
				if strings.Contains(got.body, bad) {
					t.Errorf("%s holds %s", page, bad)
				}
			}
		}
		for name, values := range got.header {
			if name == "Set-Cookie" && !strings.HasPrefix(values[0], "boltseal=") || strings.Contains(strings.Join(values, ""), "alert(") {
				t.Errorf("%s: header %s: %q", page, name, values)
			}
		}
	}
	for _, query := range []string{"images?name=", "findings?component=", "findings?advisory=", "alerts?check=", "policies?name=", "workloads?cluster=", "waivers?waived="} {
		if got := b.get(t, "/projects/shop/"+query+url.QueryEscape(evil+"\r\nSet-Cookie: a=b")); len(got.header["Set-Cookie"]) > 1 || got.code != 200 || strings.Contains(got.body, "<script>alert") {
			t.Errorf("%s: %d", query, got.code)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(b.get(t, "/projects/shop/export/images.csv").body)).ReadAll()
	check(t, err)
	if len(rows) != 2 || !strings.HasPrefix(rows[1][1], "'=x") {
		t.Errorf("rows %q: a name must not be a formula", rows)
	}
	var list []store.Finding
	check(t, json.Unmarshal([]byte(b.get(t, "/projects/shop/export/findings.json").body), &list))
	if len(list) != 1 || list[0].Advisory.ID != "CVE-2026-1" {
		t.Errorf("findings %v", list)
	}
}

// A layer has the colours of what is open in it.
func TestHeat(t *testing.T) {
	h := open(t)
	h.people(t)
	h.fill(t, "app:1")
	page := h.browser(t, "viewer").get(t, "/projects/shop/images/1").body
	_, rest, _ := strings.Cut(page, `<ol class="layers">`)
	layers, _, _ := strings.Cut(rest, "</ol>")
	if strings.Count(layers, "<li") != 1 || !strings.Contains(layers, `aria-label="1 critical "`) || strings.Contains(layers, "In no layer") {
		t.Errorf("layers: %s", layers)
	}
}

// The policy of pages holds: no style and no script stands in them.
func TestNothingInline(t *testing.T) {
	h := open(t)
	h.people(t)
	h.fill(t, "app:1")
	b := h.browser(t, "root")
	inline := regexp.MustCompile(`(?i)<script(?:>| (?:[^>]*[^>s])?>)|<style|\sstyle=|\son[a-z]+=|https?://[^"]*\.(?:js|css)`)
	for _, path := range append([]string{"/login", "/system", "/?all=true"}, prefixed(pages)...) {
		got := b.get(t, path)
		if !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
			continue
		}
		if m := inline.FindString(got.body); m != "" && !strings.HasPrefix(m, "<script src=") {
			t.Errorf("%s holds %q", path, m)
		}
		for _, want := range []string{`<html lang="en">`, "<main", "<header", "<title>", "<h1", `href="#main"`, `name="viewport"`} {
			if !strings.Contains(got.body, want) {
				t.Errorf("%s has no %s", path, want)
			}
		}
		if p := got.header.Get("Content-Security-Policy"); !strings.Contains(p, "script-src 'self'") || strings.Contains(p, "unsafe") {
			t.Errorf("%s: policy %q", path, p)
		}
		for _, m := range regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`).FindAllStringSubmatch(got.body, -1) {
			if file := b.get(t, m[1]); file.code != 200 || !strings.Contains(file.header.Get("Cache-Control"), "immutable") {
				t.Errorf("%s: %d %s", m[1], file.code, file.header.Get("Cache-Control"))
			}
		}
	}
}

func prefixed(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, "/projects/shop/"+s)
	}
	return out
}

// Waiving needs the role, the session's token and a page of this server.
func TestWaive(t *testing.T) {
	h := open(t)
	h.people(t)
	h.fill(t, "app:1")
	p, err := h.DB().Project(t.Context(), "shop")
	check(t, err)
	findings, err := h.DB().Findings(t.Context(), p, store.FindingQuery{})
	check(t, err)
	form := func(csrf string, more ...string) url.Values {
		f := url.Values{"csrf": {csrf}, "key": {findings.Items[0].Key}, "reason": {"not reachable"}, "expires": {"2026-07-01"}}
		for i := 0; i+1 < len(more); i += 2 {
			f.Set(more[i], more[i+1])
		}
		return f
	}
	viewer, security := h.browser(t, "viewer"), h.browser(t, "security")
	token := security.csrf(t)
	for _, x := range []struct {
		what   string
		by     *browser
		form   url.Values
		header []string
		want   int
	}{
		{"nobody", h.browser(t, ""), form("x"), nil, 401},
		{"a viewer", viewer, form(viewer.csrf(t)), nil, 403},
		{"elsewhere", h.browser(t, "elsewhere"), form("x"), nil, 404},
		{"no token", security, form(""), nil, 403},
		{"somebody else's token", security, form(viewer.csrf(t)), nil, 403},
		{"another site", security, form(token), []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"another origin", security, form(token), []string{"Origin", "https://evil.example"}, 403},
		{"no reason", security, form(token, "reason", " "), nil, 422},
		{"no end", security, form(token, "expires", ""), nil, 422},
		{"an end in the past", security, form(token, "expires", "2026-05-01"), nil, 422},
		{"nothing chosen", security, url.Values{"csrf": {token}, "reason": {"x"}, "expires": {"2026-07-01"}}, nil, 422},
	} {
		if got := x.by.send(t, "/projects/shop/waivers", x.form, x.header...); got.code != x.want {
			t.Errorf("%s: %d, want %d: %.200s", x.what, got.code, x.want, got.body)
		}
		if left, err := h.DB().Findings(t.Context(), p, store.FindingQuery{}); err != nil || len(left.Items) != 1 {
			t.Fatalf("%s waived the finding (%v)", x.what, err)
		}
	}
	if got := security.send(t, "/projects/shop/waivers", form(token)); got.code != 303 {
		t.Fatalf("waive: %d %s", got.code, got.body)
	}
	waived, err := h.DB().Findings(t.Context(), p, store.FindingQuery{States: []store.State{store.StateWaived}})
	check(t, err)
	if len(waived.Items) != 1 {
		t.Fatalf("%d waived findings, want 1", len(waived.Items))
	}
	if page := security.get(t, "/projects/shop/waivers").body; !strings.Contains(page, "not reachable") || !strings.Contains(page, "2026-07-01") {
		t.Error("the waiver is not on its page")
	}
	if got := viewer.send(t, "/projects/shop/waivers/1/end", url.Values{"csrf": {viewer.csrf(t)}}); got.code != 403 {
		t.Errorf("a viewer ends a waiver: %d, want 403", got.code)
	}
	if got := security.send(t, "/projects/shop/waivers/1/end", url.Values{"csrf": {token}}); got.code != 303 {
		t.Errorf("end a waiver: %d %s", got.code, got.body)
	}
	if left, err := h.DB().Findings(t.Context(), p, store.FindingQuery{}); err != nil || len(left.Items) != 1 {
		t.Errorf("the finding did not open again (%v)", err)
	}
}

// A policy is looked at before it is kept, and nobody overwrites what they
// have not seen.
func TestPolicies(t *testing.T) {
	h := open(t)
	h.people(t)
	b := h.browser(t, "security")
	token := b.csrf(t)
	for _, x := range []struct {
		body, version string
		want          int
		text          string
	}{
		{"fail-on: [", "0", 422, `role="alert"`},
		{"fail-on: high\n", "0", 303, ""},
		{"fail-on: low\n", "0", 409, "fail-on: low"},
		{"fail-on: low\r\n", "1", 303, ""},
		{"fail-on: low\n", "x", 422, ""},
	} {
		got := b.send(t, "/projects/shop/policies/default", url.Values{"csrf": {token}, "body": {x.body}, "version": {x.version}})
		if got.code != x.want || !strings.Contains(got.body, x.text) {
			t.Errorf("%q over %s: %d, want %d: %s", x.body, x.version, got.code, x.want, got.body)
		}
	}
	if page := b.get(t, "/projects/shop/policies").body; !strings.Contains(page, "fail-on: low") {
		t.Errorf("the policy is not on its page: %s", page)
	}
	v := h.browser(t, "viewer")
	if got := v.send(t, "/projects/shop/policies/default", url.Values{"csrf": {v.csrf(t)}, "body": {"fail-on: none"}, "version": {"2"}}); got.code != 403 {
		t.Errorf("a viewer writes a policy: %d, want 403", got.code)
	}
}

// The first account is made with the token that the server printed, once.
func TestSetup(t *testing.T) {
	h := open(t)
	secret, _, err := serve.NewToken(t.Context(), h.DB(), store.Token{Name: "first", Role: "admin"}, "test")
	check(t, err)
	weak, _, err := serve.NewToken(t.Context(), h.DB(), store.Token{Name: "weak", Role: "viewer"}, "test")
	check(t, err)
	b := h.browser(t, "")
	if page := b.get(t, "/login").body; !strings.Contains(page, "Make the first account") {
		t.Fatalf("no way in: %s", page)
	}
	form := func(token, name, word string) url.Values {
		return url.Values{"token": {token}, "name": {name}, "password": {word}}
	}
	for _, x := range []struct {
		form   url.Values
		header []string
		want   int
	}{
		{form("", "anna", password), nil, 403},
		{form("bsl_made-up", "anna", password), nil, 403},
		{form(weak, "anna", password), nil, 403},
		{form(secret, "anna", "short"), nil, 422},
		{form(secret, "", password), nil, 422},
		{form(secret, "anna", password), []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{form(secret, "anna", password), nil, 303},
		{form(secret, "bert", password), nil, 409},
	} {
		if got := b.send(t, "/setup", x.form, x.header...); got.code != x.want {
			t.Errorf("%v: %d, want %d: %s", x.form, got.code, x.want, got.body)
		}
	}
	if got := b.get(t, "/system"); got.code != 200 {
		t.Errorf("/system: %d, want 200", got.code)
	}
	if got := b.send(t, "/logout", url.Values{"csrf": {csrfOf(b.get(t, "/system").body)}}); got.code != 303 {
		t.Errorf("log out: %d", got.code)
	}
	if got := b.get(t, "/system"); got.code != 303 {
		t.Errorf("/system after that: %d, want 303", got.code)
	}
}

func csrfOf(page string) string {
	if m := csrfField.FindStringSubmatch(page); m != nil {
		return html.UnescapeString(m[1])
	}
	return ""
}

// A login leads to pages of this server only.
func TestNext(t *testing.T) {
	h := open(t)
	h.people(t)
	for next, want := range map[string]string{
		"/projects/shop/images?kev=true": "/projects/shop/images?kev=true",
		"//evil.example":                 "/", "https://evil.example/": "/", "/\\evil.example": "/", "/\t/evil.example": "/",
	} {
		b := h.browser(t, "")
		got := b.send(t, "/login", url.Values{"name": {"viewer"}, "password": {password}, "next": {next}})
		if got.code != 303 || got.header.Get("Location") != want {
			t.Errorf("next %q: %d %q, want %q", next, got.code, got.header.Get("Location"), want)
		}
	}
	b := h.browser(t, "")
	if got := b.send(t, "/login", url.Values{"name": {"viewer"}, "password": {"wrong"}}); got.code != 401 || !strings.Contains(got.body, "wrong") {
		t.Errorf("a wrong password: %d", got.code)
	}
}

// All orders of images page through everything once.
func TestOrders(t *testing.T) {
	h := open(t)
	h.people(t)
	p, err := h.DB().Project(t.Context(), "shop")
	check(t, err)
	for i := range 7 {
		r := &boltseal.Report{
			Schema: boltseal.ReportSchema, Time: begin.Add(time.Duration(i%3) * time.Minute), Components: []boltseal.Component{}, Gaps: []boltseal.Gap{}, Verdict: boltseal.Verdict{Allow: true},
			Artifact: boltseal.Artifact{Kind: boltseal.KindImage, Name: fmt.Sprintf("app%d:1", i), Digest: boltseal.Digest(fmt.Sprintf("sha256:%064x", i)), Created: begin.AddDate(0, 0, -i%4-1)},
		}
		_, err := h.DB().Ingest(t.Context(), p, r, &store.Upload{Who: "test"})
		check(t, err)
	}
	b := h.browser(t, "viewer")
	next := regexp.MustCompile(`rel="next" href="([^"]+)"`)
	for _, order := range []string{"risk", "name", "reported", "created", "findings", "components"} {
		seen := map[string]int{}
		path := "/projects/shop/images?limit=2&sort=" + order
		for n := 0; path != "" && n < 10; n++ {
			page := b.get(t, path).body
			for _, m := range regexp.MustCompile(`>(app\d:1)<`).FindAllStringSubmatch(page, -1) {
				seen[m[1]]++
			}
			m := next.FindStringSubmatch(page)
			path = ""
			if m != nil {
				path = html.UnescapeString(m[1])
			}
		}
		for i := range 7 {
			if n := seen[fmt.Sprintf("app%d:1", i)]; n != 1 {
				t.Errorf("by %s, app%d is shown %d times", order, i, n)
			}
		}
	}
	if got := b.get(t, "/projects/shop/images?sort=nonsense"); got.code != 422 {
		t.Errorf("an order that is not there: %d, want 422", got.code)
	}
	if got := b.get(t, "/projects/shop/images?after=x"); got.code != 422 {
		t.Errorf("a cursor that is none: %d, want 422", got.code)
	}
	rows, err := csv.NewReader(strings.NewReader(b.get(t, "/projects/shop/export/images.csv?sort=name").body)).ReadAll()
	check(t, err)
	if len(rows) != 8 || rows[1][1] != "app0:1" || rows[7][1] != "app6:1" {
		t.Errorf("rows %q", rows)
	}
}
