package source

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/boltfile"
	"github.com/boltseal/boltseal/source/registry"
)

var _ = add(Scheme{
	Name: "containerd", Usage: "containerd:[NAMESPACE/]NAME", Title: "an image in containerd's store on this machine",
	open: func(ctx context.Context, o *opener, where string) (*Subject, error) {
		return o.openContainerd(ctx, where)
	},
})

// Where containerd keeps what it pulled, below its root.
const (
	containerdMeta  = "io.containerd.metadata.v1.bolt/meta.db"
	containerdBlobs = "io.containerd.content.v1.content/blobs"
)

// containerdRoots lists where containerd's root may be: its own, those of
// Kubernetes distributions that bring their own containerd, a rootless one.
func (o *opener) containerdRoots() []string {
	if root := o.Getenv("CONTAINERD_ROOT"); root != "" {
		return []string{root}
	}
	roots := []string{
		"/var/lib/containerd", "/var/lib/rancher/k3s/agent/containerd", "/var/lib/rancher/rke2/agent/containerd",
		"/var/snap/microk8s/common/var/lib/containerd", "/var/lib/docker/containerd/daemon",
	}
	if dir := o.Getenv("XDG_DATA_HOME"); dir != "" {
		roots = append(roots, filepath.Join(dir, "containerd"))
	} else if home := o.Getenv("HOME"); home != "" {
		roots = append(roots, filepath.Join(home, ".local/share/containerd"))
	}
	return roots
}

// openContainerd reads containerd's own files instead of asking the daemon:
// its names are in a bolt database, its blobs lie as in an OCI layout. That
// takes no client library and no running daemon, but the rights to read them.
func (o *opener) openContainerd(ctx context.Context, name string) (*Subject, error) {
	var tried []string
	for _, root := range o.containerdRoots() {
		_, err := os.Stat(filepath.Join(root, containerdMeta))
		if errors.Is(err, fs.ErrNotExist) {
			tried = append(tried, root)
			continue
		}
		if errors.Is(err, fs.ErrPermission) {
			return nil, fmt.Errorf("containerd's store: %w (only root may read it; ctr images export FILE NAME makes an archive)", err)
		}
		if err != nil {
			return nil, err
		}
		return o.openStore(ctx, root, name)
	}
	return nil, fmt.Errorf("no containerd store on this machine: looked in %s (CONTAINERD_ROOT says where it is)", strings.Join(tried, ", "))
}

func (o *opener) openStore(ctx context.Context, root, name string) (*Subject, error) {
	images, err := readImages(filepath.Join(root, containerdMeta))
	if err != nil {
		return nil, fmt.Errorf("containerd's images: %w", err)
	}
	im, err := findImage(images, name, o.Getenv("CONTAINERD_NAMESPACE"))
	if err != nil {
		return nil, err
	}
	f, err := o.dirFiles(filepath.Join(root, containerdBlobs))
	if err != nil {
		return nil, err
	}
	s, err := o.descend(ctx, pulled{blobs{files: f, o: o}}, im.target, name)
	if isMissing(err) {
		return nil, fmt.Errorf("%w (containerd may be set to discard what it unpacked; registry:%s has it)", err, im.name)
	}
	return s, err
}

// pulled is the content of a store that holds what this machine pulled: of
// an index usually one platform.
type pulled struct{ blobs }

func (pulled) sparse() {}

// containerdImage is a name in containerd's store.
type containerdImage struct {
	namespace, name string
	target          ocispec.Descriptor
}

// attempts is how often a database is read that changes meanwhile.
const attempts = 5

var errChanging = errors.New("it is being written to all the time")

// readImages lists the images in the metadata database.
func readImages(name string) ([]containerdImage, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for range attempts {
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		db, err := boltfile.Open(f, info.Size())
		if err != nil {
			return nil, err
		}
		images, err := listImages(db)
		if db.Changed() {
			continue
		}
		return images, err
	}
	return nil, errChanging
}

// listImages reads v1/NAMESPACE/images/NAME/target/{digest,mediatype,size}.
func listImages(db *boltfile.DB) ([]containerdImage, error) {
	var out []containerdImage
	v1, ok, err := db.Root().Bucket("v1")
	if !ok || err != nil {
		return nil, err
	}
	for ns, err := range v1.All() {
		if err != nil {
			return nil, err
		}
		if !ns.IsBucket {
			continue
		}
		space, err := ns.Bucket()
		if err != nil {
			return nil, err
		}
		images, ok, err := space.Bucket("images")
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		for im, err := range images.All() {
			if err != nil {
				return nil, err
			}
			if !im.IsBucket {
				continue
			}
			target, err := readTarget(im)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", clip(string(im.Key), 200), err)
			}
			out = append(out, containerdImage{string(ns.Key), string(im.Key), target})
		}
	}
	return out, nil
}

var errNoTarget = errors.New("an image without a target")

func readTarget(im boltfile.Entry) (ocispec.Descriptor, error) {
	var d ocispec.Descriptor
	b, err := im.Bucket()
	if err != nil {
		return d, err
	}
	target, ok, err := b.Bucket("target")
	if err != nil || !ok {
		return d, errors.Join(errNoTarget, err)
	}
	for e, err := range target.All() {
		if err != nil {
			return d, err
		}
		switch string(e.Key) {
		case "digest":
			d.Digest = registry.Wire(boltseal.Digest(e.Value))
		case "mediatype":
			d.MediaType = string(e.Value)
		case "size":
			d.Size, _ = binary.Varint(e.Value)
		}
	}
	return d, registry.CheckDescriptor(d)
}

// findImage finds a name as users write it, in the namespace that is named
// before it or in the environment, or else in the only one that has it.
func findImage(images []containerdImage, name, namespace string) (containerdImage, error) {
	match := func(namespace, name string) []containerdImage {
		return slices.DeleteFunc(slices.Clone(images), func(im containerdImage) bool {
			return namespace != "" && im.namespace != namespace || im.name != name && !sameImage(im.name, name)
		})
	}
	found := match(namespace, name)
	if prefix, rest, ok := strings.Cut(name, "/"); ok && len(found) == 0 &&
		slices.ContainsFunc(images, func(im containerdImage) bool { return im.namespace == prefix }) {
		found = match(prefix, rest)
	}
	var choices []string
	for _, im := range found {
		if im.target.Digest != found[0].target.Digest {
			choices = append(choices, "containerd:"+im.namespace+"/"+im.name)
		}
	}
	switch {
	case len(found) == 0:
		return containerdImage{}, fmt.Errorf("no image %s in containerd's store: it has %s", name, names(images))
	case len(choices) > 0:
		choices = append([]string{"containerd:" + found[0].namespace + "/" + found[0].name}, choices...)
		return containerdImage{}, &AmbiguousError{choices}
	}
	return found[0], nil
}

func names(images []containerdImage) string {
	if len(images) == 0 {
		return "none"
	}
	var out []string
	for _, im := range images[:min(len(images), 10)] {
		out = append(out, clip(im.namespace+"/"+im.name, 200))
	}
	if more := len(images) - len(out); more > 0 {
		out = append(out, fmt.Sprintf("%d more", more))
	}
	return strings.Join(out, ", ")
}
