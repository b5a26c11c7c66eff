// Package testimage makes container images in memory from a text that a
// person can read, for tests. Start from [Parse]; an [Image] then gives its
// layers' bytes and digests, and [Layout] and [DockerArchive] pack images as
// the files that users have.
//
// The text is a txtar archive. Markers in capital letters open a part of the
// image, all other markers are entries of the layer that is open:
//
//	-- CONFIG --                          JSON, laid over the image configuration
//	{"config": {"Env": ["A=b"]}}
//	-- LAYER gzip: RUN apt-get install -- a layer, its compression and its history line
//	-- EMPTY: ENV A=b --                  a history line without a layer
//	-- etc/os-release --                  a regular file
//	ID=debian
//	-- var/empty/ --                      a directory
//	-- lib -> usr/lib --                  a symbolic link
//	-- usr/bin/perl5 => usr/bin/perl --   a hard link
//	-- app/.wh.old --                     a whiteout (any file of that name)
//	-- app/.wh..wh..opq --                an opaque whiteout
//	-- dev/null (char 1:3) --             devices: char and block
//	-- run/pipe (fifo) --                 a named pipe
//	-- usr/bin/su (mode 4755, uid 0) --   attributes, separated by commas
//
// Attributes: "mode OCTAL", "uid N", "gid N", "mtime SECONDS", "noeol" (drop
// the last newline), "base64" (the body is base64), "zeros N" and "random N"
// (append that many bytes), "pax" and "gnu" (the header's format). A name in
// double quotes is a Go string: "caf\xe9". Compressions: plain, gzip (the
// default), zstd, "gzip-members" (one member for each MiB, as estargz has),
// "zstd-frames" (frames between skippable frames, as zstd:chunked has).
// No layer marker at all means one gzip layer.
//
// The package is for tests only; nothing that ships imports it.
package testimage

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/boltseal/boltseal"
)

// Image is one platform's image.
type Image struct {
	Tag         string            // "example.test/app:1", may be empty
	Platform    boltseal.Platform // linux/amd64 unless changed
	Created     time.Time         // of the image and of every history line
	Layers      []Layer
	History     []History
	Annotations map[string]string // of its descriptor in an index
	Overlay     map[string]any    // laid over the configuration, see CONFIG

	// Docker makes media types those of Docker's image manifest, version 2,
	// schema 2, instead of OCI's.
	Docker bool
}

// Layer is one layer: its tar, and the same as it is stored.
type Layer struct {
	Compression string
	Raw         []byte // the tar
	Stored      []byte
	DiffID      boltseal.Digest // of Raw
	Digest      boltseal.Digest // of Stored
}

// History is one line of the image's history.
type History struct {
	CreatedBy string
	Empty     bool // it made no layer
}

// TB is what this package needs of a testing.TB.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Parse makes an image from its description.
func Parse(tb TB, text string) *Image {
	tb.Helper()
	im := &Image{
		Tag:      "example.test/app:1",
		Platform: boltseal.Platform{OS: "linux", Arch: "amd64"},
		Created:  time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC),
	}
	var entries []Entry
	open, compression := false, "gzip"
	flush := func() {
		if open {
			im.Layers = append(im.Layers, NewLayer(tb, compression, Tar(tb, entries...)))
		}
		entries, open, compression = nil, false, "gzip"
	}
	for _, f := range txtar.Parse([]byte(text)).Files {
		word, rest, _ := strings.Cut(f.Name, ":")
		word, kind, _ := strings.Cut(word, " ")
		created := strings.TrimSpace(rest)
		switch word {
		case "CONFIG":
			if err := json.Unmarshal(f.Data, &im.Overlay); err != nil {
				tb.Fatalf("testimage: CONFIG: %v", err)
			}
		case "EMPTY":
			flush()
			im.History = append(im.History, History{CreatedBy: created, Empty: true})
		case "LAYER":
			flush()
			open = true
			if kind = strings.TrimSpace(kind); kind != "" {
				compression = kind
			}
			im.History = append(im.History, History{CreatedBy: created})
		default:
			if !open {
				open = true
				im.History = append(im.History, History{})
			}
			e, err := parseEntry(f.Name, f.Data)
			if err != nil {
				tb.Fatalf("testimage: %v", err)
			}
			entries = append(entries, e)
		}
	}
	flush()
	return im
}

// New makes an image of ready layers, each with a history line "layer N".
func New(layers ...Layer) *Image {
	im := &Image{
		Tag:      "example.test/app:1",
		Platform: boltseal.Platform{OS: "linux", Arch: "amd64"},
		Created:  time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC),
		Layers:   layers,
	}
	for i := range layers {
		im.History = append(im.History, History{CreatedBy: fmt.Sprintf("layer %d", i)})
	}
	return im
}

// Config is the image's configuration as JSON.
func (im *Image) Config() []byte {
	diffs := []boltseal.Digest{}
	for _, l := range im.Layers {
		diffs = append(diffs, l.DiffID)
	}
	history := []map[string]any{}
	for _, h := range im.History {
		line := map[string]any{"created": im.Created}
		if h.CreatedBy != "" {
			line["created_by"] = h.CreatedBy
		}
		if h.Empty {
			line["empty_layer"] = true
		}
		history = append(history, line)
	}
	config := map[string]any{
		"created":      im.Created,
		"os":           im.Platform.OS,
		"architecture": im.Platform.Arch,
		"config":       map[string]any{},
		"rootfs":       map[string]any{"type": "layers", "diff_ids": diffs},
		"history":      history,
	}
	if im.Platform.Variant != "" {
		config["variant"] = im.Platform.Variant
	}
	if im.Platform.OSVersion != "" {
		config["os.version"] = im.Platform.OSVersion
	}
	maps.Copy(config, im.Overlay)
	return marshal(config)
}

// Manifest is the image's manifest as JSON.
func (im *Image) Manifest() []byte {
	m := manifest{
		SchemaVersion: 2,
		MediaType:     im.MediaType(),
		Config:        describe("application/vnd.oci.image.config.v1+json", im.Config()),
		Layers:        []Descriptor{},
		Annotations:   nil,
	}
	if im.Docker {
		m.Config.MediaType = "application/vnd.docker.container.image.v1+json"
	}
	for _, l := range im.Layers {
		m.Layers = append(m.Layers, Descriptor{
			MediaType: l.MediaType(im.Docker), Digest: l.Digest, Size: int64(len(l.Stored)),
		})
	}
	return marshal(m)
}

// MediaType is the media type of the image's manifest.
func (im *Image) MediaType() string {
	if im.Docker {
		return "application/vnd.docker.distribution.manifest.v2+json"
	}
	return "application/vnd.oci.image.manifest.v1+json"
}

// Digest is the digest of the manifest.
func (im *Image) Digest() boltseal.Digest { return Sum(im.Manifest()) }

// ID is the digest of the configuration.
func (im *Image) ID() boltseal.Digest { return Sum(im.Config()) }

// Sum is the SHA-256 digest of data.
func Sum(data []byte) boltseal.Digest {
	sum := sha256.Sum256(data)
	return boltseal.Digest("sha256:" + hex.EncodeToString(sum[:]))
}

func marshal(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps, strings and numbers only
	}
	return data
}
