package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/source/layer"
	"github.com/boltseal/boltseal/source/registry"
)

var _ = add(Scheme{
	Name: "docker-archive", Usage: "docker-archive:FILE[:NAME|#N]", Title: "what docker save or podman save wrote, compressed or not",
	open: func(ctx context.Context, o *opener, where string) (*Subject, error) {
		return o.openArchiveAt(ctx, where, dockerOnly)
	},
})

// dockerList is the file that lists a docker archive's images.
const dockerList = "manifest.json"

// saved is one image of a docker archive.
type saved struct {
	Config   string
	RepoTags []string
	Layers   []string
}

var errLayerName = errors.New("a layer without a name")

// dockerArchive reads the list of a docker archive.
func (o *opener) dockerArchive(t *tarFiles) ([]saved, error) {
	a, err := t.open(dockerList)
	if err != nil {
		return nil, err
	}
	data, err := o.readJSON(a, dockerList, registry.MaxManifest)
	if err != nil {
		return nil, err
	}
	if err := registry.CheckValues(data); err != nil {
		return nil, fmt.Errorf("%s: %w", dockerList, err)
	}
	var list []saved
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", dockerList, err)
	}
	if len(list) == 0 {
		return nil, errNoImages
	}
	return list, nil
}

// openDockerArchive opens an image of what docker save wrote. Images that
// share a name are one image for several platforms.
func (o *opener) openDockerArchive(ctx context.Context, t *tarFiles, name, target string, sel selector) (*Subject, error) {
	list, err := o.dockerArchive(t)
	if err != nil {
		return nil, err
	}
	list, err = selectSaved(list, target, sel)
	if err != nil {
		return nil, err
	}
	var subjects []*Subject
	for _, im := range list {
		s, err := o.savedImage(ctx, t, im, name)
		if err != nil {
			return nil, err
		}
		if len(list) == 1 {
			return s, o.rightPlatform(s)
		}
		if o.rightPlatform(s) == nil {
			subjects = append(subjects, s)
		}
	}
	switch len(subjects) {
	case 0:
		return nil, fmt.Errorf("%w: asked for %s", errPlatform, o.platform)
	case 1:
		return subjects[0], nil
	}
	return &Subject{
		Artifact: boltseal.Artifact{Kind: boltseal.KindIndex, Name: subjects[0].Artifact.Name},
		Children: subjects,
	}, nil
}

func selectSaved(list []saved, target string, sel selector) ([]saved, error) {
	ambiguous := func() error {
		var out []string
		for i, im := range list {
			if tag := im.tag(); tag != "" {
				out = append(out, target+":"+tag)
			} else {
				out = append(out, fmt.Sprintf("%s#%d", target, i))
			}
		}
		return &AmbiguousError{out}
	}
	switch {
	case sel.all:
		return list, nil
	case sel.ordinal && sel.index < len(list):
		return list[sel.index : sel.index+1], nil
	case sel.ordinal:
		return nil, ambiguous()
	case sel.name != "":
		found := slices.DeleteFunc(slices.Clone(list), func(im saved) bool { return !im.is(sel.name) })
		if len(found) == 0 {
			return nil, fmt.Errorf("no image %s; %w", clip(sel.name, 100), ambiguous())
		}
		return found, nil
	}
	for _, im := range list[1:] {
		if len(im.RepoTags) == 0 || !slices.Equal(im.RepoTags, list[0].RepoTags) {
			return nil, ambiguous()
		}
	}
	return list, nil
}

// tag is the image's first name.
func (im saved) tag() string {
	if len(im.RepoTags) == 0 || !isName(im.RepoTags[0]) {
		return ""
	}
	return im.RepoTags[0]
}

// is tells whether the image goes by the name: a tag, or its identifier.
func (im saved) is(name string) bool {
	id := configDigest(im.Config)
	return slices.ContainsFunc(im.RepoTags, func(tag string) bool { return sameImage(tag, name) }) ||
		id != "" && (name == string(id) || len(name) >= 12 && strings.HasPrefix(id.Hex(), name))
}

// configDigest is the digest in a configuration's file name: HEX.json,
// sha256:HEX or blobs/sha256/HEX.
func configDigest(name string) boltseal.Digest {
	base := strings.TrimSuffix(name[strings.LastIndexByte(name, '/')+1:], ".json")
	base = strings.TrimPrefix(base, "sha256:")
	d, err := boltseal.ParseDigest("sha256:" + base)
	if err != nil {
		return ""
	}
	return d
}

// savedImage makes a subject of one image of the archive.
func (o *opener) savedImage(ctx context.Context, t *tarFiles, im saved, name string) (*Subject, error) {
	a, err := t.open(im.Config)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	config, err := o.readJSON(a, "configuration "+clip(im.Config, 100), o.Limits.JSONBytes)
	if err != nil {
		return nil, err
	}
	id := registry.Sum(config)
	if claimed := configDigest(im.Config); claimed != "" && claimed != id {
		return nil, fmt.Errorf("configuration: %w: it is called %s and is %s", registry.ErrDigest, claimed, id)
	}
	parsed, err := parseConfig(config)
	if err != nil {
		return nil, err
	}
	if len(parsed.diffIDs) != len(im.Layers) {
		return nil, fmt.Errorf("%s lists %d layers and the configuration %d", dockerList, len(im.Layers), len(parsed.diffIDs))
	}
	if len(im.Layers) > maxLayers {
		return nil, errManyLayers
	}
	if tag := im.tag(); tag != "" {
		name = tag
	}
	s := &Subject{
		Artifact: boltseal.Artifact{Kind: boltseal.KindImage, Name: name, ImageID: id, Size: a.size},
		Config:   config,
	}
	for i, file := range im.Layers {
		blob, err := savedLayer(t, file)
		if err != nil {
			return nil, err
		}
		blob.DiffID = parsed.diffIDs[i]
		s.Artifact.Size += blob.Size
		s.Blobs = append(s.Blobs, blob)
	}
	annotations, err := o.twin(ctx, t, s)
	if err != nil {
		return nil, err
	}
	parsed.describe(s, annotations)
	return s, nil
}

// savedLayer is a layer by its name in the archive. In newer archives the
// name is the digest of the stored bytes.
func savedLayer(t *tarFiles, name string) (layer.Blob, error) {
	if name == "" {
		return layer.Blob{}, errLayerName
	}
	a, err := t.open(name)
	if err != nil {
		return layer.Blob{}, fmt.Errorf("layer: %w", err)
	}
	blob := layer.Blob{Layer: boltseal.Layer{Size: a.size}}
	if rest, ok := strings.CutPrefix(cleanName(name), "blobs/"); ok {
		if d, err := boltseal.ParseDigest(strings.Replace(rest, "/", ":", 1)); err == nil {
			blob.Digest = d
		}
	}
	return blob, seekable(&blob, a)
}

// twin looks for the manifest of s in an archive that is an OCI layout too,
// takes the digests and types it gives, and returns its annotations.
func (o *opener) twin(ctx context.Context, t *tarFiles, s *Subject) (map[string]string, error) {
	if !t.has(ocispec.ImageIndexFile) {
		return nil, nil
	}
	ix, err := o.layoutIndex(t)
	if err != nil {
		return nil, err
	}
	c := blobs{files: t, o: o, dir: ocispec.ImageBlobsDir}
	w := &walk{o: o, c: c, seen: map[string]bool{}}
	if err := w.walk(ctx, "", ix, 1); err != nil {
		return nil, err
	}
	for _, im := range w.out {
		data, err := c.manifest(ctx, im.Descriptor)
		if isMissing(err) {
			continue // another platform, which was not saved
		}
		if err != nil {
			return nil, err
		}
		doc, err := registry.Decode(im.MediaType, data)
		if err != nil {
			return nil, err
		}
		m := doc.Manifest
		if m == nil || string(m.Config.Digest) != string(s.Artifact.ImageID) || len(m.Layers) != len(s.Blobs) {
			continue
		}
		s.Artifact.Digest, s.Artifact.MediaType = boltseal.Digest(im.Digest), m.MediaType
		s.Artifact.Parent = im.parent
		s.Attachments = w.notes
		for i, l := range m.Layers {
			if boltseal.Digest(l.Digest) == s.Blobs[i].Digest {
				s.Blobs[i].MediaType = l.MediaType
			}
		}
		return m.Annotations, nil
	}
	return nil, nil
}
