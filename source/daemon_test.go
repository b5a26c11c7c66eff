package source_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source"
)

// fakeDaemon knows one image by the name team/app:1.
func fakeDaemon(t *testing.T, id string, archive []byte) (http.HandlerFunc, *[]string) {
	var asked []string
	return func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RequestURI())
		switch r.URL.Path {
		case "/images/team/app:1/json":
			_ = json.NewEncoder(w).Encode(object{"Id": id, "RepoTags": []string{"team/app:1"}})
		case "/images/sha256:" + strings.TrimPrefix(id, "sha256:") + "/get":
			w.Header().Set("Content-Type", "application/x-tar")
			_, _ = w.Write(archive)
		default:
			w.WriteHeader(http.StatusNotFound)
			_ = json.NewEncoder(w).Encode(object{"message": "no such image"})
		}
	}, &asked
}

func env(pairs ...string) func(string) string {
	return func(k string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == k {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestDaemons(t *testing.T) {
	im := sample(t, "")
	for _, c := range []struct {
		scheme, variable, id string
		archive              []byte
	}{
		{"docker", "DOCKER_HOST", string(im.ID()), testimage.DockerArchive(t, testimage.Legacy, im)},
		{"docker", "DOCKER_HOST", string(im.Digest()), testimage.DockerArchive(t, testimage.Modern, im)},
		{"podman", "CONTAINER_HOST", im.ID().Hex(), testimage.DockerArchive(t, testimage.Skopeo, im)},
	} {
		h, asked := fakeDaemon(t, c.id, c.archive)
		sock := listen(t, h)
		opts := &source.Options{Getenv: env(c.variable, "unix://"+sock)}
		s := mustOpen(t, c.scheme+":team/app:1", opts)
		checkBlobs(t, s, im)
		if s.Artifact.Name != "team/app:1" || s.Stamp == "" {
			t.Errorf("got name %q, stamp %q", s.Artifact.Name, s.Stamp)
		}
		if len(*asked) != 2 {
			t.Errorf("asked for %v", *asked)
		}
		_, err := open(t, c.scheme+":nginx:2", opts)
		if err == nil || !strings.Contains(err.Error(), "no image nginx:2 on this machine") || !strings.Contains(err.Error(), "registry:"+c.scheme+":nginx:2") {
			t.Errorf("got %v", err)
		}
	}
}

func TestDaemonPlatform(t *testing.T) {
	one, two := platform(sample(t, ""), "linux/amd64"), platform(sample(t, ""), "linux/arm64")
	h, asked := fakeDaemon(t, string(one.ID()), testimage.DockerArchive(t, testimage.Modern, one, two))
	opts := &source.Options{Getenv: env("DOCKER_HOST", "unix://"+listen(t, h))}
	if s := mustOpen(t, "docker:team/app:1", opts); len(s.Children) != 2 || s.Artifact.Name != "team/app:1" {
		t.Errorf("got %s", summary(s))
	}
	opts.Platform = "linux/arm64"
	s := mustOpen(t, "docker:team/app:1", opts)
	checkBlobs(t, s, two)
	if last := (*asked)[len(*asked)-1]; !strings.Contains(last, "platform=%7B%22architecture%22%3A%22arm64%22") {
		t.Errorf("asked for %s", last)
	}
}

func TestDaemonBehavesBadly(t *testing.T) {
	id := string(testimage.Sum(nil))
	for name, h := range map[string]http.HandlerFunc{
		"an error": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			fmt.Fprint(w, `{"message":"\u001b[31mno"}`)
		},
		"nonsense":      func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `<html>`) },
		"a path for ID": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"Id":"../../x"}`) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
		},
		"half": half(t, id),
		"no archive": func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/get") {
				fmt.Fprint(w, strings.Repeat("x", 5000))
				return
			}
			fmt.Fprintf(w, `{"Id":%q}`, id)
		},
	} {
		_, err := open(t, "docker:team/app:1", &source.Options{Getenv: env("DOCKER_HOST", "unix://"+listen(t, h))})
		if err == nil || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func half(t *testing.T, id string) http.HandlerFunc {
	data := testimage.DockerArchive(t, testimage.Legacy, sample(t, ""))
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/get") {
			fmt.Fprintf(w, `{"Id":%q}`, id)
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		_, _ = w.Write(data[:len(data)/2])
	}
}

func TestWhereDaemonsAre(t *testing.T) {
	im := sample(t, "")
	h, _ := fakeDaemon(t, string(im.ID()), testimage.DockerArchive(t, testimage.Legacy, im))
	sock := listen(t, h)
	home, runtime := t.TempDir(), filepath.Dir(sock)
	link := func(name string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(sock, name); err != nil {
			t.Fatal(err)
		}
	}
	link(filepath.Join(runtime, "podman", "podman.sock"))
	if s := mustOpen(t, "podman:team/app:1", &source.Options{Getenv: env("XDG_RUNTIME_DIR", runtime)}); len(s.Blobs) != 3 {
		t.Errorf("a rootless podman: got %s", summary(s))
	}
	// A context of Docker's is called by the hash of its name.
	sum := sha256.Sum256([]byte("desktop-linux"))
	meta := filepath.Join(home, ".docker", "contexts", "meta", hex.EncodeToString(sum[:]))
	if err := os.MkdirAll(meta, 0o700); err != nil {
		t.Fatal(err)
	}
	context := fmt.Sprintf(`{"Name":"desktop-linux","Endpoints":{"docker":{"Host":"unix://%s"}}}`, sock)
	if err := os.WriteFile(filepath.Join(meta, "meta.json"), []byte(context), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".docker", "config.json"), []byte(`{"currentContext":"desktop-linux"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, "docker:team/app:1", &source.Options{Getenv: env("HOME", home)})
	mustOpen(t, "docker:team/app:1", &source.Options{Getenv: env("DOCKER_CONFIG", filepath.Join(home, ".docker"), "DOCKER_CONTEXT", "desktop-linux")})
	if _, err := open(t, "docker:team/app:1", &source.Options{Getenv: env("HOME", home, "DOCKER_CONTEXT", "gone")}); err == nil || !strings.Contains(err.Error(), `docker context "gone"`) {
		t.Errorf("got %v", err)
	}
	for host, want := range map[string]string{
		"unix:///does/not/exist.sock":  "no such file",
		"unix://" + write(t, "f", nil): "not a socket",
		"ssh://user@host":              "ssh is not spoken",
		"npipe:////./pipe/x":           "want unix:// or tcp://",
		"nonsense":                     "want unix:// or tcp://",
		"tcp://127.0.0.1:1":            "refused",
	} {
		_, err := open(t, "docker:team/app:1", &source.Options{Getenv: env("DOCKER_HOST", host)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", host, err, want)
		}
	}
	if _, err := open(t, "podman:x", &source.Options{Getenv: env("XDG_RUNTIME_DIR", home, "CONTAINER_HOST", "")}); err == nil {
		t.Error("no podman: no error")
	}
}

func TestDaemonOverTCP(t *testing.T) {
	im := sample(t, "")
	h, _ := fakeDaemon(t, string(im.ID()), testimage.DockerArchive(t, testimage.Legacy, im))
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	checkBlobs(t, mustOpen(t, "docker:team/app:1", &source.Options{
		Getenv: env("DOCKER_HOST", strings.Replace(s.URL, "http", "tcp", 1)),
	}), im)
	_, err := open(t, "docker:team/app:1", &source.Options{
		Getenv: env("DOCKER_HOST", "tcp://127.0.0.1:1", "DOCKER_TLS_VERIFY", "1", "DOCKER_CERT_PATH", t.TempDir()),
	})
	if err == nil || !strings.Contains(err.Error(), "ca.pem") {
		t.Errorf("got %v", err)
	}
}
