package seal

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"google.golang.org/protobuf/encoding/protojson"
)

// signed is a signature with what belongs to it, in whatever form it came.
// It is a verify.SignedEntity whose parts are read once.
type signed struct {
	*bundle.Bundle
	form     Form
	version  string
	envelope *Envelope // or nil
	message  *messageSignature
	sig      []byte
	cert     *x509.Certificate // or nil: then a key was used
	hint     string            // which one, as the bundle says

	entries  []*tlog.Entry
	material verify.VerificationContent
	content  verify.SignatureContent
}

// messageSignature is a signature over the bytes of a file.
type messageSignature struct {
	algorithm string // "SHA2_256"
	digest    []byte
}

var (
	errManySignatures = errors.New("a bundle's envelope has exactly one signature")
	errNoContent      = errors.New("neither an envelope nor a signature over a file")
)

// parseBundle reads a sigstore bundle of version 0.1, 0.2 or 0.3.
func parseBundle(data []byte) (*signed, error) {
	if err := checkJSON(data, maxBundleValues); err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	pb := new(protobundle.Bundle)
	if err := protojson.Unmarshal(data, pb); err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	if err := canonical(data, pb); err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	s, err := newSigned(FormBundle, pb)
	if err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	return s, nil
}

func newSigned(form Form, pb *protobundle.Bundle) (*signed, error) {
	b, err := bundle.NewBundle(pb)
	if err != nil {
		return nil, err
	}
	s := &signed{Bundle: b, form: form}
	if s.version, err = b.Version(); err != nil {
		return nil, err
	}
	s.version = strings.TrimPrefix(s.version, "v")
	if s.entries, err = b.TlogEntries(); err != nil {
		return nil, err
	}
	if s.material, err = b.VerificationContent(); err != nil {
		return nil, err
	}
	if s.content, err = b.SignatureContent(); err != nil {
		return nil, err
	}
	if s.cert = s.material.Certificate(); s.cert == nil {
		key := s.material.PublicKey()
		if key == nil {
			return nil, bundle.ErrMissingVerificationMaterial
		}
		s.hint = key.Hint()
	}
	return s, s.read(pb)
}

// read takes over what was signed.
func (s *signed) read(pb *protobundle.Bundle) error {
	switch {
	case pb.GetDsseEnvelope() != nil:
		e := pb.GetDsseEnvelope()
		if len(e.GetSignatures()) != 1 {
			return errManySignatures
		}
		s.envelope = &Envelope{PayloadType: e.GetPayloadType(), Payload: e.GetPayload()}
		s.sig = e.GetSignatures()[0].GetSig()
		s.envelope.Signatures = []EnvelopeSignature{{KeyID: e.GetSignatures()[0].GetKeyid(), Sig: s.sig}}
		return s.envelope.check()
	case pb.GetMessageSignature() != nil:
		m := pb.GetMessageSignature()
		s.message = &messageSignature{algorithm: m.GetMessageDigest().GetAlgorithm().String(), digest: m.GetMessageDigest().GetDigest()}
		if s.sig = m.GetSignature(); len(s.sig) == 0 {
			return errNoSignatures
		}
		return nil
	}
	return errNoContent
}

// TlogEntries are the entries, read once.
func (s *signed) TlogEntries() ([]*tlog.Entry, error) { return s.entries, nil }

// VerificationContent is the certificate or the key's hint, read once.
func (s *signed) VerificationContent() (verify.VerificationContent, error) { return s.material, nil }

// SignatureContent is the signature, read once.
func (s *signed) SignatureContent() (verify.SignatureContent, error) { return s.content, nil }
