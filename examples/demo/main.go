// Command demo writes the example application as an OCI image layout, without
// a container engine and without a network: the image that `make demo` scans.
//
// Usage: demo APP-DIR LAYOUT-DIR
package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/match"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: demo APP-DIR LAYOUT-DIR")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintf(os.Stderr, "demo: %v\n", err)
		os.Exit(1)
	}
}

// made is the time that everything in the image carries: the same files give
// the same image.
var made = time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)

func run(app, dst string) error {
	files := os.DirFS(app)
	base, err := layerOf(files, "rootfs", "")
	if err != nil {
		return err
	}
	own, err := layerOf(files, ".", "srv/quayside", "package.json", "package-lock.json", "server.js")
	if err != nil {
		return err
	}
	img, err := mutate.Append(empty.Image,
		mutate.Addendum{Layer: base, History: v1.History{Created: v1.Time{Time: made}, CreatedBy: "/bin/sh -c #(nop) ADD file:rootfs in / "}},
		mutate.Addendum{History: v1.History{Created: v1.Time{Time: made}, CreatedBy: `/bin/sh -c #(nop)  CMD ["bash"]`, EmptyLayer: true}},
		mutate.Addendum{Layer: own, History: v1.History{Created: v1.Time{Time: made}, CreatedBy: "COPY . . # buildkit"}},
	)
	if err != nil {
		return fmt.Errorf("append layers: %w", err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		return err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", "amd64", v1.Time{Time: made}
	config.Config.Cmd = []string{"/bin/sh", "-c", "node server.js"}
	config.Config.WorkingDir = "/srv/quayside"
	config.Config.ExposedPorts = map[string]struct{}{"8080/tcp": {}}
	if img, err = mutate.ConfigFile(img, config); err != nil {
		return err
	}
	index, err := layout.FromPath(dst)
	if err != nil {
		if index, err = layout.Write(dst, empty.Index); err != nil {
			return fmt.Errorf("write %s: %w", dst, err)
		}
	}
	tag := name.MustParseReference("quayside:1.4.0")
	return index.ReplaceImage(img, match.Name(tag.String()), layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": tag.String(),
	}))
}

// layerOf makes a layer of the files below dir, or of those named, and puts
// them below prefix.
func layerOf(files fs.FS, dir, prefix string, only ...string) (v1.Layer, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	tree, err := fs.Sub(files, dir)
	if err != nil {
		return nil, err
	}
	add := func(file string) error {
		data, err := fs.ReadFile(tree, file)
		if err != nil {
			return err
		}
		header := &tar.Header{Name: path.Join(prefix, file), Mode: 0o644, Size: int64(len(data)), ModTime: made, Typeflag: tar.TypeReg}
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	}
	if len(only) == 0 {
		err = fs.WalkDir(tree, ".", func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			return add(file)
		})
	}
	for _, file := range only {
		if err == nil {
			err = add(file)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", dir, err)
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive.Bytes())), nil
	})
}
