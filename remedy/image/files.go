package image

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
)

// File is one entry of a layer that is being made.
type File struct {
	Name     string      // clean, slash-separated, without a leading slash
	Mode     fs.FileMode // the type and the permissions; the zero type is a regular file
	UID, GID int
	ModTime  time.Time // whole seconds count
	Link     string    // where a symbolic link points; of a regular file, the name it is a hard link to

	// Device is what a device's FileInfo.Sys has: major << 32 | minor.
	Device int64

	// Attributes are extended attributes, as security.capability.
	Attributes map[string]string

	Size int64
	Open func() (io.ReadCloser, error) // nil for what has no content
}

// Bytes makes a regular file of data.
func Bytes(name string, mode fs.FileMode, data []byte) File {
	return File{Name: name, Mode: mode, Size: int64(len(data)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	}}
}

// Whiteout makes the entry that takes a lower layer's name away (OCI image
// specification, "Whiteouts").
func Whiteout(name string) File {
	dir, base := path.Split(name)
	return Bytes(dir+".wh."+base, 0o600, nil)
}

// NewLayer writes the files into a layer. The bytes depend on nothing but the
// files: entries are in the order of their names, with hard links after all
// else, and directories that no file names are made, for root and with the
// time of epoch. The layer is kept in a temporary file in dir (the system's
// when empty) until the image is closed.
func NewLayer(ctx context.Context, files []File, dir string, epoch time.Time) (l Layer, err error) {
	sorted, err := arrange(files, epoch)
	if err != nil {
		return l, err
	}
	f, err := os.CreateTemp(dir, "boltseal-layer-*")
	if err != nil {
		return l, err
	}
	remove := func() error { return errors.Join(f.Close(), os.Remove(f.Name())) }
	defer func() {
		if err != nil {
			_ = remove()
		}
	}()
	stored, plain := &counter{Hash: sha256.New()}, sha256.New()
	z, err := gzip.NewWriterLevel(io.MultiWriter(f, stored), gzip.DefaultCompression)
	if err != nil {
		return l, err
	}
	t := tar.NewWriter(io.MultiWriter(z, plain))
	for i := range sorted {
		if err := ctx.Err(); err != nil {
			return l, err
		}
		if err := sorted[i].write(t); err != nil {
			return l, fmt.Errorf("%s: %w", sorted[i].Name, err)
		}
	}
	if err := errors.Join(t.Close(), z.Close()); err != nil {
		return l, err
	}
	l.Layer = boltseal.Layer{
		Digest: sumOf(stored), DiffID: sumOf(plain), Size: stored.n, MediaType: ocispec.MediaTypeImageLayerGzip,
	}
	l.done = remove
	l.open = func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(f, 0, l.Size)), nil
	}
	return l, nil
}

func sumOf(h hash.Hash) boltseal.Digest { return boltseal.Digest(fmt.Sprintf("sha256:%x", h.Sum(nil))) }

// counter counts what is hashed.
type counter struct {
	hash.Hash
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return c.Hash.Write(p)
}

// arrange sorts the files, adds the directories above them, and refuses names
// that are there twice or lead anywhere else.
func arrange(files []File, epoch time.Time) ([]File, error) {
	there := make(map[string]bool, len(files))
	for _, f := range files {
		if !fs.ValidPath(f.Name) || f.Name == "." {
			return nil, fmt.Errorf("%q is no path inside an image", f.Name)
		}
		if there[f.Name] {
			return nil, fmt.Errorf("%s is there twice", f.Name)
		}
		there[f.Name] = true
	}
	all := slices.Clone(files)
	for _, f := range files {
		for dir := path.Dir(f.Name); dir != "." && !there[dir]; dir = path.Dir(dir) {
			there[dir] = true
			all = append(all, File{Name: dir, Mode: fs.ModeDir | 0o755, ModTime: epoch})
		}
	}
	slices.SortFunc(all, func(a, b File) int {
		return cmp.Or(cmp.Compare(order(&a), order(&b)), strings.Compare(a.Name, b.Name))
	})
	return all, nil
}

// order puts hard links after the files that they may link to.
func order(f *File) int {
	if f.Link != "" && f.Mode.IsRegular() {
		return 1
	}
	return 0
}

func (f *File) write(t *tar.Writer) error {
	h := &tar.Header{
		Name: f.Name, Mode: int64(f.Mode.Perm()), Uid: f.UID, Gid: f.GID,
		ModTime: f.ModTime.UTC().Truncate(time.Second), Format: tar.FormatPAX,
	}
	for bit, mode := range map[fs.FileMode]int64{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000} {
		if f.Mode&bit != 0 {
			h.Mode |= mode
		}
	}
	if f.ModTime.IsZero() {
		h.ModTime = time.Unix(0, 0).UTC()
	}
	for name, value := range f.Attributes {
		if h.PAXRecords == nil {
			h.PAXRecords = map[string]string{}
		}
		h.PAXRecords["SCHILY.xattr."+name] = value
	}
	switch {
	case f.Mode.IsDir():
		h.Typeflag, h.Name = tar.TypeDir, f.Name+"/"
	case f.Mode&fs.ModeSymlink != 0:
		h.Typeflag, h.Linkname = tar.TypeSymlink, f.Link
	case f.Mode&fs.ModeCharDevice != 0:
		h.Typeflag, h.Devmajor, h.Devminor = tar.TypeChar, f.Device>>32, f.Device&0xffffffff
	case f.Mode&fs.ModeDevice != 0:
		h.Typeflag, h.Devmajor, h.Devminor = tar.TypeBlock, f.Device>>32, f.Device&0xffffffff
	case f.Mode&fs.ModeNamedPipe != 0:
		h.Typeflag = tar.TypeFifo
	case !f.Mode.IsRegular():
		return fmt.Errorf("a %s cannot be stored", f.Mode.Type())
	case f.Link != "":
		h.Typeflag, h.Linkname = tar.TypeLink, f.Link
	default:
		h.Typeflag, h.Size = tar.TypeReg, f.Size
	}
	if err := t.WriteHeader(h); err != nil || h.Size == 0 {
		return err
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	n, err := io.Copy(t, io.LimitReader(r, h.Size))
	if err == nil && n != h.Size {
		return fmt.Errorf("%d bytes instead of %d", n, h.Size)
	}
	return err
}
