package scan

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/inventory"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/layer"
)

// part is one file tree of the target and what is inside it.
type part struct {
	artifact   boltseal.Artifact
	children   []boltseal.Artifact // of an SBOM that describes an index
	components []boltseal.Component
	gaps       []boltseal.Gap
	findings   []boltseal.Finding // of what was looked at while reading; without subject and key
	child      bool               // one of several platforms
}

// read lists what is inside the subject: one part, or one for each image of
// an index.
func read(ctx context.Context, subject *source.Subject, o *Options) ([]*part, error) {
	if len(subject.Children) == 0 {
		p, err := readOne(ctx, subject, o, meter(subject.Blobs, o))
		if err != nil {
			return nil, err
		}
		return []*part{p}, nil
	}
	var blobs []layer.Blob
	for _, child := range subject.Children {
		blobs = append(blobs, child.Blobs...)
	}
	tick := meter(blobs, o)
	parts := make([]*part, len(subject.Children))
	// Platforms one after the other: each already reads its layers in
	// parallel, and memory stays that of one image.
	for i, child := range subject.Children {
		p, err := readOne(ctx, child, o, tick)
		if err != nil {
			return nil, err
		}
		p.child = true
		p.gaps = append(p.gaps, child.Gaps...)
		parts[i] = p
	}
	return parts, nil
}

// meter returns a function that adds up stored bytes and reports progress.
func meter(blobs []layer.Blob, o *Options) func(int64) {
	var total int64
	for i := range blobs {
		total += blobs[i].Size
	}
	var done atomic.Int64
	return func(n int64) {
		o.Progress(Progress{Phase: "read", Bytes: done.Add(n), Total: total})
	}
}

func readOne(ctx context.Context, subject *source.Subject, o *Options, tick func(int64)) (*part, error) {
	switch {
	case subject.SBOM != nil:
		return fromSBOM(subject)
	case subject.Root != nil:
		result, err := inventory.Read(ctx, subject.Root, &inventory.Options{
			Image: subject.Artifact.Kind == boltseal.KindRootFS, Jobs: o.Jobs, Limits: o.Limits,
		})
		if err != nil {
			return nil, err
		}
		p := &part{artifact: subject.Artifact, components: result.Components, gaps: result.Gaps}
		p.artifact.Distro = result.Distro
		return p, p.spot(ctx, subject, o)
	}
	return readImage(ctx, subject, o, tick)
}

// readImage reads an image's layers, or takes the result from the cache.
func readImage(ctx context.Context, subject *source.Subject, o *Options, tick func(int64)) (_ *part, err error) {
	key := cacheKey(subject, o)
	use := o.useOf(&subject.Artifact)
	if p, ok := fromCache(o.Cache, key, subject); ok && use == nil {
		return p, p.spot(ctx, subject, o)
	}
	spotter, stream := o.spotter()
	fsys, err := layer.Read(ctx, subject.Blobs, &layer.Options{
		Jobs: o.Jobs, Select: o.selection(), Sniff: inventory.Sniff, Accept: inventory.Accept, Versions: inventory.Versioned,
		Limits: o.Limits, TempDir: o.TempDir, Progress: tick, Stream: stream,
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, fsys.Close()) }()

	layers := fsys.Layers()
	result, err := inventory.Read(ctx, fsys, &inventory.Options{
		Image: true, Jobs: o.Jobs, Limits: o.Limits,
		LayerOf: func(path string) (boltseal.Digest, bool) {
			i, ok := fsys.LayerOf(path)
			if !ok {
				return "", false
			}
			return layers[i].DiffID, true
		},
		Used: use.files(),
		Versions: func(path string) []inventory.Version {
			var all []inventory.Version
			for _, v := range fsys.Versions(path) {
				all = append(all, inventory.Version{Layer: layers[v.Layer].DiffID, Content: v.Content})
			}
			return all
		},
	})
	if err != nil {
		return nil, err
	}
	p := &part{
		artifact:   subject.Artifact,
		components: result.Components,
		gaps:       append(fsys.Gaps(), result.Gaps...),
	}
	p.artifact.Distro = result.Distro
	p.artifact.Layers = layers
	p.findings = spotter.findings(fsys, layers)
	p.lint(subject, fsys, o)
	toCache(o.Cache, key, p)
	use.mark(p, result.Owners)
	return p, p.spot(ctx, subject, o)
}

// merge adds what d says of the same component to c.
func merge(c *boltseal.Component, d boltseal.Component) {
	c.Locations = append(slices.Clone(c.Locations), d.Locations...)
	slices.SortFunc(c.Locations, boltseal.Location.Compare)
	c.Locations = slices.Compact(c.Locations)
	c.DependsOn = append(slices.Clone(c.DependsOn), d.DependsOn...)
	slices.Sort(c.DependsOn)
	c.DependsOn = slices.Compact(c.DependsOn)
	c.Linked = c.Linked.Union(d.Linked)
	c.Direct = c.Direct || d.Direct
	c.Dev = c.Dev && d.Dev
}
