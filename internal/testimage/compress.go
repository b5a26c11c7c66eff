package testimage

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// NewLayer makes a layer of a ready tar. The compressions are those of the
// package comment.
func NewLayer(tb TB, compression string, raw []byte) Layer {
	tb.Helper()
	l := Layer{Compression: compression, Raw: raw, DiffID: Sum(raw)}
	switch compression {
	case "plain":
		l.Stored = raw
	case "gzip":
		l.Stored = Gzip(raw)
	case "gzip-members":
		for chunk := range slices.Chunk(raw, 1<<20) {
			l.Stored = append(l.Stored, Gzip(chunk)...)
		}
	case "zstd":
		l.Stored = Zstd(raw)
	case "zstd-frames":
		for chunk := range slices.Chunk(raw, 1<<20) {
			l.Stored = append(l.Stored, skippable("between two frames")...)
			l.Stored = append(l.Stored, Zstd(chunk)...)
		}
		l.Stored = append(l.Stored, skippable("table of contents")...)
	default:
		tb.Fatalf("testimage: unknown compression %q", compression)
	}
	l.Digest = Sum(l.Stored)
	return l
}

// MediaType is the layer's media type, OCI's or Docker's.
func (l *Layer) MediaType(docker bool) string {
	family := l.Compression
	switch l.Compression {
	case "gzip-members":
		family = "gzip"
	case "zstd-frames":
		family = "zstd"
	}
	if docker {
		t := "application/vnd.docker.image.rootfs.diff.tar"
		if family == "plain" {
			return t
		}
		return t + "." + family
	}
	t := "application/vnd.oci.image.layer.v1.tar"
	if family == "plain" {
		return t
	}
	return t + "+" + family
}

// Gzip compresses data.
func Gzip(data []byte) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	finish(w, data)
	return buf.Bytes()
}

// Zstd compresses data.
func Zstd(data []byte) []byte {
	var buf bytes.Buffer
	w, err := zstd.NewWriter(&buf, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err) // the options are constant
	}
	finish(w, data)
	return buf.Bytes()
}

func finish(w io.WriteCloser, data []byte) {
	if _, err := w.Write(data); err != nil {
		panic(err) // a bytes.Buffer does not fail
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
}

// skippable is a zstd frame that decoders pass over (RFC 8878, 3.1.2).
func skippable(content string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0x184D2A50)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(content)))
	return append(b, content...)
}
