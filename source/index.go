package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/source/registry"
)

// maxImages is how many images of one index are opened.
const maxImages = 500

var (
	errManyImages = fmt.Errorf("an index of more than %d manifests", maxImages)
	errNoImages   = errors.New("an index without images")
)

// sparse marks content of which only what this machine needed is kept: that
// other platforms are missing is no gap.
type sparse interface{ sparse() }

// listed is one image of an index or of the indexes in it.
type listed struct {
	ocispec.Descriptor
	parent boltseal.Digest
}

// walk collects an index's images.
type walk struct {
	o     *opener
	c     content
	seen  map[string]bool
	out   []listed
	notes []Attachment
	gaps  []boltseal.Gap
}

// index makes a subject of the images in an index that were asked for. A
// single image stands for itself, with the index as its parent.
func (o *opener) index(ctx context.Context, c content, desc ocispec.Descriptor, ix *ocispec.Index, name string) (*Subject, error) {
	w := &walk{o: o, c: c, seen: map[string]bool{string(desc.Digest): true}}
	if err := w.walk(ctx, boltseal.Digest(desc.Digest), ix, 1); err != nil {
		return nil, err
	}
	images, err := w.chosen()
	if err != nil {
		return nil, err
	}
	s := &Subject{Artifact: boltseal.Artifact{
		Kind: boltseal.KindIndex, Name: name, Digest: boltseal.Digest(desc.Digest), MediaType: ix.MediaType,
		Labels: ix.Annotations,
	}}
	for _, im := range images {
		child, err := o.child(ctx, c, im, name)
		var other *notImageError
		switch {
		case errors.As(err, &other):
			w.notes = append(w.notes, attachment(im.Descriptor, other.kind))
			continue
		case isMissing(err) && o.platform == nil:
			w.missing(im.Descriptor, err)
			continue
		case err != nil:
			return nil, fmt.Errorf("image for %s: %w", platformName(im.Descriptor), err)
		}
		if im.Platform == nil && o.rightPlatform(child) != nil {
			continue // only its configuration says what it is for
		}
		s.Children = append(s.Children, child)
	}
	s.Attachments, s.Gaps = w.notes, w.gaps
	if err := w.opened(s); err != nil {
		return nil, err
	}
	if len(s.Children) == 1 {
		only := s.Children[0]
		only.Attachments, only.Gaps = s.Attachments, append(only.Gaps, s.Gaps...)
		return only, nil
	}
	if _, far := c.(*remote); far {
		o.share(s.Children)
	}
	return s, nil
}

// walk goes through an index and the indexes in it. No digest can be reached
// from itself, but depth and number are still whatever the author wants.
func (w *walk) walk(ctx context.Context, parent boltseal.Digest, ix *ocispec.Index, depth int64) error {
	if max := w.o.Limits.Depth; max > 0 && depth > max {
		return fmt.Errorf("indexes in indexes, deeper than %d", max)
	}
	for _, d := range ix.Manifests {
		if w.seen[string(d.Digest)] {
			continue
		}
		w.seen[string(d.Digest)] = true
		if len(w.seen) > maxImages {
			return errManyImages
		}
		switch {
		case isAttestation(d):
			w.notes = append(w.notes, attachment(d, d.Annotations[referenceType]))
		case registry.IsIndex(d.MediaType):
			if err := w.nested(ctx, d, depth); err != nil {
				return err
			}
		case !registry.IsManifest(d.MediaType) && d.MediaType != "":
			w.notes = append(w.notes, attachment(d, d.MediaType))
		default:
			w.out = append(w.out, listed{d, parent})
		}
	}
	return nil
}

func (w *walk) nested(ctx context.Context, d ocispec.Descriptor, depth int64) error {
	data, err := w.c.manifest(ctx, d)
	if isMissing(err) {
		w.missing(d, err)
		return nil
	}
	if err != nil {
		return err
	}
	doc, err := registry.Decode(d.MediaType, data)
	if err != nil {
		return err
	}
	return w.walk(ctx, boltseal.Digest(d.Digest), doc.Index, depth+1) // Decode has seen to it that it is one
}

// Annotations of BuildKit's attestation manifests.
const (
	referenceType   = "vnd.docker.reference.type"
	referenceDigest = "vnd.docker.reference.digest"
)

func isAttestation(d ocispec.Descriptor) bool {
	unknown := d.Platform != nil && d.Platform.OS == "unknown" && d.Platform.Architecture == "unknown"
	return unknown || d.Annotations[referenceType] != "" || d.ArtifactType != "" && d.ArtifactType != ocispec.MediaTypeImageConfig
}

func attachment(d ocispec.Descriptor, kind string) Attachment {
	if kind == "" {
		kind = d.ArtifactType
	}
	about, err := boltseal.ParseDigest(d.Annotations[referenceDigest])
	if err != nil {
		about = ""
	}
	return Attachment{Digest: boltseal.Digest(d.Digest), MediaType: d.MediaType, Size: d.Size, Type: kind, About: about}
}

// chosen are the images that suit the platform that was asked for, and those
// that do not say.
func (w *walk) chosen() ([]listed, error) {
	want := w.o.platform
	if want == nil {
		return w.out, nil
	}
	var suiting []ocispec.Descriptor
	for _, im := range w.out {
		if p := fromWire(im.Platform); p != nil && suits(*want, *p) {
			suiting = append(suiting, im.Descriptor)
		}
	}
	suiting = best(*want, suiting)
	var out []listed
	for _, im := range w.out {
		named := fromWire(im.Platform) != nil
		if !named && len(suiting) == 0 || named && slices.ContainsFunc(suiting, func(d ocispec.Descriptor) bool { return d.Digest == im.Digest }) {
			out = append(out, im)
		}
	}
	if len(out) == 0 {
		return nil, w.noneSuits()
	}
	return out, nil
}

func (w *walk) noneSuits() error {
	var there []string
	for _, im := range w.out {
		there = append(there, platformName(im.Descriptor))
	}
	slices.Sort(there)
	there = slices.Compact(there)
	if len(there) > 30 {
		there = append(there[:30], "…")
	}
	return fmt.Errorf("%w: asked for %s, there are %s", errPlatform, w.o.platform, strings.Join(there, ", "))
}

// opened returns an error when nothing is left to look at.
func (w *walk) opened(s *Subject) error {
	switch {
	case len(s.Children) > 0:
		return nil
	case w.o.platform != nil && len(w.out) > 0:
		return w.noneSuits()
	case len(w.gaps) > 0:
		return fmt.Errorf("%w: %s: %s", errNoImages, w.gaps[0].What, w.gaps[0].Why)
	case len(w.notes) > 0:
		return &notImageError{w.notes[0].Type}
	}
	return errNoImages
}

func (w *walk) missing(d ocispec.Descriptor, err error) {
	if _, ok := w.c.(sparse); ok {
		return
	}
	w.gaps = append(w.gaps, boltseal.Gap{
		Kind: "missing-image", What: "image " + string(d.Digest) + " for " + platformName(d), Why: err.Error(),
		Hint: "--platform chooses one that is there", Platform: platformName(d),
	})
}

func platformName(d ocispec.Descriptor) string {
	if p := fromWire(d.Platform); p != nil {
		return clip(p.String(), 60)
	}
	return "an unnamed platform"
}

// child opens one image of an index.
func (o *opener) child(ctx context.Context, c content, im listed, name string) (*Subject, error) {
	data, err := c.manifest(ctx, im.Descriptor)
	if err != nil {
		return nil, err
	}
	doc, err := registry.Decode(im.MediaType, data)
	if err != nil {
		return nil, err
	}
	if doc.Manifest == nil {
		return nil, errors.New("its descriptor does not say that it is an index")
	}
	s, err := o.image(ctx, c, im.Descriptor, doc.Manifest, name)
	if err != nil {
		return nil, err
	}
	s.Artifact.Parent = im.parent
	s.Artifact.Platform = fuller(s.Artifact.Platform, im.Platform)
	return s, nil
}

// fuller is the platform that the index gives, by which runtimes choose, with
// what only the configuration says of it.
func fuller(own *boltseal.Platform, listed *ocispec.Platform) *boltseal.Platform {
	said := fromWire(listed)
	if said == nil {
		return own
	}
	p := normal(*said)
	if own != nil && p.OS == own.OS && p.Arch == own.Arch {
		p.Variant, p.OSVersion = cmp.Or(p.Variant, own.Variant), cmp.Or(p.OSVersion, own.OSVersion)
	}
	return &p
}
