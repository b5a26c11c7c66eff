package registry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/source/registry"
)

func TestPushAndPull(t *testing.T) {
	rec := serve(t)
	c := client(t, nil)
	name := rec.host() + "/team/app:1"
	im, layer := push(t, c, name, 100_000)
	r, ctx := ref(t, name), t.Context()

	m, err := c.Manifest(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	if m.Digest != im.Digest() || m.MediaType != im.MediaType() || string(m.Data) != string(im.Manifest()) {
		t.Errorf("manifest: got %s %s", m.Digest, m.MediaType)
	}
	if _, err := c.Manifest(ctx, r.At(im.Digest())); err != nil {
		t.Errorf("manifest by digest: %v", err)
	}
	desc, err := c.Resolve(ctx, r)
	if err != nil || string(desc.Digest) != string(im.Digest()) {
		t.Errorf("resolve: got %v, %v", desc, err)
	}
	got, err := readBlob(c, r, layer)
	if err != nil || string(got) != string(im.Layers[0].Stored) {
		t.Errorf("blob: got %d bytes, %v", len(got), err)
	}
	config, err := c.ReadBlob(ctx, r, registry.Describe("", im.Config()))
	if err != nil || string(config) != string(im.Config()) {
		t.Errorf("config: got %q, %v", config, err)
	}
	if has, err := c.HasBlob(ctx, r, sum([]byte("never pushed"))); has || err != nil {
		t.Errorf("a blob that is not there: got %v, %v", has, err)
	}
	var tags []string
	for tag, err := range c.Tags(ctx, r) {
		if err != nil {
			t.Fatal(err)
		}
		tags = append(tags, tag)
	}
	if diff := cmp.Diff([]string{"1"}, tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if _, err := c.Manifest(ctx, ref(t, rec.host()+"/team/none:1")); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("a manifest that is not there: got %v", err)
	}
}

func TestPutBlobAgainSendsNothing(t *testing.T) {
	rec := serve(t)
	c := client(t, nil)
	push(t, c, rec.host()+"/a:1", 10)
	rec.fault(nil)
	push(t, c, rec.host()+"/a:2", 10)
	for _, got := range rec.asked() {
		if strings.HasPrefix(got, "POST") {
			t.Errorf("sent a blob that was there: %s", got)
		}
	}
}

func TestMountBlob(t *testing.T) {
	rec := serve(t)
	c := client(t, nil)
	_, layer := push(t, c, rec.host()+"/a:1", 10)
	rec.fault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost && r.URL.Query().Get("mount") == string(layer.Digest) && r.URL.Query().Get("from") == "a" {
			w.WriteHeader(http.StatusCreated)
			return true
		}
		return false
	})
	r := ref(t, rec.host()+"/b:1")
	if ok, err := c.MountBlob(t.Context(), r, "a", sum(nil)); ok || err != nil {
		t.Errorf("mount where the registry starts an upload: got %v, %v", ok, err)
	}
	if ok, err := c.MountBlob(t.Context(), r, "a", boltseal.Digest(layer.Digest)); !ok || err != nil {
		t.Errorf("mount: got %v, %v", ok, err)
	}
}

func TestRetries(t *testing.T) {
	status := func(codes ...int) func(int, http.ResponseWriter, *http.Request) bool {
		return func(n int, w http.ResponseWriter, r *http.Request) bool {
			if n > len(codes) {
				return false
			}
			if codes[n-1] == 0 { // hang up
				conn, _, _ := w.(http.Hijacker).Hijack()
				_ = conn.Close()
				return true
			}
			if codes[n-1] == http.StatusTooManyRequests {
				w.Header().Set("Retry-After", "7")
			}
			w.WriteHeader(codes[n-1])
			return true
		}
	}
	for _, c := range []struct {
		name  string
		codes []int
		asked int
		fails bool
	}{
		{"too many requests", []int{429, 429}, 3, false},
		{"server errors", []int{500, 502, 503, 504}, 5, false},
		{"hangs up", []int{0, 0}, 3, false},
		{"never gets well", []int{503, 503, 503, 503, 503, 503, 503}, 5, true},
		{"not found is an answer", []int{404}, 1, true},
		{"forbidden is an answer", []int{403}, 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec, n := serve(t), &naps{}
			cl := client(t, &registry.Options{Sleep: n.sleep, PlainHTTP: true})
			push(t, cl, rec.host()+"/a:1", 10)
			rec.fault(status(c.codes...))
			_, err := cl.Manifest(t.Context(), ref(t, rec.host()+"/a:1"))
			if (err != nil) != c.fails {
				t.Errorf("got %v, want failure %v", err, c.fails)
			}
			if got := len(rec.asked()); got != c.asked {
				t.Errorf("asked %d times, want %d", got, c.asked)
			}
			for i, d := range n.long {
				if c.codes[i] == 429 && d < 7*time.Second {
					t.Errorf("waited %s, the registry asked for 7s", d)
				}
				if longest := 750 * time.Millisecond << i; c.codes[i] != 429 && (d < 250*time.Millisecond || d > longest) {
					t.Errorf("wait %d was %s, want 250ms to %s", i, d, longest)
				}
			}
		})
	}
}

func TestRetryAfterTooLong(t *testing.T) {
	rec := serve(t)
	rec.fault(func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Retry-After", time.Now().Add(2*time.Hour).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	})
	_, err := client(t, nil).Manifest(t.Context(), ref(t, rec.host()+"/a:1"))
	if err == nil || !strings.Contains(err.Error(), "asked to wait") || len(rec.asked()) != 1 {
		t.Errorf("got %v after %d requests", err, len(rec.asked()))
	}
}

func TestCancelledWait(t *testing.T) {
	rec := serve(t)
	ctx, cancel := context.WithCancel(t.Context())
	rec.fault(func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		cancel()
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	if _, err := client(t, nil).Manifest(ctx, ref(t, rec.host()+"/a:1")); err == nil || len(rec.asked()) != 1 {
		t.Errorf("got %v after %d requests", err, len(rec.asked()))
	}
}

type fail struct{ t *testing.T }

func (f fail) RoundTrip(r *http.Request) (*http.Response, error) {
	f.t.Errorf("a request was sent: %s %s", r.Method, r.URL)
	return nil, errors.New("no")
}

func TestOffline(t *testing.T) {
	c := client(t, &registry.Options{Offline: true, Transport: fail{t}})
	ctx, r := t.Context(), ref(t, "alpine:3.22").At("sha256:"+hex64)
	desc := registry.Describe("", []byte("x"))
	_, manifest := c.Manifest(ctx, r)
	_, resolve := c.Resolve(ctx, r)
	_, blob := c.Blob(ctx, r, desc)
	_, has := c.HasBlob(ctx, r, sum(nil))
	_, refs := c.Referrers(ctx, r, "")
	_, mount := c.MountBlob(ctx, r, "x", sum(nil))
	put := c.PutBlob(ctx, r, desc, opener([]byte("x")))
	var tags error
	for _, tags = range c.Tags(ctx, r) {
	}
	for i, err := range []error{manifest, resolve, blob, has, refs, mount, put, tags} {
		if !errors.Is(err, registry.ErrOffline) {
			t.Errorf("call %d: got %v", i, err)
		}
	}
}

func TestMirrors(t *testing.T) {
	upstream, good, broken := serve(t), serve(t), serve(t)
	c := client(t, &registry.Options{Attempts: 1, Mirrors: map[string][]string{
		upstream.host(): {broken.host(), good.host()},
	}})
	plain := client(t, nil)
	im, layer := push(t, plain, upstream.host()+"/a:1", 1000)
	push(t, plain, good.host()+"/a:1", 1000)
	broken.fault(func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		fmt.Fprint(w, `{"schemaVersion":2}`) // not what any digest says
		return true
	})
	upstream.fault(nil)
	r := ref(t, upstream.host()+"/a:1").At(im.Digest())
	if _, err := c.Manifest(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if _, err := readBlob(c, r, layer); err != nil {
		t.Fatal(err)
	}
	if got := upstream.asked(); len(got) != 0 {
		t.Errorf("upstream was asked although a mirror has it: %v", got)
	}
	good.fault(func(_ int, w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(404); return true })
	if _, err := c.Manifest(t.Context(), r); err != nil {
		t.Errorf("no mirror has it, upstream does: %v", err)
	}
}

func TestManifestTooLarge(t *testing.T) {
	rec := serve(t)
	rec.fault(func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		chunk := make([]byte, 1<<16)
		for range 1 << 10 {
			if _, err := w.Write(chunk); err != nil {
				break
			}
		}
		return true
	})
	_, err := client(t, nil).Manifest(t.Context(), ref(t, rec.host()+"/a:1"))
	var over *limit.Error
	if !errors.As(err, &over) {
		t.Errorf("got %v, want a limit", err)
	}
	small := limit.Default()
	small.JSONBytes = 100
	_, err = client(t, &registry.Options{Limits: small}).ReadBlob(t.Context(), ref(t, rec.host()+"/a:1"),
		registry.Describe("", make([]byte, 101)))
	if !errors.As(err, &over) || over.Max != 100 {
		t.Errorf("got %v, want a limit of 100", err)
	}
}
