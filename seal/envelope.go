package seal

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// Envelope is a signed payload (DSSE, version 1).
type Envelope struct {
	PayloadType string
	Payload     []byte
	Signatures  []EnvelopeSignature
}

// EnvelopeSignature is one signature over an envelope's payload and its type.
type EnvelopeSignature struct {
	KeyID string // a hint that nobody signed
	Sig   []byte
}

// maxSignatures is how many signatures one envelope may have: each may cost a
// verification with each key.
const maxSignatures = 16

var (
	errNoSignatures  = errors.New("the envelope has no signature")
	errManySigs      = fmt.Errorf("more than %d signatures in one envelope", maxSignatures)
	errEmptyEnvelope = errors.New("the envelope has no payload or no payload type")
	errWrongKey      = errors.New("the signature was not made with any of the given keys, or the content was changed")
)

// ParseEnvelope reads an envelope as JSON. It is strict: a name that the
// specification does not have, a name twice, and base64 that says the same in
// another spelling are all refused, so that no byte of it can be changed
// without anyone noticing.
func ParseEnvelope(data []byte) (*Envelope, error) {
	e, err := parseEnvelope(data)
	if err != nil {
		return nil, fmt.Errorf("read DSSE envelope: %w", err)
	}
	return e, nil
}

func parseEnvelope(data []byte) (*Envelope, error) {
	if err := checkJSON(data, maxBundleValues); err != nil {
		return nil, err
	}
	var doc struct{ payloadType, payload, signatures json.RawMessage }
	err := members(data, map[string]*json.RawMessage{
		"payloadType": &doc.payloadType, "payload": &doc.payload, "signatures": &doc.signatures,
	})
	if err != nil {
		return nil, err
	}
	e := &Envelope{}
	if e.PayloadType, err = text(doc.payloadType); err != nil {
		return nil, fmt.Errorf("payloadType: %w", err)
	}
	if e.Payload, err = base64Text(doc.payload); err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	var list []json.RawMessage
	if len(doc.signatures) > 0 {
		if err := json.Unmarshal(doc.signatures, &list); err != nil {
			return nil, fmt.Errorf("signatures: %w", err)
		}
	}
	if len(list) > maxSignatures {
		return nil, errManySigs
	}
	for _, raw := range list {
		var keyID, sig json.RawMessage
		if err := members(raw, map[string]*json.RawMessage{"keyid": &keyID, "sig": &sig}); err != nil {
			return nil, fmt.Errorf("signatures: %w", err)
		}
		var s EnvelopeSignature
		if s.KeyID, err = text(keyID); err != nil {
			return nil, fmt.Errorf("keyid: %w", err)
		}
		if s.Sig, err = base64Text(sig); err != nil {
			return nil, fmt.Errorf("sig: %w", err)
		}
		e.Signatures = append(e.Signatures, s)
	}
	return e, e.check()
}

func (e *Envelope) check() error {
	switch {
	case e.PayloadType == "" || len(e.Payload) == 0:
		return errEmptyEnvelope
	case len(e.Signatures) == 0:
		return errNoSignatures
	}
	for _, s := range e.Signatures {
		if len(s.Sig) == 0 {
			return errNoSignatures
		}
	}
	return nil
}

// PAE is what is signed: the payload with its type and the length of both
// (DSSE, "pre-authentication encoding").
func (e *Envelope) PAE() []byte { return pae(e.PayloadType, e.Payload) }

func pae(payloadType string, payload []byte) []byte {
	out := make([]byte, 0, len("DSSEv1")+len(payloadType)+len(payload)+40)
	out = append(out, "DSSEv1 "...)
	out = strconv.AppendInt(out, int64(len(payloadType)), 10)
	out = append(out, ' ')
	out = append(out, payloadType...)
	out = append(out, ' ')
	out = strconv.AppendInt(out, int64(len(payload)), 10)
	out = append(out, ' ')
	return append(out, payload...)
}

// Verify returns the first of the keys that one of the signatures was made
// with.
func (e *Envelope) Verify(keys ...*PublicKey) (*PublicKey, error) {
	message := e.PAE()
	for _, key := range keys {
		for _, s := range e.Signatures {
			if key.Verify(message, s.Sig) == nil {
				return key, nil
			}
		}
	}
	return nil, errWrongKey
}

// Statement reads the payload, which has to be an in-toto statement.
func (e *Envelope) Statement() (*Statement, error) {
	if e.PayloadType != MediaTypeStatement {
		return nil, fmt.Errorf("the payload is %q and no in-toto statement", clip(e.PayloadType, 80))
	}
	return ParseStatement(e.Payload)
}

// Encode writes the envelope as cosign does.
func (e *Envelope) Encode() ([]byte, error) {
	type signature struct {
		KeyID string `json:"keyid"`
		Sig   []byte `json:"sig"`
	}
	doc := struct {
		PayloadType string      `json:"payloadType"`
		Payload     []byte      `json:"payload"`
		Signatures  []signature `json:"signatures"`
	}{PayloadType: e.PayloadType, Payload: e.Payload}
	for _, s := range e.Signatures {
		doc.Signatures = append(doc.Signatures, signature(s))
	}
	return json.Marshal(doc)
}

// members decodes an object whose names are exactly those of into.
// encoding/json alone would take "Payload" for "payload".
func members(data []byte, into map[string]*json.RawMessage) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	if all == nil {
		return errors.New("want an object, got null")
	}
	for name, value := range all {
		to, ok := into[name]
		if !ok {
			return fmt.Errorf("unknown name %q", clip(name, 40))
		}
		*to = value
	}
	return nil
}

func text(raw json.RawMessage) (string, error) {
	if len(raw) == 0 {
		return "", nil
	}
	var s *string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", err
	}
	if s == nil {
		return "", errors.New("want a string, got null")
	}
	return *s, nil
}

// strict refuses base64 whose last bits say nothing.
func strict() *base64.Encoding { return base64.StdEncoding.Strict() }

func base64Text(raw json.RawMessage) ([]byte, error) {
	s, err := text(raw)
	if err != nil {
		return nil, err
	}
	return decode64(s)
}

// decode64 reads base64 in its one spelling: Go skips line breaks otherwise.
func decode64(s string) ([]byte, error) {
	for i := range len(s) {
		if s[i] == '\n' || s[i] == '\r' {
			return nil, base64.CorruptInputError(i)
		}
	}
	return strict().DecodeString(s)
}
