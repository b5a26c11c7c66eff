package cli_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	server "github.com/google/go-containerregistry/pkg/registry"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal/cli"
	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source/registry"
)

// boltseal runs one command line in this process.
func boltseal(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	got := cli.Run(t.Context(), &cli.Env{
		Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Now: clock,
		Getenv: func(name string) string { return map[string]string{"BOLTSEAL_PASSWORD": "secret"}[name] },
	})
	if got != want {
		t.Errorf("boltseal %s: exit status %d, want %d\n%s%s", strings.Join(args, " "), got, want, &out, &errs)
	}
	return out.String(), errs.String()
}

// An index is signed with all its images, verified, attested, listed and
// copied to another registry.
func TestSealVerbs(t *testing.T) {
	address := func() string {
		s := httptest.NewServer(server.New(server.Logger(log.New(io.Discard, "", 0)), server.WithReferrersSupport(true)))
		t.Cleanup(s.Close)
		return strings.TrimPrefix(s.URL, "http://")
	}
	one, two := address(), address()
	digest := pushIndex(t, one+"/app:1")
	image := one + "/app@" + digest
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	boltseal(t, 0, "key", "generate", "--output-prefix", file("k"))
	boltseal(t, 0, "key", "generate", "--output-prefix", file("other"))

	out, _ := boltseal(t, 1, "verify", "--key", file("k.pub"), image)
	wantText(t, out, "NOT VERIFIED", "no signature found")
	out, _ = boltseal(t, 0, "sign", "--key", file("k.key"), "--recursive", "--legacy", "-a", "env=prod", image)
	if n := strings.Count(out, "\n"); n != 6 {
		t.Errorf("%d lines, want 6: %s", n, out)
	}
	_, errs := boltseal(t, 0, "sign", "--key", file("k.key"), one+"/app:1")
	wantText(t, errs, "is a tag")
	out, _ = boltseal(t, 0, "verify", "--key", file("k.pub"), "-a", "env=prod", image)
	wantText(t, out, "VERIFIED signature by ECDSA P-256 key", "sigstore bundle (cosign 3)", "simple-signing tag (cosign 2)")
	boltseal(t, 0, "verify", "--key", file("k.pub"), "--platform", "linux/arm64", image)
	boltseal(t, 3, "verify", "--key", file("k.pub"), "--platform", "linux/s390x", image)
	boltseal(t, 2, "verify", "--key", file("k.pub"), "--platform", "linux", image)
	out, _ = boltseal(t, 1, "verify", "--key", file("other.pub"), image)
	wantText(t, out, "REFUSED", "NO  key", "NO  signature")
	out, _ = boltseal(t, 0, "verify", "--key", file("k.pub"), "--reference", one+"/app", image)
	wantText(t, out, "ok  reference")
	boltseal(t, 1, "verify", "--key", file("k.pub"), "--reference", "other/app", image)

	if err := os.WriteFile(file("p.json"), []byte(`{"reviewed":true}`), 0o600); err != nil {
		t.Fatal(err)
	}
	boltseal(t, 0, "attest", "--key", file("k.key"), "--type", "https://example.test/review/v1", "--predicate", file("p.json"), image)
	out, _ = boltseal(t, 0, "verify", "--key", file("k.pub"), "--type", "https://example.test/review/v1", "-o", "payload", image)
	wantText(t, out, `"reviewed":true`)
	boltseal(t, 1, "verify", "--key", file("k.pub"), "--type", "cyclonedx", image)

	out, _ = boltseal(t, 0, "tree", image)
	wantText(t, out, "https://example.test/review/v1", "linux/arm64", "cosign-signature")
	out, _ = boltseal(t, 0, "copy", image, two+"/mirror/app:9")
	wantText(t, out, "3 manifests, 8 attached")
	out, _ = boltseal(t, 0, "verify", "--key", file("k.pub"), "-o", "json", two+"/mirror/app:9", image)
	var all []struct {
		OK       bool
		Digest   string
		Verified []struct{ Steps []struct{ Step string } }
	}
	if err := json.Unmarshal([]byte(out), &all); err != nil || len(all) != 2 || !all[0].OK || all[0].Digest != digest || len(all[0].Verified) != 3 || len(all[0].Verified[0].Steps) < 4 {
		t.Errorf("%v: %s", err, out)
	}
	boltseal(t, 3, "verify", "--key", file("k.pub"), one+"/missing:1")
	boltseal(t, 2, "verify", "--key", file("k.pub"), "Not An Image")
	boltseal(t, 2, "tree", "a", "b")
	boltseal(t, 2, "copy", image)
}

func wantText(t *testing.T, got string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(got, word) {
			t.Errorf("want %q in:\n%s", word, got)
		}
	}
}

// pushIndex puts an index of two small images at name.
func pushIndex(t *testing.T, name string) string {
	t.Helper()
	fatal := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	c, err := registry.New(nil)
	fatal(err)
	defer c.Close()
	r, err := registry.ParseRef(name)
	fatal(err)
	index := ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex}
	for i, arch := range []string{"amd64", "arm64"} {
		layer := testimage.NewLayer(t, "gzip", testimage.Random(400+i))
		im := testimage.New(layer)
		for _, blob := range [][]byte{layer.Stored, im.Config()} {
			fatal(c.PutBlob(t.Context(), r, registry.Describe("", blob), func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(blob)), nil }))
		}
		_, err = c.PutManifest(t.Context(), r.At(im.Digest()), im.MediaType(), im.Manifest())
		fatal(err)
		desc := registry.Describe(im.MediaType(), im.Manifest())
		desc.Platform = &ocispec.Platform{OS: "linux", Architecture: arch}
		index.Manifests = append(index.Manifests, desc)
	}
	data, err := json.Marshal(index)
	fatal(err)
	d, err := c.PutManifest(t.Context(), r, index.MediaType, data)
	fatal(err)
	return string(d)
}

// Attached VEX that cannot be read is a gap of the scan, and no silence.
func TestScanTellsOfUnreadVEX(t *testing.T) {
	s := httptest.NewServer(server.New(server.Logger(log.New(io.Discard, "", 0)), server.WithReferrersSupport(true)))
	t.Cleanup(s.Close)
	name := strings.TrimPrefix(s.URL, "http://") + "/app"
	image := pushImage(t, name)
	dir := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	boltseal(t, 0, "key", "generate", "--output-prefix", filepath.Join(dir, "k"))
	trusted := write("boltseal.yaml", "images: [{image: \""+name+"\", vex-by: [{key: k.pub}]}]\n")
	scan := []string{"scan", "--checks", "secret", "--policy", trusted, "-o", "json", image}
	boltseal(t, 0, scan...)
	bad := write("vex.json", `{"@context": "https://openvex.dev/ns/v0.2.0", "statements": "none"}`)
	boltseal(t, 0, "attest", "--key", filepath.Join(dir, "k.key"), "--type", "openvex", "--predicate", bad, image)
	out, _ := boltseal(t, 3, scan...)
	wantText(t, out, `"unread-attachment"`, "VEX statements attached to "+name)
	write("boltseal.yaml", "allow-gaps: [unread-attachment]\nimages: [{image: \""+name+"\", vex-by: [{key: k.pub}]}]\n")
	boltseal(t, 0, scan...)
	write("boltseal.yaml", "images: [{image: \""+name+"\", vex-by: [{key: nonesuch.pub}]}]\n")
	boltseal(t, 2, scan...)
}

// pushImage puts an image with one small file at name.
func pushImage(t *testing.T, name string) string {
	t.Helper()
	c, err := registry.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := registry.ParseRef(name + ":1")
	if err != nil {
		t.Fatal(err)
	}
	layer := testimage.NewLayer(t, "gzip", testimage.Tar(t, testimage.File("motd", "hi\n")))
	im := testimage.New(layer)
	for _, blob := range [][]byte{layer.Stored, im.Config()} {
		if err := c.PutBlob(t.Context(), r, registry.Describe("", blob), func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(blob)), nil }); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.PutManifest(t.Context(), r, im.MediaType(), im.Manifest()); err != nil {
		t.Fatal(err)
	}
	return name + "@" + string(im.Digest())
}
