package sink_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/rule"
	"github.com/boltseal/boltseal/watch"
	"github.com/boltseal/boltseal/watch/sink"
)

func alert(n int) *watch.Alert {
	at := time.Date(2026, 11, 1, 12, 0, 0, 5000, time.UTC)
	return &watch.Alert{
		ID: fmt.Sprintf("run-%d", n), Time: at, Rule: "Shell <b>", Priority: rule.Critical, Source: "syscall", Hostname: "node 1",
		Output: "a shell (command=sh \"]<!channel>)", Tags: []string{"t"},
		Fields: map[string]any{"proc.name": "sh", "container.name": "web", "k8s.ns.name": nil, "proc.pid": int64(7), "fd.name": "\xff"},
		Event:  &boltseal.Event{Time: at, Source: "syscall", Name: "execve", Workload: &boltseal.Workload{Image: "app:1", Digest: "sha256:aa"}},
	}
}

// errs collects what a sink tells.
type errs struct {
	mu  sync.Mutex
	all []string
}

func (e *errs) add(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, err.Error())
}

func (e *errs) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.all, "\n")
}

func open(t *testing.T, value string, o *sink.Options) sink.Sink {
	t.Helper()
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Retry = 5 * time.Millisecond
	s, err := sink.Open(value, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func finish(t *testing.T, s sink.Sink) error {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
	defer stop()
	return s.Close(ctx)
}

func TestFileIsMadeAnewWhenItWasMoved(t *testing.T) {
	name := filepath.Join(t.TempDir(), "alerts")
	s := open(t, "json="+name, &sink.Options{})
	send := func(n int) {
		if err := s.Alert(alert(n)); err != nil {
			t.Fatal(err)
		}
	}
	send(1)
	if err := os.Rename(name, name+".1"); err != nil {
		t.Fatal(err)
	}
	send(2)
	send(3)
	if err := finish(t, s); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{name + ".1": "run-1", name: "run-2 run-3"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(regexp.MustCompile(`run-\d`).FindAllString(string(data), -1), " "); got != want {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
	}
	if info, _ := os.Stat(name); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %s", info.Mode())
	}
}

// receiver collects bodies, and answers as told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	heads  []http.Header
	paths  []string
	answer func(n int, body string) int
}

func newReceiver(t *testing.T, answer func(n int, body string) int) *receiver {
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		code := 200
		if r.answer != nil {
			code = r.answer(len(r.bodies), string(body))
		}
		r.bodies, r.heads, r.paths = append(r.bodies, string(body)), append(r.heads, req.Header), append(r.paths, req.URL.Path)
		w.WriteHeader(code)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.bodies)
}

func TestPayloads(t *testing.T) {
	for _, c := range []struct {
		format, path string
		want         map[string]any // by dotted path
	}{
		{"webhook", "/", map[string]any{"rule": "Shell <b>", "priority": "Critical", "source": "syscall", "hostname": "node 1", "uuid": "run-1", "time": "2026-11-01T12:00:00.000005Z",
			"output_fields.proc.pid": 7.0, "output_fields.k8s.ns.name": nil, "tags.0": "t", "output": "12:00:00.000005000: Critical a shell (command=sh \"]<!channel>)"}},
		{"alertmanager", "/api/v2/alerts", map[string]any{"0.labels.alertname": "Shell <b>", "0.labels.severity": "critical", "0.labels.container": "web",
			"0.annotations.proc_pid": "7", "0.startsAt": "2026-11-01T12:00:00.000005Z", "0.labels.instance": "node 1"}},
		{"slack", "/", map[string]any{"text": "Critical: Shell &lt;b&gt; (node 1)", "attachments.0.color": "#B00020", "attachments.0.text": "a shell (command=sh \"]&lt;!channel&gt;)"}},
		{"teams", "/", map[string]any{"type": "message", "attachments.0.contentType": "application/vnd.microsoft.card.adaptive", "attachments.0.content.type": "AdaptiveCard"}},
		{"discord", "/", map[string]any{"embeds.0.color": float64(0xB00020), "embeds.0.title": "Critical: Shell <b> (node 1)"}},
		{"server", "/api/v1/projects/default/alerts", map[string]any{"uid": "run-1", "host": "node 1", "count": 1.0, "check": "runtime/Shell <b>", "severity": "critical", "subject.digest": "sha256:aa"}},
	} {
		t.Run(c.format, func(t *testing.T) {
			r := newReceiver(t, nil)
			s := open(t, c.format+"="+r.URL+"/", &sink.Options{UserAgent: "boltseal/test"})
			if err := s.Alert(alert(1)); err != nil {
				t.Fatal(err)
			}
			if err := finish(t, s); err != nil {
				t.Fatal(err)
			}
			if r.count() != 1 {
				t.Fatalf("%d requests", r.count())
			}
			if r.paths[0] != c.path || r.heads[0].Get("User-Agent") != "boltseal/test" {
				t.Errorf("%s by %s", r.paths[0], r.heads[0].Get("User-Agent"))
			}
			var doc any
			if err := json.Unmarshal([]byte(r.bodies[0]), &doc); err != nil {
				t.Fatalf("%v: %s", err, r.bodies[0])
			}
			for path, want := range c.want {
				if got := at(doc, path); got != want {
					t.Errorf("%s: %#v, want %#v", path, got, want)
				}
			}
		})
	}
}

// at finds a value by keys and indices with dots between; a key may itself
// have dots.
func at(v any, path string) any {
	if path == "" {
		return v
	}
	switch v := v.(type) {
	case []any:
		var i int
		head, rest, _ := strings.Cut(path, ".")
		if _, err := fmt.Sscan(head, &i); err == nil && i < len(v) {
			return at(v[i], rest)
		}
	case map[string]any:
		if got, ok := v[path]; ok {
			return got
		}
		for key, inner := range v {
			if rest, ok := strings.CutPrefix(path, key+"."); ok {
				return at(inner, rest)
			}
		}
	}
	return "nothing at " + path
}

// A receiver that is away gets everything once it is back, in order, and what
// failed is told once.
func TestReceiverIsAwayAndComesBack(t *testing.T) {
	for _, spool := range []string{"", t.TempDir()} {
		var told errs
		r := newReceiver(t, func(n int, _ string) int {
			if n < 5 {
				return 503
			}
			return 204
		})
		s := open(t, "webhook="+r.URL, &sink.Options{Spool: spool, Errors: told.add})
		for i := range 30 {
			if err := s.Alert(alert(i)); err != nil {
				t.Fatal(err)
			}
		}
		for deadline := time.Now().Add(10 * time.Second); r.count() < 35 && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		if err := finish(t, s); err != nil {
			t.Error(err)
		}
		for i := range 30 {
			if !strings.Contains(r.bodies[i+5], fmt.Sprintf(`"run-%d"`, i)) {
				t.Errorf("request %d is %s", i+5, r.bodies[i+5])
			}
		}
		if got := told.String(); strings.Count(got, "503") != 1 || strings.Count(got, "delivers again") != 1 {
			t.Errorf("it was told: %s", got)
		}
	}
}

// What a receiver has not taken when the watch ends is there for the next one.
func TestSpoolOutlivesTheWatch(t *testing.T) {
	dir := t.TempDir()
	away := true
	r := newReceiver(t, func(int, string) int {
		if away {
			return 500
		}
		return 200
	})
	s := open(t, "server="+r.URL, &sink.Options{Spool: dir})
	for i := range 3 {
		if err := s.Alert(alert(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := finish(t, s); err == nil || !strings.Contains(err.Error(), "3 alerts wait") {
		t.Errorf("the end says: %v", err)
	}
	r.mu.Lock()
	away, r.bodies = false, nil
	r.mu.Unlock()
	if err := finish(t, open(t, "server="+r.URL, &sink.Options{Spool: dir})); err != nil {
		t.Error(err)
	}
	if got := strings.Join(r.bodies, ""); strings.Count(got, "\n") != 3 || !strings.Contains(got, "run-2") {
		t.Errorf("delivered: %s", got)
	}
	if err := finish(t, open(t, "server="+r.URL, &sink.Options{Spool: dir})); err != nil {
		t.Error(err)
	}
	if got := strings.Count(strings.Join(r.bodies, ""), "\n"); got != 3 {
		t.Errorf("%d lines after another start", got)
	}
}

// One alert that a receiver will never take does not hold the others up.
func TestRefusedAlert(t *testing.T) {
	var told errs
	r := newReceiver(t, func(_ int, body string) int {
		if strings.Contains(body, "run-2\"") {
			return 400
		}
		return 200
	})
	s := open(t, "server="+r.URL, &sink.Options{Spool: t.TempDir(), Errors: told.add})
	for i := range 5 {
		if err := s.Alert(alert(i)); err != nil {
			t.Fatal(err)
		}
	}
	err := finish(t, s)
	if err == nil || !strings.Contains(err.Error(), "refused 1 alert") {
		t.Errorf("the end says: %v", err)
	}
	all := strings.Join(r.bodies, "")
	for _, id := range []string{"run-0", "run-1", "run-3", "run-4"} {
		if !strings.Contains(all, id) {
			t.Errorf("%s did not arrive; told: %s", id, told.String())
		}
	}
}

// What stands in a URL may be a secret: no error repeats it.
func TestSecretsAreNotTold(t *testing.T) {
	var told errs
	s := open(t, "slack=http://127.0.0.1:1/T0/SECRET?token=SECRET", &sink.Options{Errors: told.add})
	if err := s.Alert(alert(1)); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); told.String() == "" && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	err := finish(t, s)
	if err == nil || !strings.Contains(err.Error(), "1 alerts were lost") {
		t.Errorf("the end says: %v", err)
	}
	if got := told.String() + fmt.Sprint(err); strings.Contains(got, "SECRET") || !strings.Contains(got, "127.0.0.1:1") {
		t.Errorf("told: %s", got)
	}
}

func TestTargetFromAFile(t *testing.T) {
	r := newReceiver(t, nil)
	name := filepath.Join(t.TempDir(), "target")
	if err := os.WriteFile(name, []byte("# ours\n"+r.URL+"/hook\nAuthorization: Bearer abc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, "webhook=@"+name, &sink.Options{})
	if err := s.Alert(alert(1)); err != nil {
		t.Fatal(err)
	}
	if err := finish(t, s); err != nil {
		t.Fatal(err)
	}
	if r.paths[0] != "/hook" || r.heads[0].Get("Authorization") != "Bearer abc" {
		t.Errorf("%s %v", r.paths[0], r.heads[0])
	}
}

const wantSyslog = `<82>1 2026-11-01T12:00:00.000005Z node1 boltseal PID alert [boltseal@32473 id="run-1" rule="Shell <b>" priority="Critical" source="syscall" count="1"] a shell (command=sh "]<!channel>)`

func TestSyslog(t *testing.T) {
	pid := regexp.MustCompile(` boltseal \d+ `)
	t.Run("tcp", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		got := make(chan string)
		go func() {
			c, err := l.Accept()
			if err != nil {
				got <- err.Error()
				return
			}
			data, _ := io.ReadAll(c)
			got <- string(data)
		}()
		s := open(t, "syslog=tcp://"+l.Addr().String(), &sink.Options{})
		for range 2 {
			if err := s.Alert(alert(1)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(50 * time.Millisecond)
		if err := finish(t, s); err != nil {
			t.Fatal(err)
		}
		text := pid.ReplaceAllString(<-got, " boltseal PID ")
		length := len(wantSyslog) - len("PID") + len(fmt.Sprint(os.Getpid()))
		if want := fmt.Sprintf("%d %s%d %s", length, wantSyslog, length, wantSyslog); text != want {
			t.Errorf("got  %s\nwant %s", text, want)
		}
	})
	t.Run("unix", func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "log")
		l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		s := open(t, "syslog=unix://"+name, &sink.Options{})
		if err := s.Alert(alert(1)); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 4096)
		n, err := l.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		if got := pid.ReplaceAllString(string(buf[:n]), " boltseal PID "); got != wantSyslog {
			t.Errorf("got  %s\nwant %s", got, wantSyslog)
		}
		if err := finish(t, s); err != nil {
			t.Fatal(err)
		}
	})
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	for value, want := range map[string]string{
		"nonesuch":             "there are text, json, syslog",
		"webhook":              "want a URL",
		"webhook=ftp://x/":     "want a URL",
		"slack=@/no/such/file": "no such file",
		"syslog=http://x":      "want unix, udp, tcp or tls",
		"json=/no/such/dir/x":  "no such file",
	} {
		if _, err := sink.Open(value, &sink.Options{Stdout: &bytes.Buffer{}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", value, err)
		}
	}
}

func BenchmarkSpoolAppend(b *testing.B) {
	s := openSpool(b, b.TempDir(), 1<<40)
	record := make([]byte, 1000)
	for b.Loop() {
		if err := s.Append(record); err != nil {
			b.Fatal(err)
		}
	}
}
