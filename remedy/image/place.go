package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/source/registry"
)

// Place is where images are written to.
type Place struct {
	scheme string // "oci", "oci-archive", "docker-archive", "docker", "podman", "registry"
	where  string // a path, or a reference
	tag    string // of a layout or an archive
}

// Places documents what ParsePlace reads, for help.
const Places = `  REGISTRY/NAME:TAG                 an image in a registry (registry:NAME says so)
  oci:DIR[:TAG]                     an OCI image layout, made or added to
  oci-archive:FILE[:TAG]            an OCI image layout in a tar
  docker-archive:FILE[:NAME]        what docker load reads
  docker:NAME podman:NAME           an image of a local daemon`

// ParsePlace reads where to write an image, see Places.
func ParsePlace(s string) (Place, error) {
	scheme, rest, ok := strings.Cut(s, ":")
	p := Place{scheme: scheme, where: rest}
	switch {
	case !ok && s == "":
		return p, errors.New("nowhere to write to")
	case scheme == "oci" || scheme == "oci-archive":
		p.where, p.tag = cutTag(rest)
	case scheme == "docker-archive":
		p.where, p.tag, _ = strings.Cut(rest, ":")
	case scheme == "docker" || scheme == "podman":
	case scheme == "registry":
		_, err := registry.ParseRef(rest)
		return p, err
	default:
		p = Place{scheme: "registry", where: s}
		_, err := registry.ParseRef(s)
		return p, err
	}
	if p.where == "" {
		return p, fmt.Errorf("%s: nothing follows the scheme", s)
	}
	return p, nil
}

// cutTag takes the tag off a path; a colon before a slash is part of the path.
func cutTag(s string) (where, tag string) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || strings.ContainsRune(s[i:], '/') {
		return s, ""
	}
	return s[:i], s[i+1:]
}

// String is the place as it was given.
func (p Place) String() string {
	s := p.where
	if p.scheme != "registry" {
		s = p.scheme + ":" + s
	}
	if p.tag != "" {
		s += ":" + p.tag
	}
	return s
}

// Registry is the reference in a registry that the place is, if it is one.
func (p Place) Registry() (registry.Ref, bool) {
	if p.scheme != "registry" {
		return registry.Ref{}, false
	}
	ref, err := registry.ParseRef(p.where)
	return ref, err == nil
}

// WriteOptions say how a place is reached.
type WriteOptions struct {
	Client *registry.Client // for registries

	// Load streams an archive to a daemon, as docker load does.
	Load func(ctx context.Context, daemon string, archive io.Reader) error

	TempDir string
}

// Extra is something that goes with an image: a manifest whose subject is the
// image, with one blob, as a bill of materials.
type Extra struct {
	ArtifactType string
	Data         []byte
	Annotations  map[string]string
}

// Write stores the images, and an index of them when there are several, and
// returns what stands under the place's name. Names come last: nothing points
// at an image that is not there whole.
func Write(ctx context.Context, p Place, images []*Image, extras func(boltseal.Digest, *Image) ([]Extra, error), o *WriteOptions) (boltseal.Artifact, error) {
	if len(images) == 0 {
		return boltseal.Artifact{}, errors.New("there is no image to write")
	}
	var s store
	switch p.scheme {
	case "registry":
		ref, err := registry.ParseRef(p.where)
		if err != nil {
			return boltseal.Artifact{}, err
		}
		s = &remote{client: o.Client, ref: ref}
	case "oci":
		s = &layout{dir: p.where, tag: p.tag}
	default:
		return writeArchive(ctx, p, images, extras, o)
	}
	a, err := write(ctx, s, images, extras)
	a.Name = p.String()
	if err != nil {
		err = fmt.Errorf("write %s: %w", p, err)
	}
	return a, err
}

// store takes an image's parts.
type store interface {
	blob(ctx context.Context, d ocispec.Descriptor, open func() (io.ReadCloser, error)) error
	manifest(ctx context.Context, d document) error
	name(ctx context.Context, d document) error
}

func write(ctx context.Context, s store, images []*Image, extras func(boltseal.Digest, *Image) ([]Extra, error)) (boltseal.Artifact, error) {
	var a boltseal.Artifact
	manifests := make([]document, len(images))
	for n, i := range images {
		m, config, err := i.manifest(ctx)
		if err != nil {
			return a, err
		}
		for k := range i.Layers {
			l := &i.Layers[k]
			d := ocispec.Descriptor{MediaType: ociType(l.MediaType), Digest: registry.Wire(l.Digest), Size: l.Size}
			if err := s.blob(ctx, d, func() (io.ReadCloser, error) { return l.open(ctx) }); err != nil {
				return a, fmt.Errorf("layer %d: %w", k+1, err)
			}
			a.Size += l.Size
		}
		if err := s.blob(ctx, config.Descriptor, config.open); err != nil {
			return a, fmt.Errorf("configuration: %w", err)
		}
		if len(images) > 1 {
			if err := s.manifest(ctx, m); err != nil {
				return a, err
			}
		}
		manifests[n] = m
		a.ImageID = boltseal.Digest(config.Digest)
	}
	top := manifests[0]
	a.Kind = boltseal.KindImage
	if len(images) > 1 {
		var err error
		if top, err = index(manifests, images); err != nil {
			return a, err
		}
		a.Kind, a.ImageID = boltseal.KindIndex, ""
	}
	a.Digest, a.MediaType = boltseal.Digest(top.Digest), top.MediaType
	if extras != nil {
		for n, i := range images {
			if err := attach(ctx, s, manifests[n], i, extras); err != nil {
				return a, err
			}
		}
	}
	return a, s.name(ctx, top)
}

func attach(ctx context.Context, s store, subject document, i *Image, extras func(boltseal.Digest, *Image) ([]Extra, error)) error {
	list, err := extras(boltseal.Digest(subject.Digest), i)
	if err != nil {
		return err
	}
	empty := document{Descriptor: ocispec.DescriptorEmptyJSON, data: []byte("{}")}
	for _, e := range list {
		blob := document{Descriptor: registry.Describe(e.ArtifactType, e.Data), data: e.Data}
		m := ocispec.Manifest{
			MediaType: ocispec.MediaTypeImageManifest, ArtifactType: e.ArtifactType, Config: ocispec.DescriptorEmptyJSON,
			Layers: []ocispec.Descriptor{blob.Descriptor}, Subject: &subject.Descriptor, Annotations: e.Annotations,
		}
		m.SchemaVersion = 2
		d, err := newDocument(ocispec.MediaTypeImageManifest, &m)
		if err != nil {
			return err
		}
		d.ArtifactType = e.ArtifactType
		if err := errors.Join(s.blob(ctx, empty.Descriptor, empty.open), s.blob(ctx, blob.Descriptor, blob.open), s.manifest(ctx, d)); err != nil {
			return fmt.Errorf("attach %s: %w", e.ArtifactType, err)
		}
	}
	return nil
}

func (d *document) open() (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(string(d.data))), nil
}

// writeArchive writes a layout or Docker's form into a file or to a daemon.
func writeArchive(ctx context.Context, p Place, images []*Image, extras func(boltseal.Digest, *Image) ([]Extra, error), o *WriteOptions) (boltseal.Artifact, error) {
	if p.scheme == "oci-archive" {
		dir, err := os.MkdirTemp(o.TempDir, "boltseal-image-*")
		if err != nil {
			return boltseal.Artifact{}, err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		a, err := write(ctx, &layout{dir: dir, tag: p.tag}, images, extras)
		if err == nil {
			err = archiveDir(dir, p.where)
		}
		a.Name = p.String()
		if err != nil {
			err = fmt.Errorf("write %s: %w", p, err)
		}
		return a, err
	}
	if len(images) > 1 {
		return boltseal.Artifact{}, fmt.Errorf("write %s: Docker's archives hold one platform's image; write an OCI layout, or choose a platform", p)
	}
	return writeDocker(ctx, p, images[0], o)
}
