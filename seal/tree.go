package seal

import (
	"context"
	"fmt"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/source/registry"
)

// Node is a manifest with what is attached to it.
type Node struct {
	Digest    boltseal.Digest `json:"digest"`
	MediaType string          `json:"mediaType,omitempty"`
	Platform  string          `json:"platform,omitempty"`
	Attached  []Leaf          `json:"attached,omitempty"`
	Images    []*Node         `json:"images,omitempty"` // of an index
}

// Leaf is one attached thing. Nothing about it was verified.
type Leaf struct {
	Kind          Kind            `json:"kind"`
	Where         string          `json:"where"`
	ArtifactType  string          `json:"artifactType,omitempty"`
	PredicateType string          `json:"predicateType,omitempty"`
	About         boltseal.Digest `json:"about,omitempty"`
	Size          int64           `json:"size,omitempty"`
	Created       string          `json:"created,omitempty"`
	Signed        bool            `json:"signed"`
	Broken        string          `json:"broken,omitempty"`
	Attached      []Leaf          `json:"attached,omitempty"` // to it, in turn
}

// Tree lists what is attached to an image and to the images of an index.
func Tree(ctx context.Context, client *registry.Client, ref registry.Ref) (*Node, error) {
	m, err := client.Manifest(ctx, ref)
	if err != nil {
		return nil, err
	}
	t := &treeReader{client: client, ref: ref, seen: map[boltseal.Digest]bool{}}
	n, err := t.node(ctx, m)
	if err != nil {
		return nil, fmt.Errorf("list what is attached to %s: %w", ref, err)
	}
	return n, nil
}

type treeReader struct {
	client *registry.Client
	ref    registry.Ref
	seen   map[boltseal.Digest]bool // so that circles end
}

func (t *treeReader) node(ctx context.Context, m *registry.Manifest) (*Node, error) {
	n := &Node{Digest: m.Digest, MediaType: m.MediaType}
	t.seen[m.Digest] = true
	doc, err := registry.Decode(m.MediaType, m.Data)
	if err != nil {
		return nil, err
	}
	if n.Attached, err = t.leaves(ctx, m.Digest, 0); err != nil {
		return nil, err
	}
	if doc.Index == nil {
		return n, nil
	}
	for _, child := range doc.Index.Manifests {
		d := boltseal.Digest(child.Digest)
		if t.seen[d] || child.Annotations[annotationReferenceType] != "" || !registry.IsManifest(child.MediaType) {
			continue
		}
		if len(t.seen) > maxManifests {
			return nil, errManifests
		}
		cm, err := t.client.Manifest(ctx, t.ref.At(d))
		if err != nil {
			return nil, err
		}
		below, err := t.node(ctx, cm)
		if err != nil {
			return nil, err
		}
		if p := child.Platform; p != nil {
			below.Platform = boltseal.Platform{OS: p.OS, Arch: p.Architecture, Variant: p.Variant}.String()
		}
		n.Images = append(n.Images, below)
	}
	return n, nil
}

func (t *treeReader) leaves(ctx context.Context, d boltseal.Digest, depth int) ([]Leaf, error) {
	if depth > maxNesting {
		return nil, errNesting
	}
	var out []Leaf
	for a, err := range Attestations(ctx, t.client, t.ref.At(d), nil) {
		if err != nil {
			return nil, err
		}
		leaf := Leaf{
			Kind: a.Kind, Where: a.Where, ArtifactType: a.ArtifactType, PredicateType: a.PredicateType, About: a.About,
			Size: a.Content.Size, Signed: a.Kind.Signed(),
		}
		if !a.Created.IsZero() {
			leaf.Created = stamp(a.Created)
		}
		if a.Broken != nil {
			leaf.Broken = a.Broken.Error()
		}
		// What is attached to a referrer is listed below it.
		if r := boltseal.Digest(a.Manifest.Digest); a.Broken == nil && strings.HasPrefix(a.Where, "referrer ") && !t.seen[r] {
			t.seen[r] = true
			if leaf.Attached, err = t.leaves(ctx, r, depth+1); err != nil {
				return nil, err
			}
		}
		out = append(out, leaf)
	}
	return out, nil
}
