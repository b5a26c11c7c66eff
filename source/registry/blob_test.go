package registry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source/registry"
)

// part serves data as a registry does, but hangs up after max bytes of body.
func part(w http.ResponseWriter, r *http.Request, data []byte, max int, ranges bool) {
	from := 0
	if spec := r.Header.Get("Range"); spec != "" && ranges {
		first, _, _ := strings.Cut(strings.TrimPrefix(spec, "bytes="), "-")
		from, _ = strconv.Atoi(first)
		w.Header().Set("Content-Range", "bytes "+first+"-"+strconv.Itoa(len(data)-1)+"/"+strconv.Itoa(len(data)))
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(data)-from))
	if from > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	_, _ = w.Write(data[from:min(from+max, len(data))])
	if from+max < len(data) {
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

func TestBlobDropsAreTakenUp(t *testing.T) {
	data := testimage.Random(3_000_000)
	for _, c := range []struct {
		name   string
		max    int
		ranges bool
		asked  int
		fails  bool
	}{
		{"with ranges", 400_000, true, 8, false},
		{"no ranges, two thirds each", 2_000_000, false, 5, true}, // starts over each time and never gets past
		{"a little at a time", 1000, true, 5, true},
		{"nothing at all", 0, true, 5, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := serve(t)
			cl := client(t, &registry.Options{PlainHTTP: true})
			rec.fault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
				part(w, r, data, c.max, c.ranges)
				return true
			})
			got, err := readBlob(cl, ref(t, rec.host()+"/a"), registry.Describe("", data))
			if (err != nil) != c.fails {
				t.Fatalf("got %v, want failure %v", err, c.fails)
			}
			if err == nil && string(got) != string(data) {
				t.Error("the parts do not make the blob")
			}
			if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("got %v, want an unexpected end", err)
			}
			if n := len(rec.asked()); n != c.asked {
				t.Errorf("asked %d times, want %d", n, c.asked)
			}
		})
	}
}

func TestBlobWithoutRangesOnce(t *testing.T) {
	data, rec := testimage.Random(300_000), serve(t)
	cl := client(t, &registry.Options{PlainHTTP: true})
	rec.fault(func(n int, w http.ResponseWriter, r *http.Request) bool {
		part(w, r, data, 100_000*n*n, false)
		return true
	})
	got, err := readBlob(cl, ref(t, rec.host()+"/a"), registry.Describe("", data))
	if err != nil || string(got) != string(data) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}

func TestBlobLies(t *testing.T) {
	data := testimage.Random(10_000)
	desc := registry.Describe("", data)
	other := append([]byte("x"), data[1:]...)
	body := func(length int, b []byte) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			if length >= 0 {
				w.Header().Set("Content-Length", strconv.Itoa(length))
			}
			_, _ = w.Write(b)
			w.(http.Flusher).Flush()
		}
	}
	for _, c := range []struct {
		name   string
		answer func(http.ResponseWriter)
		want   string
	}{
		{"other bytes", body(len(other), other), "digest mismatch"},
		{"says shorter", body(9_000, data[:9_000]), "lies about the length"},
		{"says longer", body(11_000, append(data, make([]byte, 1000)...)), "lies about the length"},
		{"is shorter", body(-1, data[:9_000]), "dropped after 9000 of 10000"},
		{"is longer and does not say", body(-1, append(data, make([]byte, 1000)...)), ""}, // what counts is there, and the rest unread
		{"is empty", body(0, nil), "lies about the length"},
		{"another range", func(w http.ResponseWriter) {
			w.Header().Set("Content-Range", "bytes 5-9/10")
			w.WriteHeader(http.StatusPartialContent)
		}, "206"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := serve(t)
			rec.fault(func(_ int, w http.ResponseWriter, _ *http.Request) bool { c.answer(w); return true })
			_, err := readBlob(client(t, nil), ref(t, rec.host()+"/a"), desc)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestManifestLies(t *testing.T) {
	rec := serve(t)
	c := client(t, nil)
	im, _ := push(t, c, rec.host()+"/a:1", 10)
	r := ref(t, rec.host()+"/a:1")
	rec.fault(func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Docker-Content-Digest", string(im.Digest()))
		_, _ = w.Write([]byte(`{"schemaVersion":2,"evil":true}`))
		return true
	})
	for _, r := range []registry.Ref{r, r.At(im.Digest())} {
		if _, err := c.Manifest(t.Context(), r); !errors.Is(err, registry.ErrDigest) {
			t.Errorf("%s: got %v, want a digest mismatch", r, err)
		}
	}
	rec.fault(func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Docker-Content-Digest", string(sum([]byte("other"))))
		return true
	})
	if _, err := c.Resolve(t.Context(), r.At(im.Digest())); !errors.Is(err, registry.ErrDigest) {
		t.Errorf("resolve: got %v, want a digest mismatch", err)
	}
}

func TestBlobHangs(t *testing.T) {
	data := testimage.Random(100_000)
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request)
	}{
		"before the answer": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		"in the middle": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(data)))
			_, _ = w.Write(data[:50_000])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			rec := serve(t)
			rec.fault(func(_ int, w http.ResponseWriter, r *http.Request) bool { c.answer(w, r); return true })
			cl := client(t, &registry.Options{IdleTimeout: 60 * time.Millisecond, PlainHTTP: true, Attempts: 2})
			began := time.Now()
			_, err := readBlob(cl, ref(t, rec.host()+"/a"), registry.Describe("", data))
			if !errors.Is(err, registry.ErrIdle) {
				t.Errorf("got %v, want idle", err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %s", took)
			}
			if n := len(rec.asked()); n > 2 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

// drip gives step bytes every pause, in the time of the test's bubble.
type drip struct {
	ctx   context.Context
	data  []byte
	step  int
	pause time.Duration
	ready []byte // arrived and not read
}

func (d *drip) Read(p []byte) (int, error) {
	if len(d.ready)+len(d.data) == 0 {
		return 0, io.EOF
	}
	if len(d.ready) == 0 {
		select {
		case <-time.After(d.pause):
		case <-d.ctx.Done():
			return 0, d.ctx.Err()
		}
		n := min(d.step, len(d.data))
		d.ready, d.data = d.data[:n], d.data[n:]
	}
	n := copy(p, d.ready)
	d.ready = d.ready[n:]
	return n, nil
}

func (d *drip) Close() error { return nil }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A slow line is not a dead one, but one that lets a byte through now and
// then is. The default of a minute takes no time here.
func TestSlowLines(t *testing.T) {
	for _, c := range []struct {
		name  string
		step  int
		pause time.Duration
		hangs bool
	}{
		{"2 kB every 50 s", 2000, 50 * time.Second, false},
		{"100 bytes a second", 100, time.Second, false},
		{"1 byte every 10 s", 1, 10 * time.Second, true},
		{"2 kB every 70 s", 2000, 70 * time.Second, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				data := testimage.Random(20_000)
				cl := client(t, &registry.Options{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					var from int
					_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
					status := http.StatusOK
					header := http.Header{}
					if from > 0 {
						status = http.StatusPartialContent
						header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
					}
					return &http.Response{StatusCode: status, Header: header, ContentLength: int64(len(data) - from),
						Body: &drip{ctx: r.Context(), data: data[from:], step: c.step, pause: c.pause}}, nil
				})})
				got, err := readBlob(cl, ref(t, "registry.example.com/a"), registry.Describe("", data))
				if errors.Is(err, registry.ErrIdle) != c.hangs || err == nil && string(got) != string(data) {
					t.Errorf("got %d bytes, %v", len(got), err)
				}
			})
		})
	}
}

func TestDocumentTimeout(t *testing.T) {
	rec := serve(t)
	rec.fault(func(_ int, w http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true })
	cl := client(t, &registry.Options{Timeout: 50 * time.Millisecond, PlainHTTP: true})
	if _, err := cl.Manifest(t.Context(), ref(t, rec.host()+"/a")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline", err)
	}
}

func TestBlobAfterClose(t *testing.T) {
	rec := serve(t)
	c := client(t, nil)
	_, layer := push(t, c, rec.host()+"/a:1", 100)
	body, err := c.Blob(t.Context(), ref(t, rec.host()+"/a:1"), layer)
	if err != nil {
		t.Fatal(err)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
	if n, err := body.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, io.EOF) {
		t.Errorf("got %d, %v", n, err)
	}
}

func BenchmarkStream(b *testing.B) {
	data := testimage.Random(16 << 20)
	rec := serve(b)
	rec.fault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		part(w, r, data, len(data), true)
		return true
	})
	c, err := registry.New(&registry.Options{PlainHTTP: true})
	if err != nil {
		b.Fatal(err)
	}
	r, _ := registry.ParseRef(rec.host() + "/a")
	desc := registry.Describe("", data)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		body, err := c.Stream(b.Context(), r, desc)
		if err != nil {
			b.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, body); err != nil || n != int64(len(data)) {
			b.Fatal(n, err)
		}
		_ = body.Close()
	}
}
