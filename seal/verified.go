package seal

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

// Verified is a signature that counts, and everything that was looked at to
// say so.
type Verified struct {
	Form          Form              `json:"form"`
	Version       string            `json:"version,omitempty"` // of the bundle format
	Source        string            `json:"source,omitempty"`  // where it was found
	Subject       boltseal.Digest   `json:"subject"`           // what it is about
	PredicateType string            `json:"predicateType,omitempty"`
	Reference     string            `json:"reference,omitempty"`   // the name that was signed, if one was
	Annotations   map[string]string `json:"annotations,omitempty"` // that were signed
	Signer        SignedBy          `json:"signer"`
	Times         []Time            `json:"times,omitempty"` // when it was signed, as others attest
	Log           []LogEntry        `json:"log,omitempty"`
	Steps         []Step            `json:"steps"`

	Statement *Statement `json:"-"` // nil for what signs no statement
	Payload   []byte     `json:"-"` // the bytes that were signed
}

// SignedBy is who signed: the holder of a key, or whom a certificate names.
type SignedBy struct {
	Key         boltseal.Digest `json:"key,omitempty"` // fingerprint, see [PublicKey.Fingerprint]
	Kind        string          `json:"kind,omitempty"`
	Certificate *Certificate    `json:"certificate,omitempty"`
}

// String names the signer to a person.
func (s SignedBy) String() string {
	if c := s.Certificate; c != nil {
		if c.Issuer == "" {
			return c.Subject
		}
		return fmt.Sprintf("%s (vouched for by %s)", c.Subject, c.Issuer)
	}
	return fmt.Sprintf("%s key %s", s.Kind, s.Key.Short())
}

// Time is a moment that someone other than the signer attests.
type Time struct {
	Time time.Time `json:"time"`
	Kind string    `json:"kind"` // "log" or "authority"
	From string    `json:"from"` // its URL
}

// LogEntry is an entry of a transparency log that was verified.
type LogEntry struct {
	Log   string `json:"log"` // its URL
	Index int64  `json:"index"`
	Proof string `json:"proof"` // "inclusion", "promise" or both
}

// Evidence is the signature as a report holds it.
func (v *Verified) Evidence() boltseal.Evidence {
	what := "signed"
	if v.PredicateType != "" && v.PredicateType != PredicateSignature {
		what = v.PredicateType + " stated"
	}
	return boltseal.Evidence{
		Kind: boltseal.EvidenceSignature, Digest: v.Subject,
		Statement: fmt.Sprintf("%s by %s; %s", what, v.Signer, v.Form.Title()),
	}
}

// When is the first moment at which the signature is known to have been there.
func (v *Verified) When() (time.Time, bool) {
	if len(v.Times) == 0 {
		return time.Time{}, false
	}
	return slices.MinFunc(v.Times, func(a, b Time) int { return a.Time.Compare(b.Time) }).Time, true
}

// Compare orders what was verified: by form, kind, source and signer.
func (v *Verified) Compare(w *Verified) int {
	return cmp.Or(strings.Compare(string(v.Form), string(w.Form)), strings.Compare(v.PredicateType, w.PredicateType),
		strings.Compare(v.Source, w.Source), strings.Compare(v.Signer.String(), w.Signer.String()))
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
