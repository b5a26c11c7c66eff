package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// serveBoltseal starts the server on an empty store and ends it with the test.
func serveBoltseal(t *testing.T) *served {
	t.Helper()
	home := t.TempDir()
	s := serveAt(t, home, "sqlite:"+filepath.Join(home, "server.db"), true)
	t.Cleanup(s.kill)
	return s
}

// send makes a request of the API that must succeed.
func send(t *testing.T, s *served, method, path string, body any) {
	t.Helper()
	data, raw := body.([]byte)
	var err error
	if !raw {
		data, err = json.Marshal(body)
	}
	if err != nil {
		t.Fatal(err)
	}
	code, answer, err := s.do(t.Context(), method, "/api/v1/projects/default"+path, s.token, data)
	if err != nil || code >= 300 {
		t.Fatalf("%s %s: %d %s %v", method, path, code, clip(answer), err)
	}
}

// fill gives the server the report of the example, what runs, an alert, and
// an image with a name that means harm.
func fillServer(t *testing.T, s *served) {
	t.Helper()
	report, err := os.ReadFile(filepath.Join("..", "demo", "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	send(t, s, "POST", "/reports", report)
	var r map[string]any
	if err := json.Unmarshal(report, &r); err != nil {
		t.Fatal(err)
	}
	artifact := r["artifact"].(map[string]any)
	digest := artifact["digest"]
	artifact["name"] = `evil"><script>document.title="owned"</script>`
	send(t, s, "POST", "/reports", r)
	w := map[string]any{"cluster": "prod", "namespace": "shop", "kind": "Deployment", "name": "web", "container": "web", "image": "web:1", "digest": digest}
	send(t, s, "PUT", "/workloads/prod", []any{w, map[string]any{"cluster": "prod", "namespace": "shop", "kind": "Deployment", "name": "new", "container": "new", "image": "new:1", "digest": "sha256:" + strings.Repeat("0", 64)}})
	now := time.Now().UTC().Format(time.RFC3339)
	send(t, s, "POST", "/alerts", map[string]any{"at": now, "host": "node-1", "check": "runtime/shell", "severity": "high", "message": "a shell was started <b>in</b> web", "event": map[string]any{"time": now, "source": "syscall", "name": "execve", "workload": w}})
}

// watched is a browser's page and what it complained about.
type watched struct {
	mu         sync.Mutex
	complaints []string
}

func (w *watched) hear(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		w.complaints = append(w.complaints, "exception: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" {
			w.complaints = append(w.complaints, fmt.Sprintf("console: %v", e.Args))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" || e.Entry.Level == "warning" {
			w.complaints = append(w.complaints, e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

func (w *watched) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() { w.complaints = nil }()
	return slices.Clone(w.complaints)
}

// browse starts a browser of its own.
func browse(t *testing.T) (context.Context, *watched) {
	t.Helper()
	tool(t, "chromium")
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath("chromium"), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(2*time.Minute))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(cancel)
	w := &watched{}
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithListener(w.hear))
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 8*time.Minute)
	t.Cleanup(cancel)
	return ctx, w
}

// css is how this file names parts of pages.
func css(query string) chromedp.CSS { return chromedp.CSS(query) }

func read[T any](t *testing.T, ctx context.Context, a chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// looks is what a page must be to somebody who cannot see it, or has only
// a keyboard.
const looks = `(() => {
	const bad = [];
	const one = (q) => { const n = document.querySelectorAll(q).length; if (n !== 1) bad.push(n + " of " + q); };
	["main#main", "header", "h1", "a.skip[href='#main']", "html[lang]"].forEach(one);
	for (const e of document.querySelectorAll("input:not([type=hidden]),select,textarea"))
		if (!e.labels.length && !e.getAttribute("aria-label")) bad.push("no label: " + e.outerHTML);
	for (const e of document.querySelectorAll("a,button"))
		if (!e.textContent.trim() && !e.getAttribute("aria-label")) bad.push("no name: " + e.outerHTML);
	for (const e of document.querySelectorAll("svg"))
		if (e.getAttribute("aria-hidden") !== "true" && !e.getAttribute("aria-label")) bad.push("a picture without words: " + e.outerHTML.slice(0, 80));
	for (const e of document.querySelectorAll("nav")) if (!e.getAttribute("aria-label")) bad.push("nav without a name");
	const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
	ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => bad.push("twice: #" + id));
	if (document.documentElement.scrollWidth > innerWidth + 1) bad.push("wider than the window: " + document.documentElement.scrollWidth + " > " + innerWidth);
	return bad;
})()`

// Every page, in a wide and in a narrow window: no error, a title, landmarks,
// labels, nothing sticking out. BOLTSEAL_E2E_SHOTS names a folder for
// pictures.
func TestDashboardPages(t *testing.T) {
	ctx, w := browse(t)
	s := serveBoltseal(t)
	fillServer(t, s)
	run := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatal(err)
		}
	}
	shots := os.Getenv("BOLTSEAL_E2E_SHOTS")
	visit := func(name, path, title string) {
		t.Helper()
		for _, width := range []int64{1280, 390} {
			run(chromedp.EmulateViewport(width, 900), chromedp.Navigate(s.url+path), chromedp.WaitVisible(css("main")))
			got, bad := read(t, ctx, chromedp.Title()), read(t, ctx, chromedp.Evaluate[[]string](looks))
			if !strings.HasPrefix(got, title) || !strings.HasSuffix(got, "boltseal") {
				t.Errorf("%s: title %q, want %q", path, got, title)
			}
			if len(bad) > 0 {
				t.Errorf("%s at %d: %s", path, width, strings.Join(bad, "\n"))
			}
			if list := w.take(); len(list) > 0 {
				t.Errorf("%s at %d: the browser complains: %s", path, width, strings.Join(list, "\n"))
			}
			if shots != "" {
				png := read(t, ctx, chromedp.FullScreenshot(100))
				if err := os.WriteFile(filepath.Join(shots, fmt.Sprintf("%s-%d.png", name, width)), png, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	visit("setup", "/login", "Log in")
	run(chromedp.SendKeys(css("input[name=token]"), s.token), chromedp.SendKeys(css("input[name=name]"), "anna"), chromedp.SendKeys(css("input[name=password]"), "correct horse battery"), chromedp.Submit(css("form.stack")),
		chromedp.WaitVisible(css(`nav a[aria-current="page"]`)))
	const p = "/projects/default/"
	for _, page := range []struct{ name, path, title string }{
		{"overview", p, "Overview"},
		{"images", p + "images", "Images"},
		{"images-by-name", p + "images?sort=name", "Images"},
		{"image", p + "images/1", ""},
		{"image-evil", p + "images/2", `evil"><script>`},
		{"findings", p + "findings", "Findings"},
		{"groups", p + "findings?by=advisory", "Findings"},
		{"finding", p + "findings/1", ""},
		{"alerts", p + "alerts", "Alerts"},
		{"workloads", p + "workloads", "Workloads"},
		{"waivers", p + "waivers", "Waivers"},
		{"policies", p + "policies", "Policies"},
		{"projects", "/?all=true", "Projects"},
		{"system", "/system", "Jobs and health"},
	} {
		visit(page.name, page.path, page.title)
	}

	// What people do: tick, say why, waive; filter without a reload.
	run(chromedp.Navigate(s.url+p+"findings"), chromedp.Click(css(`input[name=key]`)), chromedp.SendKeys(css(`input[name=reason]`), "not reachable"), chromedp.Submit(css(`input[name=reason]`)),
		chromedp.WaitVisible(css(`[role=status]`)))
	if rows := read(t, ctx, chromedp.Text(css("table.rows"))); !strings.Contains(rows, "not reachable") {
		t.Errorf("waivers: %s", rows)
	}
	run(chromedp.Navigate(s.url+p+"findings"), chromedp.Click(css(`input[name=severity][value=critical]`)))
	read(t, ctx, chromedp.Poll[bool](`location.search.includes("severity=critical")`))
	where := read(t, ctx, chromedp.Location())
	if u, err := url.Parse(where); err != nil || u.Query().Get("severity") != "critical" {
		t.Errorf("filtered at %s", where)
	}
	if list := w.take(); len(list) > 0 {
		t.Errorf("the browser complains: %s", strings.Join(list, "\n"))
	}
}

// The alert rules, as Prometheus itself reads them.
func TestAlertRules(t *testing.T) {
	tool(t, "promtool")
	for _, args := range [][]string{{"check", "rules", "boltseal.rules.yaml"}, {"test", "rules", "boltseal.rules.test.yaml"}} {
		cmd := exec.CommandContext(t.Context(), "promtool", args...)
		cmd.Dir = filepath.Join("..", "deploy", "prometheus")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
}

// prometheus starts one that scrapes a server every second with our rules,
// and gives its address.
func prometheus(t *testing.T, target string) string {
	t.Helper()
	tool(t, "prometheus")
	dir := t.TempDir()
	rules, err := filepath.Abs(filepath.Join("..", "deploy", "prometheus", "boltseal.rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [%q]\nscrape_configs: [{job_name: boltseal, static_configs: [{targets: [%q]}]}]\n", rules, strings.TrimPrefix(target, "http://"))
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "prometheus", "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("prometheus said:\n%s", clip([]byte(out.String())))
		}
	})
	return "http://" + address
}

type vector struct {
	Status string
	Error  string
	Data   struct {
		Result []struct {
			Metric map[string]string
			Value  [2]any
		}
	}
}

func askPrometheus(t *testing.T, at, query string) (*vector, error) {
	t.Helper()
	resp, err := http.Get(at + "/api/v1/query?query=" + url.QueryEscape(query))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	v := &vector{}
	return v, json.NewDecoder(resp.Body).Decode(v)
}

// Every question of the Grafana dashboard has an answer in a Prometheus that
// scrapes a server, but those about audits, which nobody reported.
func TestGrafanaQueries(t *testing.T) {
	tool(t, "prometheus")
	s := serveBoltseal(t)
	fillServer(t, s)
	at := prometheus(t, s.url)
	data, err := os.ReadFile(filepath.Join("..", "deploy", "grafana", "boltseal.json"))
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &board); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	for {
		v, err := askPrometheus(t, at, `count_over_time(boltseal_images[1m]) > 5`)
		if err == nil && len(v.Data.Result) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("prometheus did not scrape: %v", err)
		}
		time.Sleep(500 * time.Millisecond)
	}
	empty := map[string]bool{"Compliance score": true, "Image security scores": true}
	asked := 0
	for _, p := range board.Panels {
		for _, q := range p.Targets {
			asked++
			v, err := askPrometheus(t, at, strings.ReplaceAll(q.Expr, "$project", ".*"))
			switch {
			case err != nil || v.Status != "success":
				t.Errorf("%s: %s: %v %s", p.Title, q.Expr, err, v.Error)
			case len(v.Data.Result) == 0 && !empty[p.Title]:
				t.Errorf("%s: %s has no answer", p.Title, q.Expr)
			case len(v.Data.Result) > 0 && empty[p.Title]:
				t.Errorf("%s: %s answers %v, and no audit was reported", p.Title, q.Expr, v.Data.Result)
			}
		}
	}
	if asked < 13 {
		t.Errorf("only %d questions", asked)
	}
	for query, want := range map[string]string{
		`boltseal_images{project="default"}`: "2", `boltseal_runtime_alerts{project="default",severity="high"}`: "1", `boltseal_scan_coverage_ratio{project="default"}`: "0.5",
		`ALERTS{alertname="BoltsealRuntimeAlert",alertstate="firing"}`: "1",
	} {
		v, err := askPrometheus(t, at, query)
		if err != nil || len(v.Data.Result) != 1 || v.Data.Result[0].Value[1] != want {
			t.Errorf("%s: %v %v, want %s", query, err, v, want)
		}
	}
}

// freeAddress is one that nobody listened on a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
