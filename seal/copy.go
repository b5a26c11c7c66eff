package seal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/source/registry"
)

// CopyOptions are the optional parameters of [Copy].
type CopyOptions struct {
	// AttachedOnly copies what is attached and not the image, which has to be
	// there already.
	AttachedOnly bool
	Jobs         int // blobs copied at once; less than 1 means 4
}

// Copied tells what was copied.
type Copied struct {
	Digest    boltseal.Digest `json:"digest"`
	Manifests int             `json:"manifests"` // the image's own
	Attached  int             `json:"attached"`  // manifests attached to it
	Blobs     int64           `json:"blobs"`
	Bytes     int64           `json:"bytes"`
	Present   int64           `json:"present"` // blobs that were there, or were linked to
	// Gone are referrers that the source lists and no longer has.
	Gone []boltseal.Digest `json:"gone,omitempty"`
}

// The limits on what one image may drag along.
const (
	maxManifests = 10_000
	maxNesting   = 8
)

var (
	errManifests = fmt.Errorf("more than %d manifests belong to it", maxManifests)
	errNesting   = fmt.Errorf("indexes and referrers lie more than %d deep", maxNesting)
)

// Copy copies an image, all platforms of an index, and everything that is
// attached to any of them: referrers, the referrers of those, and the tags of
// cosign 2. The destination's tag is written last, so that there is no moment
// at which it names an image whose signatures are not there yet.
func Copy(ctx context.Context, from *registry.Client, src registry.Ref, to *registry.Client, dst registry.Ref, opts *CopyOptions) (*Copied, error) {
	if opts == nil {
		opts = &CopyOptions{}
	}
	c := &copier{from: from, to: to, src: src, dst: dst, opts: *opts, done: map[boltseal.Digest]bool{}, blobs: map[boltseal.Digest]bool{}}
	if c.opts.Jobs < 1 {
		c.opts.Jobs = 4
	}
	out, err := c.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("copy %s to %s: %w", src, dst, err)
	}
	return out, nil
}

type copier struct {
	from, to *registry.Client
	src, dst registry.Ref
	opts     CopyOptions
	out      Copied

	done map[boltseal.Digest]bool // manifests

	mu    sync.Mutex
	blobs map[boltseal.Digest]bool
	count struct{ blobs, bytes, present atomic.Int64 }
}

func (c *copier) run(ctx context.Context) (*Copied, error) {
	top, err := c.from.Manifest(ctx, c.src)
	if err != nil {
		return nil, err
	}
	c.out.Digest = top.Digest
	if c.dst.Digest != "" && c.dst.Digest != top.Digest {
		return nil, fmt.Errorf("%w: it is %s", registry.ErrDigest, top.Digest)
	}
	images, err := c.image(ctx, top, 0)
	if err != nil {
		return nil, err
	}
	for _, d := range images {
		if err := c.attached(ctx, d, 0); err != nil {
			return nil, err
		}
	}
	if c.dst.Tag != "" && !c.opts.AttachedOnly {
		if _, err := c.to.PutManifest(ctx, registry.Ref{Host: c.dst.Host, Repository: c.dst.Repository, Tag: c.dst.Tag}, top.MediaType, top.Data); err != nil {
			return nil, err
		}
	}
	c.out.Blobs, c.out.Bytes, c.out.Present = c.count.blobs.Load(), c.count.bytes.Load(), c.count.present.Load()
	return &c.out, nil
}

// image copies a manifest and what it is made of, and lists the digests of
// all manifests in it.
func (c *copier) image(ctx context.Context, m *registry.Manifest, depth int) ([]boltseal.Digest, error) {
	if depth > maxNesting {
		return nil, errNesting
	}
	if c.done[m.Digest] {
		return nil, nil
	}
	c.done[m.Digest] = true
	if len(c.done) > maxManifests {
		return nil, errManifests
	}
	doc, err := registry.Decode(m.MediaType, m.Data)
	if err != nil {
		return nil, err
	}
	out := []boltseal.Digest{m.Digest}
	if doc.Index != nil {
		for _, child := range doc.Index.Manifests {
			cm, err := c.from.Manifest(ctx, c.src.At(boltseal.Digest(child.Digest)))
			if err != nil {
				return nil, err
			}
			below, err := c.image(ctx, cm, depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, below...)
		}
	}
	if c.opts.AttachedOnly {
		return out, nil
	}
	c.out.Manifests++
	return out, c.put(ctx, c.dst.At(m.Digest), m, doc)
}

// put copies a manifest's blobs and then the manifest.
func (c *copier) put(ctx context.Context, at registry.Ref, m *registry.Manifest, doc *registry.Document) error {
	if doc.Manifest != nil {
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(c.opts.Jobs)
		for _, desc := range append([]ocispec.Descriptor{doc.Manifest.Config}, doc.Manifest.Layers...) {
			g.Go(func() error { return c.blob(gctx, desc) })
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
	_, err := c.to.PutManifest(ctx, at, m.MediaType, m.Data)
	return err
}

func (c *copier) blob(ctx context.Context, desc ocispec.Descriptor) error {
	d := boltseal.Digest(desc.Digest)
	c.mu.Lock()
	seen := c.blobs[d]
	c.blobs[d] = true
	c.mu.Unlock()
	if seen {
		return nil
	}
	there, err := c.to.HasBlob(ctx, c.dst, d)
	if err != nil {
		return err
	}
	if !there && c.src.Host == c.dst.Host && c.src.Repository != c.dst.Repository {
		// A registry that cannot link is sent the bytes.
		if there, err = c.to.MountBlob(ctx, c.dst, c.src.Repository, d); err != nil && !errors.Is(err, registry.ErrDenied) {
			return err
		}
	}
	if there {
		c.count.present.Add(1)
		return nil
	}
	if foreign(desc) {
		// Such layers are not in registries; whoever pulls them gets them from
		// where the descriptor says.
		if here, err := c.from.HasBlob(ctx, c.src, d); err != nil || !here {
			return err
		}
	}
	err = c.to.PutBlob(ctx, c.dst, desc, func() (io.ReadCloser, error) { return c.from.Blob(ctx, c.src, desc) })
	if err == nil {
		c.count.blobs.Add(1)
		c.count.bytes.Add(desc.Size)
	}
	return err
}

func foreign(desc ocispec.Descriptor) bool {
	return len(desc.URLs) > 0 || strings.Contains(desc.MediaType, "nondistributable") || strings.Contains(desc.MediaType, "foreign")
}

// attached copies what is attached to a manifest, and what is attached to
// that.
func (c *copier) attached(ctx context.Context, d boltseal.Digest, depth int) error {
	if depth > maxNesting {
		return errNesting
	}
	list, err := c.from.Referrers(ctx, c.src.At(d), "")
	if err != nil {
		return err
	}
	for _, desc := range list {
		r := boltseal.Digest(desc.Digest)
		if c.done[r] {
			continue // a registry may list things in circles
		}
		m, err := c.from.Manifest(ctx, c.src.At(r))
		if errors.Is(err, registry.ErrNotFound) {
			c.out.Gone = append(c.out.Gone, r)
			continue
		}
		if err != nil {
			return err
		}
		if err := c.keep(ctx, c.dst.At(r), m, d); err != nil {
			return err
		}
		if err := c.attached(ctx, r, depth+1); err != nil {
			return err
		}
	}
	return c.tags(ctx, d)
}

// keep copies a manifest that is attached to the one with digest about.
func (c *copier) keep(ctx context.Context, at registry.Ref, m *registry.Manifest, about boltseal.Digest) error {
	c.done[m.Digest] = true
	if len(c.done) > maxManifests {
		return errManifests
	}
	doc, err := registry.Decode(m.MediaType, m.Data)
	if err != nil {
		return err
	}
	if doc.Manifest == nil || about != "" && (doc.Manifest.Subject == nil || boltseal.Digest(doc.Manifest.Subject.Digest) != about) {
		return nil // not what the list says; it is not taken along
	}
	c.out.Attached++
	return c.put(ctx, at, m, doc)
}

// tags copies the tags of cosign 2.
func (c *copier) tags(ctx context.Context, d boltseal.Digest) error {
	for _, suffix := range []string{suffixSignature, suffixAttestation, suffixSBOM} {
		tag := CosignTag(d, suffix)
		m, err := c.from.Manifest(ctx, c.src.WithTag(tag))
		if errors.Is(err, registry.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if err := c.keep(ctx, c.dst.WithTag(tag), m, ""); err != nil {
			return err
		}
	}
	return nil
}
