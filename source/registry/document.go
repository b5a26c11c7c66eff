package registry

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"

	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/internal/strictjson"
)

// The media types of Docker's manifests; OCI's are in image-spec.
const (
	DockerIndex    = "application/vnd.docker.distribution.manifest.list.v2+json"
	DockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
)

// MaxManifest is the ceiling on a manifest's size whatever the limits say:
// twice what registries accept.
const MaxManifest = 8 << 20

// maxSize is more than any blob has, and so little that sizes can be added up.
const maxSize = 1 << 50

// maxValues is how many JSON values one document may hold. Without it, eight
// megabytes of empty objects decode to gigabytes.
const maxValues = 500_000

var (
	errManyValues = fmt.Errorf("more than %d values", maxValues)
	errNeither    = errors.New("neither an image manifest nor an index")
	errBoth       = errors.New("an index and an image manifest at once")
	errMediaType  = errors.New("media types contradict each other")
	errVersion    = errors.New("schema version is not 2")
	errSize       = errors.New("a size that no blob can have")
	errSchema1    = errors.New("image manifest version 2, schema 1: too old to be read; push the image again with a current tool")
)

// IsIndex tells whether the media type is that of an index.
func IsIndex(mediaType string) bool {
	return mediaType == ocispec.MediaTypeImageIndex || mediaType == DockerIndex
}

// IsManifest tells whether the media type is that of a manifest.
func IsManifest(mediaType string) bool {
	return mediaType == ocispec.MediaTypeImageManifest || mediaType == DockerManifest
}

// Document is a decoded manifest: one of the two fields is not nil.
type Document struct {
	Manifest *ocispec.Manifest
	Index    *ocispec.Index
}

// Decode reads an index or an image manifest. The media type is what the
// descriptor or the answer's header claims and may be empty. A document that
// two readers could take for two different things is an error (image
// specification, "Manifest", on "mediaType").
func Decode(mediaType string, data []byte) (*Document, error) {
	if len(data) > MaxManifest {
		return nil, fmt.Errorf("decode manifest: %w", manifestLimit(MaxManifest))
	}
	if err := CheckValues(data); err != nil {
		return nil, fmt.Errorf("decode manifest: %w", err)
	}
	var doc struct {
		specs.Versioned
		MediaType    string                `json:"mediaType"`
		ArtifactType string                `json:"artifactType"`
		Manifests    *[]ocispec.Descriptor `json:"manifests"`
		Layers       *[]ocispec.Descriptor `json:"layers"`
		Config       *ocispec.Descriptor   `json:"config"`
		Subject      *ocispec.Descriptor   `json:"subject"`
		Annotations  map[string]string     `json:"annotations"`
		FSLayers     []struct{}            `json:"fsLayers"`
	}
	if err := strictjson.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("decode manifest: %w", err)
	}
	index := doc.Manifests != nil
	manifest := doc.Layers != nil || doc.Config != nil
	claimed := doc.MediaType
	if claimed == "" && (IsIndex(mediaType) || IsManifest(mediaType)) {
		claimed = mediaType
	}
	if !index && !manifest && IsIndex(claimed) {
		doc.Manifests, index = &[]ocispec.Descriptor{}, true // Go writes an empty list as null
	}
	switch {
	case doc.SchemaVersion == 1, len(doc.FSLayers) > 0:
		return nil, fmt.Errorf("decode manifest: %w", errSchema1)
	case doc.SchemaVersion != 2:
		return nil, fmt.Errorf("decode manifest: %w", errVersion)
	case index && manifest:
		return nil, fmt.Errorf("decode manifest: %w", errBoth)
	case !index && doc.Config == nil:
		return nil, fmt.Errorf("decode manifest: %w", errNeither)
	case IsIndex(claimed) && !index, IsManifest(claimed) && index,
		(IsIndex(mediaType) || IsManifest(mediaType)) && doc.MediaType != "" && doc.MediaType != mediaType:
		return nil, fmt.Errorf("decode manifest: %w: %q, %q", errMediaType, printable(mediaType, 100), printable(doc.MediaType, 100))
	}
	out := &Document{}
	if index {
		out.Index = &ocispec.Index{Versioned: doc.Versioned, MediaType: claimed, ArtifactType: doc.ArtifactType,
			Manifests: *doc.Manifests, Subject: doc.Subject, Annotations: doc.Annotations}
		return out, checkDescriptors(slices.Concat(*doc.Manifests, subject(doc.Subject)))
	}
	m := &ocispec.Manifest{Versioned: doc.Versioned, MediaType: claimed, ArtifactType: doc.ArtifactType,
		Config: *doc.Config, Subject: doc.Subject, Annotations: doc.Annotations}
	if doc.Layers != nil {
		m.Layers = *doc.Layers
	}
	out.Manifest = m
	return out, checkDescriptors(slices.Concat(m.Layers, []ocispec.Descriptor{m.Config}, subject(m.Subject)))
}

func subject(d *ocispec.Descriptor) []ocispec.Descriptor {
	if d == nil {
		return nil
	}
	return []ocispec.Descriptor{*d}
}

func checkDescriptors(list []ocispec.Descriptor) error {
	for i := range list {
		if err := CheckDescriptor(list[i]); err != nil {
			return fmt.Errorf("decode manifest: %w", err)
		}
	}
	return nil
}

// CheckDescriptor returns an error unless the descriptor has a digest that
// we can verify and a size that can be.
func CheckDescriptor(d ocispec.Descriptor) error {
	if _, err := boltseal.ParseDigest(string(d.Digest)); err != nil {
		return err
	}
	if d.Size < 0 || d.Size > maxSize {
		return fmt.Errorf("blob %s: %w", d.Digest, errSize)
	}
	return nil
}

// CheckValues returns an error when a JSON document holds so many values
// that decoding it would take far more memory than the document itself.
func CheckValues(data []byte) error {
	n, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case !inString && (c == ',' || c == '[' || c == '{'):
			if n++; n > maxValues {
				return errManyValues
			}
		}
	}
	return nil
}

func manifestLimit(max int64) *limit.Error {
	return &limit.Error{What: "manifest", Max: max, Unit: "bytes", Flag: "--max-json-bytes"}
}

// Verify returns an error unless data is what the digest says.
func Verify(d boltseal.Digest, data []byte) error {
	h := hasher(d)
	h.Write(data)
	return match(d, h)
}

// Sum is the SHA-256 digest of data.
func Sum(data []byte) boltseal.Digest {
	sum := sha256.Sum256(data)
	return boltseal.Digest("sha256:" + hex.EncodeToString(sum[:]))
}

func hasher(d boltseal.Digest) hash.Hash {
	if d.Algorithm() == "sha512" {
		return sha512.New()
	}
	return sha256.New()
}

func match(d boltseal.Digest, h hash.Hash) error {
	if got := hex.EncodeToString(h.Sum(nil)); got != d.Hex() {
		return fmt.Errorf("%w: want %s, got %s:%s", ErrDigest, d, d.Algorithm(), got)
	}
	return nil
}
