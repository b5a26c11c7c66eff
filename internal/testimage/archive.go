package testimage

import (
	"archive/tar"
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/boltseal/boltseal"
)

// Descriptor names a blob (OCI image specification, "Content Descriptors").
type Descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      boltseal.Digest   `json:"digest"`
	Size        int64             `json:"size"`
	Platform    *platform         `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type platform struct {
	OS        string `json:"os"`
	Arch      string `json:"architecture"`
	Variant   string `json:"variant,omitempty"`
	OSVersion string `json:"os.version,omitempty"`
}

type manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Config        Descriptor        `json:"config"`
	Layers        []Descriptor      `json:"layers"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

type index struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Manifests     []Descriptor `json:"manifests"`
}

const indexType = "application/vnd.oci.image.index.v1+json"

func describe(mediaType string, data []byte) Descriptor {
	return Descriptor{MediaType: mediaType, Digest: Sum(data), Size: int64(len(data))}
}

// Layout is an OCI image layout.
type Layout struct {
	Blobs     map[boltseal.Digest][]byte
	Manifests []Descriptor // what index.json lists
}

// NewLayout makes a layout that holds the images, each under its tag.
func NewLayout(images ...*Image) *Layout {
	l := &Layout{Blobs: map[boltseal.Digest][]byte{}}
	for _, im := range images {
		l.list(l.store(im), im.Tag)
	}
	return l
}

// AddIndex adds an index of the images, one for each platform, and returns
// its digest.
func (l *Layout) AddIndex(tag string, images ...*Image) boltseal.Digest {
	ix := index{SchemaVersion: 2, MediaType: indexType}
	for _, im := range images {
		ix.Manifests = append(ix.Manifests, l.store(im))
	}
	data := marshal(ix)
	d := describe(indexType, data)
	l.Blobs[d.Digest] = data
	l.list(d, tag)
	return d.Digest
}

func (l *Layout) store(im *Image) Descriptor {
	for _, layer := range im.Layers {
		l.Blobs[layer.Digest] = layer.Stored
	}
	l.Blobs[im.ID()] = im.Config()
	d := describe(im.MediaType(), im.Manifest())
	d.Platform = &platform{OS: im.Platform.OS, Arch: im.Platform.Arch, Variant: im.Platform.Variant, OSVersion: im.Platform.OSVersion}
	d.Annotations = maps.Clone(im.Annotations)
	l.Blobs[d.Digest] = im.Manifest()
	return d
}

func (l *Layout) list(d Descriptor, tag string) {
	if tag != "" {
		if d.Annotations = maps.Clone(d.Annotations); d.Annotations == nil {
			d.Annotations = map[string]string{}
		}
		d.Annotations["org.opencontainers.image.ref.name"] = tag
	}
	l.Manifests = append(l.Manifests, d)
}

// Files are the layout's files by their slash paths.
func (l *Layout) Files() map[string][]byte {
	files := map[string][]byte{
		"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`),
		"index.json": marshal(index{SchemaVersion: 2, MediaType: indexType, Manifests: l.Manifests}),
	}
	for d, data := range l.Blobs {
		files["blobs/"+d.Algorithm()+"/"+d.Hex()] = data
	}
	return files
}

// Write writes the layout into the folder dir.
func (l *Layout) Write(tb TB, dir string) {
	tb.Helper()
	for name, data := range l.Files() {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			tb.Fatalf("testimage: %v", err)
		}
		if err := os.WriteFile(full, data, 0o644); err != nil {
			tb.Fatalf("testimage: %v", err)
		}
	}
}

// Archive is the layout as a tar.
func (l *Layout) Archive(tb TB) []byte {
	tb.Helper()
	return Tar(tb, fileEntries(l.Files())...)
}

// Style is one of the forms that docker archives come in.
type Style int

// The styles.
const (
	// Legacy is what Docker before version 25 saves: a folder for each layer,
	// and a symbolic link where an image repeats one.
	Legacy Style = iota
	// Modern is what Docker saves since: an OCI layout with manifest.json.
	Modern
	// Skopeo is what skopeo and podman save: DIGEST.tar, and symbolic links in
	// the folders of the legacy form.
	Skopeo
)

// DockerArchive is the images as "docker save" writes them, with
// uncompressed layers.
func DockerArchive(tb TB, style Style, images ...*Image) []byte {
	tb.Helper()
	type item struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	var items []item
	var entries []Entry
	seen := map[string]bool{}
	add := func(e Entry) {
		if !seen[e.Name] {
			entries = append(entries, e)
		}
		seen[e.Name] = true
	}
	layout := &Layout{Blobs: map[boltseal.Digest][]byte{}}
	for _, im := range images {
		im := im.uncompressed()
		it := item{Config: im.ID().Hex() + ".json"}
		if im.Tag != "" {
			it.RepoTags = []string{im.Tag}
		}
		first := map[boltseal.Digest]string{}
		for i, l := range im.Layers {
			id := Sum([]byte(im.ID() + l.DiffID + boltseal.Digest(rune('a'+i)))).Hex()
			name := id + "/layer.tar"
			switch style {
			case Modern:
				name = "blobs/sha256/" + l.DiffID.Hex()
			case Skopeo:
				name = l.DiffID.Hex() + ".tar"
				add(File(name, string(l.Raw)))
				add(File(id+"/VERSION", "1.0"))
				add(Symlink(id+"/layer.tar", "../"+name))
			default:
				add(Dir(id))
				add(File(id+"/VERSION", "1.0"))
				add(File(id+"/json", `{"id":"`+id+`"}`))
				if to, again := first[l.DiffID]; again {
					add(Symlink(name, "../"+to))
				} else {
					add(File(name, string(l.Raw)))
				}
			}
			first[l.DiffID] = cmp.Or(first[l.DiffID], name)
			it.Layers = append(it.Layers, name)
		}
		if style == Modern {
			it.Config = "blobs/sha256/" + im.ID().Hex()
			layout.list(layout.store(im), im.Tag)
		} else {
			add(File(it.Config, string(im.Config())))
		}
		items = append(items, it)
	}
	if style == Modern {
		entries = fileEntries(layout.Files())
	}
	return Tar(tb, append(entries, File("manifest.json", string(marshal(items))))...)
}

// uncompressed is the image with its layers stored as they are.
func (im *Image) uncompressed() *Image {
	c := *im
	c.Layers = slices.Clone(im.Layers)
	for i := range c.Layers {
		l := &c.Layers[i]
		l.Compression, l.Stored, l.Digest = "plain", l.Raw, l.DiffID
	}
	return &c
}

// fileEntries are the files in the order of their names, with the folders
// that hold them, as tar writers give them.
func fileEntries(files map[string][]byte) []Entry {
	var entries []Entry
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for i := range len(name) {
			if dir := name[:i]; name[i] == '/' && !seen[dir] {
				seen[dir] = true
				entries = append(entries, Dir(dir))
			}
		}
		entries = append(entries, Entry{
			Header: tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644}, Body: files[name],
		})
	}
	return entries
}
