package seal

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/source/registry"
)

// Kind says what sort of thing is attached to an image.
type Kind string

// The kinds of things that are attached.
const (
	KindBundle      Kind = "bundle"             // a sigstore bundle: a signature or an attestation
	KindSignature   Kind = "cosign-signature"   // a simple-signing payload in the .sig tag
	KindAttestation Kind = "cosign-attestation" // a DSSE envelope in the .att tag
	KindSBOM        Kind = "cosign-sbom"        // a document in the .sbom tag, which nobody signed
	KindBuildKit    Kind = "buildkit"           // a statement that BuildKit put beside the image, which nobody signed
	KindNotation    Kind = "notation"           // a signature of the Notary project
	KindOther       Kind = "other"              // any other referrer
)

// Signed tells whether things of this kind carry a signature of their own.
func (k Kind) Signed() bool {
	return k == KindBundle || k == KindSignature || k == KindAttestation || k == KindNotation
}

// Attached is one thing that is attached to an image: a signature, an
// attestation, a document. All that it says of itself is a claim until it was
// verified.
type Attached struct {
	Kind          Kind
	Where         string             // for people: "referrer sha256:…", "tag sha256-….sig"
	About         boltseal.Digest    // the manifest that it is attached to
	Manifest      ocispec.Descriptor // what holds it
	Content       ocispec.Descriptor // the layer that is it
	ArtifactType  string
	PredicateType string            // as its annotations say; often empty
	Annotations   map[string]string // of the layer, over those of the manifest
	Created       time.Time
	// Broken says why there is no more to be known of it. Its other fields are
	// then what the list of referrers says.
	Broken error

	unread bool // it may well be there: asking for it failed
	client *registry.Client
	ref    registry.Ref
}

// AttachedOptions are the optional parameters of [Attestations].
type AttachedOptions struct {
	// Kinds are what is asked for; none means everything. Tags that cannot
	// hold what is asked for are not looked for.
	Kinds []Kind
	// Max ends the list with an error when there are more; zero means 1000.
	Max int
}

var errTooMany = errors.New("more things are attached to it than are looked at")

// The tags that cosign 2 keeps what belongs to an image in.
const (
	suffixSignature   = "sig"
	suffixAttestation = "att"
	suffixSBOM        = "sbom"
)

// CosignTag is the tag that cosign 2 keeps things about an image in: suffix is
// sig, att or sbom.
func CosignTag(d boltseal.Digest, suffix string) string {
	return d.Algorithm() + "-" + d.Hex() + "." + suffix
}

// Attestations lists what is attached to the image that ref names: referrers
// (or what stands at the tag that registries without them have), the tags of
// cosign 2, and the statements that BuildKit put into an index. A manifest
// that cannot be read is listed as broken; a registry that cannot be asked
// ends the list with an error.
func Attestations(ctx context.Context, client *registry.Client, ref registry.Ref, opts *AttachedOptions) iter.Seq2[*Attached, error] {
	if opts == nil {
		opts = &AttachedOptions{}
	}
	max := opts.Max
	if max <= 0 {
		max = maxAttached
	}
	return func(yield func(*Attached, error) bool) {
		l := &lister{client: client, kinds: opts.Kinds}
		if ref.Digest == "" {
			desc, err := client.Resolve(ctx, ref)
			if err != nil {
				yield(nil, err)
				return
			}
			ref.Digest = boltseal.Digest(desc.Digest)
		}
		l.ref = ref.At(ref.Digest)
		n := 0
		for _, list := range []func(context.Context) iter.Seq2[*Attached, error]{l.referrers, l.tags, l.buildKit} {
			for a, err := range list(ctx) {
				if err == nil && n >= max {
					err = fmt.Errorf("%s: %w (%d)", l.ref, errTooMany, max)
				}
				n++
				if !yield(a, err) || err != nil {
					return
				}
			}
		}
	}
}

type lister struct {
	client *registry.Client
	ref    registry.Ref // by digest
	kinds  []Kind
}

func (l *lister) wants(kinds ...Kind) bool {
	return len(l.kinds) == 0 || slices.ContainsFunc(kinds, func(k Kind) bool { return slices.Contains(l.kinds, k) })
}

// kindOf is what a referrer of the type is.
func kindOf(artifactType string) Kind {
	switch {
	case strings.HasPrefix(artifactType, bundlePrefix):
		return KindBundle
	case artifactType == MediaTypeNotation:
		return KindNotation
	case artifactType == mediaTypeBuildKit:
		return KindBuildKit
	}
	return KindOther
}

func (l *lister) referrers(ctx context.Context) iter.Seq2[*Attached, error] {
	return func(yield func(*Attached, error) bool) {
		if !l.wants(KindBundle, KindNotation, KindBuildKit, KindOther) {
			return
		}
		list, err := l.client.Referrers(ctx, l.ref, "")
		if err != nil {
			yield(nil, err)
			return
		}
		seen := map[boltseal.Digest]bool{}
		var wanted []ocispec.Descriptor
		for _, desc := range list {
			d := boltseal.Digest(desc.Digest)
			// A registry may list the image itself, or one thing twice.
			if seen[d] || d == l.ref.Digest {
				continue
			}
			seen[d] = true
			kind := kindOf(desc.ArtifactType)
			// Some registries list the type of the empty configuration instead.
			known := desc.ArtifactType != "" && desc.ArtifactType != ocispec.MediaTypeEmptyJSON
			if known && !l.wants(kind) {
				continue
			}
			wanted = append(wanted, desc)
		}
		for batch := range slices.Chunk(wanted, jobs) {
			fetched := l.fetch(ctx, batch)
			for i, desc := range batch {
				where := "referrer " + string(desc.Digest)
				if !l.each(ctx, desc, where, kindOf(desc.ArtifactType), fetched[i], yield) {
					return
				}
			}
		}
	}
}

// fetched is a manifest, or why it is not there.
type fetched struct {
	m   *registry.Manifest
	err error
}

// fetch gets several manifests at once.
func (l *lister) fetch(ctx context.Context, list []ocispec.Descriptor) []fetched {
	out := make([]fetched, len(list))
	var wg sync.WaitGroup
	for i, desc := range list {
		wg.Go(func() {
			out[i].m, out[i].err = l.client.Manifest(ctx, l.ref.At(boltseal.Digest(desc.Digest)))
		})
	}
	wg.Wait()
	return out
}

// each gives the layers of one manifest that hold something.
func (l *lister) each(ctx context.Context, desc ocispec.Descriptor, where string, kind Kind, f fetched, yield func(*Attached, error) bool) bool {
	base := Attached{
		Kind: kind, Where: where, About: l.ref.Digest, Manifest: desc, ArtifactType: desc.ArtifactType,
		Annotations: desc.Annotations, client: l.client, ref: l.ref,
	}
	if f.err != nil {
		if ctx.Err() != nil {
			yield(nil, f.err)
			return false
		}
		// The list named it, so that it is gone is worth saying (registries
		// have thrown referrers away while collecting garbage).
		base.Broken = f.err
		base.unread = !errors.Is(f.err, registry.ErrNotFound) && !errors.Is(f.err, registry.ErrDigest)
		return yield(&base, nil)
	}
	for _, a := range base.layers(f.m) {
		if !l.wants(a.Kind) {
			continue
		}
		if !yield(a, nil) {
			return false
		}
	}
	return true
}

var (
	errOtherSubject = errors.New("its manifest is about another image")
	errNoLayer      = errors.New("its manifest has no layer")
	errNotManifest  = errors.New("it is an index and no manifest")
)

// layers reads a manifest that holds what is attached.
func (a *Attached) layers(m *registry.Manifest) []*Attached {
	broken := func(err error) []*Attached {
		a.Broken = err
		return []*Attached{a}
	}
	doc, err := registry.Decode(m.MediaType, m.Data)
	switch {
	case err != nil:
		return broken(err)
	case doc.Manifest == nil && a.Kind == KindOther:
		return []*Attached{a}
	case doc.Manifest == nil:
		return broken(errNotManifest)
	}
	im := doc.Manifest
	a.Manifest = registry.Describe(m.MediaType, m.Data)
	if a.ArtifactType = im.ArtifactType; a.ArtifactType == "" {
		a.ArtifactType = im.Config.MediaType
	}
	if strings.HasPrefix(a.Where, "referrer") {
		a.Kind = kindOf(a.ArtifactType)
		if im.Subject == nil || boltseal.Digest(im.Subject.Digest) != a.About {
			return broken(errOtherSubject)
		}
	}
	if len(im.Layers) == 0 && a.Kind != KindOther {
		return broken(errNoLayer)
	}
	if a.Kind == KindOther || len(im.Layers) == 0 {
		a.describe(im.Annotations, ocispec.Descriptor{})
		if len(im.Layers) > 0 {
			a.Content = im.Layers[0]
		}
		return []*Attached{a}
	}
	var out []*Attached
	for _, layer := range im.Layers {
		one := *a
		one.Content = layer
		one.describe(im.Annotations, layer)
		out = append(out, &one)
	}
	return out
}

// describe takes over what annotations claim.
func (a *Attached) describe(manifest map[string]string, layer ocispec.Descriptor) {
	all := map[string]string{}
	for _, from := range []map[string]string{manifest, layer.Annotations} {
		maps.Copy(all, from)
	}
	a.Annotations = all
	for _, name := range []string{"dev.sigstore.bundle.predicateType", "predicateType", "in-toto.io/predicate-type"} {
		if all[name] != "" {
			a.PredicateType = all[name]
		}
	}
	if t, err := time.Parse(time.RFC3339, all[ocispec.AnnotationCreated]); err == nil {
		a.Created = t.UTC()
	}
}

func (l *lister) tags(ctx context.Context) iter.Seq2[*Attached, error] {
	return func(yield func(*Attached, error) bool) {
		for _, t := range []struct {
			suffix string
			kind   Kind
		}{{suffixSignature, KindSignature}, {suffixAttestation, KindAttestation}, {suffixSBOM, KindSBOM}} {
			if !l.wants(t.kind) {
				continue
			}
			tag := CosignTag(l.ref.Digest, t.suffix)
			m, err := l.client.Manifest(ctx, l.ref.WithTag(tag))
			if errors.Is(err, registry.ErrNotFound) {
				continue
			}
			if err != nil {
				yield(nil, err)
				return
			}
			a := &Attached{Kind: t.kind, Where: "tag " + tag, About: l.ref.Digest, client: l.client, ref: l.ref}
			for _, one := range a.layers(m) {
				if !yield(one, nil) {
					return
				}
			}
		}
	}
}

// mediaTypeBuildKit is what BuildKit's statements are when they also are
// referrers of the image that they are about.
const mediaTypeBuildKit = "application/vnd.docker.attestation.manifest.v1+json"

// The annotations that BuildKit marks its statements with in an index.
const (
	annotationReferenceType   = "vnd.docker.reference.type"
	annotationReferenceDigest = "vnd.docker.reference.digest"
)

// buildKit lists the statements in an index. They are about its images.
func (l *lister) buildKit(ctx context.Context) iter.Seq2[*Attached, error] {
	return func(yield func(*Attached, error) bool) {
		if !l.wants(KindBuildKit) {
			return
		}
		m, err := l.client.Manifest(ctx, l.ref)
		if err != nil {
			yield(nil, err)
			return
		}
		doc, err := registry.Decode(m.MediaType, m.Data)
		if err != nil {
			yield(nil, err)
			return
		}
		if doc.Index == nil {
			return
		}
		for _, desc := range doc.Index.Manifests {
			if desc.Annotations[annotationReferenceType] != "attestation-manifest" {
				continue
			}
			got := l.fetch(ctx, []ocispec.Descriptor{desc})
			if !l.each(ctx, desc, "index entry "+string(desc.Digest), KindBuildKit, got[0], func(a *Attached, err error) bool {
				if a != nil {
					a.About = boltseal.Digest(desc.Annotations[annotationReferenceDigest])
				}
				return yield(a, err)
			}) {
				return
			}
		}
	}
}

// Read fetches what is attached, checked against its digest and no longer
// than max bytes.
func (a *Attached) Read(ctx context.Context, max int64) ([]byte, error) {
	switch {
	case a.Broken != nil:
		return nil, a.Broken
	case a.Content.Digest == "":
		return nil, errNoLayer
	case max > 0 && a.Content.Size > max:
		return nil, &limit.Error{What: fmt.Sprintf("attachment of %d bytes", a.Content.Size), Max: max, Unit: "bytes", Flag: "--max-attestation-bytes"}
	}
	return a.client.ReadBlob(ctx, a.ref, a.Content)
}
