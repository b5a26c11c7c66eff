package kubeaudit_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/boltseal/boltseal/watch"
	"github.com/boltseal/boltseal/watch/kubeaudit"
)

// seen collects the ids of events.
type seen struct {
	mu  sync.Mutex
	ids []string
}

func (s *seen) add(e watch.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids = append(s.ids, fmt.Sprint(e.When().UnixNano()%1000))
}

func (s *seen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.ids, " ")
}

func (s *seen) wait(t *testing.T, want string) {
	t.Helper()
	for range 500 {
		if s.String() == want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("events %s, want %s", s, want)
}

// line is an event whose time ends with n nanoseconds.
func line(n int) string {
	return fmt.Sprintf(`{"kind":"Event","auditID":"a%d","verb":"get","stageTimestamp":"2026-11-20T10:00:00.%09dZ"}`+"\n", n, n)
}

func TestListen(t *testing.T) {
	var told seen
	l, err := kubeaudit.Listen(t.Context(), "127.0.0.1:0", &kubeaudit.ListenOptions{Queue: 3, Errors: func(err error) {
		told.mu.Lock()
		defer told.mu.Unlock()
		told.ids = append(told.ids, err.Error())
	}})
	if err != nil {
		t.Fatal(err)
	}
	post := func(kind, body string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+l.Address()+"/k8s-audit", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	got := &seen{}
	ctx, stop := context.WithCancel(t.Context())
	hold := make(chan bool)
	done := make(chan error)
	go func() { done <- l.Run(ctx, func(e watch.Event) { <-hold; got.add(e) }) }()
	batch := func(from, to int) string {
		var items []string
		for n := from; n <= to; n++ {
			items = append(items, line(n))
		}
		return `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[` + strings.Join(items, ",") + `]}`
	}
	for _, c := range []struct {
		kind, body string
		want       int
	}{
		{"application/json", line(1), 200},
		{"text/plain", line(1), 415},
		{"application/json", "{", 400},
		{"application/json", `{"kind":"Pod"}`, 400},
		{"application/json; charset=utf-8", batch(2, 3), 200},
		{"application/json", batch(4, 7), 429},
		{"application/json", `{"kind":"Event","auditID":"` + strings.Repeat("x", kubeaudit.MaxBatch) + `"}`, 413},
	} {
		if c.want == 200 {
			time.Sleep(20 * time.Millisecond) // the one before is being matched
		}
		if code := post(c.kind, c.body); code != c.want {
			t.Errorf("%.60s: %d, want %d", c.body, code, c.want)
		}
	}
	close(hold)
	got.wait(t, "1 2 3")
	if code := post("application/json", batch(4, 6)); code != 200 {
		t.Errorf("with room again: %d", code)
	}
	got.wait(t, "1 2 3 4 5 6")
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if !strings.Contains(told.String(), "found no room") {
		t.Errorf("told: %s", told.String())
	}
	if _, err := kubeaudit.Listen(t.Context(), "0.0.0.0:0", &kubeaudit.ListenOptions{}); err == nil || !strings.Contains(err.Error(), "without TLS") {
		t.Errorf("listening to everybody without TLS: %v", err)
	}
}

func TestFollow(t *testing.T) {
	name := filepath.Join(t.TempDir(), "audit.log")
	write := func(text string) {
		f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	write(line(1))
	var told seen
	f, err := kubeaudit.Follow(name, false, func(err error) {
		told.mu.Lock()
		defer told.mu.Unlock()
		told.ids = append(told.ids, err.Error())
	})
	if err != nil {
		t.Fatal(err)
	}
	got := &seen{}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- f.Run(ctx, got.add) }()
	write(line(2))
	half := line(3)
	write(half[:20])
	got.wait(t, "2")
	time.Sleep(300 * time.Millisecond)
	write(half[20:])
	got.wait(t, "2 3")
	write("no event\n" + strings.Repeat("x", kubeaudit.MaxEvent+70_000) + "\n" + line(4))
	got.wait(t, "2 3 4")
	if err := os.Rename(name, name+".1"); err != nil {
		t.Fatal(err)
	}
	write(line(5))
	got.wait(t, "2 3 4 5")
	if err := os.Truncate(name, 0); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	write(line(6))
	got.wait(t, "2 3 4 5 6")
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for _, want := range []string{"read audit event", "longer than", "cut off"} {
		if !strings.Contains(told.String(), want) {
			t.Errorf("no %q was told: %s", want, told.String())
		}
	}
}
