package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"syscall"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/source/layer"
	"github.com/boltseal/boltseal/source/registry"
)

// files is what an image's blobs lie in: a directory or a tar. A name that is
// not there gives fs.ErrNotExist.
type files interface {
	open(name string) (archive, error)
}

// content gives an image's parts by their descriptors. Documents are
// verified; layers are verified by whoever reads them.
type content interface {
	manifest(ctx context.Context, desc ocispec.Descriptor) ([]byte, error)
	config(ctx context.Context, desc ocispec.Descriptor) ([]byte, error)
	layer(ctx context.Context, desc ocispec.Descriptor) (layer.Blob, error)
}

var errNotRegular = errors.New("not a regular file")

// dirFiles are the files below a directory; links do not lead out of it.
type dirFiles struct {
	root *os.Root
	o    *opener
}

func (o *opener) dirFiles(dir string) (dirFiles, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return dirFiles{}, err
	}
	o.keep(root)
	return dirFiles{root, o}, nil
}

func (d dirFiles) open(name string) (archive, error) {
	info, err := d.root.Stat(name)
	if err != nil {
		return archive{}, err
	}
	if !info.Mode().IsRegular() {
		return archive{}, fmt.Errorf("%s: %w", name, errNotRegular)
	}
	return archive{&lazyFile{root: d.root, name: name, o: d.o}, info.Size()}, nil
}

// lazyFile opens its file when it is first read, so that an image of many
// layers does not take a descriptor for each before they are needed.
type lazyFile struct {
	root *os.Root
	name string
	o    *opener

	once sync.Once
	f    *os.File
	err  error
}

func (l *lazyFile) ReadAt(p []byte, off int64) (int, error) {
	l.once.Do(func() {
		if l.f, l.err = openRegular(l.root, l.name); l.err == nil {
			l.o.keep(l.f)
		}
	})
	if l.err != nil {
		return 0, l.err
	}
	return l.f.ReadAt(p, off)
}

// openRegular opens a regular file and nothing else: opening a pipe would
// wait for ever, and opening a device may do things.
func openRegular(root *os.Root, name string) (*os.File, error) {
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errNotRegular}
	}
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: errNotRegular}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// blobs are the content of an OCI image layout, a tar of one, or containerd's
// store: files named by their digests.
type blobs struct {
	files
	o   *opener
	dir string // "blobs", or "" where files is that directory
}

func (b blobs) open(d boltseal.Digest) (archive, error) {
	return b.files.open(path.Join(b.dir, d.Algorithm(), d.Hex()))
}

func (b blobs) manifest(ctx context.Context, desc ocispec.Descriptor) ([]byte, error) {
	return b.document(ctx, desc, registry.MaxManifest)
}

func (b blobs) config(ctx context.Context, desc ocispec.Descriptor) ([]byte, error) {
	return b.document(ctx, desc, b.o.Limits.JSONBytes)
}

func (b blobs) document(_ context.Context, desc ocispec.Descriptor, max int64) ([]byte, error) {
	if err := registry.CheckDescriptor(desc); err != nil {
		return nil, err
	}
	d := boltseal.Digest(desc.Digest)
	a, err := b.open(d)
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", d, err)
	}
	if desc.Size != a.size {
		return nil, fmt.Errorf("blob %s: %w", d, sizeError(desc.Size, a.size))
	}
	data, err := b.o.readJSON(a, "blob "+string(d), max)
	if err != nil {
		return nil, err
	}
	if err := registry.Verify(d, data); err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	return data, nil
}

func (b blobs) layer(_ context.Context, desc ocispec.Descriptor) (layer.Blob, error) {
	d := boltseal.Digest(desc.Digest)
	a, err := b.open(d)
	if err != nil {
		return layer.Blob{}, fmt.Errorf("layer %s: %w", d, err)
	}
	if desc.Size != a.size {
		return layer.Blob{}, fmt.Errorf("layer %s: %w", d, sizeError(desc.Size, a.size))
	}
	blob := layer.Blob{Layer: boltseal.Layer{Digest: d, MediaType: desc.MediaType, Size: a.size}}
	return blob, seekable(&blob, a)
}

// seekable makes a blob readable. Only an uncompressed one is worth random
// access; of the others every byte is read in order and verified.
func seekable(blob *layer.Blob, a archive) error {
	var head [10]byte
	n, err := a.ReadAt(head[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	blob.Open = func(context.Context) (io.ReadCloser, error) { return io.NopCloser(a.section()), nil }
	if sniffCompression(head[:n]) == plain {
		blob.At = a
	}
	return nil
}

func sizeError(want, got int64) error {
	return fmt.Errorf("it has %d bytes, its descriptor says %d", got, want)
}

// readJSON reads a whole document, up to max bytes.
func (o *opener) readJSON(a archive, what string, max int64) ([]byte, error) {
	tooLong := &limit.Error{What: what, Max: max, Unit: "bytes", Flag: "--max-json-bytes"}
	if max > 0 && a.size > max {
		return nil, tooLong
	}
	data, err := limit.ReadAll(a.section(), max, tooLong)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	if int64(len(data)) != a.size {
		return nil, fmt.Errorf("read %s: %w", what, io.ErrUnexpectedEOF)
	}
	return data, nil
}

// isMissing tells whether err says that something is not there, as opposed to
// not being readable.
func isMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, registry.ErrNotFound)
}

// stampOf tells two states of a file apart.
func stampOf(name string, info fs.FileInfo) string {
	return strings.Join([]string{
		name, strconv.FormatInt(info.Size(), 10), strconv.FormatInt(info.ModTime().UnixNano(), 10), inode(info),
	}, "\x00")
}
