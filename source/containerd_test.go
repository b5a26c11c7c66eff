package source_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source"
)

// pulledImage is a name in containerd's database.
type pulledImage struct {
	namespace, name string
	digest          boltseal.Digest
	mediaType       string
	size            int
}

// containerdRoot makes a root of containerd as the daemon keeps it, and holds
// the database open as the daemon does.
func containerdRoot(t *testing.T, layout *testimage.Layout, images ...pulledImage) string {
	t.Helper()
	root := t.TempDir()
	for name, data := range layout.Files() {
		rest, ok := strings.CutPrefix(name, "blobs/")
		if !ok {
			continue
		}
		path := filepath.Join(root, "io.containerd.content.v1.content", "blobs", rest)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	meta := filepath.Join(root, "io.containerd.metadata.v1.bolt")
	if err := os.Mkdir(meta, 0o755); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(filepath.Join(meta, "meta.db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Update(func(tx *bbolt.Tx) error {
		for _, im := range images {
			b, err := tx.CreateBucketIfNotExists([]byte("v1"))
			for _, name := range []string{im.namespace, "images", im.name, "target"} {
				if err == nil {
					b, err = b.CreateBucketIfNotExists([]byte(name))
				}
			}
			if err != nil {
				return err
			}
			err = errors.Join(b.Put([]byte("digest"), []byte(im.digest)), b.Put([]byte("mediatype"), []byte(im.mediaType)),
				b.Put([]byte("size"), binary.AppendVarint(nil, int64(im.size))))
			if err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestContainerd(t *testing.T) {
	one, two, arm := sample(t, ""), sample(t, ""), platform(sample(t, ""), "linux/arm64")
	two.Overlay = map[string]any{"author": "two"}
	layout := testimage.NewLayout(one, two)
	index := layout.AddIndex("", one, arm)
	delete(layout.Blobs, arm.Digest()) // another platform, which was not pulled
	entry := func(namespace, name string, im *testimage.Image) pulledImage {
		return pulledImage{namespace, name, im.Digest(), im.MediaType(), len(im.Manifest())}
	}
	root := containerdRoot(t, layout,
		entry("default", "docker.io/library/alpine:3.22", one),
		entry("k8s.io", "registry.example.com/app:1", two),
		entry("k8s.io", "docker.io/library/same:1", one), entry("default", "docker.io/library/same:1", one),
		entry("k8s.io", "docker.io/library/other:1", one), entry("default", "docker.io/library/other:1", two),
		pulledImage{"default", "docker.io/library/multi:1", index, "application/vnd.oci.image.index.v1+json", len(layout.Blobs[index])},
		pulledImage{"default", "docker.io/library/gone:1", testimage.Sum([]byte("gone")), one.MediaType(), 10},
	)
	opts := &source.Options{Getenv: env("CONTAINERD_ROOT", root), Offline: true}
	for target, want := range map[string]*testimage.Image{
		"alpine:3.22": one, "docker.io/library/alpine:3.22": one, "default/alpine:3.22": one,
		"registry.example.com/app:1": two, "k8s.io/registry.example.com/app:1": two, "same:1": one,
		"k8s.io/other:1": one, "default/other:1": two, "multi:1": one,
	} {
		s, err := open(t, "containerd:"+target, opts)
		if err != nil {
			t.Errorf("%s: %v", target, err)
			continue
		}
		checkBlobs(t, s, want)
		if s.Artifact.Digest != want.Digest() || s.Artifact.Name != target || len(s.Gaps) != 0 {
			t.Errorf("%s: got %s", target, summary(s))
		}
	}
	var which *source.AmbiguousError
	if _, err := open(t, "containerd:other:1", opts); !errors.As(err, &which) || len(which.Choices) != 2 {
		t.Errorf("a name of two images: got %v", err)
	}
	in := &source.Options{Getenv: env("CONTAINERD_ROOT", root, "CONTAINERD_NAMESPACE", "k8s.io")}
	if s := mustOpen(t, "containerd:other:1", in); s.Artifact.Digest != one.Digest() {
		t.Errorf("with a namespace: got %s", s.Artifact.Digest)
	}
	for target, want := range map[string]string{
		"containerd:nginx":  "no image nginx in containerd's store: it has default/docker.io/library/alpine:3.22",
		"containerd:gone:1": "containerd may be set to discard",
	} {
		if _, err := open(t, target, opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", target, err)
		}
	}
	if _, err := open(t, "containerd:multi:1", &source.Options{Getenv: opts.Getenv, Platform: "linux/arm64"}); err == nil {
		t.Error("a platform that was not pulled: no error")
	}
	if _, err := open(t, "containerd:alpine", &source.Options{Getenv: env("CONTAINERD_ROOT", t.TempDir())}); err == nil || !strings.Contains(err.Error(), "no containerd store") {
		t.Errorf("got %v", err)
	}
	meta := filepath.Join(root, "io.containerd.metadata.v1.bolt", "meta.db")
	if err := os.Truncate(meta, 100); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, "containerd:alpine:3.22", opts); err == nil || !strings.Contains(err.Error(), "corrupt") {
		t.Errorf("a torn database: got %v", err)
	}
}
