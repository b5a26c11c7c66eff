package seal

import (
	"bytes"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
)

// isOldBlob tells whether data looks like what "cosign sign-blob --bundle" of
// cosign 2 writes.
func isOldBlob(data []byte) bool {
	head := data[:min(len(data), 4096)]
	return bytes.Contains(head, []byte(`"base64Signature"`)) && !bytes.Contains(head, []byte(`"mediaType"`))
}

var (
	errOldKey      = errors.New("it says that it was made with another key than those given")
	errOldMaterial = errors.New("its certificate is neither a certificate nor a public key")
)

// oldBlob verifies a file's bundle of cosign 2. Its cert holds a certificate
// or, for a signature made with a key, that key: which never stands in for an
// identity (GHSA-fx35-mq7g-6g98), and has to be one of those given.
func (v *Verifier) oldBlob(data []byte, blob *Blob, want Want, st *steps) (*Verified, error) {
	st.form = FormDetached
	s, key, err := readOldBlob(data, blob)
	if err != nil {
		return nil, st.fail(StepFormat, err)
	}
	st.ok(StepFormat, "it is a file's bundle of cosign 2")
	if len(want.PredicateTypes) > 0 {
		return nil, st.fail(StepPredicate, errOnlyFile)
	}
	if key != nil && !v.given(key) {
		return nil, st.mismatch(StepKey, v.keyList(), string(key.Fingerprint()), errOldKey)
	}
	out, refusal := v.signature(s, blob, st)
	if refusal != nil {
		return nil, refusal
	}
	out.Subject = want.Digest
	st.okValue(StepSubject, string(want.Digest), string(want.Digest), "it is over the file with digest %s", want.Digest)
	out.Steps = st.list
	return out, nil
}

func (v *Verifier) given(key *PublicKey) bool {
	for _, k := range v.opts.Keys {
		if k.digest == key.digest {
			return true
		}
	}
	return false
}

// readOldBlob puts the bundle into the form of one of version 0.1, and reads
// the key that it names, if it names one.
func readOldBlob(data []byte, blob *Blob) (*signed, *PublicKey, error) {
	if err := checkJSON(data, maxBundleValues); err != nil {
		return nil, nil, err
	}
	var sigRaw, certRaw, log json.RawMessage
	if err := members(data, map[string]*json.RawMessage{"base64Signature": &sigRaw, "cert": &certRaw, "rekorBundle": &log}); err != nil {
		return nil, nil, err
	}
	sig, err := base64Text(sigRaw)
	if err == nil && len(sig) == 0 {
		err = errNoSignatures
	}
	if err != nil {
		return nil, nil, fmt.Errorf("base64Signature: %w", err)
	}
	cert, err := base64Text(certRaw)
	if err != nil {
		return nil, nil, fmt.Errorf("cert: %w", err)
	}
	annotations := map[string]string{}
	var key *PublicKey
	if len(cert) > 0 {
		block, err := onePEM(cert)
		if err != nil {
			return nil, nil, fmt.Errorf("cert: %w", err)
		}
		switch block.Type {
		case "CERTIFICATE":
			annotations[annotationCertificate] = string(cert)
		case "PUBLIC KEY":
			if key, err = ParsePublicKey(cert); err != nil {
				return nil, nil, fmt.Errorf("cert: %w", err)
			}
		default:
			return nil, nil, errOldMaterial
		}
	}
	if len(log) > 0 && !bytes.Equal(log, []byte("null")) {
		annotations[annotationLog] = string(log)
	}
	sum, err := blob.sum(crypto.SHA256)
	if err != nil {
		return nil, nil, err
	}
	s, err := legacySigned(FormDetached, annotations, &protobundle.Bundle{Content: &protobundle.Bundle_MessageSignature{
		MessageSignature: &protocommon.MessageSignature{
			MessageDigest: &protocommon.HashOutput{Algorithm: protocommon.HashAlgorithm_SHA2_256, Digest: sum}, Signature: sig,
		},
	}})
	return s, key, err
}
