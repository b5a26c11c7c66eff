package registry_test

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	server "github.com/google/go-containerregistry/pkg/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source/registry"
)

// recorder is a registry in this process that notes what it was asked.
type recorder struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	// before, when not nil, may answer in the registry's place.
	before func(n int, w http.ResponseWriter, r *http.Request) (answered bool)
}

func serve(t testing.TB) *recorder {
	t.Helper()
	rec := &recorder{}
	h := server.New(server.Logger(log.New(io.Discard, "", 0)), server.WithReferrersSupport(true))
	rec.Server = httptest.NewServer(rec.wrap(h))
	t.Cleanup(rec.Close)
	return rec
}

func (rec *recorder) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec.mu.Lock()
		rec.requests = append(rec.requests, r.Clone(context.Background()))
		n, before := len(rec.requests), rec.before
		rec.mu.Unlock()
		if before == nil || !before(n, w, r) {
			h.ServeHTTP(w, r)
		}
	})
}

// fault makes before answer from now on and forgets the requests so far.
func (rec *recorder) fault(before func(n int, w http.ResponseWriter, r *http.Request) bool) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.before, rec.requests = before, nil
}

// asked lists the requests so far, as "GET /v2/…".
func (rec *recorder) asked() []string {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	var out []string
	for _, r := range rec.requests {
		out = append(out, r.Method+" "+r.URL.Path)
	}
	return out
}

func (rec *recorder) host() string { return strings.TrimPrefix(rec.URL, "http://") }

// naps is a Sleep that takes no time and notes how long it should have been.
type naps struct {
	mu   sync.Mutex
	long []time.Duration
}

func (n *naps) sleep(ctx context.Context, d time.Duration) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.long = append(n.long, d)
	return ctx.Err()
}

func client(t *testing.T, opts *registry.Options) *registry.Client {
	t.Helper()
	o := registry.Options{}
	if opts != nil {
		o = *opts
	}
	if o.Sleep == nil {
		o.Sleep = new(naps).sleep
	}
	c, err := registry.New(&o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func ref(t *testing.T, s string) registry.Ref {
	t.Helper()
	r, err := registry.ParseRef(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func opener(data []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

// push puts an image of one random layer at s and returns it with the
// layer's descriptor.
func push(t *testing.T, c *registry.Client, s string, layerBytes int) (*testimage.Image, ocispec.Descriptor) {
	t.Helper()
	layer := testimage.NewLayer(t, "plain", testimage.Random(layerBytes))
	im := testimage.New(layer)
	r, ctx := ref(t, s), t.Context()
	desc := registry.Describe(layer.MediaType(false), layer.Stored)
	for _, blob := range [][]byte{layer.Stored, im.Config()} {
		if err := c.PutBlob(ctx, r, registry.Describe("", blob), opener(blob)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.PutManifest(ctx, r, im.MediaType(), im.Manifest()); err != nil {
		t.Fatal(err)
	}
	return im, desc
}

func readBlob(c *registry.Client, r registry.Ref, desc ocispec.Descriptor) ([]byte, error) {
	body, err := c.Blob(context.Background(), r, desc)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

func sum(data []byte) boltseal.Digest { return testimage.Sum(data) }
