package boltseal

import (
	"strings"
	"time"
)

// Kind says what sort of thing an [Artifact] is.
type Kind string

// The kinds of artifact.
const (
	KindImage      Kind = "image"      // one platform's container image
	KindIndex      Kind = "index"      // several platforms under one name
	KindDirectory  Kind = "directory"  // a project's files
	KindRootFS     Kind = "rootfs"     // an unpacked root file system
	KindFile       Kind = "file"       // a single file
	KindSBOM       Kind = "sbom"       // a bill of materials instead of the thing itself
	KindDockerfile Kind = "dockerfile" // instructions that make an image
	KindManifest   Kind = "manifest"   // Kubernetes objects
	KindWorkload   Kind = "workload"   // something that runs
	KindCluster    Kind = "cluster"    // a Kubernetes cluster
)

// Artifact is a thing that boltseal can seal. Digest is its identity; Name is
// only what the user called it and may move.
type Artifact struct {
	Kind      Kind              `json:"kind"`
	Name      string            `json:"name"`
	Digest    Digest            `json:"digest,omitempty"`    // of the manifest or index, or of the file
	ImageID   Digest            `json:"imageId,omitempty"`   // of the image's configuration
	MediaType string            `json:"mediaType,omitempty"` // as the manifest gives it
	Platform  *Platform         `json:"platform,omitempty"`
	Parent    Digest            `json:"parent,omitempty"` // of the index that names this image
	Created   time.Time         `json:"created,omitzero"`
	Size      int64             `json:"size,omitempty"` // bytes as stored, compressed
	Distro    *Distro           `json:"distro,omitempty"`
	Layers    []Layer           `json:"layers,omitempty"` // lowest first
	Labels    map[string]string `json:"labels,omitempty"` // of the image's configuration
	Base      *Base             `json:"base,omitempty"`
}

// Layer is one step of an image's file system.
type Layer struct {
	Digest    Digest `json:"digest,omitempty"` // of the bytes as stored
	DiffID    Digest `json:"diffId,omitempty"` // of the uncompressed tar
	MediaType string `json:"mediaType,omitempty"`
	Size      int64  `json:"size,omitempty"`      // bytes as stored
	CreatedBy string `json:"createdBy,omitempty"` // the history line that made it
	FromBase  bool   `json:"fromBase,omitempty"`  // it came with the base image
}

// Base is what is known of the image that this one was built on.
type Base struct {
	Name   string `json:"name,omitempty"`
	Digest Digest `json:"digest,omitempty"`
	Layers int    `json:"layers,omitempty"` // how many of the lowest layers are its
	How    string `json:"how,omitempty"`    // the evidence: "label", "history", …
}

// Platform is where an image can run (OCI image index, "platform").
type Platform struct {
	OS        string `json:"os"`
	Arch      string `json:"arch"`
	Variant   string `json:"variant,omitempty"`
	OSVersion string `json:"osVersion,omitempty"`
}

// String is the platform as users write it: os/arch[/variant].
func (p Platform) String() string {
	s := p.OS + "/" + p.Arch
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// ParsePlatform reads os/arch[/variant]. The empty string and shapes with
// another number of parts give false.
func ParsePlatform(s string) (Platform, bool) {
	parts := strings.Split(s, "/")
	if len(parts) < 2 || len(parts) > 3 || parts[0] == "" || parts[1] == "" {
		return Platform{}, false
	}
	p := Platform{OS: parts[0], Arch: parts[1]}
	if len(parts) == 3 {
		p.Variant = parts[2]
	}
	return p, true
}

// Distro is the operating system distribution of a root file system, as
// os-release(5) or its forerunners give it.
type Distro struct {
	ID         string   `json:"id"`                // "debian", "alpine", "rhel"
	Version    string   `json:"version,omitempty"` // VERSION_ID: "12", "3.20.3", "9.4"
	Name       string   `json:"name,omitempty"`    // PRETTY_NAME
	Codename   string   `json:"codename,omitempty"`
	Like       []string `json:"like,omitempty"` // ID_LIKE
	CPE        string   `json:"cpe,omitempty"`
	Repository []string `json:"repository,omitempty"` // content sets or repositories the image was built from
}

// String is the distribution as a purl's distro qualifier writes it.
func (d Distro) String() string {
	if d.Version == "" {
		return d.ID
	}
	return d.ID + "-" + d.Version
}
