package source_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source"
)

const indexType = "application/vnd.oci.image.index.v1+json"

// layoutOf writes blobs and an index.json into a folder. Documents may refer
// to each other by the digests that blob returns.
type layoutOf struct {
	t   testing.TB
	dir string
}

func newLayout(t testing.TB) *layoutOf {
	l := &layoutOf{t, t.TempDir()}
	l.file("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`))
	return l
}

func (l *layoutOf) file(name string, data []byte) {
	l.t.Helper()
	path := filepath.Join(l.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		l.t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		l.t.Fatal(err)
	}
}

type object = map[string]any

// blob stores data and returns its descriptor.
func (l *layoutOf) blob(mediaType string, data []byte, more object) object {
	l.t.Helper()
	d := testimage.Sum(data)
	l.file("blobs/sha256/"+d.Hex(), data)
	out := object{"mediaType": mediaType, "digest": d, "size": len(data)}
	maps.Copy(out, more)
	return out
}

func (l *layoutOf) json(v any) []byte {
	l.t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		l.t.Fatal(err)
	}
	return data
}

func (l *layoutOf) image(im *testimage.Image, more object) object {
	for _, layer := range im.Layers {
		l.blob("", layer.Stored, nil)
	}
	l.blob("", im.Config(), nil)
	return l.blob(im.MediaType(), im.Manifest(), more)
}

func (l *layoutOf) index(manifests ...object) object {
	return l.blob(indexType, l.json(object{"schemaVersion": 2, "mediaType": indexType, "manifests": manifests}), nil)
}

// list writes index.json and returns the target.
func (l *layoutOf) list(manifests ...object) string {
	l.file("index.json", l.json(object{"schemaVersion": 2, "manifests": manifests}))
	return "oci:" + l.dir
}

func on(os, arch, variant string) object {
	p := object{"os": os, "architecture": arch}
	if variant != "" {
		p["variant"] = variant
	}
	return object{"platform": p}
}

// multi is an index as BuildKit pushes it: images and their attestations.
func multi(t testing.TB) string {
	l := newLayout(t)
	attestation := l.blob("application/vnd.oci.image.manifest.v1+json", []byte(`{"not":"read"}`), object{
		"platform":    object{"os": "unknown", "architecture": "unknown"},
		"annotations": object{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": testimage.Sum(nil)},
	})
	return l.list(l.index(
		l.image(platform(sample(t, ""), "linux/amd64"), on("linux", "amd64", "")),
		l.image(platform(sample(t, ""), "linux/arm64/v8"), on("linux", "arm64", "v8")),
		l.image(platform(sample(t, ""), "linux/arm/v6"), on("linux", "arm", "v6")),
		l.image(platform(sample(t, ""), "linux/arm/v7"), on("linux", "arm", "v7")),
		l.image(platform(sample(t, ""), "windows/amd64"), on("windows", "amd64", "")),
		attestation,
	))
}

func TestPlatforms(t *testing.T) {
	target := multi(t)
	dir := strings.TrimPrefix(target, "oci:")
	for ask, want := range map[string]string{
		"":               "linux/amd64 linux/arm64 linux/arm/v6 linux/arm/v7 windows/amd64",
		"all":            "linux/amd64 linux/arm64 linux/arm/v6 linux/arm/v7 windows/amd64",
		"linux/amd64":    "linux/amd64",
		"linux/x86_64":   "linux/amd64",
		"Linux/AMD64":    "linux/amd64",
		"linux/arm64":    "linux/arm64",
		"linux/arm64/v8": "linux/arm64",
		"linux/aarch64":  "linux/arm64",
		"linux/arm":      "linux/arm/v7",
		"linux/arm/v6":   "linux/arm/v6",
		"windows/amd64":  "windows/amd64",
		"linux/s390x":    "",
		"linux/arm/v5":   "",
		"linux":          "",
		"a/b/c/d":        "",
		"/":              "",
	} {
		s, err := open(t, target, &source.Options{Platform: ask})
		if want == "" {
			if err == nil {
				t.Errorf("%q: got %s, want an error", ask, summary(s))
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", ask, err)
			continue
		}
		got := []string{}
		for _, c := range append(s.Children, s) {
			if c.Artifact.Kind == "image" {
				got = append(got, c.Artifact.Platform.String())
				if c.Artifact.Parent == "" || c.Artifact.Name != dir {
					t.Errorf("%q: parent %q, name %q", ask, c.Artifact.Parent, c.Artifact.Name)
				}
			}
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", ask, diff)
		}
		if len(s.Attachments) != 1 || s.Attachments[0].Type != "attestation-manifest" || s.Attachments[0].About != testimage.Sum(nil) {
			t.Errorf("%q: attachments %+v", ask, s.Attachments)
		}
	}
	_, err := open(t, target, &source.Options{Platform: "linux/s390x"})
	if err == nil || !strings.Contains(err.Error(), "there are linux/amd64, linux/arm/v6, linux/arm/v7, linux/arm64/v8, windows/amd64") {
		t.Errorf("got %v, want what there is", err)
	}
}

func TestSingleImagePlatform(t *testing.T) {
	path := write(t, "x.tar", testimage.DockerArchive(t, testimage.Legacy, sample(t, "")))
	mustOpen(t, path, &source.Options{Platform: "linux/amd64"})
	mustOpen(t, path, &source.Options{Platform: "all"})
	_, err := open(t, path, &source.Options{Platform: "linux/arm64"})
	if err == nil || !strings.Contains(err.Error(), "it is for linux/amd64") {
		t.Errorf("got %v", err)
	}
}

// Docker lists the platforms of one image as images with the same name.
func TestSavedPlatforms(t *testing.T) {
	data := testimage.DockerArchive(t, testimage.Modern,
		platform(sample(t, "example.test/app:1"), "linux/amd64"), platform(sample(t, "example.test/app:1"), "linux/arm64"))
	path := write(t, "x.tar", data)
	got := summary(mustOpen(t, path, nil))
	want := "index example.test/app:1 -\n  image example.test/app:1 linux/amd64\n  image example.test/app:1 linux/arm64\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := summary(mustOpen(t, path, &source.Options{Platform: "linux/arm64"})); got != "image example.test/app:1 linux/arm64\n" {
		t.Errorf("got %s", got)
	}
}

func TestIndexes(t *testing.T) {
	for name, c := range map[string]struct {
		make func(l *layoutOf) string
		opts source.Options
		want string // of the summary, or after "error: " part of the error
	}{
		"one image and its attestation": {
			make: func(l *layoutOf) string {
				return l.list(l.index(l.image(sample(t, ""), on("linux", "amd64", "")), l.blob("x/y", []byte("z"), on("unknown", "unknown", ""))))
			},
			want: "image DIR linux/amd64 of an index\n  note: \n",
		},
		"platforms side by side in the layout": {
			make: func(l *layoutOf) string {
				return l.list(l.image(platform(sample(t, ""), "linux/amd64"), on("linux", "amd64", "")),
					l.image(platform(sample(t, ""), "linux/arm64"), on("linux", "arm64", "")))
			},
			want: "index DIR -\n  image DIR linux/amd64\n  image DIR linux/arm64\n",
		},
		"no platforms in the index": {
			make: func(l *layoutOf) string {
				return l.list(l.index(l.image(platform(sample(t, ""), "linux/amd64"), nil), l.image(platform(sample(t, ""), "linux/arm64"), nil)))
			},
			opts: source.Options{Platform: "linux/arm64"},
			want: "image DIR linux/arm64 of an index\n",
		},
		"an index in an index, and an image twice": {
			make: func(l *layoutOf) string {
				amd, arm := l.image(platform(sample(t, ""), "linux/amd64"), on("linux", "amd64", "")), l.image(platform(sample(t, ""), "linux/arm64"), on("linux", "arm64", ""))
				return l.list(l.index(l.index(amd, arm), amd, l.index(arm)))
			},
			want: "index DIR -\n  image DIR linux/amd64 of an index\n  image DIR linux/arm64 of an index\n",
		},
		"the index knows better": {
			make: func(l *layoutOf) string {
				return l.list(l.index(l.image(platform(sample(t, ""), "linux/amd64"), on("linux", "arm64", "v8")),
					l.image(platform(sample(t, ""), "linux/arm/v7"), on("linux", "arm", ""))))
			},
			want: "index DIR -\n  image DIR linux/arm64 of an index\n  image DIR linux/arm/v7 of an index\n",
		},
		"a missing platform": {
			make: func(l *layoutOf) string {
				gone := l.image(platform(sample(t, ""), "linux/arm64"), on("linux", "arm64", ""))
				target := l.list(l.index(l.image(sample(t, ""), on("linux", "amd64", "")), gone))
				if err := os.Remove(filepath.Join(l.dir, "blobs", "sha256", testimage.Sum(platform(sample(t, ""), "linux/arm64").Manifest()).Hex())); err != nil {
					t.Fatal(err)
				}
				return target
			},
			want: "image DIR linux/amd64 of an index\n  gap: missing-image\n",
		},
		"a missing platform that was asked for": {
			make: func(l *layoutOf) string {
				im := platform(sample(t, ""), "linux/arm64")
				target := l.list(l.index(l.image(im, on("linux", "arm64", ""))))
				if err := os.Remove(filepath.Join(l.dir, "blobs", "sha256", im.Digest().Hex())); err != nil {
					t.Fatal(err)
				}
				return target
			},
			opts: source.Options{Platform: "linux/arm64"},
			want: "error: no such file",
		},
		"all missing": {
			make: func(l *layoutOf) string {
				return l.list(l.index(object{"mediaType": sample(t, "").MediaType(), "digest": testimage.Sum([]byte("x")), "size": 1}))
			},
			want: "error: an index without images",
		},
		"an artifact": {
			make: func(l *layoutOf) string {
				config := l.blob("application/vnd.cncf.helm.config.v1+json", []byte("{}"), nil)
				return l.list(l.blob("application/vnd.oci.image.manifest.v1+json",
					l.json(object{"schemaVersion": 2, "config": config, "layers": []object{}}), nil))
			},
			want: "error: not a container image but application/vnd.cncf.helm.config.v1+json",
		},
		"an attestation by its own digest": {
			make: func(l *layoutOf) string {
				statement := l.blob("application/vnd.in-toto+json", []byte("{}"), nil)
				config := l.blob("application/vnd.oci.image.config.v1+json", []byte(`{"rootfs":{"diff_ids":["`+string(testimage.Sum(nil))+`"]}}`), nil)
				return l.list(l.blob("application/vnd.oci.image.manifest.v1+json",
					l.json(object{"schemaVersion": 2, "config": config, "layers": []object{statement}}), nil))
			},
			want: "error: not a container image but application/vnd.in-toto+json",
		},
		"images and an artifact": {
			make: func(l *layoutOf) string {
				config := l.blob("application/vnd.example+json", []byte("{}"), nil)
				chart := l.blob("application/vnd.oci.image.manifest.v1+json", l.json(object{"schemaVersion": 2, "config": config, "layers": []object{}}), nil)
				return l.list(l.index(l.image(sample(t, ""), nil), chart))
			},
			want: "image DIR linux/amd64 of an index\n  note: application/vnd.example+json\n",
		},
		"nothing":              {make: func(l *layoutOf) string { return l.list() }, want: "error: an index without images"},
		"nothing in the index": {make: func(l *layoutOf) string { return l.list(l.index()) }, want: "error: an index without images"},
		"an unknown version": {make: func(l *layoutOf) string {
			l.file("oci-layout", []byte(`{"imageLayoutVersion":"2.0"}`))
			return l.list()
		}, want: "error: unknown version"},
		"index.json is a folder": {make: func(l *layoutOf) string { l.file("index.json/x", nil); return "oci:" + l.dir }, want: "error: not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLayout(t)
			s, err := open(t, c.make(l), &c.opts)
			if part, fails := strings.CutPrefix(c.want, "error: "); fails {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("got %v, want %q", err, part)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, strings.ReplaceAll(summary(s), l.dir, "DIR")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestIndexTooDeep(t *testing.T) {
	l := newLayout(t)
	d := l.image(sample(t, ""), nil)
	for range 20 {
		d = l.index(d)
	}
	if _, err := open(t, l.list(d), nil); err == nil || !strings.Contains(err.Error(), "deeper than 16") {
		t.Errorf("got %v", err)
	}
}

// Each index lists the next twice: walking them one by one would take 2^15
// steps.
func TestIndexFan(t *testing.T) {
	l := newLayout(t)
	d := l.image(sample(t, ""), nil)
	for range 14 {
		d = l.index(d, d)
	}
	if got := summary(mustOpen(t, l.list(d), nil)); !strings.HasPrefix(got, "image ") {
		t.Errorf("got %s", got)
	}
}

func TestIndexTooLong(t *testing.T) {
	l := newLayout(t)
	var list []object
	for i := range 600 {
		list = append(list, object{"mediaType": indexType, "digest": testimage.Sum([]byte{byte(i), byte(i >> 8)}), "size": 1})
	}
	if _, err := open(t, l.list(l.index(list...)), nil); err == nil || !strings.Contains(err.Error(), "more than 500") {
		t.Errorf("got %v", err)
	}
}

func TestForeignLayers(t *testing.T) {
	l := newLayout(t)
	im := sample(t, "")
	config := l.blob("application/vnd.oci.image.config.v1+json", im.Config(), nil)
	var layers []object
	for i, layer := range im.Layers {
		d := object{"mediaType": layer.MediaType(false), "digest": layer.Digest, "size": len(layer.Stored)}
		if i == 0 {
			d["mediaType"], d["urls"] = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", []string{"http://169.254.169.254/"}
		} else {
			l.blob("", layer.Stored, nil)
		}
		layers = append(layers, d)
	}
	target := l.list(l.blob(im.MediaType(), l.json(object{"schemaVersion": 2, "config": config, "layers": layers}), nil))
	s := mustOpen(t, target, nil)
	if len(s.Blobs) != 2 || s.Blobs[0].DiffID != im.Layers[1].DiffID || len(s.Artifact.Layers) != 3 {
		t.Errorf("got %d blobs of %d layers", len(s.Blobs), len(s.Artifact.Layers))
	}
	if len(s.Gaps) != 1 || s.Gaps[0].Kind != "foreign-layer" || !strings.Contains(s.Gaps[0].What, string(im.Layers[0].Digest)) {
		t.Errorf("gaps %+v", s.Gaps)
	}
	layers[1]["mediaType"], layers[1]["digest"] = "application/vnd.oci.image.layer.v1.tar", testimage.Sum([]byte("gone"))
	target = l.list(l.blob(im.MediaType(), l.json(object{"schemaVersion": 2, "config": config, "layers": layers}), nil))
	if _, err := open(t, target, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a layer that is just missing: got %v", err)
	}
}
