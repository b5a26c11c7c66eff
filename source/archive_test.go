package source_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source"
)

// Every way to keep an image in files gives the same image.
func TestArchives(t *testing.T) {
	im := sample(t, "example.test/app:1")
	oci := testimage.NewLayout(im)
	dir := t.TempDir()
	oci.Write(t, dir)
	files := map[string]struct {
		data   []byte
		digest bool // the archive has the manifest
		scheme string
	}{
		"oci.tar":    {oci.Archive(t), true, "oci-archive"},
		"legacy.tar": {testimage.DockerArchive(t, testimage.Legacy, im), false, "docker-archive"},
		"modern.tar": {testimage.DockerArchive(t, testimage.Modern, im), true, "docker-archive"},
		"skopeo.tar": {testimage.DockerArchive(t, testimage.Skopeo, im), false, "docker-archive"},
	}
	check := func(t *testing.T, target string, opts *source.Options, digest bool) {
		t.Helper()
		s := mustOpen(t, target, opts)
		checkBlobs(t, s, im)
		if got := summary(s); got != "image example.test/app:1 linux/amd64\n" {
			t.Errorf("got %s", got)
		}
		if (s.Artifact.Digest != "") != digest || s.Artifact.Digest != "" && s.Artifact.MediaType != im.MediaType() {
			t.Errorf("digest %q, media type %q", s.Artifact.Digest, s.Artifact.MediaType)
		}
	}
	for _, target := range []string{dir, "oci:" + dir, "oci:" + dir + ":example.test/app:1", "oci-dir:" + dir + "@" + string(im.Digest()), "oci:" + dir + "#0"} {
		t.Run(strings.ReplaceAll(target, dir, "DIR"), func(t *testing.T) { check(t, target, nil, true) })
	}
	for name, f := range files {
		for kind, data := range map[string][]byte{"": f.data, ".gz": gzipped(t, f.data), ".zst": zstandard(t, f.data)} {
			path := write(t, name+kind, data)
			for _, target := range []string{path, f.scheme + ":" + path, f.scheme + ":" + path + ":example.test/app:1", f.scheme + ":" + path + "#0", f.scheme + ":" + path + ":@0"} {
				t.Run(strings.ReplaceAll(target, filepath.Dir(path), "DIR"), func(t *testing.T) { check(t, target, nil, f.digest) })
			}
			for _, target := range []string{"-", f.scheme + ":-"} {
				t.Run(name+kind+" piped into "+target, func(t *testing.T) {
					check(t, target, &source.Options{Stdin: bytes.NewBuffer(data)}, f.digest)
				})
			}
			t.Run(name+kind+" redirected", func(t *testing.T) {
				stdin, err := os.Open(path)
				if err != nil {
					t.Fatal(err)
				}
				defer stdin.Close()
				check(t, "-", &source.Options{Stdin: stdin}, f.digest)
			})
		}
	}
}

func TestImageFacts(t *testing.T) {
	im := sample(t, "example.test/app:1")
	s := mustOpen(t, write(t, "x.tar", testimage.DockerArchive(t, testimage.Legacy, im)), nil)
	a := s.Artifact
	if !a.Created.Equal(im.Created) {
		t.Errorf("created %s, want %s", a.Created, im.Created)
	}
	if diff := cmp.Diff(map[string]string{"team": "ann", "Team": "bob"}, a.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	var got []string
	for _, l := range a.Layers {
		got = append(got, fmt.Sprintf("%s, base %v", l.CreatedBy, l.FromBase))
	}
	if diff := cmp.Diff([]string{"ADD rootfs.tar /, base true", "COPY app /app, base false", "RUN make, base false"}, got); diff != "" {
		t.Errorf("layers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(&boltseal.Base{Layers: 1, How: "history"}, a.Base); diff != "" {
		t.Errorf("base (-want +got):\n%s", diff)
	}
}

func TestSeveralImages(t *testing.T) {
	one, two, none := sample(t, "alpine:3.22"), sample(t, "example.test/two:1"), sample(t, "")
	two.Overlay = map[string]any{"author": "two"}
	none.Overlay = map[string]any{"author": "none"}
	for _, c := range []struct {
		name, scheme string
		data         []byte
	}{
		{"docker.tar", "docker-archive", testimage.DockerArchive(t, testimage.Legacy, one, two, none)},
		{"modern.tar", "docker-archive", testimage.DockerArchive(t, testimage.Modern, one, two, none)},
		{"oci.tar", "oci-archive", testimage.NewLayout(one, two, none).Archive(t)},
	} {
		path := write(t, c.name, c.data)
		target := c.scheme + ":" + path
		for _, ask := range []string{path, target} {
			_, err := open(t, ask, nil)
			var which *source.AmbiguousError
			if !errors.As(err, &which) {
				t.Fatalf("%s: got %v, want a choice", ask, err)
			}
			if ask != target {
				continue
			}
			if diff := cmp.Diff([]string{target + ":alpine:3.22", target + ":example.test/two:1", target + "#2"}, which.Choices); diff != "" {
				t.Errorf("choices (-want +got):\n%s", diff)
			}
			for i, choice := range which.Choices {
				s := mustOpen(t, choice, nil)
				if want := []*testimage.Image{one, two, none}[i]; s.Artifact.ImageID != want.ID() {
					t.Errorf("%s: got %s", choice, s.Artifact.Name)
				}
			}
		}
		for _, same := range []string{":docker.io/library/alpine:3.22", ":index.docker.io/library/alpine:3.22", "#0", ":@0"} {
			if s := mustOpen(t, target+same, nil); s.Artifact.ImageID != one.ID() {
				t.Errorf("%s: got %s", same, s.Artifact.Name)
			}
		}
		for _, wrong := range []string{":alpine:3.21", ":alpine", "#3", "#-1", "#x", ":@9", ":", "#99999999999999999999"} {
			if _, err := open(t, target+wrong, nil); err == nil {
				t.Errorf("%s%s: no error", c.name, wrong)
			}
		}
		if _, err := open(t, "-", &source.Options{Stdin: bytes.NewReader(c.data)}); err == nil {
			t.Errorf("%s piped in: no error", c.name)
		}
	}
	path := write(t, "docker.tar", testimage.DockerArchive(t, testimage.Legacy, one, two, none))
	if s := mustOpen(t, "docker-archive:"+path+":"+two.ID().Hex()[:12], nil); s.Artifact.ImageID != two.ID() {
		t.Errorf("by identifier: got %s", s.Artifact.Name)
	}
}

// People pack archives to send them on.
func TestPackedArchive(t *testing.T) {
	im := sample(t, "example.test/app:1")
	data := testimage.DockerArchive(t, testimage.Legacy, im)
	for name, packed := range map[string][]byte{"app.tar.xz": testimage.XZ(data), "app.tar.gz": gzipped(t, data), "app.tar.zst": testimage.Zstd(data)} {
		if s := mustOpen(t, "docker-archive:"+write(t, name, packed), nil); s.Artifact.ImageID != im.ID() {
			t.Errorf("%s: got %s", name, s.Artifact.Name)
		}
		cut := write(t, "cut-"+name, packed[:len(packed)-20])
		if _, err := open(t, "docker-archive:"+cut, nil); err == nil {
			t.Errorf("%s without its end was taken for whole", name)
		}
	}
	limits := limit.Default()
	limits.TotalBytes = 4096
	if _, err := open(t, "docker-archive:"+write(t, "app.tar.xz", testimage.XZ(data)), &source.Options{Limits: limits}); err == nil || !strings.Contains(err.Error(), "--max-total-bytes") {
		t.Errorf("got %v, want the limit", err)
	}
}

// What is not an image archive says so, and says what to do.
func TestOtherTars(t *testing.T) {
	rootfs := testimage.Tar(t, testimage.File("etc/os-release", "ID=x\n"))
	for _, c := range []struct{ target, want string }{
		{write(t, "rootfs.tar", rootfs), "rootfs:FILE"},
		{"docker-archive:" + write(t, "oci.tar", testimage.NewLayout(sample(t, "")).Archive(t)), "oci-archive:"},
		{"oci-archive:" + write(t, "docker.tar", testimage.DockerArchive(t, testimage.Legacy, sample(t, ""))), "docker-archive:"},
		{"docker-archive:" + write(t, "text", []byte("hello")), "not a tar archive"},
		{"docker-archive:" + write(t, "text.gz", gzipped(t, []byte("hello"))), "not a tar archive"},
		{"docker-archive:" + write(t, "empty", nil), "not a tar archive"},
		{"docker-archive:" + write(t, "x.xz", []byte("\xfd7zXZ\x00xxxx")), "xz"},
		{"docker-archive:" + t.TempDir(), "not a regular file"},
		{"docker-archive:/does/not/exist.tar", "no such file"},
	} {
		if _, err := open(t, c.target, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.target, err, c.want)
		}
	}
	for name, data := range map[string][]byte{"r.tar": rootfs, "r.tar.gz": gzipped(t, rootfs), "r.tar.xz": testimage.XZ(rootfs)} {
		s := mustOpen(t, "rootfs:"+write(t, name, data), nil)
		got, err := stored(s.Blobs[0])
		if s.Artifact.Kind != boltseal.KindRootFS || err != nil || string(got) != string(data) {
			t.Errorf("%s: got %s, %d bytes, %v", name, s.Artifact.Kind, len(got), err)
		}
	}
}

// go-containerregistry, ko and kaniko write docker archives of their own
// kind: sha256:HEX for the configuration, compressed layers.
func TestTarballOfLibrary(t *testing.T) {
	im := sample(t, "example.test/app:1")
	dir := t.TempDir()
	testimage.NewLayout(im).Write(t, dir)
	path, err := layout.FromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := v1.NewHash(string(im.Digest()))
	if err != nil {
		t.Fatal(err)
	}
	img, err := path.Image(hash)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "x.tar")
	if err := tarball.WriteToFile(file, name.MustParseReference("example.test/app:1"), img); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, file, nil)
	checkBlobs(t, s, im)
	if s.Artifact.Name != "example.test/app:1" {
		t.Errorf("got %s", summary(s))
	}
}

// Names in an archive may be anything; what is printed or taken for the
// image's name is not.
func TestNamesForTerminals(t *testing.T) {
	evil := "x\x1b]0;owned\x07:1\n"
	one, two := sample(t, evil), sample(t, evil+"2")
	two.Overlay = map[string]any{"author": "two"}
	for _, c := range []struct {
		name string
		one  []byte
		both []byte
	}{
		{"docker-archive", testimage.DockerArchive(t, testimage.Legacy, one), testimage.DockerArchive(t, testimage.Legacy, one, two)},
		{"oci-archive", testimage.NewLayout(one).Archive(t), testimage.NewLayout(one, two).Archive(t)},
	} {
		path := write(t, "x.tar", c.one)
		if s := mustOpen(t, path, nil); s.Artifact.Name != path {
			t.Errorf("%s: got the name %q", c.name, s.Artifact.Name)
		}
		target := c.name + ":" + write(t, "x.tar", c.both)
		_, err := open(t, target, nil)
		var which *source.AmbiguousError
		if !errors.As(err, &which) || which.Choices[1] != target+"#1" {
			t.Fatalf("%s: got %v", c.name, err)
		}
		mustOpen(t, which.Choices[1], nil)
		for _, wrong := range []string{target + ":" + evil + "3", target + "#x\x1b[2J", "docker-archive:\x1b[2J", "\x1b[2J"} {
			if _, err := open(t, wrong, nil); err == nil || strings.ContainsAny(err.Error(), "\x1b\x07\n") {
				t.Errorf("%q: got %q", wrong, err)
			}
		}
	}
}

func TestStamp(t *testing.T) {
	data := testimage.DockerArchive(t, testimage.Legacy, sample(t, ""))
	path := write(t, "x.tar", data)
	one, again := mustOpen(t, path, nil), mustOpen(t, path, nil)
	if one.Stamp == "" || one.Stamp != again.Stamp {
		t.Errorf("stamps of one state: %q and %q", one.Stamp, again.Stamp)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if now := mustOpen(t, path, nil); now.Stamp == one.Stamp {
		t.Error("a rewritten file has the same stamp")
	}
	if piped := mustOpen(t, "-", &source.Options{Stdin: bytes.NewReader(data)}); piped.Stamp != "" {
		t.Errorf("what was piped in has the stamp %q", piped.Stamp)
	}
}
