package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/source/registry"
)

var _ = add(Scheme{
	Name: "oci", Aliases: []string{"oci-dir", "oci-layout"},
	Usage: "oci:DIR[:TAG|@DIGEST|#N]", Title: "an OCI image layout in a directory",
	open: func(ctx context.Context, o *opener, where string) (*Subject, error) {
		dir, sel, err := splitSelector(where)
		if err != nil {
			return nil, err
		}
		return o.openLayoutDir(ctx, dir, sel)
	},
})

var _ = add(Scheme{
	Name: "oci-archive", Usage: "oci-archive:FILE[:TAG|@DIGEST|#N]", Title: "an OCI image layout in a tar, compressed or not",
	open: func(ctx context.Context, o *opener, where string) (*Subject, error) {
		return o.openArchiveAt(ctx, where, ociOnly)
	},
})

// refName is the annotation that holds an image's tag in a layout's index;
// containerd writes the full name under its own.
const (
	refName        = ocispec.AnnotationRefName
	containerdName = "io.containerd.image.name"
)

func isLayout(dir string) bool {
	for _, name := range []string{ocispec.ImageLayoutFile, ocispec.ImageIndexFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}

func (o *opener) openLayoutDir(ctx context.Context, dir string, sel selector) (*Subject, error) {
	f, err := o.dirFiles(dir)
	if err != nil {
		return nil, err
	}
	s, err := o.openLayout(ctx, f, dir, "oci:"+dir, sel)
	if err != nil {
		return nil, err
	}
	f.stamp(s, dir)
	return s, nil
}

// stamp notes the state of the blobs with random access, the only ones whose
// bytes are not all verified in reading.
func (d dirFiles) stamp(s *Subject, dir string) {
	for _, im := range append([]*Subject{s}, s.Children...) {
		var parts []string
		for _, b := range im.Blobs {
			if b.At == nil {
				continue
			}
			name := filepath.Join("blobs", b.Digest.Algorithm(), b.Digest.Hex())
			info, err := d.root.Stat(name)
			if err != nil {
				return
			}
			parts = append(parts, stampOf(filepath.Join(absolute(dir), name), info))
		}
		im.Stamp = strings.Join(parts, "\n")
	}
}

func absolute(name string) string {
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return name
}

var errLayoutVersion = errors.New("an image layout of an unknown version")

// openLayout opens an image of the layout in f. Name is what to call an image
// without a name; target is what to put before a selector.
func (o *opener) openLayout(ctx context.Context, f files, name, target string, sel selector) (*Subject, error) {
	ix, err := o.layoutIndex(f)
	if err != nil {
		return nil, err
	}
	list, err := selectImage(ix.Manifests, target, sel)
	if err != nil {
		return nil, err
	}
	c := blobs{files: f, o: o, dir: ocispec.ImageBlobsDir}
	if len(list) == 1 {
		if tag := imageName(list[0]); strings.ContainsAny(tag, "/:") {
			name = tag
		} else if tag != "" {
			name += ":" + tag
		}
		return o.descend(ctx, c, list[0], name)
	}
	// Several platforms, each listed on its own: the layout is the index.
	ix.Manifests = list
	return o.index(ctx, c, ocispec.Descriptor{}, ix, name)
}

func (o *opener) layoutIndex(f files) (*ocispec.Index, error) {
	if a, err := f.open(ocispec.ImageLayoutFile); err == nil {
		data, err := o.readJSON(a, ocispec.ImageLayoutFile, registry.MaxManifest)
		if err != nil {
			return nil, err
		}
		if !strings.Contains(string(data), `"1.`) {
			return nil, errLayoutVersion
		}
	}
	a, err := f.open(ocispec.ImageIndexFile)
	if err != nil {
		return nil, err
	}
	data, err := o.readJSON(a, ocispec.ImageIndexFile, registry.MaxManifest)
	if err != nil {
		return nil, err
	}
	doc, err := registry.Decode(ocispec.MediaTypeImageIndex, data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ocispec.ImageIndexFile, err)
	}
	return doc.Index, nil // Decode has seen to it that it is one
}

// imageName is the name of an image in a layout's list, "" if it has none
// that an image can have.
func imageName(d ocispec.Descriptor) string {
	for _, key := range []string{containerdName, refName} {
		if name := d.Annotations[key]; isName(name) {
			return name
		}
	}
	return ""
}

// isName tells whether s is made of what the names of images are made of.
// Other names are not repeated: they would go to a terminal.
func isName(s string) bool {
	return s != "" && len(s) <= 512 && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-/:@", r))
	}) < 0
}

// selectImage picks what the selector says out of a layout's list. Without
// one there must be no choice: one image, or the same for several platforms.
func selectImage(list []ocispec.Descriptor, target string, sel selector) ([]ocispec.Descriptor, error) {
	switch {
	case len(list) == 0:
		return nil, errNoImages
	case sel.ordinal:
		if sel.index >= len(list) {
			return nil, &AmbiguousError{choices(list, target)}
		}
		return list[sel.index : sel.index+1], nil
	case sel.name != "":
		return named(list, target, sel.name)
	case sel.all, len(list) == 1:
		return list, nil
	}
	var images []ocispec.Descriptor
	platforms := map[string]bool{}
	for _, d := range list {
		if isAttestation(d) {
			continue
		}
		images = append(images, d)
		if p := fromWire(d.Platform); p != nil {
			platforms[p.String()+p.OSVersion] = true
		}
		if imageName(d) != imageName(images[0]) {
			return nil, &AmbiguousError{choices(list, target)}
		}
	}
	switch {
	case len(images) == 1:
		return images, nil
	case len(images) == 0, len(platforms) != len(images):
		return nil, &AmbiguousError{choices(list, target)}
	}
	return list, nil
}

// named lists the images with a name. A name may be a tag, a whole reference
// or a digest.
func named(list []ocispec.Descriptor, target, name string) ([]ocispec.Descriptor, error) {
	var out []ocispec.Descriptor
	for _, d := range list {
		if string(d.Digest) == name || d.Annotations[refName] == name || sameImage(imageName(d), name) {
			out = append(out, d)
		}
	}
	if len(out) == 0 {
		if d, err := boltseal.ParseDigest(name); err == nil {
			return nil, fmt.Errorf("no image with digest %s; %w", d, &AmbiguousError{choices(list, target)})
		}
		return nil, fmt.Errorf("no image %s; %w", clip(name, 100), &AmbiguousError{choices(list, target)})
	}
	return out, nil
}

// sameImage tells whether two references name the same image once all that
// they leave out is filled in.
func sameImage(a, b string) bool {
	if a == b {
		return a != ""
	}
	x, err := registry.ParseRef(a)
	if err != nil {
		return false
	}
	y, err := registry.ParseRef(b)
	return err == nil && x == y
}

func choices(list []ocispec.Descriptor, target string) []string {
	var out []string
	for i, d := range list {
		if name := imageName(d); name != "" {
			out = append(out, target+":"+name)
		} else {
			out = append(out, fmt.Sprintf("%s#%d", target, i))
		}
	}
	return out
}
