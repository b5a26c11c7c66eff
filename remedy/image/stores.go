package image

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/atomicfile"
	"github.com/boltseal/boltseal/internal/inflate"
	"github.com/boltseal/boltseal/source/registry"
)

// remote writes to a registry.
type remote struct {
	client *registry.Client
	ref    registry.Ref
}

func (r *remote) blob(ctx context.Context, d ocispec.Descriptor, open func() (io.ReadCloser, error)) error {
	return r.client.PutBlob(ctx, r.ref, d, open)
}

func (r *remote) manifest(ctx context.Context, d document) error {
	_, err := r.client.PutManifest(ctx, r.ref.At(boltseal.Digest(d.Digest)), d.MediaType, d.data)
	return err
}

func (r *remote) name(ctx context.Context, d document) error {
	_, err := r.client.PutManifest(ctx, r.ref, d.MediaType, d.data)
	return err
}

// layout writes an OCI image layout, or adds to one.
type layout struct {
	dir, tag string
	listed   []ocispec.Descriptor
}

func (l *layout) path(d ocispec.Descriptor) string {
	return filepath.Join(l.dir, ocispec.ImageBlobsDir, d.Digest.Algorithm().String(), d.Digest.Encoded())
}

func (l *layout) blob(_ context.Context, d ocispec.Descriptor, open func() (io.ReadCloser, error)) error {
	name := l.path(d)
	if info, err := os.Stat(name); err == nil && info.Size() == d.Size {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	r, err := open()
	if err != nil {
		return err
	}
	defer r.Close()
	return atomicfile.Write(name, 0o644, func(f *os.File) error {
		sum := d.Digest.Verifier()
		n, err := io.Copy(io.MultiWriter(f, sum), r)
		if err != nil {
			return err
		}
		if n != d.Size || !sum.Verified() {
			return fmt.Errorf("%s: the bytes are not what the digest says", d.Digest)
		}
		return nil
	})
}

func (l *layout) manifest(ctx context.Context, d document) error {
	if d.ArtifactType != "" {
		l.listed = append(l.listed, d.Descriptor)
	}
	return l.blob(ctx, d.Descriptor, d.open)
}

func (l *layout) name(ctx context.Context, d document) error {
	if err := l.blob(ctx, d.Descriptor, d.open); err != nil {
		return err
	}
	mark, err := newDocument("", ocispec.ImageLayout{Version: ocispec.ImageLayoutVersion})
	if err != nil {
		return err
	}
	if err := atomicfile.WriteBytes(filepath.Join(l.dir, ocispec.ImageLayoutFile), 0o644, mark.data); err != nil {
		return err
	}
	ix, err := l.index()
	if err != nil {
		return err
	}
	top := d.Descriptor
	if l.tag != "" {
		top.Annotations = map[string]string{ocispec.AnnotationRefName: l.tag}
	}
	ix.Manifests = slices.DeleteFunc(ix.Manifests, func(m ocispec.Descriptor) bool {
		return l.tag != "" && m.Annotations[ocispec.AnnotationRefName] == l.tag || m.Digest == top.Digest && m.Annotations[ocispec.AnnotationRefName] == l.tag ||
			slices.ContainsFunc(l.listed, func(e ocispec.Descriptor) bool { return e.Digest == m.Digest })
	})
	ix.Manifests = append(append(ix.Manifests, top), l.listed...)
	out, err := newDocument(ocispec.MediaTypeImageIndex, ix)
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(filepath.Join(l.dir, ocispec.ImageIndexFile), 0o644, out.data)
}

// index is what the layout lists so far.
func (l *layout) index() (*ocispec.Index, error) {
	ix := &ocispec.Index{MediaType: ocispec.MediaTypeImageIndex}
	ix.SchemaVersion = 2
	data, err := os.ReadFile(filepath.Join(l.dir, ocispec.ImageIndexFile))
	if errors.Is(err, fs.ErrNotExist) {
		return ix, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, ix); err != nil {
		return nil, fmt.Errorf("%s: %w", ocispec.ImageIndexFile, err)
	}
	return ix, nil
}

// archiveDir writes a layout's directory into a tar.
func archiveDir(dir, name string) error {
	return atomicfile.Write(name, 0o644, func(f *os.File) error {
		t := tar.NewWriter(f)
		root := os.DirFS(dir)
		err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			file := File{Name: name, Mode: 0o644, Size: info.Size(), Open: func() (io.ReadCloser, error) { return root.Open(name) }}
			return file.write(t)
		})
		return errors.Join(err, t.Close())
	})
}

// writeDocker writes what docker load reads: the layers as plain tars, the
// configuration, and a list of them.
func writeDocker(ctx context.Context, p Place, i *Image, o *WriteOptions) (boltseal.Artifact, error) {
	a := boltseal.Artifact{Kind: boltseal.KindImage, Name: p.String()}
	m, config, err := i.manifest(ctx)
	if err != nil {
		return a, fmt.Errorf("write %s: %w", p, err)
	}
	a.ImageID, a.Digest = boltseal.Digest(config.Digest), boltseal.Digest(m.Digest)
	name := p.tag
	if p.scheme != "docker-archive" {
		name = p.where
	}
	to := func(w io.Writer) error { return docker(ctx, w, i, config, name, o.TempDir) }
	if p.scheme == "docker-archive" {
		err = atomicfile.Write(p.where, 0o644, func(f *os.File) error { return to(f) })
	} else {
		err = load(ctx, p.scheme, to, o)
	}
	if err != nil {
		err = fmt.Errorf("write %s: %w", p, err)
	}
	return a, err
}

func load(ctx context.Context, daemon string, to func(io.Writer) error, o *WriteOptions) error {
	if o.Load == nil {
		return fmt.Errorf("no way to reach %s", daemon)
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(to(w)) }()
	err := o.Load(ctx, daemon, r)
	return errors.Join(err, r.Close())
}

func docker(ctx context.Context, w io.Writer, i *Image, config document, name, temp string) error {
	t := tar.NewWriter(w)
	var list []string
	seen := map[string]bool{}
	for n := range i.Layers {
		l := &i.Layers[n]
		entry := path.Join(l.DiffID.Hex(), "layer.tar")
		list = append(list, entry)
		if seen[entry] {
			continue
		}
		seen[entry] = true
		if err := plainLayer(ctx, t, l, entry, temp); err != nil {
			return fmt.Errorf("layer %d: %w", n+1, err)
		}
	}
	entries := []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}{{Config: config.Digest.Encoded() + ".json", Layers: list}}
	if name != "" {
		ref, err := registry.ParseRef(name)
		if err != nil {
			return err
		}
		entries[0].RepoTags = []string{familiar(ref)}
	}
	listing, err := newDocument("", entries)
	if err != nil {
		return err
	}
	files := []File{Bytes(entries[0].Config, 0o644, config.data), Bytes("manifest.json", 0o644, listing.data)}
	for n := range files {
		files[n].ModTime = time.Unix(0, 0)
		if err := files[n].write(t); err != nil {
			return err
		}
	}
	return t.Close()
}

// familiar is a name as Docker prints it: images of Docker Hub without the host.
func familiar(ref registry.Ref) string {
	if ref.Tag == "" {
		ref.Tag = "latest"
	}
	ref.Digest = ""
	return ref.String()
}

// plain inflates what is compressed, by its first bytes.
func plain(r io.Reader) (io.ReadCloser, error) {
	b := bufio.NewReaderSize(r, 1<<16)
	head, err := b.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return io.NopCloser(inflate.NewReader(b)), nil
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(b, zstd.WithDecoderMaxMemory(128<<20), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	}
	return io.NopCloser(b), nil
}

// plainLayer inflates a layer into a temporary file, because a tar wants the
// size before the bytes, checks it against its DiffID and adds it.
func plainLayer(ctx context.Context, t *tar.Writer, l *Layer, name, temp string) error {
	r, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	z, err := plain(r)
	if err != nil {
		return err
	}
	defer z.Close()
	f, err := os.CreateTemp(temp, "boltseal-layer-*")
	if err != nil {
		return err
	}
	defer func() { _ = errors.Join(f.Close(), os.Remove(f.Name())) }()
	sum := registry.Wire(l.DiffID).Verifier()
	n, err := io.Copy(io.MultiWriter(f, sum), z)
	if err != nil {
		return err
	}
	if !sum.Verified() {
		return fmt.Errorf("%s: the bytes are not what the digest says", l.DiffID)
	}
	file := File{Name: name, Mode: 0o644, Size: n, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(f, 0, n)), nil
	}}
	return file.write(t)
}
