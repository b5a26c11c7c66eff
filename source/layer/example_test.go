package layer_test

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"

	"github.com/boltseal/boltseal/source/layer"
)

// Two layers, of which the upper takes a file of the lower one away.
func ExampleRead() {
	pack := func(files ...string) layer.Blob {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, name := range files {
			_ = w.WriteHeader(&tar.Header{Name: name, Mode: 0o644}) // a bytes.Buffer does not fail
		}
		_ = w.Close()
		return layer.Blob{Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(b.Bytes())), nil
		}}
	}
	lower, upper := pack("etc/os-release", "app/old.js", "app/package.json"), pack("app/.wh.old.js", "app/new.js")

	fsys, err := layer.Read(context.Background(), []layer.Blob{lower, upper}, &layer.Options{
		Select: func(name string, _ int64, _ fs.FileMode) layer.Choice {
			if path.Base(name) == "package.json" {
				return layer.Keep
			}
			return layer.Skip
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fsys.Close()

	for name := range fsys.Files() {
		n, _ := fsys.LayerOf(name)
		fmt.Println(name, "of layer", n)
	}
	_, err = fsys.Open("etc/os-release")
	fmt.Println(err)
	// Output:
	// app of layer 0
	// app/new.js of layer 1
	// app/package.json of layer 0
	// etc of layer 0
	// etc/os-release of layer 0
	// open etc/os-release: content not kept
}
