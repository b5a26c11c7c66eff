package seal

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/strictjson"
)

// What cosign 2 writes around a signature, as annotations of its layer.
const (
	annotationSignature   = "dev.cosignproject.cosign/signature"
	annotationCertificate = "dev.sigstore.cosign/certificate"
	annotationLog         = "dev.sigstore.cosign/bundle"
	annotationTimestamp   = "dev.sigstore.cosign/rfc3161timestamp"
)

// simpleType is the type of payload that cosign signs.
const simpleType = "cosign container image signature"

// legacyBundle is the bundle version whose promises cosign 2 keeps: log
// entries with a signed promise and without a proof.
const legacyBundle = "application/vnd.dev.sigstore.bundle+json;version=0.1"

// SimplePayload is what cosign 2 signs: which image, and under what name.
type SimplePayload struct {
	Reference string // the name it was signed under
	Digest    boltseal.Digest
	Optional  map[string]any // annotations
}

var errSimpleType = errors.New("it is no signature of an image")

// ParseSimplePayload reads a simple-signing payload.
func ParseSimplePayload(data []byte) (*SimplePayload, error) {
	p, err := parseSimple(data)
	if err != nil {
		return nil, fmt.Errorf("read simple-signing payload: %w", err)
	}
	return p, nil
}

func parseSimple(data []byte) (*SimplePayload, error) {
	if err := checkJSON(data, maxBundleValues); err != nil {
		return nil, err
	}
	var critical, optional, identity, image, kind, reference, digest json.RawMessage
	err := errors.Join(
		members(data, map[string]*json.RawMessage{"critical": &critical, "optional": &optional}),
		members(orObject(critical), map[string]*json.RawMessage{"identity": &identity, "image": &image, "type": &kind}),
		members(orObject(identity), map[string]*json.RawMessage{"docker-reference": &reference}),
		members(orObject(image), map[string]*json.RawMessage{"docker-manifest-digest": &digest}))
	if err != nil {
		return nil, err
	}
	p := &SimplePayload{}
	if p.Reference, err = text(reference); err != nil {
		return nil, fmt.Errorf("docker-reference: %w", err)
	}
	sum, err := text(digest)
	if err != nil {
		return nil, fmt.Errorf("docker-manifest-digest: %w", err)
	}
	if p.Digest, err = boltseal.ParseDigest(sum); err != nil {
		return nil, err
	}
	if t, err := text(kind); err != nil || t != simpleType {
		return nil, fmt.Errorf("%w: type %q", errSimpleType, clip(t, 80))
	}
	if len(optional) > 0 {
		if err := json.Unmarshal(optional, &p.Optional); err != nil {
			return nil, fmt.Errorf("optional: %w", err)
		}
	}
	return p, nil
}

func orObject(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("{}")
	}
	return raw
}

// Encode writes the payload as cosign does.
func (p *SimplePayload) Encode() ([]byte, error) {
	type identity struct {
		Reference string `json:"docker-reference"`
	}
	type image struct {
		Digest boltseal.Digest `json:"docker-manifest-digest"`
	}
	type critical struct {
		Identity identity `json:"identity"`
		Image    image    `json:"image"`
		Type     string   `json:"type"`
	}
	return json.Marshal(struct {
		Critical critical       `json:"critical"`
		Optional map[string]any `json:"optional"`
	}{critical{identity{p.Reference}, image{p.Digest}, simpleType}, p.Optional})
}

// Simple verifies a simple-signing payload with the annotations of its layer.
func (v *Verifier) Simple(payload []byte, annotations map[string]string, want Want) (*Verified, error) {
	st := &steps{form: FormSimple}
	if err := v.size(int64(len(payload))); err != nil {
		return nil, st.fail(StepFormat, err)
	}
	sig, err := decode64(annotations[annotationSignature])
	if err == nil && len(sig) == 0 {
		err = errNoSignatures
	}
	if err != nil {
		return nil, st.fail(StepFormat, fmt.Errorf("signature annotation: %w", err))
	}
	sum := sha256.Sum256(payload)
	s, err := legacySigned(FormSimple, annotations, &protobundle.Bundle{Content: &protobundle.Bundle_MessageSignature{
		MessageSignature: &protocommon.MessageSignature{
			MessageDigest: &protocommon.HashOutput{Algorithm: protocommon.HashAlgorithm_SHA2_256, Digest: sum[:]},
			Signature:     sig,
		},
	}})
	if err != nil {
		return nil, st.fail(StepFormat, err)
	}
	st.ok(StepFormat, "it is a simple-signing payload")
	out, refusal := v.signature(s, bytesContent(payload), st)
	if refusal != nil {
		return nil, refusal
	}
	p, err := ParseSimplePayload(payload)
	if err != nil {
		return nil, st.fail(StepFormat, err)
	}
	out.Payload = payload
	return simpleClaims(p, out, want, st)
}

// simpleClaims compares what was signed with what was asked for.
func simpleClaims(p *SimplePayload, out *Verified, want Want, st *steps) (*Verified, error) {
	if !want.AnyPredicate && len(want.PredicateTypes) > 0 {
		return nil, st.mismatch(StepPredicate, wantedPredicate(want), PredicateSignature, errors.New("it is a signature of an image and states nothing else"))
	}
	if p.Digest != want.Digest {
		return nil, st.mismatch(StepSubject, string(want.Digest), string(p.Digest), fmt.Errorf("it is about %s and not about %s", p.Digest, want.Digest))
	}
	st.okValue(StepSubject, string(want.Digest), string(p.Digest), "it is about %s", p.Digest)
	out.Subject, out.Reference, out.Annotations = p.Digest, p.Reference, stringsOf(p.Optional)
	if want.Reference != "" {
		if p.Reference != want.Reference {
			return nil, st.mismatch(StepReference, want.Reference, p.Reference, fmt.Errorf("it was signed under the name %q and not %q", clip(p.Reference, 200), want.Reference))
		}
		st.okValue(StepReference, want.Reference, p.Reference, "it was signed under the name %s", p.Reference)
	}
	if refusal := checkAnnotations(out.Annotations, want.Annotations, st); refusal != nil {
		return nil, refusal
	}
	out.Steps = st.list
	return out, nil
}

// Envelope verifies a DSSE envelope with the annotations of its layer, which
// may be nil.
func (v *Verifier) Envelope(data []byte, annotations map[string]string, want Want) (*Verified, error) {
	st := &steps{form: FormEnvelope}
	if err := v.size(int64(len(data))); err != nil {
		return nil, st.fail(StepFormat, err)
	}
	e, err := ParseEnvelope(data)
	if err != nil {
		return nil, st.fail(StepFormat, err)
	}
	// Of several signatures one has to count.
	var last error
	for _, one := range e.Signatures {
		st := &steps{form: FormEnvelope}
		s, err := legacySigned(FormEnvelope, annotations, &protobundle.Bundle{Content: &protobundle.Bundle_DsseEnvelope{
			DsseEnvelope: &protodsse.Envelope{PayloadType: e.PayloadType, Payload: e.Payload, Signatures: []*protodsse.Signature{{Keyid: one.KeyID, Sig: one.Sig}}},
		}})
		if err != nil {
			last = st.fail(StepFormat, err)
			continue
		}
		st.ok(StepFormat, "it is a DSSE envelope")
		out, err := v.statement(s, want, st)
		if err == nil {
			return out, nil
		}
		last = err
	}
	return nil, last
}

// legacySigned puts a signature of cosign 2 into the form of a bundle.
func legacySigned(form Form, annotations map[string]string, pb *protobundle.Bundle) (*signed, error) {
	pb.MediaType = legacyBundle
	pb.VerificationMaterial = &protobundle.VerificationMaterial{}
	if err := legacyMaterial(annotations[annotationCertificate], pb.VerificationMaterial); err != nil {
		return nil, fmt.Errorf("certificate annotation: %w", err)
	}
	if doc := annotations[annotationLog]; doc != "" {
		entry, err := legacyEntry([]byte(doc))
		if err != nil {
			return nil, fmt.Errorf("log annotation: %w", err)
		}
		pb.VerificationMaterial.TlogEntries = []*protorekor.TransparencyLogEntry{entry}
	}
	if doc := annotations[annotationTimestamp]; doc != "" {
		var raw json.RawMessage
		err := errors.Join(checkJSON([]byte(doc), maxBundleValues), members([]byte(doc), map[string]*json.RawMessage{"SignedRFC3161Timestamp": &raw}))
		if err != nil {
			return nil, fmt.Errorf("timestamp annotation: %w", err)
		}
		stamp, err := base64Text(raw)
		if err != nil {
			return nil, fmt.Errorf("timestamp annotation: %w", err)
		}
		pb.VerificationMaterial.TimestampVerificationData = &protobundle.TimestampVerificationData{
			Rfc3161Timestamps: []*protocommon.RFC3161SignedTimestamp{{SignedTimestamp: stamp}},
		}
	}
	if err := consistent(pb); err != nil {
		return nil, err
	}
	return newSigned(form, pb)
}

var errNotCertificate = errors.New("it is no certificate")

// legacyMaterial is the certificate, or else that a key was used. Anything
// but a certificate is refused: a bare key there must never stand in for an
// identity.
func legacyMaterial(pemText string, m *protobundle.VerificationMaterial) error {
	if pemText == "" {
		m.Content = &protobundle.VerificationMaterial_PublicKey{PublicKey: &protocommon.PublicKeyIdentifier{}}
		return nil
	}
	block, err := onePEM([]byte(pemText))
	if err != nil {
		return err
	}
	if block.Type != "CERTIFICATE" {
		return fmt.Errorf("%w: %q", errNotCertificate, clip(block.Type, 40))
	}
	if _, err := x509.ParseCertificate(block.Bytes); err != nil {
		return err
	}
	m.Content = &protobundle.VerificationMaterial_X509CertificateChain{X509CertificateChain: &protocommon.X509CertificateChain{
		Certificates: []*protocommon.X509Certificate{{RawBytes: block.Bytes}},
	}}
	return nil
}

// legacyEntry reads the log entry that cosign 2 calls a bundle.
func legacyEntry(doc []byte) (*protorekor.TransparencyLogEntry, error) {
	if err := checkJSON(doc, maxBundleValues); err != nil {
		return nil, err
	}
	var promise, payload, body, at, index, id json.RawMessage
	err := errors.Join(
		members(doc, map[string]*json.RawMessage{"SignedEntryTimestamp": &promise, "Payload": &payload}),
		members(orObject(payload), map[string]*json.RawMessage{"body": &body, "integratedTime": &at, "logIndex": &index, "logID": &id}))
	if err != nil {
		return nil, err
	}
	entry := &protorekor.TransparencyLogEntry{InclusionPromise: &protorekor.InclusionPromise{}, LogId: &protocommon.LogId{}}
	if entry.InclusionPromise.SignedEntryTimestamp, err = base64Text(promise); err != nil {
		return nil, err
	}
	if entry.CanonicalizedBody, err = base64Text(body); err != nil {
		return nil, err
	}
	logID, err := text(id)
	if err != nil {
		return nil, err
	}
	if entry.LogId.KeyId, err = hex.DecodeString(logID); err != nil || hex.EncodeToString(entry.LogId.KeyId) != logID {
		return nil, errors.New("logID is not lower-case hexadecimal")
	}
	if err := errors.Join(json.Unmarshal(orZero(at), &entry.IntegratedTime), json.Unmarshal(orZero(index), &entry.LogIndex)); err != nil {
		return nil, err
	}
	var kind struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := strictjson.Unmarshal(entry.CanonicalizedBody, &kind); err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	entry.KindVersion = &protorekor.KindVersion{Kind: kind.Kind, Version: kind.APIVersion}
	return entry, nil
}

func orZero(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("0")
	}
	return raw
}
