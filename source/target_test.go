package source_test

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/registry"
)

// Every scheme can be found in help, and no two go by one name.
func TestSchemes(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range source.Schemes() {
		for _, name := range append([]string{s.Name}, s.Aliases...) {
			if seen[name] || name != strings.ToLower(name) {
				t.Errorf("scheme name %q: twice, or not in lower case", name)
			}
			seen[name] = true
		}
		if !strings.HasPrefix(s.Usage, s.Name+":") || s.Title == "" || strings.HasSuffix(s.Title, ".") {
			t.Errorf("scheme %s: usage %q, title %q", s.Name, s.Usage, s.Title)
		}
		if _, err := open(t, s.Name+":", nil); err == nil || !strings.Contains(err.Error(), s.Usage) {
			t.Errorf("%s: with nothing behind it: got %v", s.Name, err)
		}
	}
	if !slices.IsSortedFunc(source.Schemes(), func(a, b source.Scheme) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("not sorted")
	}
	for _, name := range []string{"registry", "docker", "podman", "containerd", "docker-archive", "oci-archive", "oci", "dir", "rootfs", "file", "sbom"} {
		if !seen[name] {
			t.Errorf("no scheme %s", name)
		}
	}
}

// asked notes which URL was asked for first, and answers nothing.
type asked struct{ url string }

func (a *asked) RoundTrip(r *http.Request) (*http.Response, error) {
	if a.url == "" {
		a.url = r.URL.Host + r.URL.Path
	}
	return nil, errors.New("end of test")
}

// What has no scheme and is no file is the name of an image in a registry.
func TestGuessRegistry(t *testing.T) {
	t.Chdir(t.TempDir())
	for target, want := range map[string]string{
		"alpine":                        "registry-1.docker.io/v2/library/alpine/manifests/latest",
		"alpine:3.22":                   "registry-1.docker.io/v2/library/alpine/manifests/3.22",
		"ghcr.io/a/b:c":                 "ghcr.io/v2/a/b/manifests/c",
		"localhost:5000/a":              "localhost:5000/v2/a/manifests/latest",
		"registry:alpine":               "registry-1.docker.io/v2/library/alpine/manifests/latest",
		"registry:registry:2":           "registry-1.docker.io/v2/library/registry/manifests/2",
		"docker://alpine":               "registry-1.docker.io/v2/library/alpine/manifests/latest",
		"registry:./x":                  "",
		"./missing":                     "",
		"/missing/x":                    "",
		"missing.tar":                   "",
		"missing.json":                  "",
		"../x":                          "",
		"~/x":                           "",
		`C:\x`:                          "",
		"https://ghcr.io/a/b":           "",
		"http://x":                      "",
		"":                              "",
		"\x00":                          "",
		"a b":                           "",
		"nosuchscheme:x:y":              "",
		"UPPER":                         "",
		strings.Repeat("x/", 5000):      "",
		"alpine@sha256:0123":            "",
		"docker-archive:missing:alpine": "",
	} {
		spy := &asked{}
		client, err := registry.New(&registry.Options{Transport: spy, Attempts: 1})
		if err != nil {
			t.Fatal(err)
		}
		_, err = open(t, target, &source.Options{Client: client})
		if err == nil || spy.url != want {
			t.Errorf("%.40q: asked for %q (%v), want %q", target, spy.url, err, want)
		}
		if len(err.Error()) > 1500 {
			t.Errorf("%.40q: an error of %d bytes", target, len(err.Error()))
		}
	}
}

// What is there by that name is opened for what it is.
func TestGuessPath(t *testing.T) {
	im := sample(t, "example.test/app:1")
	dir := t.TempDir()
	t.Chdir(dir)
	file := func(name string, data []byte) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	docker := testimage.DockerArchive(t, testimage.Legacy, im)
	file("alpine", docker) // the name of an image, and a file
	file("with:colon.tar", docker)
	file("project/package.json", []byte("{}"))
	file("half/oci-layout", []byte("{}"))
	file("text", []byte("hello"))
	file("log.gz", gzipped(t, []byte("hello")))
	file("app.jar", []byte("PK\x03\x04"))
	file("bom", []byte(`  {"bomFormat": "CycloneDX"}`))
	file("bom.xml", []byte("\xef\xbb\xbf<?xml version=\"1.0\"?>\n<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\"/>"))
	file("tv.spdx", []byte("# a comment\n\nSPDXVersion: SPDX-2.3\n"))
	file("bom.json.gz", gzipped(t, []byte(`{"spdxVersion":"SPDX-2.3"}`)))
	file("spdx3.json", []byte(`{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[]}`))
	file("other.json", []byte(`{"name":"x"}`))
	testimage.NewLayout(im).Write(t, filepath.Join(dir, "layout"))
	for target, want := range map[string]string{
		"alpine": "image", "with:colon.tar": "image", "./alpine": "image", "project": "directory", ".": "directory",
		"half": "directory", "layout": "image", "layout/": "image", "text": "file", "log.gz": "file", "app.jar": "file", "bom": "sbom",
		"bom.xml": "sbom", "tv.spdx": "sbom", "bom.json.gz": "sbom", "spdx3.json": "sbom", "other.json": "file",
		"file:alpine": "file", "dir:layout": "directory", "rootfs:layout": "rootfs", "sbom:text": "sbom", "sbom:bom.json.gz": "sbom",
		dir + "/layout:example.test/app:1": "image", "./layout#0": "image", "./alpine:example.test/app:1": "image", dir + "/alpine#0": "image",
		"docker-archive:with:colon.tar": "image", "docker-archive:with:colon.tar:example.test/app:1": "image",
	} {
		s := mustOpen(t, target, nil)
		if got := string(s.Artifact.Kind); got != want {
			t.Errorf("%s: got %s, want %s", target, got, want)
		}
		switch {
		case want == "sbom" && (len(s.SBOM) == 0 || s.Artifact.Digest == ""),
			(want == "directory" || want == "file") && s.Root == nil,
			want == "image" && len(s.Blobs) == 0:
			t.Errorf("%s: its content is missing", target)
		}
	}
	for _, target := range []string{"sbom:project", "dir:text", "file:project", "rootfs:text", "sbom:missing", "oci:project", "oci:missing", "docker-archive:project",
		"./layout:other", "./alpine#1", "./text:x", "./project:x", "layout:example.test"} {
		if _, err := open(t, target, nil); err == nil {
			t.Errorf("%s: no error", target)
		}
	}
}

func TestPipeIsNoFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	if err := mkfifo(name); err != nil {
		t.Skipf("no named pipes here: %v", err)
	}
	for _, scheme := range []string{"", "docker-archive:", "oci-archive:", "sbom:", "file:", "rootfs:"} {
		if _, err := open(t, scheme+name, nil); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: got %v", scheme, err)
		}
	}
}

func TestStdinMissing(t *testing.T) {
	for _, target := range []string{"-", "sbom:-", "docker-archive:-"} {
		if _, err := open(t, target, nil); err == nil || !strings.Contains(err.Error(), "no standard input") {
			t.Errorf("%s: got %v", target, err)
		}
	}
	for in, want := range map[string]string{"": "neither", "hello": "neither", `{"bomFormat":"CycloneDX"}`: ""} {
		s, err := open(t, "-", &source.Options{Stdin: strings.NewReader(in)})
		switch {
		case want == "" && (err != nil || string(s.SBOM) != in):
			t.Errorf("%q: %v", in, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: got %v", in, err)
		}
	}
}

type deny struct{ t *testing.T }

func (d deny) RoundTrip(r *http.Request) (*http.Response, error) {
	d.t.Errorf("offline, and a request went to %s", r.URL)
	return nil, errors.New("no")
}

func TestOffline(t *testing.T) {
	client, err := registry.New(&registry.Options{Transport: deny{t}})
	if err != nil {
		t.Fatal(err)
	}
	sock := listen(t, func(http.ResponseWriter, *http.Request) { t.Error("offline, and the daemon was asked") })
	env := map[string]string{"DOCKER_HOST": "unix://" + sock, "CONTAINER_HOST": "unix://" + sock}
	for _, target := range []string{"alpine", "registry:alpine", "docker://alpine", "docker:alpine", "podman:alpine", "docker-daemon:alpine"} {
		_, err := open(t, target, &source.Options{Offline: true, Client: client, Getenv: func(k string) string { return env[k] }})
		if !errors.Is(err, source.ErrOffline) {
			t.Errorf("%s: got %v", target, err)
		}
	}
	mustOpen(t, write(t, "x.tar", testimage.DockerArchive(t, testimage.Legacy, sample(t, ""))), &source.Options{Offline: true})
	if _, err := open(t, "./missing", &source.Options{Offline: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func FuzzTarget(f *testing.F) {
	for _, s := range []string{"alpine:3.22", "docker-archive:x:y", "oci:a@sha256:0", "dir:.", "x#1", "::", "-", "file:/etc/passwd"} {
		f.Add(s)
	}
	dir := f.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x"), []byte("x"), 0o600); err != nil {
		f.Fatal(err)
	}
	if err := os.Chdir(dir); err != nil {
		f.Fatal(err)
	}
	none := &asked{}
	client, err := registry.New(&registry.Options{Transport: none, Attempts: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, target string) {
		if strings.Contains(target, "docker") || strings.Contains(target, "podman") || strings.Contains(target, "containerd") {
			return // would ask what runs on this machine
		}
		none.url = ""
		s, err := source.Open(t.Context(), target, &source.Options{Client: client})
		if (s == nil) == (err == nil) {
			t.Fatalf("got %v and %v", s, err)
		}
		// A request goes where the target says: into a repository's path.
		if none.url != "" && (!strings.Contains(none.url, "/v2/") || strings.Contains(none.url, "..")) {
			t.Fatalf("%q asked for %s", target, none.url)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
