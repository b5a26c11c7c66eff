package source

import (
	"context"
	"errors"
	"fmt"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/source/layer"
	"github.com/boltseal/boltseal/source/registry"
)

// maxLayers is far above what any runtime mounts.
const maxLayers = 1024

var errManyLayers = fmt.Errorf("more than %d layers", maxLayers)

// notImageError is a manifest of something else than an image.
type notImageError struct{ kind string }

func (e *notImageError) Error() string {
	return "not a container image but " + clip(e.kind, 120)
}

const dockerConfig = "application/vnd.docker.container.image.v1+json"

// kindOf is what a manifest is of, "" for an image. Attestations made by
// BuildKit have the configuration of an image, but none of its layers.
func kindOf(m *ocispec.Manifest) string {
	switch {
	case m.ArtifactType != "" && m.ArtifactType != ocispec.MediaTypeImageConfig && m.ArtifactType != dockerConfig:
		return m.ArtifactType
	case m.Config.MediaType != ocispec.MediaTypeImageConfig && m.Config.MediaType != dockerConfig:
		if m.Config.MediaType == "" {
			return "an artifact of no type"
		}
		return m.Config.MediaType
	}
	for i := range m.Layers {
		if strings.HasPrefix(m.Layers[i].MediaType, "application/vnd.in-toto") {
			return m.Layers[i].MediaType
		}
	}
	return ""
}

// image makes a subject of one platform's image.
func (o *opener) image(ctx context.Context, c content, desc ocispec.Descriptor, m *ocispec.Manifest, name string) (*Subject, error) {
	if kind := kindOf(m); kind != "" {
		return nil, &notImageError{kind}
	}
	if len(m.Layers) > maxLayers {
		return nil, errManyLayers
	}
	config, err := c.config(ctx, m.Config)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	s := &Subject{
		Artifact: boltseal.Artifact{
			Kind: boltseal.KindImage, Name: name, Digest: boltseal.Digest(desc.Digest), MediaType: m.MediaType,
			ImageID: boltseal.Digest(m.Config.Digest), Size: m.Config.Size,
		},
		Config: config,
	}
	parsed, err := parseConfig(config)
	if err != nil {
		return nil, err
	}
	if len(parsed.diffIDs) != len(m.Layers) {
		return nil, fmt.Errorf("the manifest has %d layers and the configuration %d", len(m.Layers), len(parsed.diffIDs))
	}
	for i, l := range m.Layers {
		blob, err := c.layer(ctx, l)
		if isMissing(err) && isForeign(l) {
			blob = layer.Blob{Layer: boltseal.Layer{Digest: boltseal.Digest(l.Digest), MediaType: l.MediaType, Size: l.Size}}
		} else if err != nil {
			return nil, err
		}
		blob.DiffID = parsed.diffIDs[i]
		s.Blobs = append(s.Blobs, blob)
		s.Artifact.Size += l.Size
	}
	parsed.describe(s, m.Annotations)
	o.dropForeign(s)
	return s, nil
}

// isForeign tells whether a layer may not be distributed, so that registries
// and archives often lack it.
func isForeign(l ocispec.Descriptor) bool {
	return strings.Contains(l.MediaType, ".foreign.") || strings.Contains(l.MediaType, ".nondistributable.")
}

// dropForeign makes gaps of the layers that are not where the others are.
// Their descriptors name other places, which are not asked: whoever made the
// image chose them.
func (o *opener) dropForeign(s *Subject) {
	kept := s.Blobs[:0]
	for _, b := range s.Blobs {
		if b.Open != nil || b.At != nil {
			kept = append(kept, b)
			continue
		}
		s.Gaps = append(s.Gaps, boltseal.Gap{
			Kind: "foreign-layer", What: "layer " + string(b.Digest),
			Why:  "it may not be distributed and is not where the image is",
			Hint: "scan the base image that it belongs to",
		})
	}
	s.Blobs = kept
}

// descend makes a subject of whatever desc names: an image, or an index and
// the images in it that were asked for.
func (o *opener) descend(ctx context.Context, c content, desc ocispec.Descriptor, name string) (*Subject, error) {
	data, err := c.manifest(ctx, desc)
	if err != nil {
		return nil, err
	}
	doc, err := registry.Decode(desc.MediaType, data)
	if err != nil {
		return nil, err
	}
	if doc.Manifest != nil {
		s, err := o.image(ctx, c, desc, doc.Manifest, name)
		if err != nil {
			return nil, err
		}
		return s, o.rightPlatform(s)
	}
	return o.index(ctx, c, desc, doc.Index, name)
}

var errPlatform = errors.New("no image for this platform")

// rightPlatform returns an error when another platform was asked for.
func (o *opener) rightPlatform(s *Subject) error {
	p := s.Artifact.Platform
	if o.platform == nil || p != nil && suits(*o.platform, *p) {
		return nil
	}
	if p == nil {
		return fmt.Errorf("%w: asked for %s, and the image does not say its own", errPlatform, o.platform)
	}
	return fmt.Errorf("%w: asked for %s, and it is for %s", errPlatform, o.platform, p)
}
