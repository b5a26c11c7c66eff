package source_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source"
)

// withConfig is a docker archive of an image with this configuration and n
// layers.
func withConfig(t testing.TB, config string, n int) []byte {
	layers := make([]string, n)
	for i := range layers {
		layers[i] = "layer.tar"
	}
	list, err := json.Marshal([]object{{"Config": "c", "Layers": layers}})
	if err != nil {
		t.Fatal(err)
	}
	return dockerTar(t, string(list), testimage.File("c", config))
}

func diffIDs(n int) []boltseal.Digest {
	out := make([]boltseal.Digest, n)
	for i := range out {
		out[i] = testimage.Sum([]byte{byte(i)})
	}
	return out
}

func TestBase(t *testing.T) {
	a, err := txtar.ParseFile("testdata/base.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Files {
		t.Run(f.Name, func(t *testing.T) {
			want, text, _ := strings.Cut(strings.TrimSuffix(string(f.Data), "\n"), "\n")
			var history []object
			layers := 0
			for line := range strings.Lines(text) {
				line, comment, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "|")
				created, empty := strings.CutPrefix(line, "-")
				if !empty {
					layers++
				}
				history = append(history, object{"created_by": created, "comment": comment, "empty_layer": empty})
			}
			config, err := json.Marshal(object{"history": history, "rootfs": object{"diff_ids": diffIDs(layers)}})
			if err != nil {
				t.Fatal(err)
			}
			s := mustOpen(t, write(t, "x.tar", withConfig(t, string(config), layers)), nil)
			got, base := "0", 0
			if b := s.Artifact.Base; b != nil {
				got, base = fmt.Sprintf("%d %s", b.Layers, b.How), b.Layers
			}
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			for i, l := range s.Artifact.Layers {
				if l.FromBase != (i < base) || s.Blobs[i].FromBase != l.FromBase {
					t.Errorf("layer %d: from base %v", i, l.FromBase)
				}
			}
		})
	}
}

func TestBaseLabels(t *testing.T) {
	digest := testimage.Sum(nil)
	config := fmt.Sprintf(`{"config":{"Labels":{"org.opencontainers.image.base.name":"docker.io/library/debian:12",
		"org.opencontainers.image.base.digest":"%s"}},"history":[{"created_by":"a"},{"created_by":"CMD x","empty_layer":true},{"created_by":"b"}],
		"rootfs":{"diff_ids":["%s","%s"]}}`, digest, digest, digest)
	s := mustOpen(t, write(t, "x.tar", withConfig(t, config, 2)), nil)
	want := &boltseal.Base{Name: "docker.io/library/debian:12", Digest: digest, Layers: 1, How: "label, history"}
	if diff := cmp.Diff(want, s.Artifact.Base); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	config = `{"config":{"Labels":{"org.opencontainers.image.base.digest":"not a digest"}}}`
	if s := mustOpen(t, write(t, "x.tar", withConfig(t, config, 0)), nil); s.Artifact.Base != nil {
		t.Errorf("got %+v", s.Artifact.Base)
	}
	// Annotations of the manifest say the same.
	l := newLayout(t)
	im := sample(t, "")
	var manifest object
	if err := json.Unmarshal(im.Manifest(), &manifest); err != nil {
		t.Fatal(err)
	}
	manifest["annotations"] = object{"org.opencontainers.image.base.name": "debian:12"}
	l.image(im, nil)
	s = mustOpen(t, l.list(l.blob(im.MediaType(), l.json(manifest), nil)), nil)
	if b := s.Artifact.Base; b == nil || b.Name != "debian:12" || b.How != "label, history" {
		t.Errorf("got %+v", b)
	}
}

func TestOddConfigs(t *testing.T) {
	diffs := `"rootfs":{"diff_ids":["` + string(testimage.Sum(nil)) + `"]}`
	for name, c := range map[string]struct {
		config string
		want   string
	}{
		"no platform":             {`{` + diffs + `}`, "- 0001-01-01"},
		"time of nobody":          {`{"os":"linux","architecture":"arm64","variant":"v8","created":"0001-01-01T00:00:00Z",` + diffs + `}`, "linux/arm64 0001-01-01"},
		"time is words":           {`{"os":"linux","architecture":"amd64","created":"yesterday",` + diffs + `}`, "linux/amd64 0001-01-01"},
		"time with a zone":        {`{"os":"linux","architecture":"amd64","created":"2024-05-06T01:00:00+02:00",` + diffs + `}`, "linux/amd64 2024-05-05"},
		"null everywhere":         {`{"os":null,"created":null,"config":null,"history":null,` + diffs + `}`, "- 0001-01-01"},
		"history of other layers": {`{"history":[{"created_by":"a"},{"created_by":"b"},{"created_by":"c"}],` + diffs + `}`, "- 0001-01-01"},
	} {
		s := mustOpen(t, write(t, "x.tar", withConfig(t, c.config, 1)), nil)
		p := "-"
		if s.Artifact.Platform != nil {
			p = s.Artifact.Platform.String()
		}
		if got := p + " " + s.Artifact.Created.Format("2006-01-02"); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
		if s.Artifact.Layers[0].CreatedBy != "" {
			t.Errorf("%s: layer made by %q", name, s.Artifact.Layers[0].CreatedBy)
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"os":"linux","history":[{"created_by":"CMD","empty_layer":true},{}],"rootfs":{"diff_ids":["`+string(testimage.Sum(nil))+`"]}}`), 1)
	f.Add([]byte(`{"config":{"Labels":{"a":"b"}},"created":"2024-01-01T00:00:00Z"}`), 0)
	f.Fuzz(func(t *testing.T, config []byte, layers int) {
		n := max(layers, -layers, 0) % 8
		s, err := openBytes(t, withConfig(t, string(config), n))
		if err != nil {
			return
		}
		if len(s.Blobs) != n || len(s.Artifact.Layers) != n {
			t.Fatalf("%d layers became %d", n, len(s.Blobs))
		}
		if b := s.Artifact.Base; b != nil && (b.Layers < 0 || n > 0 && b.Layers >= n || b.How == "") {
			t.Fatalf("base %+v of %d layers", b, n)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzArchive(f *testing.F) {
	im := testimage.New(testimage.NewLayer(f, "plain", testimage.Tar(f, testimage.File("f", "x"))))
	for _, data := range [][]byte{
		testimage.DockerArchive(f, testimage.Legacy, im), testimage.DockerArchive(f, testimage.Modern, im),
		testimage.DockerArchive(f, testimage.Skopeo, im), testimage.NewLayout(im).Archive(f), dockerTar(f, goodList),
	} {
		f.Add(data)
	}
	f.Add(gzipped(f, dockerTar(f, goodList)))
	f.Add(zstandard(f, dockerTar(f, goodList)))
	f.Add([]byte(`{"bomFormat":"CycloneDX"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := openBytes(t, data)
		if err != nil {
			return
		}
		for _, im := range append([]*source.Subject{s}, s.Children...) {
			for _, b := range im.Blobs {
				// A blob ends where it says, or with an error.
				if got, err := stored(b); err == nil && int64(len(got)) != b.Size || b.Size > int64(len(data))*2000 {
					t.Fatalf("a blob of %d bytes gave %d", b.Size, len(got))
				}
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// openBytes opens what is piped in.
func openBytes(t *testing.T, data []byte) (*source.Subject, error) {
	return source.Open(t.Context(), "-", &source.Options{Stdin: strings.NewReader(string(data))})
}
