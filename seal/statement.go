package seal

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// The statement types that are read (in-toto attestation framework,
// "Statement").
const (
	StatementV1  = "https://in-toto.io/Statement/v1"
	StatementV01 = "https://in-toto.io/Statement/v0.1"
)

// PredicateSignature is the predicate of an image signature in a bundle.
const PredicateSignature = "https://sigstore.dev/cosign/sign/v1"

// maxSubjects is more subjects than any release has files.
const maxSubjects = 10_000

// Statement is an in-toto statement: what someone claims about its subjects.
// Versions 0.1 and 1 are read into this one form.
type Statement struct {
	Type          string             `json:"_type"`
	Subject       []StatementSubject `json:"subject"`
	PredicateType string             `json:"predicateType"`
	Predicate     json.RawMessage    `json:"predicate,omitempty"`
}

// StatementSubject is one thing that a statement is about. Any one of its
// digests names it.
type StatementSubject struct {
	Name        string            `json:"name,omitempty"`
	URI         string            `json:"uri,omitempty"`
	Digest      map[string]string `json:"digest"`
	Annotations map[string]any    `json:"annotations,omitempty"`
}

var (
	errStatementType = errors.New("not an in-toto statement of version 0.1 or 1")
	errNoSubject     = errors.New("the statement has no subject")
	errNoPredicate   = errors.New("the statement has no predicate type")
	errSubjectDigest = errors.New("a subject without a digest")
)

// ParseStatement reads a statement. Names that stand twice in one object,
// anywhere in it, are refused.
func ParseStatement(payload []byte) (*Statement, error) {
	s, err := parseStatement(payload)
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return nil, fmt.Errorf("read statement: %w", err)
	}
	return s, nil
}

// parseStatement looks at the subjects before it decodes them, and leaves the
// predicate as it is.
func parseStatement(payload []byte) (*Statement, error) {
	if err := checkJSON(payload, maxStatementValues); err != nil {
		return nil, err
	}
	var raw struct {
		Type          string          `json:"_type"`
		Subject       json.RawMessage `json:"subject"`
		PredicateType string          `json:"predicateType"`
		Predicate     json.RawMessage `json:"predicate"`
	}
	if err := json.Unmarshal(payload, &raw); err != nil {
		return nil, err
	}
	s := &Statement{Type: raw.Type, PredicateType: raw.PredicateType, Predicate: raw.Predicate}
	if len(raw.Subject) == 0 {
		return s, nil
	}
	if err := checkJSON(raw.Subject, maxSubjectValues); err != nil {
		return nil, fmt.Errorf("subject: %w", err)
	}
	return s, json.Unmarshal(raw.Subject, &s.Subject)
}

func (s *Statement) check() error {
	switch {
	case s.Type != StatementV1 && s.Type != StatementV01:
		return fmt.Errorf("%w: %q", errStatementType, clip(s.Type, 80))
	case s.PredicateType == "":
		return errNoPredicate
	case len(s.Subject) == 0:
		return errNoSubject
	case len(s.Subject) > maxSubjects:
		return fmt.Errorf("more than %d subjects", maxSubjects)
	}
	for _, subject := range s.Subject {
		if len(subject.Digest) == 0 {
			return fmt.Errorf("%w: %q", errSubjectDigest, clip(subject.Name, 80))
		}
	}
	return nil
}

// About is the subject that has the digest, or nil.
func (s *Statement) About(d boltseal.Digest) *StatementSubject {
	for i := range s.Subject {
		if s.Subject[i].Digest[d.Algorithm()] == d.Hex() {
			return &s.Subject[i]
		}
	}
	return nil
}

// Digests lists the subjects' digests that boltseal knows the algorithm of.
func (s *Statement) Digests() []boltseal.Digest {
	var out []boltseal.Digest
	for _, subject := range s.Subject {
		for _, algorithm := range []string{"sha256", "sha512"} {
			if d, err := boltseal.ParseDigest(algorithm + ":" + subject.Digest[algorithm]); err == nil {
				out = append(out, d)
			}
		}
	}
	return out
}

// Encode writes the statement. The same statement gives the same bytes.
func (s *Statement) Encode() ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("write statement: %w", err)
	}
	data, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("write statement: %w", err)
	}
	return data, nil
}

// predicateTypes are the short names that cosign has for predicate types, and
// a few of ours. The first URI of a name is the one that is written; the
// others are accepted when a name is asked for.
var predicateTypes = []struct {
	name string
	uris []string
}{
	{"slsaprovenance", []string{"https://slsa.dev/provenance/v0.2"}},
	{"slsaprovenance02", []string{"https://slsa.dev/provenance/v0.2"}},
	{"slsaprovenance1", []string{"https://slsa.dev/provenance/v1"}},
	{"link", []string{"https://in-toto.io/Link/v1"}},
	{"spdx", []string{"https://spdx.dev/Document", "https://spdx.dev/Document/v2.3", "https://spdx.dev/Document/v2.2", "https://spdx.dev/Document/v3.0"}},
	{"spdxjson", []string{"https://spdx.dev/Document", "https://spdx.dev/Document/v2.3", "https://spdx.dev/Document/v2.2", "https://spdx.dev/Document/v3.0"}},
	{"cyclonedx", []string{"https://cyclonedx.org/bom"}},
	{"openvex", []string{"https://openvex.dev/ns", "https://openvex.dev/ns/v0.2.0"}},
	{"vuln", []string{"https://cosign.sigstore.dev/attestation/vuln/v1"}},
	{"vsa", []string{"https://slsa.dev/verification_summary/v1"}},
	{"custom", []string{"https://cosign.sigstore.dev/attestation/v1"}},
	{"signature", []string{PredicateSignature}},
}

// PredicateNames lists the short names of predicate types, for help and
// completion.
func PredicateNames() []string {
	var names []string
	for _, t := range predicateTypes {
		names = append(names, t.name)
	}
	slices.Sort(names)
	return names
}

// PredicateTypes returns the predicate types that a short name stands for,
// the one to write first. A URI stands for itself.
func PredicateTypes(name string) ([]string, error) {
	for _, t := range predicateTypes {
		if t.name == name {
			return slices.Clone(t.uris), nil
		}
	}
	if scheme, rest, ok := strings.Cut(name, ":"); ok && scheme != "" && rest != "" {
		return []string{name}, nil
	}
	return nil, fmt.Errorf("predicate type %q: neither a URI nor one of %s", clip(name, 80), strings.Join(PredicateNames(), ", "))
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}
