package main

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// export writes dir/docker.tar, with the layers as they are.
func export(image v1.Image, dir, name string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, "docker.tar"), func(w io.Writer) error { return dockerArchive(w, image, name) })
}

// exportLayouts writes dir/oci (gzip) and dir/zstd as OCI layouts.
func exportLayouts(image v1.Image, dir, name string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for sub, pack := range map[string]packing{"oci": gzipped, "zstd": zstandard} {
		packed, err := repack(image, filepath.Join(dir, sub+".tmp"), pack)
		if err != nil {
			return err
		}
		if err := writeLayout(filepath.Join(dir, sub), filepath.Join(dir, sub+".tmp"), packed, name); err != nil {
			return err
		}
	}
	return nil
}

// dockerArchive writes what "docker save" does: configuration, layers and
// manifest.json, nothing compressed.
func dockerArchive(w io.Writer, image v1.Image, name string) error {
	tw := tar.NewWriter(w)
	config, err := image.RawConfigFile()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(config)
	configName := hex.EncodeToString(sum[:]) + ".json"
	if err := add(tw, configName, config); err != nil {
		return err
	}
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	var names []string
	for i, layer := range layers {
		id := sha256.Sum256(fmt.Appendf(nil, "%s %d", configName, i))
		names = append(names, hex.EncodeToString(id[:])+"/layer.tar")
		if err := addLayer(tw, names[i], layer); err != nil {
			return err
		}
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": configName, "RepoTags": []string{name}, "Layers": names}})
	if err != nil {
		return err
	}
	if err := add(tw, "manifest.json", manifest); err != nil {
		return err
	}
	return tw.Close()
}

func add(tw *tar.Writer, name string, data []byte) error {
	if err := tw.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(data)), ModTime: epoch}); err != nil {
		return err
	}
	_, err := tw.Write(data)
	return err
}

func addLayer(tw *tar.Writer, name string, layer v1.Layer) error {
	size, err := plainSize(layer)
	if err != nil {
		return err
	}
	if err := tw.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: size, ModTime: epoch}); err != nil {
		return err
	}
	r, err := layer.Uncompressed()
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(tw, r)
	return err
}

func plainSize(layer v1.Layer) (int64, error) {
	if plain, ok := layer.(*plainLayer); ok {
		return plain.Size()
	}
	r, err := layer.Uncompressed()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	return io.Copy(io.Discard, r)
}

// packing is a way to store a layer.
type packing struct {
	mediaType types.MediaType
	writer    func(io.Writer) (io.WriteCloser, error)
}

var (
	gzipped = packing{types.OCILayer, func(w io.Writer) (io.WriteCloser, error) {
		return gzip.NewWriterLevel(w, gzip.DefaultCompression)
	}}
	zstandard = packing{types.OCILayerZStd, func(w io.Writer) (io.WriteCloser, error) {
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	}}
)

// repack stores every layer of image anew, as files in dir.
func repack(image v1.Image, dir string, pack packing) (v1.Image, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	layers, err := image.Layers()
	if err != nil {
		return nil, err
	}
	packed := make([]mutate.Addendum, len(layers))
	errs := make([]error, len(layers))
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.NumCPU())
	for i, layer := range layers {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			var stored v1.Layer
			stored, errs[i] = store(layer, filepath.Join(dir, fmt.Sprint(i)), pack)
			packed[i] = mutate.Addendum{Layer: stored, MediaType: pack.mediaType}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	result, err := mutate.Append(base, packed...)
	if err != nil {
		return nil, err
	}
	// The configuration, history included, is the image's own.
	return mutate.ConfigFile(result, config)
}

func writeLayout(dir, temp string, image v1.Image, name string) error {
	defer os.RemoveAll(temp)
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	return path.AppendImage(image,
		layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": name}))
}
