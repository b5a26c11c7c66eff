package seal_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	server "github.com/google/go-containerregistry/pkg/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/seal"
	"github.com/boltseal/boltseal/source/registry"
)

// store is a registry in this process.
type store struct {
	*httptest.Server
	client *registry.Client

	mu sync.Mutex
	// before, when not nil, may answer in the registry's place.
	before func(w http.ResponseWriter, r *http.Request) (answered bool)
	asked  []string
}

// serve starts a registry, with the referrers API or without.
func serve(t testing.TB, referrers bool) *store {
	t.Helper()
	s := &store{}
	h := server.New(server.Logger(log.New(io.Discard, "", 0)), server.WithReferrersSupport(referrers))
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		before := s.before
		s.asked = append(s.asked, r.Method+" "+r.URL.Path)
		s.mu.Unlock()
		if before == nil || !before(w, r) {
			h.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	c, err := registry.New(&registry.Options{Attempts: 1, Sleep: func(context.Context, time.Duration) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	s.client = c
	return s
}

func (s *store) intercept(before func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = before
}

func (s *store) ref(t testing.TB, name string) registry.Ref {
	t.Helper()
	r, err := registry.ParseRef(strings.TrimPrefix(s.URL, "http://") + "/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// push puts a small image at name.
func (s *store) push(t testing.TB, name string) (registry.Ref, boltseal.Digest) {
	t.Helper()
	layer := testimage.NewLayer(t, "plain", testimage.Random(600))
	im := testimage.New(layer)
	r := s.ref(t, name)
	for _, blob := range [][]byte{layer.Stored, im.Config()} {
		s.put(t, r, registry.Describe("", blob), blob)
	}
	if _, err := s.client.PutManifest(t.Context(), r, im.MediaType(), im.Manifest()); err != nil {
		t.Fatal(err)
	}
	return r, im.Digest()
}

func (s *store) put(t testing.TB, r registry.Ref, desc ocispec.Descriptor, data []byte) {
	t.Helper()
	err := s.client.PutBlob(context.Background(), r, desc, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil })
	if err != nil {
		t.Fatal(err)
	}
}

// clock is a clock that the test turns.
func clock() time.Time { return time.Now() }

func newKey(t testing.TB, kind seal.KeyKind) *seal.PrivateKey {
	t.Helper()
	k, err := seal.GenerateKey(kind)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func signer(t testing.TB, opts *seal.SignerOptions) *seal.Signer {
	t.Helper()
	if opts.Now == nil {
		opts.Now = clock
	}
	s, err := seal.NewSigner(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func keySigner(t testing.TB, k *seal.PrivateKey) *seal.Signer {
	return signer(t, &seal.SignerOptions{Key: k})
}

func verifier(t testing.TB, opts *seal.VerifierOptions) *seal.Verifier {
	t.Helper()
	v, err := seal.NewVerifier(opts)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func keyVerifier(t testing.TB, keys ...*seal.PrivateKey) *seal.Verifier {
	var public []*seal.PublicKey
	for _, k := range keys {
		public = append(public, k.Public())
	}
	return verifier(t, &seal.VerifierOptions{Keys: public})
}

// refusedAt fails the test unless err is a refusal at the step.
func refusedAt(t testing.TB, err error, step seal.StepName, words ...string) {
	t.Helper()
	refusal, ok := errors.AsType[*seal.Refusal](err)
	if !ok {
		t.Fatalf("got %v, want a refusal at %s", err, step)
	}
	if refusal.Failed() != step {
		t.Errorf("refused at %s (%v), want %s", refusal.Failed(), err, step)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("got %q, want %q in it", err, word)
		}
	}
}

func has(list []seal.Step, name seal.StepName) bool {
	for _, s := range list {
		if s.Name == name && s.OK {
			return true
		}
	}
	return false
}

// replace answers requests for a path with other bytes.
func replace(suffix string, data []byte, mediaType string) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, suffix) {
			return false
		}
		w.Header().Set("Content-Type", mediaType)
		sum := registry.Sum(data)
		w.Header().Set("Docker-Content-Digest", string(sum))
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		if r.Method != http.MethodHead {
			_, _ = w.Write(data)
		}
		return true
	}
}
