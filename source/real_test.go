package source_test

// These tests need other people's programs, so they run only when
// BOLTSEAL_REAL is set: then each skips, saying so, where its program is
// missing. dockerd must be running; the others are started here.

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/registry"
)

func needs(t *testing.T, programs ...string) {
	t.Helper()
	if os.Getenv("BOLTSEAL_REAL") == "" {
		t.Skip("SKIPPED: BOLTSEAL_REAL is not set")
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("SKIPPED: %v", err)
		}
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// start runs a program until the test ends, and waits until ready says so.
func start(t *testing.T, ready func() bool, name string, args ...string) {
	t.Helper()
	var out bytes.Buffer
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
	for range 200 {
		if ready() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s does not come up:\n%s", name, out.String())
}

// load has a daemon load an image and removes it when the test ends.
func load(t *testing.T, sock, tag string, archive []byte) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", sock)
	}}}
	ask := func(method, path string, body []byte) {
		req, err := http.NewRequest(method, "http://daemon"+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-tar")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode/100 != 2 {
			t.Fatalf("%s %s: %s", method, path, resp.Status)
		}
	}
	ask(http.MethodPost, "/images/load", archive)
	t.Cleanup(func() { ask(http.MethodDelete, "/images/"+tag+"?force=1", nil) })
}

func isSocket(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&os.ModeSocket != 0
}

func TestRealDocker(t *testing.T) {
	needs(t, "docker")
	const sock, tag = "/var/run/docker.sock", "localhost/boltseal-source-test:1"
	if !isSocket(sock) {
		t.Skipf("SKIPPED: no docker daemon at %s", sock)
	}
	im := sample(t, tag)
	load(t, sock, tag, testimage.DockerArchive(t, testimage.Legacy, im))
	checkBlobs(t, mustOpen(t, "docker:"+tag, &source.Options{Getenv: os.Getenv}), im)
	checkBlobs(t, mustOpen(t, "docker:"+im.ID().Hex()[:12], &source.Options{Getenv: os.Getenv}), im)
	saved := filepath.Join(t.TempDir(), "saved.tar")
	run(t, "docker", "save", "-o", saved, tag)
	s := mustOpen(t, saved, nil)
	checkBlobs(t, s, im)
	if s.Artifact.Name != tag {
		t.Errorf("got %s", summary(s))
	}
	if _, err := open(t, "docker:localhost/boltseal-no-such-image", &source.Options{Getenv: os.Getenv}); err == nil || !strings.Contains(err.Error(), "no image") {
		t.Errorf("got %v", err)
	}
}

func TestRealPodman(t *testing.T) {
	needs(t, "podman")
	const tag = "localhost/boltseal-source-test:1"
	dir, err := os.MkdirTemp("", "podman") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	sock := filepath.Join(dir, "podman", "podman.sock")
	if err := os.Mkdir(filepath.Dir(sock), 0o700); err != nil {
		t.Fatal(err)
	}
	// Stores of its own, so that nothing of the machine's is touched.
	start(t, func() bool { return isSocket(sock) }, "podman", "--root", filepath.Join(dir, "root"), "--runroot", filepath.Join(dir, "run"),
		"--storage-driver", "vfs", "system", "service", "--time=0", "unix://"+sock)
	im := sample(t, tag)
	load(t, sock, tag, testimage.DockerArchive(t, testimage.Legacy, im))
	for _, getenv := range []func(string) string{env("XDG_RUNTIME_DIR", dir), env("CONTAINER_HOST", "unix://"+sock)} {
		checkBlobs(t, mustOpen(t, "podman:"+tag, &source.Options{Getenv: getenv}), im)
	}
	if _, err := open(t, "podman:no-such-image", &source.Options{Getenv: env("XDG_RUNTIME_DIR", dir)}); err == nil || !strings.Contains(err.Error(), "no image") {
		t.Errorf("got %v", err)
	}
}

func TestRealContainerd(t *testing.T) {
	needs(t, "containerd", "ctr")
	dir, err := os.MkdirTemp("", "ctrd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	sock, root := filepath.Join(dir, "c.sock"), filepath.Join(dir, "root")
	config := fmt.Sprintf("version = 2\nroot = %q\nstate = %q\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n[grpc]\naddress = %q\n",
		root, filepath.Join(dir, "state"), sock)
	name := write(t, "config.toml", []byte(config))
	start(t, func() bool { return exec.Command("ctr", "-a", sock, "version").Run() == nil }, "containerd", "-c", name)
	im := sample(t, "docker.io/library/boltseal-source-test:1")
	for namespace, layout := range map[string]*testimage.Layout{"default": testimage.NewLayout(im)} {
		tar := write(t, "x.tar", layout.Archive(t))
		run(t, "ctr", "-a", sock, "-n", namespace, "images", "import", "--no-unpack", "--index-name", im.Tag, tar)
	}
	opts := &source.Options{Getenv: env("CONTAINERD_ROOT", root)}
	// The daemon runs and holds its database locked all the while.
	s := mustOpen(t, "containerd:boltseal-source-test:1", opts)
	checkBlobs(t, s, im)
	if s.Artifact.Digest != im.Digest() {
		t.Errorf("got digest %s, want %s", s.Artifact.Digest, im.Digest())
	}
	exported := filepath.Join(t.TempDir(), "exported.tar")
	run(t, "ctr", "-a", sock, "images", "export", exported, im.Tag)
	for _, target := range []string{exported, "oci-archive:" + exported} {
		checkBlobs(t, mustOpen(t, target, nil), im)
	}
}

// serveRegistry starts a registry with its store in a folder and returns its
// host.
func serveRegistry(t *testing.T, more string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := l.Addr().String()
	_ = l.Close()
	config := fmt.Sprintf("version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}\nhttp: {addr: %s}\n%s",
		t.TempDir(), host, more)
	start(t, func() bool {
		conn, err := net.Dial("tcp", host)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, "docker-registry", "serve", write(t, "config.yml", []byte(config)))
	return host
}

func TestRealRegistry(t *testing.T) {
	needs(t, "docker-registry", "skopeo")
	host := serveRegistry(t, "")
	im := sample(t, "x:1")
	tar := write(t, "x.tar", testimage.NewLayout(im).Archive(t))
	run(t, "skopeo", "copy", "--preserve-digests", "--dest-tls-verify=false", "oci-archive:"+tar+":x:1", "docker://"+host+"/team/app:1")
	s := mustOpen(t, host+"/team/app:1", nil)
	checkBlobs(t, s, im)
	if s.Artifact.Digest != im.Digest() {
		t.Errorf("got digest %s, want %s", s.Artifact.Digest, im.Digest())
	}
	// What we push, others can pull.
	c, err := registry.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })

	pushed := sample(t, "")
	pushed.Overlay = map[string]any{"author": "us"}
	pushTo(t, c, host+"/ours:1", pushed)
	run(t, "skopeo", "copy", "--src-tls-verify=false", "docker://"+host+"/ours:1", "oci:"+filepath.Join(t.TempDir(), "out")+":1")
	ref, err := registry.ParseRef(host + "/ours:1")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := c.MountBlob(t.Context(), ref, "team/app", im.Layers[0].Digest); err != nil || !ok {
		t.Errorf("mount: %v, %v", ok, err)
	}
}

func pushTo(t *testing.T, c *registry.Client, name string, im *testimage.Image) {
	t.Helper()
	ref, err := registry.ParseRef(name)
	if err != nil {
		t.Fatal(err)
	}
	blobs := [][]byte{im.Config()}
	for _, l := range im.Layers {
		blobs = append(blobs, l.Stored)
	}
	for _, data := range blobs {
		if err := c.PutBlob(t.Context(), ref, registry.Describe("", data), opener(data)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.PutManifest(t.Context(), ref, im.MediaType(), im.Manifest()); err != nil {
		t.Fatal(err)
	}
}

func TestRealRegistryWithPassword(t *testing.T) {
	needs(t, "docker-registry", "skopeo")
	// bcrypt of "secret" for the user ann.
	htpasswd := write(t, "htpasswd", []byte("ann:$2a$04$LQvZp91RqVN.hvJ3OZEiuOxdI80k92IqqSi.JNHgyy.1doaGX1f6q\n"))
	host := serveRegistry(t, "auth: {htpasswd: {realm: test, path: "+htpasswd+"}}\n")
	auth := filepath.Join(t.TempDir(), "auth.json")
	run(t, "skopeo", "login", "--tls-verify=false", "--authfile", auth, "-u", "ann", "-p", "secret", host)
	im := sample(t, "x:1")
	tar := write(t, "x.tar", testimage.DockerArchive(t, testimage.Legacy, im))
	run(t, "skopeo", "copy", "--authfile", auth, "--dest-tls-verify=false", "docker-archive:"+tar, "docker://"+host+"/team/app:1")
	if _, err := open(t, host+"/team/app:1", nil); err == nil || !strings.Contains(err.Error(), "docker login") {
		t.Errorf("without a password: got %v", err)
	}
	for name, opts := range map[string]*source.Options{
		"auth file": {Getenv: env("REGISTRY_AUTH_FILE", auth)}, "password": {Username: "ann", Password: "secret"},
	} {
		s := mustOpen(t, host+"/team/app:1", opts)
		for i, b := range s.Blobs {
			if _, err := stored(b); err != nil || b.DiffID != im.Layers[i].DiffID {
				t.Errorf("%s: layer %d: %v", name, i, err)
			}
		}
	}
}

// Archives as skopeo and podman write them.
func TestRealArchives(t *testing.T) {
	needs(t, "skopeo")
	im := sample(t, "example.test/app:1")
	from := "docker-archive:" + write(t, "x.tar", testimage.DockerArchive(t, testimage.Legacy, im))
	dir := t.TempDir()
	for _, to := range []string{
		"oci:" + filepath.Join(dir, "layout") + ":example.test/app:1", "oci-archive:" + filepath.Join(dir, "oci.tar") + ":example.test/app:1",
		"docker-archive:" + filepath.Join(dir, "docker.tar") + ":example.test/app:1",
	} {
		run(t, "skopeo", "copy", from, to)
		s := mustOpen(t, to, nil)
		if s.Artifact.Name != "example.test/app:1" || len(s.Blobs) != len(im.Layers) {
			t.Errorf("%s: got %s", to, summary(s))
		}
		for i, b := range s.Blobs {
			if data, err := stored(b); err != nil || b.DiffID != im.Layers[i].DiffID || b.Digest != "" && b.Digest != testimage.Sum(data) {
				t.Errorf("%s: layer %d: %v", to, i, err)
			}
		}
	}
	run(t, "skopeo", "copy", "--dest-compress-format", "zstd", from, "oci:"+filepath.Join(dir, "zstd")+":1")
	for _, b := range mustOpen(t, filepath.Join(dir, "zstd"), nil).Blobs {
		if data, err := stored(b); err != nil || !bytes.HasPrefix(data, []byte("\x28\xb5\x2f\xfd")) {
			t.Errorf("a zstd layer: %v", err)
		}
	}
}
