// Package seal signs images and files, attaches signatures and attestations
// to images, and verifies them: sigstore bundles (what cosign 3 writes), the
// simple-signing and DSSE manifests of cosign 2, key pairs, and certificates
// of a sigstore instance, public or private. Signatures of the Notary project
// are verified too, and not made.
//
// Start from [NewVerifier], which says whose signatures count, and its
// [Verifier.Image]; from [NewSigner] to make signatures; and from
// [Attestations] for what is attached to an image. What was verified is a
// [Verified], with a [Step] for everything that was looked at; why something
// was not is a [Refusal]. There is no answer in between: content that could
// not be fetched or read is an error and never "verified".
//
// The package parses bytes that anyone can push to a registry. It bounds
// them, refuses documents that two readers could understand differently, and
// opens no socket while verifying a bundle: all that is needed is the bundle,
// and the keys or the [Trust].
package seal

import (
	"errors"
	"fmt"
	"strings"
)

// The media types of what is attached to images.
const (
	MediaTypeBundle        = "application/vnd.dev.sigstore.bundle.v0.3+json"
	MediaTypeSimpleSigning = "application/vnd.dev.cosign.simplesigning.v1+json"
	MediaTypeEnvelope      = "application/vnd.dsse.envelope.v1+json"
	MediaTypeStatement     = "application/vnd.in-toto+json"
	MediaTypeNotation      = "application/vnd.cncf.notary.signature"

	bundlePrefix = "application/vnd.dev.sigstore.bundle"
)

// Sentinels that callers branch on.
var (
	// ErrNoSignature is in errors about something that nothing is attached to
	// that could be verified.
	ErrNoSignature = errors.New("no signature found")
	// ErrNoIdentity is returned when a certificate would have to be trusted
	// whoever it names.
	ErrNoIdentity = errors.New("no identity is asked for, so anyone's certificate would do")
	// ErrNoTrust is in errors about certificates when there is no [Trust].
	ErrNoTrust = errors.New("no trusted root to check certificates with")
)

// Form says how a signature is written.
type Form string

// The forms of signatures.
const (
	FormBundle   Form = "bundle"         // a sigstore bundle, as cosign 3 writes them
	FormEnvelope Form = "dsse"           // a DSSE envelope in the .att tag, as cosign 2 writes them
	FormSimple   Form = "simple-signing" // a payload in the .sig tag, as cosign 2 writes them
	FormDetached Form = "detached"       // a signature in a file of its own
	FormNotation Form = "notation"       // an envelope of the Notary project, as notation writes them
)

// Title is the form in the words of a sentence.
func (f Form) Title() string {
	switch f {
	case FormBundle:
		return "sigstore bundle (cosign 3)"
	case FormEnvelope:
		return "DSSE attestation tag (cosign 2)"
	case FormSimple:
		return "simple-signing tag (cosign 2)"
	case FormDetached:
		return "detached signature"
	case FormNotation:
		return "Notary signature (notation)"
	}
	return string(f)
}

// StepName says what a [Step] looked at.
type StepName string

// The steps of a verification.
const (
	StepFormat      StepName = "format"      // the document can be read in one way only
	StepLog         StepName = "log"         // it is in a transparency log
	StepTimestamp   StepName = "timestamp"   // when it was signed
	StepCertificate StepName = "certificate" // the certificate comes from a trusted authority
	StepSCT         StepName = "sct"         // the certificate is in a certificate transparency log
	StepIdentity    StepName = "identity"    // whom the certificate names
	StepKey         StepName = "key"         // which key it was
	StepSignature   StepName = "signature"   // the signature fits the key and the content
	StepSubject     StepName = "subject"     // it is about what was asked
	StepPredicate   StepName = "predicate"   // the kind of statement
	StepReference   StepName = "reference"   // the name that was signed
	StepAnnotations StepName = "annotations" // annotations that were asked for
	StepExpiry      StepName = "expiry"      // until when the signer wants it to count
	StepRevocation  StepName = "revocation"  // whether the certificates were taken back
)

// Step is one thing that was looked at while verifying.
type Step struct {
	Name StepName `json:"step"`
	OK   bool     `json:"ok"`
	Text string   `json:"text"`           // a sentence for a person
	Want string   `json:"want,omitempty"` // what was asked for
	Got  string   `json:"got,omitempty"`  // what was there
}

// Refusal is why one signature does not count. The last step is the one that
// failed.
type Refusal struct {
	Form   Form   `json:"form"`
	Source string `json:"source,omitempty"` // where it was found
	Steps  []Step `json:"steps"`
	Err    error  `json:"-"`
}

// Error says which step failed, and why.
func (r *Refusal) Error() string {
	var b strings.Builder
	if r.Source != "" {
		fmt.Fprintf(&b, "%s: ", r.Source)
	}
	if n := len(r.Steps); n > 0 {
		fmt.Fprintf(&b, "%s: ", r.Steps[n-1].Name)
	}
	fmt.Fprintf(&b, "%v", r.Err)
	return b.String()
}

// Unwrap is the reason.
func (r *Refusal) Unwrap() error { return r.Err }

// Failed is the step that the signature was refused at.
func (r *Refusal) Failed() StepName {
	if len(r.Steps) == 0 {
		return ""
	}
	return r.Steps[len(r.Steps)-1].Name
}

// steps collects what was looked at.
type steps struct {
	form Form
	list []Step
}

func (s *steps) ok(name StepName, text string, args ...any) {
	s.list = append(s.list, Step{Name: name, OK: true, Text: fmt.Sprintf(text, args...)})
}

func (s *steps) okValue(name StepName, want, got, text string, args ...any) {
	s.list = append(s.list, Step{Name: name, OK: true, Text: fmt.Sprintf(text, args...), Want: want, Got: got})
}

// fail ends the verification.
func (s *steps) fail(name StepName, err error) *Refusal {
	s.list = append(s.list, Step{Name: name, Text: err.Error()})
	return &Refusal{Form: s.form, Steps: s.list, Err: err}
}

func (s *steps) mismatch(name StepName, want, got string, err error) *Refusal {
	s.list = append(s.list, Step{Name: name, Text: err.Error(), Want: want, Got: got})
	return &Refusal{Form: s.form, Steps: s.list, Err: err}
}
