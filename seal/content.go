package seal

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/boltseal/boltseal/internal/limit"
)

// content is what a signature is over.
type content interface {
	sum(crypto.Hash) ([]byte, error)
	all() ([]byte, error)
}

// bytesContent is content in memory.
type bytesContent []byte

func (b bytesContent) sum(h crypto.Hash) ([]byte, error) {
	w := h.New()
	w.Write(b)
	return w.Sum(nil), nil
}

func (b bytesContent) all() ([]byte, error) { return b, nil }

// Blob is a file that was or is to be signed. It is read once for its hashes,
// and again only for Ed25519, which signs the message itself.
type Blob struct {
	open func() (io.ReadCloser, error)
	max  int64
	sums map[crypto.Hash][]byte
}

// maxMessage bounds what is read into memory for a plain Ed25519 signature.
const maxMessage = 1 << 30

var errNoSum = errors.New("a hash that no signature here is made with")

// NewBlob returns the blob that open gives the bytes of.
func NewBlob(open func() (io.ReadCloser, error)) *Blob {
	return &Blob{open: open, max: maxMessage}
}

// BytesBlob is a blob in memory.
func BytesBlob(data []byte) *Blob {
	return NewBlob(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil })
}

func (b *Blob) sum(h crypto.Hash) ([]byte, error) {
	if b.sums == nil {
		if err := b.read(); err != nil {
			return nil, err
		}
	}
	sum, ok := b.sums[h]
	if !ok {
		return nil, errNoSum
	}
	return sum, nil
}

func (b *Blob) read() error {
	r, err := b.open()
	if err != nil {
		return err
	}
	defer r.Close()
	hashes := map[crypto.Hash]hash.Hash{crypto.SHA256: crypto.SHA256.New(), crypto.SHA384: crypto.SHA384.New(), crypto.SHA512: crypto.SHA512.New()}
	if _, err := io.Copy(io.MultiWriter(hashes[crypto.SHA256], hashes[crypto.SHA384], hashes[crypto.SHA512]), r); err != nil {
		return fmt.Errorf("read what is signed: %w", err)
	}
	b.sums = map[crypto.Hash][]byte{}
	for h, w := range hashes {
		b.sums[h] = w.Sum(nil)
	}
	return nil
}

func (b *Blob) all() ([]byte, error) {
	r, err := b.open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return limit.ReadAll(r, b.max, &limit.Error{What: "file for an Ed25519 signature", Max: b.max, Unit: "bytes"})
}
