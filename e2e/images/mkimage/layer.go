package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// fileLayer is a layer that lies in a file as it is stored.
type fileLayer struct {
	file         string
	mediaType    types.MediaType
	digest, diff v1.Hash
	size         int64
	plain        v1.Layer // for Uncompressed
}

func (l *fileLayer) Digest() (v1.Hash, error)             { return l.digest, nil }
func (l *fileLayer) DiffID() (v1.Hash, error)             { return l.diff, nil }
func (l *fileLayer) Compressed() (io.ReadCloser, error)   { return os.Open(l.file) }
func (l *fileLayer) Uncompressed() (io.ReadCloser, error) { return l.plain.Uncompressed() }
func (l *fileLayer) Size() (int64, error)                 { return l.size, nil }
func (l *fileLayer) MediaType() (types.MediaType, error)  { return l.mediaType, nil }

// plainLayer is a tar as it is.
type plainLayer struct{ fileLayer }

func (l *plainLayer) Uncompressed() (io.ReadCloser, error) { return os.Open(l.file) }

func newPlainLayer(file string) (*plainLayer, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	size, err := io.Copy(h, f)
	if err != nil {
		return nil, err
	}
	sum := v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(h.Sum(nil))}
	return &plainLayer{fileLayer{file: file, mediaType: types.OCIUncompressedLayer, digest: sum, diff: sum, size: size}}, nil
}

// store writes layer to file in the packing.
func store(layer v1.Layer, file string, pack packing) (v1.Layer, error) {
	r, err := layer.Uncompressed()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	count := &counter{w: io.MultiWriter(f, h)}
	w, err := pack.writer(count)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(w, r); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	diff, err := layer.DiffID()
	if err != nil {
		return nil, err
	}
	return &fileLayer{file: file, mediaType: pack.mediaType, plain: layer, diff: diff, size: count.n,
		digest: v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(h.Sum(nil))}}, f.Close()
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
