package source_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	server "github.com/google/go-containerregistry/pkg/registry"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/registry"
)

// hub is a registry in this process.
type hub struct {
	*httptest.Server
	t      *testing.T
	client *registry.Client

	mu     sync.Mutex
	asked  map[string]int // "GET /v2/…"
	before func(w http.ResponseWriter, r *http.Request) (answered bool)
}

func newHub(t *testing.T) *hub {
	t.Helper()
	h := &hub{t: t, asked: map[string]int{}}
	handler := server.New(server.Logger(log.New(io.Discard, "", 0)))
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		h.asked[r.Method+" "+r.URL.Path]++
		before := h.before
		h.mu.Unlock()
		if before == nil || !before(w, r) {
			handler.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(h.Close)
	c, err := registry.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	h.client = c
	return h
}

func (h *hub) host() string { return strings.TrimPrefix(h.URL, "http://") }

func (h *hub) name(s string) string { return h.host() + "/" + s }

func (h *hub) ref(s string) registry.Ref {
	h.t.Helper()
	r, err := registry.ParseRef(h.name(s))
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

func (h *hub) blob(s string, data []byte) {
	h.t.Helper()
	if err := h.client.PutBlob(h.t.Context(), h.ref(s), registry.Describe("", data), opener(data)); err != nil {
		h.t.Fatal(err)
	}
}

func opener(data []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

func (h *hub) manifest(s, mediaType string, data []byte) {
	h.t.Helper()
	if _, err := h.client.PutManifest(h.t.Context(), h.ref(s), mediaType, data); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hub) push(s string, im *testimage.Image) {
	h.t.Helper()
	for _, l := range im.Layers {
		h.blob(s, l.Stored)
	}
	h.blob(s, im.Config())
	h.manifest(s, im.MediaType(), im.Manifest())
}

// pushIndex pushes the images and an index of them.
func (h *hub) pushIndex(s string, images ...*testimage.Image) []byte {
	h.t.Helper()
	var list []object
	for _, im := range images {
		h.push(s, im)
		list = append(list, object{"mediaType": im.MediaType(), "digest": im.Digest(), "size": len(im.Manifest()),
			"platform": object{"os": im.Platform.OS, "architecture": im.Platform.Arch}})
	}
	data, err := json.Marshal(object{"schemaVersion": 2, "mediaType": indexType, "manifests": list})
	if err != nil {
		h.t.Fatal(err)
	}
	h.manifest(s, indexType, data)
	return data
}

func TestRegistry(t *testing.T) {
	h := newHub(t)
	im := sample(t, "")
	docker := sample(t, "")
	docker.Docker = true
	h.push("team/app:1", im)
	h.push("team/docker:1", docker)
	for _, c := range []struct {
		target string
		im     *testimage.Image
	}{
		{h.name("team/app:1"), im},
		{"registry:" + h.name("team/app:1"), im},
		{"docker://" + h.name("team/app:1"), im},
		{h.name("team/app@" + string(im.Digest())), im},
		{h.name("team/app:1@" + string(im.Digest())), im},
		{h.name("team/docker:1"), docker},
	} {
		s := mustOpen(t, c.target, nil)
		checkBlobs(t, s, c.im)
		if s.Artifact.Digest != c.im.Digest() || s.Artifact.MediaType != c.im.MediaType() {
			t.Errorf("%s: got %s %s", c.target, s.Artifact.Digest, s.Artifact.MediaType)
		}
		for i, l := range s.Artifact.Layers {
			if want := c.im.Layers[i]; l.Digest != want.Digest || l.MediaType != want.MediaType(c.im.Docker) {
				t.Errorf("%s: layer %d: got %+v", c.target, i, l)
			}
		}
		size := int64(len(c.im.Config()))
		for _, l := range c.im.Layers {
			size += int64(len(l.Stored))
		}
		if s.Artifact.Size != size {
			t.Errorf("%s: size %d, want %d", c.target, s.Artifact.Size, size)
		}
	}
	if _, err := open(t, h.name("team/none:1"), nil); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("no such image: got %v", err)
	}
}

// What two platforms share is fetched once.
func TestSharedLayersAreFetchedOnce(t *testing.T) {
	h := newHub(t)
	one, two := platform(sample(t, ""), "linux/amd64"), platform(sample(t, ""), "linux/arm64")
	own := testimage.NewLayer(t, "gzip", testimage.Tar(t, testimage.File("only", "arm64")))
	two.Layers = append(two.Layers, own)
	two.History = append(two.History, testimage.History{CreatedBy: "own"})
	index := h.pushIndex("a:1", one, two)
	s := mustOpen(t, h.name("a:1"), nil)
	if s.Artifact.Digest != testimage.Sum(index) || len(s.Children) != 2 {
		t.Fatalf("got %s", summary(s))
	}
	checkBlobs(t, s.Children[0], one)
	checkBlobs(t, s.Children[1], two)
	checkBlobs(t, s.Children[0], one)
	for i, l := range two.Layers {
		want := 1
		if got := h.asked["GET /v2/a/blobs/"+string(l.Digest)]; got != want {
			t.Errorf("layer %d was fetched %d times, want %d", i, got, want)
		}
	}
	tight := limit.Default()
	tight.Spool = 10
	s = mustOpen(t, h.name("a:1"), &source.Options{Limits: tight})
	checkBlobs(t, s.Children[0], one)
	checkBlobs(t, s.Children[1], two)
}

func TestMissingPlatformInRegistry(t *testing.T) {
	h := newHub(t)
	one, two := platform(sample(t, ""), "linux/amd64"), platform(sample(t, ""), "linux/arm64")
	h.pushIndex("a:1", one, two)
	h.before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, string(two.Digest())) {
			w.WriteHeader(http.StatusNotFound)
			return true
		}
		return false
	}
	s := mustOpen(t, h.name("a:1"), nil)
	if want := fmt.Sprintf("image %s linux/amd64 of an index\n  gap: missing-image\n", h.name("a:1")); summary(s) != want {
		t.Errorf("got %s", summary(s))
	}
	h.before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, string(two.Digest())) {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		return false
	}
	if _, err := open(t, h.name("a:1"), nil); !errors.Is(err, registry.ErrDenied) {
		t.Errorf("a platform that may not be seen: got %v, want an error", err)
	}
}

func TestWrongLayerFromRegistry(t *testing.T) {
	h := newHub(t)
	im := sample(t, "")
	h.push("a:1", im)
	h.before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, string(im.ID())) {
			_, _ = w.Write(bytes.Replace(im.Config(), []byte("linux"), []byte("xinul"), 1))
			return true
		}
		return false
	}
	if _, err := open(t, h.name("a:1"), nil); !errors.Is(err, registry.ErrDigest) {
		t.Errorf("got %v", err)
	}
}

// basic makes the hub want a user and a password.
func basic(h *hub, user, password string) {
	h.before = func(w http.ResponseWriter, r *http.Request) bool {
		if u, p, _ := r.BasicAuth(); u == user && p == password {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}
}

func TestCredentials(t *testing.T) {
	h := newHub(t)
	h.push("a:1", sample(t, ""))
	basic(h, "ann", "secret")
	dir := t.TempDir()
	auth := base64.StdEncoding.EncodeToString([]byte("ann:secret"))
	config := fmt.Sprintf(`{"auths":{"%s":{"auth":"%s"}}}`, h.host(), auth)
	if err := os.MkdirAll(filepath.Join(dir, ".docker"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".docker/config.json", "config.json", "auth.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wrong := write(t, "auth.json", []byte(fmt.Sprintf(`{"auths":{"%s":{"auth":"%s"}}}`, h.host(), base64.StdEncoding.EncodeToString([]byte("ann:no")))))
	for name, c := range map[string]struct {
		opts source.Options
		env  map[string]string
		fail bool
	}{
		"nothing":                  {fail: true},
		"HOME":                     {env: map[string]string{"HOME": dir}},
		"DOCKER_CONFIG":            {env: map[string]string{"DOCKER_CONFIG": dir}},
		"REGISTRY_AUTH_FILE":       {env: map[string]string{"REGISTRY_AUTH_FILE": filepath.Join(dir, "auth.json")}},
		"REGISTRY_AUTH_FILE first": {env: map[string]string{"REGISTRY_AUTH_FILE": wrong, "HOME": dir}, fail: true},
		"a file":                   {opts: source.Options{AuthFile: filepath.Join(dir, "auth.json")}, env: map[string]string{"REGISTRY_AUTH_FILE": wrong}},
		"user and password":        {opts: source.Options{Username: "ann", Password: "secret"}},
		"user and password first":  {opts: source.Options{Username: "ann", Password: "secret"}, env: map[string]string{"REGISTRY_AUTH_FILE": wrong}},
		"a wrong password":         {opts: source.Options{Username: "ann", Password: "guess"}, env: map[string]string{"HOME": dir}, fail: true},
	} {
		t.Run(name, func(t *testing.T) {
			c.opts.Getenv = func(k string) string { return c.env[k] }
			s, err := open(t, h.name("a:1"), &c.opts)
			if c.fail {
				if !errors.Is(err, registry.ErrDenied) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "guess") {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := stored(s.Blobs[0]); err != nil {
				t.Error(err)
			}
		})
	}
}

// A password on the command line is for the registry of the target only.
func TestPasswordIsForOneHost(t *testing.T) {
	c, err := source.NewRegistry(&source.Options{Username: "ann", Password: "secret"}, registry.Ref{Host: "registry.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	h := newHub(t)
	basic(h, "ann", "secret")
	if _, err := c.Manifest(t.Context(), h.ref("a:1")); !errors.Is(err, registry.ErrDenied) {
		t.Errorf("got %v", err)
	}
}

func TestRegistryHints(t *testing.T) {
	notFound := roundTrip(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		w.WriteHeader(http.StatusUnauthorized)
		return w.Result(), nil
	})
	client, err := registry.New(&registry.Options{Transport: notFound, Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = open(t, "myapp:dev", &source.Options{Client: client})
	if err == nil || !strings.Contains(err.Error(), "docker:myapp:dev and podman:myapp:dev read images on this machine") {
		t.Errorf("got %v", err)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestConfigIsTooLarge(t *testing.T) {
	h := newHub(t)
	im := sample(t, "")
	im.Overlay = map[string]any{"author": strings.Repeat("x", 1000)}
	h.push("a:1", im)
	small := limit.Default()
	small.JSONBytes = 1500
	_, err := open(t, h.name("a:1"), &source.Options{Limits: small})
	var over *limit.Error
	if !errors.As(err, &over) || over.Flag != "--max-json-bytes" {
		t.Errorf("got %v", err)
	}
}

func TestForeignLayerInRegistry(t *testing.T) {
	h := newHub(t)
	im := sample(t, "")
	config := im.Config()
	h.blob("a:1", config)
	var layers []object
	for i, l := range im.Layers {
		d := object{"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "digest": l.Digest, "size": len(l.Stored)}
		if i > 0 {
			h.blob("a:1", l.Stored)
		}
		layers = append(layers, d)
	}
	data, err := json.Marshal(object{"schemaVersion": 2, "mediaType": registry.DockerManifest, "layers": layers,
		"config": object{"mediaType": "application/vnd.docker.container.image.v1+json", "digest": testimage.Sum(config), "size": len(config)}})
	if err != nil {
		t.Fatal(err)
	}
	h.manifest("a:1", registry.DockerManifest, data)
	s := mustOpen(t, h.name("a:1"), nil)
	got := []boltseal.Digest{}
	for _, b := range s.Blobs {
		got = append(got, b.Digest)
	}
	if diff := cmp.Diff([]boltseal.Digest{im.Layers[1].Digest, im.Layers[2].Digest}, got); diff != "" || len(s.Gaps) != 1 {
		t.Errorf("gaps %v (-want +got):\n%s", s.Gaps, diff)
	}
}
