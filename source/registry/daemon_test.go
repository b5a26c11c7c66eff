package registry_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/source/registry"
)

func daemon(t *testing.T, h http.HandlerFunc) *registry.Daemon {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	d, err := registry.NewDaemon(&registry.DaemonOptions{
		Host: strings.Replace(s.URL, "http", "tcp", 1), IdleTimeout: 50 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestDaemonHangs(t *testing.T) {
	d := daemon(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/get") {
			_, _ = w.Write(make([]byte, 5000))
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
	})
	if _, err := d.ImageID(t.Context(), "a"); !errors.Is(err, registry.ErrIdle) {
		t.Errorf("before the answer: got %v", err)
	}
	r, err := d.Save(t.Context(), sum(nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n, err := io.Copy(io.Discard, r); !errors.Is(err, registry.ErrIdle) {
		t.Errorf("in the middle: got %d bytes, %v", n, err)
	}
}

func TestDaemonAnswers(t *testing.T) {
	for body, want := range map[string]string{
		`{"Id":"sha256:` + hex64 + `"}`:      "sha256:" + hex64,
		`{"Id":"` + hex64 + `"}`:             "sha256:" + hex64, // podman
		`{"Id":"../../etc/passwd"}`:          "",
		`{"Id":"sha256:` + hex64 + `/../x"}`: "",
		`{}`:                                 "",
		`<html>`:                             "",
		`{"Id":"` + strings.Repeat("x", 9<<20) + `"}`: "",
	} {
		got, err := daemon(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }).ImageID(t.Context(), "team/app:1")
		if got != boltseal.Digest(want) || (err == nil) != (want != "") {
			t.Errorf("%.40s: got %q, %v", body, got, err)
		}
	}
	_, err := daemon(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"message":"No such image: a\u001b[2J"}`)
	}).ImageID(t.Context(), "a")
	if !errors.Is(err, registry.ErrNotFound) || !strings.Contains(err.Error(), "No such image: a [2J") {
		t.Errorf("got %v", err)
	}
}
