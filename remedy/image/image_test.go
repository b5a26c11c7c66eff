package image_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/remedy/image"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/layer"
)

var epoch = time.Unix(1_700_000_000, 0).UTC()

// folder is a project with everything that a layer can hold of one.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"app/run.sh": "#!/bin/sh\n", "app/data/a.txt": "a", "etc/conf": "x=1\n", "skip/me": "no"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../etc/conf", filepath.Join(dir, "app/conf")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func build(t *testing.T, spec *image.Spec) *image.Image {
	t.Helper()
	i, err := image.Build(t.Context(), spec, &image.BuildOptions{
		Epoch: epoch, Author: "test", TempDir: t.TempDir(), Ignore: func(name string, _ bool) bool { return name == "skip" },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
	return i
}

func write(t *testing.T, where string, images ...*image.Image) boltseal.Artifact {
	t.Helper()
	p, err := image.ParsePlace(where)
	if err != nil {
		t.Fatal(err)
	}
	a, err := image.Write(t.Context(), p, images, nil, &image.WriteOptions{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// contents reads a target back as scan does: every file's mode, owner and text.
func contents(t *testing.T, target string) map[string]string {
	t.Helper()
	s, err := source.Open(t.Context(), target, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	files, err := layer.Read(t.Context(), s.Blobs, &layer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	out := map[string]string{}
	for name, info := range files.Files() {
		text := info.Mode().String()
		switch {
		case info.Mode().IsRegular():
			data, err := files.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			text += " " + string(data)
		case info.Mode()&fs.ModeSymlink != 0:
			to, err := files.ReadLink(name)
			if err != nil {
				t.Fatal(err)
			}
			text += " -> " + to
		}
		if !info.ModTime().Equal(epoch) {
			t.Errorf("%s is from %s", name, info.ModTime())
		}
		out[name] = text
	}
	return out
}

func TestBuild(t *testing.T) {
	spec := &image.Spec{
		Files:    []image.Source{{From: folder(t), To: "/"}},
		Platform: "linux/amd64", User: "1000", Entrypoint: []string{"/app/run.sh"}, Ports: []string{"8080"}, Writable: []string{"/var/lib/app"},
	}
	i := build(t, spec)
	out := t.TempDir()
	want := map[string]string{
		"app": "drwxr-xr-x", "app/run.sh": "-rwxr-xr-x #!/bin/sh\n", "app/conf": "Lrwxrwxrwx -> ../etc/conf",
		"app/data": "drwxr-xr-x", "app/data/a.txt": "-rwxr-xr-x a", "etc": "drwxr-xr-x", "etc/conf": "-rwxr-xr-x x=1\n",
		"etc/passwd": "-rw-r--r-- root:x:0:0:root:/root:/sbin/nologin\napp:x:1000:1000:app:/home/app:/sbin/nologin\n",
		"etc/group":  "-rw-r--r-- root:x:0:\napp:x:1000:\n",
		"home":       "drwxr-xr-x", "home/app": "drwx------", "tmp": "dtrwxrwxrwx", "var": "drwxr-xr-x", "var/lib": "drwxr-xr-x", "var/lib/app": "drwxr-xr-x",
	}
	for _, where := range []string{"oci:" + out + "/layout:1.0", "oci-archive:" + out + "/a.tar:1.0", "docker-archive:" + out + "/d.tar:app:1.0"} {
		a := write(t, where, i)
		target := where
		if got := contents(t, target); !cmp.Equal(want, got) {
			t.Errorf("%s (-want +got):\n%s", where, cmp.Diff(want, got))
		}
		if strings.HasPrefix(where, "oci:") {
			s, err := source.Open(t.Context(), target, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if s.Artifact.Digest != a.Digest {
				t.Errorf("the layout has %s, and Write said %s", s.Artifact.Digest, a.Digest)
			}
			var config struct {
				Config struct {
					User         string
					Entrypoint   []string
					ExposedPorts map[string]struct{}
				}
			}
			if err := json.Unmarshal(s.Config, &config); err != nil {
				t.Fatal(err)
			}
			if config.Config.User != "1000:1000" || len(config.Config.ExposedPorts) != 1 || config.Config.Entrypoint[0] != "/app/run.sh" {
				t.Errorf("configuration: %s", s.Config)
			}
		}
	}
}

// TestBuildAgain holds images to their promise: the same files are the same bytes.
func TestBuildAgain(t *testing.T) {
	dir := folder(t)
	digest := func() boltseal.Digest {
		i := build(t, &image.Spec{Files: []image.Source{{From: dir}}, Platform: "linux/amd64", Env: map[string]string{"B": "2", "A": "1"}})
		return write(t, "oci:"+t.TempDir(), i).Digest
	}
	first := digest()
	if err := os.Chtimes(filepath.Join(dir, "etc/conf"), time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if second := digest(); second != first {
		t.Errorf("%s, then %s", first, second)
	}
}

func TestBuildRefuses(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(t.TempDir(), "a.txt")
	if err := os.WriteFile(text, []byte("a"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, spec := range map[string]*image.Spec{
		"nothing to put":           {},
		"name it":                  {Files: []image.Source{{From: text}}},
		"no such file":             {Files: []image.Source{{From: text + "x"}}},
		"want numbers":             {Files: []image.Source{{From: text}}, User: "nobody", Platform: "linux/amd64"},
		"want permissions":         {Files: []image.Source{{From: text, Mode: "rwx"}}, Platform: "linux/amd64"},
		"port":                     {Files: []image.Source{{From: text}}, Platform: "linux/amd64", Ports: []string{"http"}},
		"the image is for linux/s": {Files: []image.Source{{From: self}}, Platform: "linux/s390x"},
	} {
		_, err := image.Build(t.Context(), spec, &image.BuildOptions{Epoch: epoch, TempDir: t.TempDir()})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNewLayerRefuses(t *testing.T) {
	for _, files := range [][]image.File{
		{image.Bytes("../etc/passwd", 0o644, nil)},
		{image.Bytes("/etc/passwd", 0o644, nil)},
		{image.Bytes("a", 0o644, nil), image.Bytes("a", 0o644, nil)},
		{{Name: "a", Mode: fs.ModeSocket}},
		{{Name: "a", Size: 2, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("x")), nil }}},
	} {
		if l, err := image.NewLayer(t.Context(), files, t.TempDir(), epoch); err == nil {
			t.Errorf("%+v makes %s", files, l.Digest)
		}
	}
}

// TestIndex writes two platforms under one name, and again over it.
func TestIndex(t *testing.T) {
	dir := folder(t)
	var images []*image.Image
	for _, p := range []string{"linux/arm64", "linux/amd64"} {
		images = append(images, build(t, &image.Spec{Files: []image.Source{{From: dir}}, Platform: p}))
	}
	out := t.TempDir()
	write(t, "oci:"+out+":1.0", images[0])
	a := write(t, "oci:"+out+":1.0", images...)
	s, err := source.Open(t.Context(), "oci:"+out+":1.0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if a.Kind != boltseal.KindIndex || s.Artifact.Digest != a.Digest || len(s.Children) != 2 || s.Children[0].Artifact.Platform.Arch != "amd64" {
		t.Errorf("%s %s with %d images", s.Artifact.Kind, s.Artifact.Digest, len(s.Children))
	}
}

// TestFrom changes an image and leaves what it had alone.
func TestFrom(t *testing.T) {
	out := t.TempDir()
	write(t, "oci:"+out+":1", build(t, &image.Spec{Files: []image.Source{{From: folder(t)}}, Platform: "linux/amd64"}))
	s, err := source.Open(t.Context(), "oci:"+out+":1", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	i, err := image.From(s)
	if err != nil {
		t.Fatal(err)
	}
	l, err := image.NewLayer(t.Context(), []image.File{{Name: "more", Mode: 0o644, ModTime: epoch, Size: 1, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader([]byte("m"))), nil
	}}, func() image.File { w := image.Whiteout("app/data/a.txt"); w.ModTime = epoch; return w }()}, t.TempDir(), epoch)
	if err != nil {
		t.Fatal(err)
	}
	i.Add(l, "more")
	defer i.Close()
	write(t, "oci:"+out+":2", i)
	got := contents(t, "oci:"+out+":2")
	if got["more"] != "-rw-r--r-- m" || got["app/data/a.txt"] != "" || got["app/run.sh"] == "" {
		t.Errorf("the changed image holds %v", got)
	}
	if before := contents(t, "oci:"+out+":1"); before["app/data/a.txt"] == "" {
		t.Error("the image before the change is gone")
	}
}

func TestLoad(t *testing.T) {
	i := build(t, &image.Spec{Files: []image.Source{{From: folder(t)}}, Platform: "linux/amd64"})
	p, err := image.ParsePlace("docker:app:1")
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	_, err = image.Write(t.Context(), p, []*image.Image{i}, nil, &image.WriteOptions{Load: func(_ context.Context, daemon string, r io.Reader) error {
		if daemon != "docker" {
			t.Errorf("daemon %s", daemon)
		}
		_, err := io.Copy(&got, r)
		return err
	}})
	if err != nil || got.Len() == 0 {
		t.Errorf("%d bytes, %v", got.Len(), err)
	}
	refused := errors.New("refused")
	_, err = image.Write(t.Context(), p, []*image.Image{i}, nil, &image.WriteOptions{Load: func(context.Context, string, io.Reader) error { return refused }})
	if !errors.Is(err, refused) {
		t.Errorf("Write = %v", err)
	}
}

func TestParsePlace(t *testing.T) {
	for in, want := range map[string]string{
		"oci:out/x:1.0": "oci:out/x:1.0", "oci:./a:b/c": "oci:./a:b/c", "docker-archive:a.tar:n:1": "docker-archive:a.tar:n:1",
		"registry.example.com:5000/a:1": "registry.example.com:5000/a:1", "docker:app": "docker:app",
	} {
		p, err := image.ParsePlace(in)
		if err != nil || p.String() != want {
			t.Errorf("ParsePlace(%s) = %s, %v", in, p, err)
		}
	}
	for _, in := range []string{"", "oci:", "docker:", "UPPER/case:1:2"} {
		if p, err := image.ParsePlace(in); err == nil {
			t.Errorf("ParsePlace(%q) = %s", in, p)
		}
	}
}

func TestDissect(t *testing.T) {
	out := t.TempDir()
	i := build(t, &image.Spec{Files: []image.Source{{From: folder(t)}}, Platform: "linux/amd64"})
	l, err := image.NewLayer(t.Context(), []image.File{image.Whiteout("app/run.sh"), image.Bytes("etc/conf", 0o644, []byte("other"))}, t.TempDir(), epoch)
	if err != nil {
		t.Fatal(err)
	}
	i.Add(l, "change")
	write(t, "oci:"+out, i)
	s, err := source.Open(t.Context(), "oci:"+out, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	f, err := layer.Read(t.Context(), s.Blobs, &layer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	a := image.Dissect(&s.Artifact, f, 3)
	if len(a.Layers) != 2 || a.Wasted != int64(len("#!/bin/sh\n")+len("x=1\n")) || a.Layers[1].Bytes != 5 || a.Layers[0].Hidden[0] != (image.HiddenOne{Piece: image.Piece{Path: "app/run.sh", Bytes: 10}, By: 2, Deleted: true}) {
		t.Errorf("Dissect = %+v", a)
	}
}
