package seal

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/source/registry"
)

// SignOptions are the optional parameters of [Signer.Image] and
// [Signer.Attest].
type SignOptions struct {
	// Annotations are signed with the image. Attestations carry none.
	Annotations map[string]string
	// Recursive also signs every image of an index.
	Recursive bool
	// Legacy also writes the tag that cosign 2 and podman read. LegacyOnly
	// writes nothing else.
	Legacy, LegacyOnly bool
	// Reference is the name to sign in the legacy form; empty means the
	// repository that is signed in.
	Reference string
}

// Placed is a signature or an attestation that was written to a registry.
type Placed struct {
	Form    Form            `json:"form"`
	Subject boltseal.Digest `json:"subject"`
	Where   string          `json:"where"` // "referrer sha256:…" or "tag sha256-….sig"
	Log     []LogEntry      `json:"log,omitempty"`
}

// Image signs the image that ref names and attaches the signature to it.
func (s *Signer) Image(ctx context.Context, client *registry.Client, ref registry.Ref, opts *SignOptions) ([]Placed, error) {
	if opts == nil {
		opts = &SignOptions{}
	}
	subjects, err := subjectsOf(ctx, client, ref, opts.Recursive)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", ref, err)
	}
	var out []Placed
	for _, subject := range subjects {
		placed, err := s.image(ctx, client, ref, subject, opts)
		out = append(out, placed...)
		if err != nil {
			return out, fmt.Errorf("sign %s: %w", ref.At(boltseal.Digest(subject.Digest)), err)
		}
	}
	return out, nil
}

func (s *Signer) image(ctx context.Context, client *registry.Client, ref registry.Ref, subject ocispec.Descriptor, opts *SignOptions) ([]Placed, error) {
	var out []Placed
	d := boltseal.Digest(subject.Digest)
	if !opts.LegacyOnly {
		payload, err := imageStatement(d, opts.Annotations).Encode()
		if err != nil {
			return nil, err
		}
		placed, err := s.refer(ctx, client, ref, subject, payload, PredicateSignature)
		if err != nil {
			return nil, err
		}
		out = append(out, placed)
	}
	if opts.Legacy || opts.LegacyOnly {
		placed, err := s.simple(ctx, client, ref, d, opts)
		if err != nil {
			return out, err
		}
		out = append(out, placed)
	}
	return out, nil
}

// refer signs a statement and attaches it as a referrer.
func (s *Signer) refer(ctx context.Context, client *registry.Client, ref registry.Ref, subject ocispec.Descriptor, payload []byte, predicateType string) (Placed, error) {
	pb, err := s.envelope(ctx, payload, false)
	if err != nil {
		return Placed{}, err
	}
	data, err := encodeBundle(pb)
	if err != nil {
		return Placed{}, err
	}
	d, err := attach(ctx, client, ref, subject, data, map[string]string{
		"dev.sigstore.bundle.content":       "dsse-envelope",
		"dev.sigstore.bundle.predicateType": predicateType,
		ocispec.AnnotationCreated:           s.opts.Now().UTC().Format(time.RFC3339),
	})
	if err != nil {
		return Placed{}, err
	}
	return Placed{Form: FormBundle, Subject: boltseal.Digest(subject.Digest), Where: "referrer " + string(d), Log: s.logged(pb)}, nil
}

// attach pushes a bundle as a referrer of the subject.
func attach(ctx context.Context, client *registry.Client, ref registry.Ref, subject ocispec.Descriptor, data []byte, annotations map[string]string) (boltseal.Digest, error) {
	layer, empty := registry.Describe(MediaTypeBundle, data), ocispec.DescriptorEmptyJSON
	if err := putBytes(ctx, client, ref, layer, data); err != nil {
		return "", err
	}
	if err := putBytes(ctx, client, ref, empty, empty.Data); err != nil {
		return "", err
	}
	empty.Data = nil
	subject = ocispec.Descriptor{MediaType: subject.MediaType, Digest: subject.Digest, Size: subject.Size}
	manifest, err := json.Marshal(ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest, ArtifactType: MediaTypeBundle,
		Config: empty, Layers: []ocispec.Descriptor{layer}, Subject: &subject, Annotations: annotations,
	})
	if err != nil {
		return "", err
	}
	ref.Tag, ref.Digest = "", registry.Sum(manifest)
	return client.PutManifest(ctx, ref, ocispec.MediaTypeImageManifest, manifest)
}

func putBytes(ctx context.Context, client *registry.Client, ref registry.Ref, desc ocispec.Descriptor, data []byte) error {
	return client.PutBlob(ctx, ref, desc, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil })
}

// simple signs a simple-signing payload and adds it to the .sig tag.
func (s *Signer) simple(ctx context.Context, client *registry.Client, ref registry.Ref, d boltseal.Digest, opts *SignOptions) (Placed, error) {
	p := &SimplePayload{Reference: opts.Reference, Digest: d}
	if p.Reference == "" {
		p.Reference = repositoryOf(ref)
	}
	for name, value := range opts.Annotations {
		if p.Optional == nil {
			p.Optional = map[string]any{}
		}
		p.Optional[name] = value
	}
	payload, err := p.Encode()
	if err != nil {
		return Placed{}, err
	}
	pb, err := s.blob(ctx, bytesContent(payload), true)
	if err != nil {
		return Placed{}, err
	}
	layer := registry.Describe(MediaTypeSimpleSigning, payload)
	if layer.Annotations, err = legacyAnnotations(pb); err != nil {
		return Placed{}, err
	}
	layer.Annotations[annotationSignature] = base64Of(pb.GetMessageSignature().GetSignature())
	return s.addLayer(ctx, client, ref, d, suffixSignature, FormSimple, layer, payload, pb)
}

// repositoryOf is the name that cosign signs: the host as docker spells it,
// and the repository.
func repositoryOf(ref registry.Ref) string {
	host := ref.Host
	if host == "docker.io" {
		host = "index.docker.io"
	}
	return host + "/" + ref.Repository
}

// Attest signs a statement with the given predicate about the image that ref
// names and attaches it.
func (s *Signer) Attest(ctx context.Context, client *registry.Client, ref registry.Ref, predicateType string, predicate json.RawMessage, opts *SignOptions) ([]Placed, error) {
	if opts == nil {
		opts = &SignOptions{}
	}
	subjects, err := subjectsOf(ctx, client, ref, opts.Recursive)
	if err != nil {
		return nil, fmt.Errorf("attest %s: %w", ref, err)
	}
	var out []Placed
	for _, subject := range subjects {
		placed, err := s.attest(ctx, client, ref, subject, predicateType, predicate, opts)
		out = append(out, placed...)
		if err != nil {
			return out, fmt.Errorf("attest %s: %w", ref.At(boltseal.Digest(subject.Digest)), err)
		}
	}
	return out, nil
}

func (s *Signer) attest(ctx context.Context, client *registry.Client, ref registry.Ref, subject ocispec.Descriptor, predicateType string, predicate json.RawMessage, opts *SignOptions) ([]Placed, error) {
	d := boltseal.Digest(subject.Digest)
	statement := &Statement{Type: StatementV1, PredicateType: predicateType, Predicate: predicate,
		Subject: []StatementSubject{{Name: repositoryOf(ref), Digest: map[string]string{d.Algorithm(): d.Hex()}}}}
	payload, err := statement.Encode()
	if err != nil {
		return nil, err
	}
	var out []Placed
	if !opts.LegacyOnly {
		placed, err := s.refer(ctx, client, ref, subject, payload, predicateType)
		if err != nil {
			return nil, err
		}
		out = append(out, placed)
	}
	if opts.Legacy || opts.LegacyOnly {
		placed, err := s.legacyAttestation(ctx, client, ref, d, statement)
		if err != nil {
			return out, err
		}
		out = append(out, placed)
	}
	return out, nil
}

// legacyAttestation signs a statement of version 0.1, which is what cosign 2
// reads, and adds it to the .att tag.
func (s *Signer) legacyAttestation(ctx context.Context, client *registry.Client, ref registry.Ref, d boltseal.Digest, statement *Statement) (Placed, error) {
	old := *statement
	old.Type = StatementV01
	payload, err := old.Encode()
	if err != nil {
		return Placed{}, err
	}
	pb, err := s.envelope(ctx, payload, true)
	if err != nil {
		return Placed{}, err
	}
	e := &Envelope{PayloadType: MediaTypeStatement, Payload: payload, Signatures: []EnvelopeSignature{{Sig: pb.GetDsseEnvelope().GetSignatures()[0].GetSig()}}}
	data, err := e.Encode()
	if err != nil {
		return Placed{}, err
	}
	layer := registry.Describe(MediaTypeEnvelope, data)
	if layer.Annotations, err = legacyAnnotations(pb); err != nil {
		return Placed{}, err
	}
	layer.Annotations[annotationSignature] = ""
	layer.Annotations["predicateType"] = statement.PredicateType
	return s.addLayer(ctx, client, ref, d, suffixAttestation, FormEnvelope, layer, data, pb)
}

var errLegacyLog = errors.New("cosign 2 reads entries of Rekor 1 only, and this log gave no promise; leave --legacy out, or use another log")

// legacyAnnotations writes what others attest of a signature as cosign 2 does.
func legacyAnnotations(pb *protobundle.Bundle) (map[string]string, error) {
	out := map[string]string{}
	m := pb.GetVerificationMaterial()
	if cert := m.GetCertificate(); cert != nil {
		out[annotationCertificate] = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.GetRawBytes()}))
	}
	for _, stamp := range m.GetTimestampVerificationData().GetRfc3161Timestamps() {
		doc, err := json.Marshal(map[string][]byte{"SignedRFC3161Timestamp": stamp.GetSignedTimestamp()})
		if err != nil {
			return nil, err
		}
		out[annotationTimestamp] = string(doc)
	}
	for _, entry := range m.GetTlogEntries() {
		promise := entry.GetInclusionPromise().GetSignedEntryTimestamp()
		if len(promise) == 0 {
			return nil, errLegacyLog
		}
		type payload struct {
			Body           []byte `json:"body"`
			IntegratedTime int64  `json:"integratedTime"`
			LogIndex       int64  `json:"logIndex"`
			LogID          string `json:"logID"`
		}
		doc, err := json.Marshal(struct {
			SignedEntryTimestamp []byte
			Payload              payload
		}{promise, payload{entry.GetCanonicalizedBody(), entry.GetIntegratedTime(), entry.GetLogIndex(), hex.EncodeToString(entry.GetLogId().GetKeyId())}})
		if err != nil {
			return nil, err
		}
		out[annotationLog] = string(doc)
	}
	return out, nil
}

// attempts is how often a layer is added to a tag that others write to at the
// same time.
const attempts = 5

var errRace = errors.New("another signer writes to the same tag all the time")

// addLayer adds one layer to the manifest at a tag of cosign 2. A tag has no
// lock: two writers at once can lose one of the layers, so it is looked at
// again afterwards.
func (s *Signer) addLayer(ctx context.Context, client *registry.Client, ref registry.Ref, d boltseal.Digest, suffix string, form Form, layer ocispec.Descriptor, data []byte, pb *protobundle.Bundle) (Placed, error) {
	at := ref.WithTag(CosignTag(d, suffix))
	if err := putBytes(ctx, client, at, layer, data); err != nil {
		return Placed{}, err
	}
	for range attempts {
		layers, err := layersAt(ctx, client, at)
		if err != nil {
			return Placed{}, err
		}
		if slices.ContainsFunc(layers, func(l ocispec.Descriptor) bool { return sameLayer(l, layer) }) {
			return Placed{Form: form, Subject: d, Where: "tag " + at.Tag, Log: s.logged(pb)}, nil
		}
		if err := putLayers(ctx, client, at, append(layers, layer)); err != nil {
			return Placed{}, err
		}
	}
	return Placed{}, fmt.Errorf("%s: %w", at, errRace)
}

func sameLayer(a, b ocispec.Descriptor) bool {
	return a.Digest == b.Digest && a.Annotations[annotationSignature] == b.Annotations[annotationSignature]
}

// layersAt lists the layers of the manifest at a tag; none when there is none.
func layersAt(ctx context.Context, client *registry.Client, at registry.Ref) ([]ocispec.Descriptor, error) {
	m, err := client.Manifest(ctx, at)
	if errors.Is(err, registry.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	doc, err := registry.Decode(m.MediaType, m.Data)
	if err != nil {
		return nil, err
	}
	if doc.Manifest == nil {
		return nil, fmt.Errorf("%s: %w", at, errNotManifest)
	}
	return doc.Manifest.Layers, nil
}

// putLayers writes a manifest with the layers and the configuration that
// tools for images expect beside them.
func putLayers(ctx context.Context, client *registry.Client, at registry.Ref, layers []ocispec.Descriptor) error {
	type history struct {
		Created string `json:"created"`
	}
	const never = "0001-01-01T00:00:00Z"
	config := struct {
		Architecture string    `json:"architecture"`
		Created      string    `json:"created"`
		History      []history `json:"history"`
		OS           string    `json:"os"`
		RootFS       struct {
			Type    string   `json:"type"`
			DiffIDs []string `json:"diff_ids"`
		} `json:"rootfs"`
		Config struct{} `json:"config"`
	}{Created: never}
	config.RootFS.Type = "layers"
	for _, layer := range layers {
		config.History = append(config.History, history{never})
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, string(layer.Digest))
	}
	data, err := json.Marshal(config)
	if err != nil {
		return err
	}
	desc := registry.Describe(ocispec.MediaTypeImageConfig, data)
	if err := putBytes(ctx, client, at, desc, data); err != nil {
		return err
	}
	manifest, err := json.Marshal(ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest, Config: desc, Layers: layers,
	})
	if err != nil {
		return err
	}
	_, err = client.PutManifest(ctx, at, ocispec.MediaTypeImageManifest, manifest)
	return err
}

func base64Of(data []byte) string { return strict().EncodeToString(data) }

// logged lists the log entries that a new signature got.
func (s *Signer) logged(pb *protobundle.Bundle) []LogEntry {
	var out []LogEntry
	for i, entry := range pb.GetVerificationMaterial().GetTlogEntries() {
		e := LogEntry{Index: entry.GetLogIndex(), Proof: "inclusion"}
		if i < len(s.opts.Services.Rekor) {
			e.Log = s.opts.Services.Rekor[i].URL
		}
		out = append(out, e)
	}
	return out
}

// subjectsOf is what ref names, and with recursive all that an index lists.
func subjectsOf(ctx context.Context, client *registry.Client, ref registry.Ref, recursive bool) ([]ocispec.Descriptor, error) {
	m, err := client.Manifest(ctx, ref)
	if err != nil {
		return nil, err
	}
	if ref.Digest != "" && m.Digest != ref.Digest {
		return nil, fmt.Errorf("%w: asked for %s, got %s", registry.ErrDigest, ref.Digest, m.Digest)
	}
	doc, err := registry.Decode(m.MediaType, m.Data)
	if err != nil {
		return nil, err
	}
	top := ocispec.Descriptor{MediaType: m.MediaType, Digest: registry.Wire(m.Digest), Size: int64(len(m.Data))}
	out := []ocispec.Descriptor{top}
	if !recursive || doc.Index == nil {
		return out, nil
	}
	seen := map[string]bool{string(top.Digest): true}
	for _, child := range doc.Index.Manifests {
		// BuildKit's statements are listed as if they were images.
		if seen[string(child.Digest)] || child.Annotations[annotationReferenceType] != "" {
			continue
		}
		seen[string(child.Digest)] = true
		if registry.IsIndex(child.MediaType) {
			return nil, fmt.Errorf("index %s lies in an index: sign it by its own name", child.Digest)
		}
		out = append(out, child)
	}
	return out, nil
}

// ForPlatform is the image for the platform in the index that ref names. An
// image that is no index stands for itself.
func ForPlatform(ctx context.Context, client *registry.Client, ref registry.Ref, platform boltseal.Platform) (registry.Ref, error) {
	m, err := client.Manifest(ctx, ref)
	if err != nil {
		return ref, err
	}
	doc, err := registry.Decode(m.MediaType, m.Data)
	if err != nil {
		return ref, err
	}
	if doc.Index == nil {
		return ref.At(m.Digest), nil
	}
	var there []string
	for _, child := range doc.Index.Manifests {
		p := child.Platform
		if p == nil || child.Annotations[annotationReferenceType] != "" {
			continue
		}
		got := boltseal.Platform{OS: p.OS, Arch: p.Architecture, Variant: p.Variant}
		if got.OS == platform.OS && got.Arch == platform.Arch && (platform.Variant == "" || got.Variant == platform.Variant) {
			return ref.At(boltseal.Digest(child.Digest)), nil
		}
		there = append(there, got.String())
	}
	return ref, fmt.Errorf("%s: no image for %s in the index; there are %s", ref, platform, strings.Join(there, ", "))
}
