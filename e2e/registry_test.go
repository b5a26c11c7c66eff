package e2e_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/crypto/bcrypt"
)

// registry starts Debian's docker-registry on loopback and returns its
// address. With a user, it asks for basic authentication.
func registry(t *testing.T, user, password string) string {
	t.Helper()
	tool(t, "docker-registry")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	dir := t.TempDir()
	config := "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: " + dir + "/data}}\nhttp: {addr: \"" + address + "\"}\n"
	if user != "" {
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+"/htpasswd", fmt.Appendf(nil, "%s:%s\n", user, hash), 0o600); err != nil {
			t.Fatal(err)
		}
		config += "auth: {htpasswd: {realm: e2e, path: " + dir + "/htpasswd}}\n"
	}
	if err := os.WriteFile(dir+"/config.yml", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, exec.Command("docker-registry", "serve", dir+"/config.yml"))
	waitFor(t, "docker-registry", func() error {
		response, err := http.Get("http://" + address + "/v2/")
		if err == nil {
			response.Body.Close()
		}
		return err
	})
	return address
}

// start runs a daemon until the test ends.
func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	log := &strings.Builder{}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			cmd.Process.Kill()
			<-done
		}
		if t.Failed() {
			t.Logf("%s ended with:\n%s", cmd.Path, log.String()[max(0, log.Len()-1000):])
		}
	})
}

func waitFor(t *testing.T, what string, try func() error) {
	t.Helper()
	var err error
	for range 120 {
		if err = try(); err == nil {
			return
		}
		time.Sleep(250 * time.Millisecond)
	}
	t.Fatalf("%s did not start: %v", what, err)
}

// push sends an OCI layout's image or index to a registry.
func push(t *testing.T, dir, ref string, auth authn.Authenticator) {
	t.Helper()
	to, err := name.ParseReference(ref, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	top, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := top.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	only := manifest.Manifests[0]
	if only.MediaType.IsIndex() {
		index, err := top.ImageIndex(only.Digest)
		if err == nil {
			err = remote.WriteIndex(to, index, remote.WithAuth(auth))
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	image, err := top.Image(only.Digest)
	if err == nil {
		err = remote.Write(to, image, remote.WithAuth(auth))
	}
	if err != nil {
		t.Fatal(err)
	}
}

var scanAll = []string{"scan", "-o", "json", "--checks", "vuln,secret", "--fail-on", "none", "--allow-gaps", "*"}

// An image in a registry is what it is on disk, by tag and by digest.
func TestRegistry(t *testing.T) {
	address := registry(t, "", "")
	for _, img := range []string{"node", "alpine", "overlay"} {
		dir := image(t, img)
		for _, form := range []string{"oci", "zstd"} {
			ref := address + "/team/" + img + ":" + form
			push(t, dir+"/"+form, ref, authn.Anonymous)
			want := nameless(t, boltseal(t, append(scanAll, "oci:"+dir+"/"+form)...).ok(t))
			r := boltseal(t, append(scanAll, ref)...).ok(t)
			if diff := cmp.Diff(want, nameless(t, r)); diff != "" {
				t.Errorf("%s differs from the layout:\n%.1000s", ref, diff)
			}
			digest := parse(t, r).Artifact.Digest
			if diff := cmp.Diff(want, nameless(t, boltseal(t, append(scanAll, "registry:"+address+"/team/"+img+"@"+digest)...).ok(t))); diff != "" {
				t.Errorf("%s by digest differs:\n%.1000s", ref, diff)
			}
		}
	}
	for _, ref := range []string{address + "/team/nonesuch:1", address + "/team/alpine:nonesuch", address + "/team/alpine@sha256:" + strings.Repeat("0", 64)} {
		if r := boltseal(t, append(scanAll, ref)...); r.code != 3 || len(r.stderr) == 0 {
			t.Errorf("%s: exit status %d, want 3 and a reason", ref, r.code)
		}
	}
}

func TestRegistryIndex(t *testing.T) {
	dir := image(t, "index")
	address := registry(t, "", "")
	push(t, dir+"/oci", address+"/index:1", authn.Anonymous)
	want := parse(t, boltseal(t, "sbom", "oci:"+dir+"/oci", "-o", "json").ok(t))
	got := parse(t, boltseal(t, "sbom", address+"/index:1", "-o", "json").ok(t))
	if len(got.Children) != 2 || len(got.Components) != len(want.Components) {
		t.Errorf("%d images with %d components, want 2 with %d", len(got.Children), len(got.Components), len(want.Components))
	}
}

// Credentials come from docker's configuration, from REGISTRY_AUTH_FILE and
// from flags; wrong ones are an error that never shows them.
func TestRegistryAuth(t *testing.T) {
	dir := image(t, "alpine")
	address := registry(t, "robot", "s3cret-p4ss")
	ref := address + "/private/alpine:1"
	push(t, dir+"/oci", ref, &authn.Basic{Username: "robot", Password: "s3cret-p4ss"})
	config := func(password string) string {
		folder := t.TempDir()
		data := fmt.Sprintf(`{"auths":{%q:{"username":"robot","password":%q}}}`, address, password)
		if err := os.WriteFile(filepath.Join(folder, "config.json"), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return folder
	}
	for _, test := range []struct {
		name string
		args []string
		env  []string
		want int
	}{
		{"none", nil, nil, 3},
		{"docker configuration", nil, []string{"DOCKER_CONFIG=" + config("s3cret-p4ss")}, 0},
		{"REGISTRY_AUTH_FILE", nil, []string{"REGISTRY_AUTH_FILE=" + filepath.Join(config("s3cret-p4ss"), "config.json")}, 0},
		{"wrong", nil, []string{"DOCKER_CONFIG=" + config("wr0ng-p4ss")}, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := command{args: append(scanAll, append(test.args, ref)...), env: test.env}.run(t)
			if r.code != test.want {
				t.Errorf("exit status %d, want %d\n%s", r.code, test.want, clip(r.stderr))
			}
			if out := string(r.stdout) + string(r.stderr); strings.Contains(out, "p4ss") {
				t.Errorf("the password is shown:\n%s", out)
			}
		})
	}
	t.Run("flags", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "password")
		if err := os.WriteFile(file, []byte("s3cret-p4ss\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		stdin, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer stdin.Close()
		command{args: append(scanAll, ref, "--username", "robot", "--password-stdin"), stdin: stdin}.run(t).ok(t)
	})
}

// A registry that misbehaves ends in an error within the time-out, or in the
// whole image; never in part of it.
func TestBadRegistry(t *testing.T) {
	dir := image(t, "alpine")
	address := registry(t, "", "")
	push(t, dir+"/oci", address+"/alpine:1", authn.Anonymous)
	want := nameless(t, boltseal(t, append(scanAll, "oci:"+dir+"/oci")...).ok(t))
	target, err := url.Parse("http://" + address)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	layer := func(r *http.Request) bool {
		return r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/")
	}
	tries := 0
	for _, test := range []struct {
		name  string
		serve func(w http.ResponseWriter, r *http.Request)
		whole bool
	}{
		{"hangs at once", func(_ http.ResponseWriter, r *http.Request) { hang(r.Context()) }, false},
		{"hangs in a blob", func(w http.ResponseWriter, r *http.Request) {
			if layer(r) {
				w.Header().Set("Content-Length", "100000")
				io.WriteString(w, "x")
				w.(http.Flusher).Flush()
				hang(r.Context())
				return
			}
			proxy.ServeHTTP(w, r)
		}, false},
		{"lies about length", func(w http.ResponseWriter, r *http.Request) {
			if layer(r) {
				w.Header().Set("Content-Length", "10")
				io.WriteString(w, "0123456789")
				return
			}
			proxy.ServeHTTP(w, r)
		}, false},
		{"sends another blob", func(w http.ResponseWriter, r *http.Request) {
			if layer(r) {
				io.WriteString(w, strings.Repeat("{}", 5000))
				return
			}
			proxy.ServeHTTP(w, r)
		}, false},
		{"redirects to a private address", func(w http.ResponseWriter, r *http.Request) {
			if layer(r) {
				http.Redirect(w, r, "http://169.254.169.254/latest/meta-data", http.StatusTemporaryRedirect)
				return
			}
			proxy.ServeHTTP(w, r)
		}, false},
		{"fails every other time", func(w http.ResponseWriter, r *http.Request) {
			if tries++; tries%2 == 1 {
				http.Error(w, "try again", http.StatusServiceUnavailable)
				return
			}
			proxy.ServeHTTP(w, r)
		}, true},
		{"sends a manifest without end", func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/manifests/") {
				for range 1 << 14 {
					if _, err := io.WriteString(w, strings.Repeat("[", 1<<16)); err != nil {
						return
					}
				}
				return
			}
			proxy.ServeHTTP(w, r)
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(test.serve))
			defer server.Close()
			ref := strings.TrimPrefix(server.URL, "http://") + "/alpine:1"
			r := command{args: append(scanAll, ref, "--timeout", "2s"), limit: time.Minute}.run(t)
			if test.whole {
				if diff := cmp.Diff(want, nameless(t, r.ok(t))); diff != "" {
					t.Errorf("part of the image is missing:\n%.1000s", diff)
				}
				return
			}
			if r.code != 3 || len(r.stderr) == 0 {
				t.Errorf("exit status %d, want 3 and a reason\n%s", r.code, clip(r.stderr))
			}
			if r.rss > 400*mebibyte {
				t.Errorf("peak memory %d MiB", r.rss/mebibyte)
			}
		})
	}
}

func hang(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Minute):
	}
}
