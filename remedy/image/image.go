// Package image makes images: new ones from files, and changed ones from an
// image that was opened. It writes layers, configurations and manifests that
// are the same bytes whenever what goes in is the same, into a layout, an
// archive, a daemon or a registry, and starts no program.
//
// What is wrong with an image is check/image's to say, and what is inside it
// inventory's. The callers of this package read the result with both, so that
// what was made is proved, not believed.
package image

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/layer"
	"github.com/boltseal/boltseal/source/registry"
)

// Image is an image that can be written: one platform's.
type Image struct {
	Config      v1.ConfigFile     // rootfs and history follow the layers, see Add
	Layers      []Layer           // lowest first
	Annotations map[string]string // of the manifest
}

// Layer is one layer as it is stored.
type Layer struct {
	boltseal.Layer
	open func(context.Context) (io.ReadCloser, error)
	done func() error
}

// Open gives the stored bytes from their start.
func (l *Layer) Open(ctx context.Context) (io.ReadCloser, error) { return l.open(ctx) }

// Close removes what was kept for the image's own layers.
func (i *Image) Close() error {
	var errs []error
	for _, l := range i.Layers {
		if l.done != nil {
			errs = append(errs, l.done())
		}
	}
	return errors.Join(errs...)
}

// New returns an image without layers.
func New(p boltseal.Platform) *Image {
	return &Image{Config: v1.ConfigFile{OS: p.OS, Architecture: p.Arch, Variant: p.Variant, OSVersion: p.OSVersion, RootFS: v1.RootFS{Type: "layers"}}}
}

// From returns the image that a subject is, to be changed. The subject must
// stay open until the image was written.
func From(s *source.Subject) (*Image, error) {
	if len(s.Config) == 0 || s.Artifact.Kind != boltseal.KindImage {
		return nil, fmt.Errorf("%s is no image", s.Artifact.Name)
	}
	i := &Image{}
	if err := json.Unmarshal(s.Config, &i.Config); err != nil {
		return nil, fmt.Errorf("configuration of %s: %w", s.Artifact.Name, err)
	}
	if len(i.Config.RootFS.DiffIDs) != len(s.Blobs) {
		return nil, fmt.Errorf("%s lacks %d of its layers", s.Artifact.Name, len(i.Config.RootFS.DiffIDs)-len(s.Blobs))
	}
	for n := range s.Blobs {
		b := &s.Blobs[n]
		l := Layer{Layer: b.Layer, open: opener(b)}
		if l.DiffID == "" {
			l.DiffID = boltseal.Digest(i.Config.RootFS.DiffIDs[n].String())
		}
		i.Layers = append(i.Layers, l)
	}
	return i, nil
}

func opener(b *layer.Blob) func(context.Context) (io.ReadCloser, error) {
	if b.Open != nil {
		return b.Open
	}
	return func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(b.At, 0, b.Size)), nil
	}
}

// Add puts a layer on top, with the line of history that says how it came
// about.
func (i *Image) Add(l Layer, createdBy string) {
	i.Layers = append(i.Layers, l)
	i.Config.RootFS.DiffIDs = append(i.Config.RootFS.DiffIDs, hashOf(l.DiffID))
	i.Config.History = append(i.Config.History, v1.History{CreatedBy: createdBy, Created: i.Config.Created})
}

// Replace gives the image other layers, and one line of history for each.
func (i *Image) Replace(layers []Layer, createdBy []string) {
	i.Layers, i.Config.RootFS.DiffIDs, i.Config.History = nil, nil, nil
	for n, l := range layers {
		i.Add(l, createdBy[n])
	}
}

func hashOf(d boltseal.Digest) v1.Hash {
	algorithm, hex, _ := strings.Cut(string(d), ":")
	return v1.Hash{Algorithm: algorithm, Hex: hex}
}

// Platform is where the image can run.
func (i *Image) Platform() boltseal.Platform {
	return boltseal.Platform{OS: i.Config.OS, Arch: i.Config.Architecture, Variant: i.Config.Variant, OSVersion: i.Config.OSVersion}
}

// document is a manifest, a configuration or an index, ready to be stored.
type document struct {
	ocispec.Descriptor
	data []byte
}

func newDocument(mediaType string, v any) (document, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return document{}, err
	}
	data := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	return document{Descriptor: registry.Describe(mediaType, data), data: data}, nil
}

// manifest makes the image's configuration and manifest. Layers whose digests
// are not known yet, as those of an archive that stores them plainly, are read
// for it.
func (i *Image) manifest(ctx context.Context) (manifest, config document, err error) {
	config, err = newDocument(ocispec.MediaTypeImageConfig, &i.Config)
	if err != nil {
		return manifest, config, fmt.Errorf("configuration: %w", err)
	}
	m := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest, Config: config.Descriptor, Annotations: i.Annotations}
	m.SchemaVersion = 2
	for n := range i.Layers {
		l := &i.Layers[n]
		if err := l.settle(ctx); err != nil {
			return manifest, config, fmt.Errorf("layer %d: %w", n+1, err)
		}
		m.Layers = append(m.Layers, ocispec.Descriptor{MediaType: ociType(l.MediaType), Digest: digest.Digest(l.Digest), Size: l.Size})
	}
	manifest, err = newDocument(ocispec.MediaTypeImageManifest, &m)
	return manifest, config, err
}

// ociType is the name that OCI gives to what Docker's media types name: the
// bytes are the same.
func ociType(mediaType string) string {
	switch mediaType {
	case "application/vnd.docker.image.rootfs.diff.tar.gzip":
		return ocispec.MediaTypeImageLayerGzip
	case "application/vnd.docker.image.rootfs.diff.tar", "":
		return ocispec.MediaTypeImageLayer
	}
	return mediaType
}

// settle fills in a stored layer's digest and size where the source had none.
func (l *Layer) settle(ctx context.Context) error {
	if l.Digest != "" && l.Size > 0 {
		return nil
	}
	r, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	sum := digest.SHA256.Digester()
	n, err := io.Copy(sum.Hash(), r)
	if err != nil {
		return err
	}
	l.Digest, l.Size = boltseal.Digest(sum.Digest()), n
	return nil
}

// index makes the index of several images, in the order of their platforms.
func index(manifests []document, images []*Image) (document, error) {
	ix := ocispec.Index{MediaType: ocispec.MediaTypeImageIndex}
	ix.SchemaVersion = 2
	for n, m := range manifests {
		d := m.Descriptor
		p := images[n].Platform()
		d.Platform = &ocispec.Platform{OS: p.OS, Architecture: p.Arch, Variant: p.Variant, OSVersion: p.OSVersion}
		ix.Manifests = append(ix.Manifests, d)
	}
	slices.SortStableFunc(ix.Manifests, func(a, b ocispec.Descriptor) int {
		return strings.Compare(platformKey(a.Platform), platformKey(b.Platform))
	})
	return newDocument(ocispec.MediaTypeImageIndex, &ix)
}

func platformKey(p *ocispec.Platform) string { return p.OS + "/" + p.Architecture + "/" + p.Variant }
