package seal

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	_ "github.com/notaryproject/notation-core-go/signature/cose" // registers the form
	_ "github.com/notaryproject/notation-core-go/signature/jws"  // registers the form
	notaryx509 "github.com/notaryproject/notation-core-go/x509"
	"github.com/notaryproject/tspclient-go"
	"github.com/veraison/go-cose"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/strictjson"
)

// The media types of the Notary project's envelopes and of what they sign
// (notaryproject specifications, "Signature Specification").
const (
	mediaTypeJWS           = "application/jose+json"
	mediaTypeCOSE          = "application/cose"
	mediaTypeNotaryPayload = "application/vnd.cncf.notary.payload.v1+json"
)

var (
	errNeedsNotary   = errors.New("a signature of the Notary project, and no root was given to check it with (--certificate-chain)")
	errNotaryForm    = errors.New("neither a JWS nor a COSE envelope")
	errNotaryPayload = errors.New("its payload is not of the Notary project's type")
	errNotaryPlugin  = errors.New("it asks to be verified by a plugin")
	errNotaryNoStamp = errors.New("timestamp authorities are named, and no timestamp comes with it")
	errNoReference   = errors.New("such a signature signs no name, so the name cannot be checked; sign with --legacy for that")
)

// Notation verifies a signature of the Notary project, in an envelope of the
// given media type. Nothing is asked of anyone: certificates count as revoked
// where [NotaryTrust] says so.
func (v *Verifier) Notation(data []byte, mediaType string, want Want) (*Verified, error) {
	st := &steps{form: FormNotation}
	if err := v.size(int64(len(data))); err != nil {
		return nil, st.fail(StepFormat, err)
	}
	if len(v.opts.Notary) == 0 {
		return nil, st.fail(StepCertificate, errNeedsNotary)
	}
	content, refusal := readNotation(data, mediaType, st)
	if refusal != nil {
		return nil, refusal
	}
	out := &Verified{Form: FormNotation, Version: string(content.SignerInfo.SignedAttributes.SigningScheme), Payload: content.Payload.Content}
	if refusal := v.notary(&content.SignerInfo, out, st); refusal != nil {
		return nil, refusal
	}
	target, err := readTarget(&content.Payload)
	if err != nil {
		return nil, st.fail(StepFormat, err)
	}
	if target.Digest != want.Digest {
		return nil, st.mismatch(StepSubject, string(want.Digest), string(target.Digest), fmt.Errorf("it is about %s and not about %s", clip(string(target.Digest), 80), want.Digest))
	}
	out.Subject, out.Annotations = want.Digest, target.Annotations
	st.okValue(StepSubject, string(want.Digest), string(want.Digest), "it is about %s", want.Digest)
	if want.Reference != "" {
		return nil, st.mismatch(StepReference, want.Reference, "", errNoReference)
	}
	if refusal := checkAnnotations(out.Annotations, want.Annotations, st); refusal != nil {
		return nil, refusal
	}
	out.Steps = st.list
	return out, nil
}

// readNotation reads an envelope and verifies that its signature fits the
// first of its certificates, and each of these the next.
func readNotation(data []byte, mediaType string, st *steps) (*signature.EnvelopeContent, *Refusal) {
	var err error
	switch mediaType {
	case mediaTypeJWS:
		err = plainJWS(data)
	case mediaTypeCOSE:
		err = plainCOSE(data)
	default:
		err = fmt.Errorf("%w: %q", errNotaryForm, clip(mediaType, 80))
	}
	if err != nil {
		return nil, st.fail(StepFormat, err)
	}
	envelope, err := signature.ParseEnvelope(mediaType, data)
	if err != nil {
		return nil, st.fail(StepFormat, err)
	}
	content, err := envelope.Verify()
	if err != nil {
		step := StepFormat
		if _, ok := errors.AsType[*signature.SignatureIntegrityError](err); ok {
			step, err = StepSignature, errBadSignature
		}
		return nil, st.fail(step, err)
	}
	for _, a := range content.SignerInfo.SignedAttributes.ExtendedAttributes {
		name := fmt.Sprint(a.Key)
		if name == "io.cncf.notary.verificationPlugin" {
			return nil, st.fail(StepFormat, fmt.Errorf("%w: %s", errNotaryPlugin, clip(fmt.Sprint(a.Value), 80)))
		}
		if a.Critical {
			return nil, st.fail(StepFormat, fmt.Errorf("it demands that %q is understood, which is not so", clip(name, 80)))
		}
	}
	form := "JWS"
	if mediaType == mediaTypeCOSE {
		form = "COSE"
	}
	st.ok(StepFormat, "it is a %s envelope, signed by the scheme %s", form, content.SignerInfo.SignedAttributes.SigningScheme)
	st.ok(StepSignature, "the signature fits the certificate and the content")
	return content, nil
}

// plainJWS returns an error if a JWS envelope has a part that could be changed
// without the signature telling, other than the name of the signing program.
func plainJWS(data []byte) error {
	if err := checkJSON(data, maxBundleValues); err != nil {
		return err
	}
	// Go's decoder does not mind the case of names, so they are compared here.
	outer, err := namesOnly(data, "payload", "protected", "signature", "header")
	if err != nil {
		return err
	}
	header, err := namesOnly(outer["header"], "x5c", "io.cncf.notary.timestampSignature", "io.cncf.notary.signingAgent")
	if err != nil {
		return err
	}
	url := base64.RawURLEncoding.Strict()
	var protected []byte
	for _, name := range []string{"payload", "signature", "protected"} {
		if protected, err = plain64(outer[name], url); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	var chain []json.RawMessage
	if err := json.Unmarshal(header["x5c"], &chain); err != nil {
		return fmt.Errorf("x5c: %w", err)
	}
	if stamp, ok := header["io.cncf.notary.timestampSignature"]; ok {
		chain = append(chain, stamp)
	}
	for _, raw := range chain {
		if _, err := plain64(raw, strict()); err != nil {
			return err
		}
	}
	return checkJSON(protected, maxBundleValues)
}

// namesOnly reads an object that has no other names.
func namesOnly(data []byte, known ...string) (map[string]json.RawMessage, error) {
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	for name := range doc {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("unknown name %q", clip(name, 80))
		}
	}
	return doc, nil
}

// plain64 reads base64 in its only spelling.
func plain64(raw json.RawMessage, encoding *base64.Encoding) ([]byte, error) {
	s, err := text(raw)
	if err != nil {
		return nil, err
	}
	data, err := encoding.DecodeString(s)
	if err != nil || encoding.EncodeToString(data) != s {
		return nil, errBase64
	}
	return data, nil
}

// plainCOSE does the same for a COSE envelope.
func plainCOSE(data []byte) error {
	var msg cose.Sign1Message
	if err := msg.UnmarshalCBOR(data); err != nil {
		return err
	}
	for label := range msg.Headers.Unprotected {
		switch label {
		case cose.HeaderLabelX5Chain, "io.cncf.notary.signingAgent", "io.cncf.notary.timestampSignature":
		default:
			return fmt.Errorf("unknown unsigned header %q", clip(fmt.Sprint(label), 80))
		}
	}
	// Anything but the shortest spelling would leave bytes that say nothing.
	again, err := msg.MarshalCBOR()
	if err == nil && len(again) != len(data) {
		err = errors.New("CBOR in an unusual spelling")
	}
	return err
}

// target is what an envelope signs: a descriptor.
type target struct {
	MediaType   string            `json:"mediaType"`
	Digest      boltseal.Digest   `json:"digest"`
	Size        int64             `json:"size"`
	Annotations map[string]string `json:"annotations"`
}

func readTarget(p *signature.Payload) (*target, error) {
	if p.ContentType != mediaTypeNotaryPayload {
		return nil, fmt.Errorf("%w: %q", errNotaryPayload, clip(p.ContentType, 80))
	}
	var doc struct {
		Target *target `json:"targetArtifact"`
	}
	if err := checkJSON(p.Content, maxSubjectValues); err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	if err := strictjson.Unmarshal(p.Content, &doc); err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	if doc.Target == nil || doc.Target.Digest == "" {
		return nil, errors.New("payload: it names no artifact")
	}
	return doc.Target, nil
}

// notary verifies who signed and when, by the first of the trust entries that
// knows the certificates.
func (v *Verifier) notary(info *signature.SignerInfo, out *Verified, st *steps) *Refusal {
	var first *Refusal
	for _, n := range v.opts.Notary {
		try, verified := &steps{form: st.form, list: slices.Clone(st.list)}, *out
		refusal := v.notaryBy(n, info, &verified, try)
		if refusal == nil {
			*out, st.list = verified, try.list
			return nil
		}
		// The one that got furthest says most.
		if first == nil || len(refusal.Steps) > len(first.Steps) {
			first = refusal
		}
	}
	return first
}

func (v *Verifier) notaryBy(n *NotaryTrust, info *signature.SignerInfo, out *Verified, st *steps) *Refusal {
	leaf := info.CertificateChain[0]
	store, whose := n.Roots, "root"
	if info.SignedAttributes.SigningScheme == signature.SigningSchemeX509SigningAuthority {
		store, whose = n.Authorities, "signing authority"
	}
	if len(store) == 0 {
		return st.fail(StepCertificate, fmt.Errorf("it was signed by the scheme %s, and no %s of that kind is given", info.SignedAttributes.SigningScheme, whose))
	}
	root, err := signature.VerifyAuthenticity(info, store)
	if err != nil {
		last := info.CertificateChain[len(info.CertificateChain)-1]
		return st.mismatch(StepCertificate, names(store), last.Subject.String(), fmt.Errorf("its certificate comes from %q, which is none of the given ones", clip(last.Subject.String(), 200)))
	}
	st.okValue(StepCertificate, names(store), root.Subject.String(), "its certificate comes from %s, one of the given ones", root.Subject)
	sum := sha256.Sum256(leaf.Raw)
	out.Signer = SignedBy{Certificate: &Certificate{
		Subject: leaf.Subject.String(), Issuer: leaf.Issuer.String(), NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter,
		Fingerprint: boltseal.Digest("sha256:" + hex.EncodeToString(sum[:])),
	}}
	if err := n.names(leaf); err != nil {
		return st.mismatch(StepIdentity, n.wanted(), leaf.Subject.String(), err)
	}
	st.okValue(StepIdentity, n.wanted(), leaf.Subject.String(), "the certificate names %s", leaf.Subject)
	if refusal := v.notaryTime(n, info, out, st); refusal != nil {
		return refusal
	}
	if expiry := info.SignedAttributes.Expiry; !expiry.IsZero() {
		if now := v.opts.Now(); !now.Before(expiry) {
			return st.mismatch(StepExpiry, "", stamp(expiry), fmt.Errorf("its signer wanted it to count until %s, and it is %s", stamp(expiry), stamp(now)))
		}
		st.ok(StepExpiry, "its signer wants it to count until %s", stamp(expiry))
	}
	return n.revoked(info.CertificateChain, v.opts.Now(), st)
}

func names(list []*x509.Certificate) string {
	var all []string
	for _, c := range list {
		all = append(all, c.Subject.String())
	}
	return strings.Join(all, " or ")
}

// notaryTime finds out when it was signed, as far as anyone but the signer
// says, and whether the certificates were valid then (notaryproject, "Trust
// store and trust policy", authentic timestamp).
func (v *Verifier) notaryTime(n *NotaryTrust, info *signature.SignerInfo, out *Verified, st *steps) *Refusal {
	attributes := info.SignedAttributes
	from, to, text := v.opts.Now(), v.opts.Now(), "nobody else attests when it was signed, so they have to be valid now"
	switch {
	case attributes.SigningScheme == signature.SigningSchemeX509SigningAuthority:
		from, to = attributes.SigningTime, attributes.SigningTime
		text = "as the signing authority says, it was signed at " + stamp(from)
		out.Times = append(out.Times, Time{Time: from.UTC(), Kind: "authority", From: names(n.Authorities)})
	case len(n.Timestamps) > 0:
		if len(info.UnsignedAttributes.TimestampSignature) == 0 {
			return st.fail(StepTimestamp, errNotaryNoStamp)
		}
		t, whose, err := n.timestamp(info)
		if err != nil {
			return st.fail(StepTimestamp, fmt.Errorf("its timestamp: %w", err))
		}
		from, to = t.Value.Add(-t.Accuracy), t.Value.Add(t.Accuracy)
		text = "it was there at " + stamp(t.Value)
		out.Times = append(out.Times, Time{Time: t.Value.UTC(), Kind: "authority", From: whose})
		st.ok(StepTimestamp, "the timestamp authority %s saw it at %s", whose, stamp(t.Value))
	}
	for _, c := range info.CertificateChain {
		for _, at := range []time.Time{from, to} {
			if err := within(at, c.NotBefore, c.NotAfter); err != nil {
				return st.fail(StepCertificate, fmt.Errorf("certificate %q: %w", clip(c.Subject.String(), 120), err))
			}
		}
	}
	st.ok(StepCertificate, "the certificates were valid at the time: %s", text)
	return nil
}

// timestamp verifies a countersignature (RFC 3161) over the signature.
func (n *NotaryTrust) timestamp(info *signature.SignerInfo) (*tspclient.Timestamp, string, error) {
	token, err := tspclient.ParseSignedToken(info.UnsignedAttributes.TimestampSignature)
	if err != nil {
		return nil, "", err
	}
	tst, err := token.Info()
	if err != nil {
		return nil, "", err
	}
	t, err := tst.Validate(info.Signature)
	if err != nil {
		return nil, "", err
	}
	roots := x509.NewCertPool()
	for _, c := range n.Timestamps {
		roots.AddCert(c)
	}
	chain, err := token.Verify(context.Background(), x509.VerifyOptions{CurrentTime: t.Value, Roots: roots})
	if err != nil {
		return nil, "", err
	}
	if err := notaryx509.ValidateTimestampingCertChain(chain); err != nil {
		return nil, "", err
	}
	return t, chain[0].Subject.String(), nil
}
