package testimage_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/testimage"
)

const sample = `
-- CONFIG --
{"config": {"Env": ["A=b"], "User": "app"}}
-- LAYER gzip: ADD rootfs.tar / --
-- etc/os-release --
ID=debian
-- lib -> usr/lib --
-- usr/bin/perl (mode 755) --
#!perl
-- usr/bin/perl5 => usr/bin/perl --
-- var/empty/ --
-- dev/null (char 1:3) --
-- run/pipe (fifo) --
-- "caf\xe9" (noeol) --
x
-- bin (base64) --
AAEC
-- EMPTY: ENV A=b --
-- LAYER zstd: RUN rm /etc/os-release --
-- etc/.wh.os-release --
-- LAYER plain --
-- big (random 3000000, pax) --
-- LAYER gzip-members --
-- big (zeros 3000000) --
-- LAYER zstd-frames --
-- big (random 3000000) --
`

func TestParse(t *testing.T) {
	im := testimage.Parse(t, sample)
	var got []string
	for _, l := range im.Layers {
		r := tar.NewReader(bytes.NewReader(l.Raw))
		for {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			if len(body) > 100 {
				body = body[:0]
			}
			got = append(got, l.Compression+" "+string(h.Typeflag)+" "+h.Name+" "+h.Linkname+" "+string(body))
		}
	}
	want := []string{
		"gzip 0 etc/os-release  ID=debian\n",
		"gzip 2 lib usr/lib ",
		"gzip 0 usr/bin/perl  #!perl\n",
		"gzip 1 usr/bin/perl5 usr/bin/perl ",
		"gzip 5 var/empty/  ",
		"gzip 3 dev/null  ",
		"gzip 6 run/pipe  ",
		"gzip 0 caf\xe9  x",
		"gzip 0 bin  \x00\x01\x02",
		"zstd 0 etc/.wh.os-release  ",
		"plain 0 big  ",
		"gzip-members 0 big  ",
		"zstd-frames 0 big  ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	var config struct {
		Config  struct{ User string }
		History []struct {
			CreatedBy string `json:"created_by"`
			Empty     bool   `json:"empty_layer"`
		}
	}
	if err := json.Unmarshal(im.Config(), &config); err != nil {
		t.Fatal(err)
	}
	if config.Config.User != "app" || len(config.History) != 6 || !config.History[1].Empty ||
		config.History[2].CreatedBy != "RUN rm /etc/os-release" {
		t.Errorf("config: got %+v", config)
	}
}

// The images must be images to others as well.
func TestLayoutIsValid(t *testing.T) {
	im := testimage.Parse(t, sample)
	arm := testimage.Parse(t, sample)
	arm.Platform = boltseal.Platform{OS: "linux", Arch: "arm64", Variant: "v8"}
	l := testimage.NewLayout(im)
	want := l.AddIndex("all", im, arm)
	dir := t.TempDir()
	l.Write(t, dir)
	ix, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	m, err := ix.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Manifests) != 2 || m.Manifests[0].Digest.String() != string(im.Digest()) ||
		m.Manifests[1].Digest.String() != string(want) {
		t.Errorf("index: got %+v", m.Manifests)
	}
	for _, d := range m.Manifests[:1] {
		got, err := ix.Image(d.Digest)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Image(got, validate.Fast); err != nil {
			t.Error(err)
		}
	}
	r := tar.NewReader(bytes.NewReader(l.Archive(t)))
	if h, err := r.Next(); err != nil || h.Name != "blobs/" {
		t.Errorf("archive starts with %v, %v", h, err)
	}
}

func TestDockerArchiveIsValid(t *testing.T) {
	one := testimage.Parse(t, sample)
	two := testimage.Parse(t, "-- a --\nb\n-- LAYER --\n-- a --\nb\n")
	two.Tag = "example.test/two:2"
	for style, want := range map[testimage.Style]string{
		testimage.Legacy: "/layer.tar", testimage.Modern: "blobs/sha256/", testimage.Skopeo: ".tar",
	} {
		data := testimage.DockerArchive(t, style, one, two)
		open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
		m, err := tarball.LoadManifest(open)
		if err != nil {
			t.Fatal(err)
		}
		if len(m) != 2 || len(m[0].Layers) != 5 || len(m[1].Layers) != 2 || !strings.Contains(m[0].Layers[0], want) {
			t.Errorf("style %v: got %+v", style, m)
		}
		tag, err := name.NewTag(one.Tag)
		if err != nil {
			t.Fatal(err)
		}
		im, err := tarball.Image(open, &tag)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Image(im, validate.Fast); err != nil {
			t.Errorf("style %v: %v", style, err)
		}
	}
}

type fatal struct{ msg string }

func (f *fatal) Helper()                   {}
func (f *fatal) Fatalf(m string, _ ...any) { f.msg = m; panic(f) }

func TestMistakesAreFatal(t *testing.T) {
	for _, text := range []string{
		"-- a (unknown) --\n", "-- a (mode 9) --\n", "-- a (char 1) --\n", "-- a (base64) --\n!\n",
		"-- LAYER lzma --\n", "-- CONFIG --\n{\n", "-- \"a --\n",
	} {
		tb := &fatal{}
		func() {
			defer func() { _ = recover() }()
			testimage.Parse(tb, text)
		}()
		if tb.msg == "" {
			t.Errorf("%q: no complaint", text)
		}
	}
}
