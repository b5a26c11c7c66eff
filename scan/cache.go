package scan

import (
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/source"
)

// Cache keeps what was read from images, by content. Get may forget at any
// time; an error of Put costs only speed.
type Cache interface {
	Get(key string) ([]byte, bool)
	Put(key string, data []byte) error
}

// readerVersion is part of every cache key. Raise it when layers or
// inventory come to read the same bytes differently.
const readerVersion = "5"

// cached is what is kept of one image.
type cached struct {
	Distro     *boltseal.Distro
	Layers     []boltseal.Layer
	Components []boltseal.Component
	Gaps       []boltseal.Gap
	Findings   []boltseal.Finding
}

// cacheKey names an image by the digests of its layers as stored, which the
// reader verifies, or "" when they are not known before reading. An archive
// whose layers are passed over by seeking is never verified whole, so what it
// claims must not stand in for an image that really has these layers: it has
// a key only under the identity of the file itself.
func cacheKey(subject *source.Subject, o *Options) string {
	if o.Cache == nil || len(subject.Blobs) == 0 {
		return ""
	}
	parts := []string{"image", readerVersion, o.looks(), string(subject.Artifact.ImageID), o.Tool.Version, subject.Stamp}
	for i := range subject.Blobs {
		b := &subject.Blobs[i]
		if b.Digest == "" && b.DiffID == "" || b.At != nil && subject.Stamp == "" {
			return ""
		}
		parts = append(parts, string(b.Digest), string(b.DiffID), b.CreatedBy)
	}
	return strings.Join(parts, "\n")
}

func fromCache(cache Cache, key string, subject *source.Subject) (*part, bool) {
	if key == "" {
		return nil, false
	}
	data, ok := cache.Get(key)
	if !ok {
		return nil, false
	}
	c, err := decodeCached(data)
	if err != nil {
		return nil, false // read it anew
	}
	p := &part{artifact: subject.Artifact, components: c.Components, gaps: c.Gaps, findings: c.Findings}
	p.artifact.Distro, p.artifact.Layers = c.Distro, c.Layers
	return p, true
}

// toCache keeps a part. Results with gaps are kept too: the same bytes give
// the same gaps, except those about limits, which the user may raise.
func toCache(cache Cache, key string, p *part) {
	if key == "" {
		return
	}
	for _, gap := range p.gaps {
		if gap.Kind == "limit" {
			return
		}
	}
	data, err := encodeCached(&cached{
		Distro: p.artifact.Distro, Layers: p.artifact.Layers, Components: p.components, Gaps: p.gaps, Findings: p.findings,
	})
	if err == nil {
		_ = cache.Put(key, data)
	}
}
