package testimage

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
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
	case "xz":
		l.Stored = XZ(raw)
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

// XZ wraps data as an xz stream that packs nothing: one block of plain chunks
// (The .xz File Format, 1.2).
func XZ(data []byte) []byte {
	sum := func(b []byte) []byte { return binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)) }
	pad := func(b []byte) []byte { return append(b, make([]byte, -len(b)&3)...) }
	flags := []byte{0, 1} // blocks end in a CRC32
	out := slices.Concat([]byte("\xfd7zXZ\x00"), flags, sum(flags))
	header := []byte{2, 0, 0x21, 1, 22, 0, 0, 0} // LZMA2 with a dictionary of 8 MiB
	block := slices.Concat(header, sum(header))
	control := byte(1) // the first chunk resets the dictionary
	for chunk := range slices.Chunk(data, 1<<16) {
		block = append(block, control)
		block = binary.BigEndian.AppendUint16(block, uint16(len(chunk)-1))
		block = append(block, chunk...)
		control = 2
	}
	block = append(block, 0)
	out = slices.Concat(out, pad(slices.Clone(block)), sum(data))
	index := binary.AppendUvarint([]byte{0, 1}, uint64(len(block)+4))
	index = pad(binary.AppendUvarint(index, uint64(len(data))))
	index = append(index, sum(index)...)
	footer := append(binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4-1)), flags...)
	return slices.Concat(out, index, sum(footer), footer, []byte("YZ"))
}
