package source_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/source"
)

// dockerTar is a docker archive whose manifest.json is list, with the
// configuration and one layer of a good image beside it.
func dockerTar(t testing.TB, list string, more ...testimage.Entry) []byte {
	im := testimage.New(testimage.NewLayer(t, "plain", testimage.Tar(t, testimage.File("f", "x"))))
	list = strings.NewReplacer("CONFIG", im.ID().Hex()+".json").Replace(list)
	return testimage.Tar(t, append([]testimage.Entry{
		testimage.File("manifest.json", list),
		testimage.File(im.ID().Hex()+".json", string(im.Config())),
		testimage.File("layer.tar", string(im.Layers[0].Raw)),
	}, more...)...)
}

const goodList = `[{"Config":"CONFIG","RepoTags":null,"Layers":["layer.tar"]}]`

func TestHostileArchives(t *testing.T) {
	mustOpen(t, write(t, "good.tar", dockerTar(t, goodList)), nil)
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"list is no list":        {dockerTar(t, `{"Config":"CONFIG"}`), "cannot unmarshal"},
		"list is not JSON":       {dockerTar(t, `[{`), "unexpected end"},
		"list is empty":          {dockerTar(t, `[]`), "without images"},
		"list is null":           {dockerTar(t, `null`), "without images"},
		"list of many values":    {dockerTar(t, `[`+strings.Repeat(`{},`, 600_000)+`{}]`), "values"},
		"list is huge":           {dockerTar(t, `[{"Config":"`+strings.Repeat("x", 9<<20)+`"}]`), "more than 8388608 bytes"},
		"no config":              {dockerTar(t, `[{"Layers":["layer.tar"]}]`), "not exist"},
		"config elsewhere":       {dockerTar(t, `[{"Config":"../../../../etc/passwd","Layers":["layer.tar"]}]`), "not exist"},
		"absolute config":        {dockerTar(t, `[{"Config":"/etc/passwd","Layers":["layer.tar"]}]`), "not exist"},
		"layer elsewhere":        {dockerTar(t, `[{"Config":"CONFIG","Layers":["../../../../etc/passwd"]}]`), "not exist"},
		"layer without a name":   {dockerTar(t, `[{"Config":"CONFIG","Layers":[""]}]`), "without a name"},
		"layer is a folder":      {dockerTar(t, `[{"Config":"CONFIG","Layers":["d"]}]`, testimage.Dir("d")), "not exist"},
		"more layers than diffs": {dockerTar(t, `[{"Config":"CONFIG","Layers":["layer.tar","layer.tar"]}]`), "2 layers and the configuration 1"},
		"fewer layers":           {dockerTar(t, `[{"Config":"CONFIG","Layers":[]}]`), "0 layers and the configuration 1"},
		"another config":         {dockerTar(t, `[{"Config":"`+testimage.Sum([]byte("x")).Hex()+`.json","Layers":[]}]`, testimage.File(testimage.Sum([]byte("x")).Hex()+".json", "{}")), "digest mismatch"},
		"config is not JSON":     {dockerTar(t, `[{"Config":"c","Layers":[]}]`, testimage.File("c", "<xml>")), "invalid character"},
		"config of many values":  {dockerTar(t, `[{"Config":"c","Layers":[]}]`, testimage.File("c", `{"history":[`+strings.Repeat(`{},`, 600_000)+`{}]}`)), "values"},
		"diff is a path":         {dockerTar(t, `[{"Config":"c","Layers":["layer.tar"]}]`, testimage.File("c", `{"rootfs":{"diff_ids":["sha256:../../x"]}}`)), "digest"},
		"links in a loop":        {dockerTar(t, `[{"Config":"a","Layers":[]}]`, testimage.Symlink("a", "b"), testimage.Symlink("b", "a")), "links in a row"},
		"link to itself":         {dockerTar(t, `[{"Config":"a","Layers":[]}]`, testimage.Hardlink("a", "a")), "links in a row"},
		"link out":               {dockerTar(t, `[{"Config":"a","Layers":[]}]`, testimage.Symlink("a", "../../../../../../etc/passwd")), "not exist"},
		"long name":              {dockerTar(t, goodList, testimage.File(strings.Repeat("x", 5000), "")), "a name in the archive: more than 4096 bytes"},
		"negative size":          {negativeSize(t), "tar"},
		"many layers":            {manyLayers(t), "more than 1024 layers"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, target := range []string{"docker-archive:" + write(t, "x.tar", c.data), "-"} {
				_, err := open(t, target, &source.Options{Stdin: bytes.NewReader(c.data)})
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%s: got %v, want %q", target[:5], err, c.want)
				}
			}
		})
	}
}

// negativeSize is an archive whose first header gives a size below zero, in
// the base-256 form that allows one.
func negativeSize(t testing.TB) []byte {
	data := dockerTar(t, goodList)
	for i := 124; i < 136; i++ {
		data[i] = 0xff
	}
	var sum int
	for i, c := range data[:512] {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int(c)
	}
	copy(data[148:156], fmt.Sprintf("%06o\x00 ", sum))
	return data
}

func manyLayers(t testing.TB) []byte {
	var diffs, layers []string
	for range 2000 {
		diffs, layers = append(diffs, string(testimage.Sum(nil))), append(layers, "layer.tar")
	}
	config, err := json.Marshal(object{"rootfs": object{"diff_ids": diffs}})
	if err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal([]object{{"Config": "c", "Layers": layers}})
	if err != nil {
		t.Fatal(err)
	}
	return dockerTar(t, string(list), testimage.File("c", string(config)))
}

// Every cut of an archive gives an error or an image whose layers end in one:
// never half an image for a whole.
func TestTruncatedArchives(t *testing.T) {
	im := sample(t, "")
	for name, data := range map[string][]byte{
		"docker": testimage.DockerArchive(t, testimage.Legacy, im),
		"modern": testimage.DockerArchive(t, testimage.Modern, im),
		"oci":    testimage.NewLayout(im).Archive(t),
	} {
		for cut := 0; cut < len(data)-1024; cut += 211 {
			s, err := source.Open(t.Context(), write(t, "x.tar", data[:cut]), nil)
			if err != nil {
				continue
			}
			whole := len(s.Blobs) == len(im.Layers)
			for i, b := range s.Blobs {
				got, err := stored(b)
				whole = whole && err == nil && (string(got) == string(im.Layers[i].Raw) || string(got) == string(im.Layers[i].Stored))
			}
			// What is cut off may be what nobody needs: folders and padding.
			if !whole && s.Artifact.Kind == "image" {
				t.Errorf("%s cut at %d: half an image for a whole", name, cut)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		for cut := 100; cut < len(data)/2; cut += 997 {
			packed := gzipped(t, data)
			if _, err := open(t, "-", &source.Options{Stdin: bytes.NewReader(packed[:len(packed)*cut/len(data)])}); err == nil {
				t.Errorf("%s compressed and cut: no error", name)
			}
		}
	}
}

func TestFlippedBits(t *testing.T) {
	im := sample(t, "example.test/app:1")
	dir := t.TempDir()
	testimage.NewLayout(im).Write(t, dir)
	for _, d := range []string{im.Digest().Hex(), im.ID().Hex()} {
		name := filepath.Join(dir, "blobs", "sha256", d)
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		flipped := bytes.Clone(data)
		flipped[len(data)/2] ^= 1
		if err := os.WriteFile(name, flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := open(t, dir, nil); err == nil || !strings.Contains(err.Error(), "digest mismatch") {
			t.Errorf("got %v", err)
		}
		if err := os.WriteFile(name, append(data, ' '), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := open(t, dir, nil); err == nil || !strings.Contains(err.Error(), "its descriptor says") {
			t.Errorf("got %v", err)
		}
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	layer := filepath.Join(dir, "blobs", "sha256", im.Layers[0].Digest.Hex())
	if err := os.Truncate(layer, 10); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, dir, nil); err == nil || !strings.Contains(err.Error(), "its descriptor says") {
		t.Errorf("a short layer: got %v", err)
	}
}

func TestLayoutLinksOut(t *testing.T) {
	im := sample(t, "")
	outside := write(t, "config", im.Config())
	dir := t.TempDir()
	testimage.NewLayout(im).Write(t, dir)
	name := filepath.Join(dir, "blobs", "sha256", im.ID().Hex())
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, name); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, dir, nil); err == nil || !strings.Contains(err.Error(), "escapes") {
		t.Errorf("got %v", err)
	}
}

func TestBombs(t *testing.T) {
	var outer bytes.Buffer
	w := tar.NewWriter(&outer)
	if err := w.WriteHeader(&tar.Header{Name: "zeros", Size: 200 << 20, Mode: 0o600}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(w, zeros{}, 200<<20); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	bomb := gzipped(t, outer.Bytes())
	small := limit.Default()
	small.Spool = 1 << 20
	total := limit.Default()
	total.TotalBytes, total.Ratio = 10<<20, 0
	for _, c := range []struct {
		opts source.Options
		want string
	}{
		{source.Options{}, "--max-ratio"},
		{source.Options{Limits: small}, "--max-spool-bytes"},
		{source.Options{Limits: total}, "--max-total-bytes"},
	} {
		c.opts.Stdin = bytes.NewReader(bomb)
		for _, target := range []string{write(t, "bomb.tar.gz", bomb), "-"} {
			_, err := open(t, target, &c.opts)
			var over *limit.Error
			if !errors.As(err, &over) || over.Flag != c.want {
				t.Errorf("%.4s: got %v, want %s", target, err, c.want)
			}
		}
	}
	// An endless pipe ends at the quota, and one that is no archive at once.
	header := dockerTar(t, goodList)[:512]
	_, err := open(t, "-", &source.Options{Limits: small, Stdin: io.MultiReader(bytes.NewReader(header), zeros{})})
	if _, ok := errors.AsType[*limit.Error](err); !ok {
		t.Errorf("an endless archive: got %v", err)
	}
	if _, err := open(t, "-", &source.Options{Stdin: zeros{}}); err == nil {
		t.Error("an endless run of zeros: no error")
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestManyEntries(t *testing.T) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for i := range 100_001 {
		if err := w.WriteHeader(&tar.Header{Name: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, write(t, "x.tar", buf.Bytes()), nil); err == nil || !strings.Contains(err.Error(), "more than 100000 files") {
		t.Errorf("got %v", err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	_, err := source.Open(ctx, "-", &source.Options{Stdin: bytes.NewReader(dockerTar(t, goodList)), TempDir: dir})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	noTemp(t, dir)
}
