package seal

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
)

// VerifierOptions say whose signatures count. At least one of Keys, Identities
// with Trust, and Notary has to be given.
type VerifierOptions struct {
	Keys       []*PublicKey
	Identities []Identity
	Trust      *Trust

	// Notary says which signatures of the Notary project count. Any of them
	// will do. Now is needed with it: such signatures and the certificates
	// behind them end at a time.
	Notary []*NotaryTrust
	Now    func() time.Time

	// RequireLog asks signatures made with keys for an entry in a transparency
	// log too. Those made with certificates need one anyway.
	RequireLog bool

	// AnyIdentity takes every certificate that Trust vouches for, which on a
	// public instance is anyone's.
	AnyIdentity bool
	// WithoutLog does not ask for a transparency log's word. A timestamp
	// authority's is needed then.
	WithoutLog bool
	// WithoutSCT does not ask whether a certificate was made public.
	WithoutSCT bool

	MaxBytes int64 // of one bundle or attestation; zero means 128 MiB
	Attached int   // how many signatures of one image are looked at; zero means 1000
}

// MaxBytes is the default ceiling on one bundle or attestation.
const MaxBytes = 128 << 20

const maxAttached = 1000

// Verifier verifies signatures. It is safe for use by several goroutines.
type Verifier struct {
	opts       VerifierOptions
	identities []*compiled
}

var errNobody = errors.New("no key and no identity is given, so no signature could count")

// NewVerifier returns a verifier, or an error where the options would take
// anyone's word.
func NewVerifier(opts *VerifierOptions) (*Verifier, error) {
	v := &Verifier{opts: *opts}
	for _, id := range opts.Identities {
		c, err := id.compile()
		if err != nil {
			return nil, err
		}
		v.identities = append(v.identities, c)
	}
	for _, n := range opts.Notary {
		if err := n.check(); err != nil {
			return nil, err
		}
	}
	certificates := len(v.identities) > 0 || opts.AnyIdentity
	others := len(opts.Keys)+len(opts.Notary) > 0
	switch {
	case !certificates && !others && opts.Trust != nil:
		return nil, ErrNoIdentity
	case !certificates && !others:
		return nil, errNobody
	case len(opts.Notary) > 0 && opts.Now == nil:
		return nil, errNoClock
	case (certificates || opts.RequireLog) && opts.Trust == nil:
		return nil, ErrNoTrust
	}
	if v.opts.MaxBytes <= 0 {
		v.opts.MaxBytes = MaxBytes
	}
	if v.opts.Attached <= 0 {
		v.opts.Attached = maxAttached
	}
	return v, nil
}

// Want says what a signature has to be about.
type Want struct {
	// Digest is the image's. It has to be among a statement's subjects.
	Digest boltseal.Digest
	// PredicateTypes are the kinds of statement that are asked for. None
	// means an image signature.
	PredicateTypes []string
	// AnyPredicate takes statements of every kind.
	AnyPredicate bool
	// Reference is the name that has to be signed with it, if any. Bundles
	// carry none.
	Reference string
	// Annotations have to be signed with it.
	Annotations map[string]string
}

// Bundle verifies a sigstore bundle over a statement.
func (v *Verifier) Bundle(data []byte, want Want) (*Verified, error) {
	st := &steps{form: FormBundle}
	s, refusal := v.readBundle(data, st)
	if refusal != nil {
		return nil, refusal
	}
	if s.envelope == nil {
		return nil, st.fail(StepFormat, errors.New("the bundle is over a file and not over a statement about an image"))
	}
	return v.statement(s, want, st)
}

func (v *Verifier) readBundle(data []byte, st *steps) (*signed, *Refusal) {
	if err := v.size(int64(len(data))); err != nil {
		return nil, st.fail(StepFormat, err)
	}
	s, err := parseBundle(data)
	if err != nil {
		return nil, st.fail(StepFormat, err)
	}
	st.ok(StepFormat, "it is a sigstore bundle of version %s", s.version)
	return s, nil
}

func (v *Verifier) size(n int64) error {
	if n > v.opts.MaxBytes {
		return &limit.Error{What: "signature or attestation", Max: v.opts.MaxBytes, Unit: "bytes", Flag: "--max-attestation-bytes"}
	}
	return nil
}

// Blob verifies a sigstore bundle over a file: one that signs its bytes, or a
// statement with the file among its subjects. The bundles that cosign 2 wrote
// for files are read too.
func (v *Verifier) Blob(data []byte, blob *Blob, want Want) (*Verified, error) {
	st := &steps{form: FormBundle}
	sum, err := blob.sum(crypto.SHA256)
	if err != nil {
		return nil, err
	}
	want.Digest = digestOf(sum)
	if v.size(int64(len(data))) == nil && isOldBlob(data) {
		return v.oldBlob(data, blob, want, st)
	}
	s, refusal := v.readBundle(data, st)
	if refusal != nil {
		return nil, refusal
	}
	if s.envelope != nil {
		want.AnyPredicate = want.AnyPredicate || len(want.PredicateTypes) == 0
		return v.statement(s, want, st)
	}
	if len(want.PredicateTypes) > 0 {
		return nil, st.fail(StepPredicate, errOnlyFile)
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

// Detached verifies a signature in a file of its own, made with a key.
func (v *Verifier) Detached(sig []byte, blob *Blob) (*Verified, error) {
	st := &steps{form: FormDetached}
	if v.opts.RequireLog {
		return nil, st.fail(StepLog, errNoEntry)
	}
	if len(v.opts.Keys) == 0 {
		return nil, st.fail(StepKey, errNeedsKey)
	}
	sum, err := blob.sum(crypto.SHA256)
	if err != nil {
		return nil, err
	}
	for _, key := range v.opts.Keys {
		if key.verify(blob, sig) == nil {
			st.ok(StepKey, "the key is %s", key.Fingerprint())
			st.ok(StepSignature, "the signature fits the key and the file")
			return &Verified{Form: FormDetached, Subject: digestOf(sum), Signer: keySigner(key), Steps: st.list}, nil
		}
	}
	return nil, st.fail(StepSignature, errWrongKey)
}

func digestOf(sum []byte) boltseal.Digest {
	return boltseal.Digest("sha256:" + hex.EncodeToString(sum))
}

// statement verifies a signature over a statement, and what the statement is
// about.
func (v *Verifier) statement(s *signed, want Want, st *steps) (*Verified, error) {
	out, refusal := v.signature(s, nil, st)
	if refusal != nil {
		return nil, refusal
	}
	statement, err := s.envelope.Statement()
	if err != nil {
		return nil, st.fail(StepFormat, err)
	}
	out.Statement, out.Payload, out.PredicateType = statement, s.envelope.Payload, statement.PredicateType
	if err := checkPredicate(statement.PredicateType, want); err != nil {
		return nil, st.mismatch(StepPredicate, wantedPredicate(want), statement.PredicateType, err)
	}
	st.okValue(StepPredicate, wantedPredicate(want), statement.PredicateType, "it states a %s", statement.PredicateType)
	subject := statement.About(want.Digest)
	if subject == nil {
		got := subjects(statement)
		return nil, st.mismatch(StepSubject, string(want.Digest), got, fmt.Errorf("it is about %s and not about %s", got, want.Digest))
	}
	out.Subject = want.Digest
	st.okValue(StepSubject, string(want.Digest), string(want.Digest), "it is about %s", want.Digest)
	out.Annotations = stringsOf(subject.Annotations)
	if want.Reference != "" {
		return nil, st.mismatch(StepReference, want.Reference, "", errNoReference)
	}
	if refusal := checkAnnotations(out.Annotations, want.Annotations, st); refusal != nil {
		return nil, refusal
	}
	out.Steps = st.list
	return out, nil
}

func checkPredicate(got string, want Want) error {
	if want.AnyPredicate {
		return nil
	}
	types := want.PredicateTypes
	if len(types) == 0 {
		types = []string{PredicateSignature}
	}
	if slices.Contains(types, got) {
		return nil
	}
	return fmt.Errorf("it states a %s, and a %s was asked for", clip(got, 120), wantedPredicate(want))
}

func wantedPredicate(want Want) string {
	switch {
	case want.AnyPredicate:
		return "statement of any kind"
	case len(want.PredicateTypes) == 0:
		return PredicateSignature
	}
	return strings.Join(want.PredicateTypes, " or ")
}

// subjects names what a statement is about, in short.
func subjects(s *Statement) string {
	var names []string
	for i, d := range s.Digests() {
		if i == 3 {
			names = append(names, fmt.Sprintf("%d more", len(s.Subject)-3))
			break
		}
		names = append(names, string(d))
	}
	if len(names) == 0 {
		return "something without a SHA-256 or SHA-512 digest"
	}
	return strings.Join(names, ", ")
}

func stringsOf(m map[string]any) map[string]string {
	out := map[string]string{}
	for name, value := range m {
		if s, ok := value.(string); ok {
			out[name] = s
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func checkAnnotations(got, want map[string]string, st *steps) *Refusal {
	for _, name := range sortedKeys(want) {
		value, there := got[name]
		if !there || value != want[name] {
			return st.mismatch(StepAnnotations, name+"="+want[name], name+"="+value, fmt.Errorf("annotation %s is %q and not %q", name, clip(value, 80), want[name]))
		}
		st.okValue(StepAnnotations, want[name], value, "annotation %s is %q", name, value)
	}
	return nil
}

var (
	errOnlyFile = errors.New("the bundle signs the file itself and states nothing about it")
	errNeedsKey = errors.New("it was made with a key, and no key was given to check it with")
	errNeedsID  = errors.New("it was made with a certificate, and only keys were given")
	errNoEntry  = errors.New("it is in no transparency log that we know")
	errNoTime   = errors.New("nobody attests when it was signed: no log entry and no timestamp that can be checked, and without one a certificate may long have expired")
)

// signature verifies who signed, when, and that the signature fits: over the
// envelope, or over c when the bundle signs a file.
func (v *Verifier) signature(s *signed, c content, st *steps) (*Verified, *Refusal) {
	if s.envelope != nil {
		c = bytesContent(s.envelope.PAE())
	}
	out := &Verified{Form: s.form, Version: s.version}
	var refusal *Refusal
	if s.cert != nil {
		refusal = v.certificate(s, c, out, st)
	} else {
		refusal = v.key(s, c, out, st)
	}
	if refusal != nil {
		return nil, refusal
	}
	return out, nil
}

// key verifies a signature made with a key.
func (v *Verifier) key(s *signed, c content, out *Verified, st *steps) *Refusal {
	if len(v.opts.Keys) == 0 {
		return st.fail(StepKey, errNeedsKey)
	}
	var found *PublicKey
	tried := 0
	for _, key := range v.opts.Keys {
		if !key.mayBe(s.hint) {
			continue
		}
		tried++
		err := s.fits(key, c)
		if err == nil {
			found = key
			break
		}
		if !errors.Is(err, errBadSignature) {
			return st.fail(StepSignature, err)
		}
	}
	if found == nil && tried == 0 {
		return st.mismatch(StepKey, v.keyList(), clip(s.hint, 80), errors.New("it names another key than those given"))
	}
	if found == nil {
		return st.fail(StepSignature, errWrongKey)
	}
	st.okValue(StepKey, v.keyList(), string(found.Fingerprint()), "the key is the given one, %s", found.Fingerprint())
	st.ok(StepSignature, "the signature fits the key and the content")
	out.Signer = keySigner(found)
	return v.keyWitnesses(s, found, out, st)
}

// keyWitnesses verifies what logs and timestamp authorities say of a
// signature that was made with a key.
func (v *Verifier) keyWitnesses(s *signed, key *PublicKey, out *Verified, st *steps) *Refusal {
	if v.opts.Trust == nil {
		return nil
	}
	trusted, err := withKey(v.opts.Trust, key)
	if err != nil {
		return st.fail(StepKey, err)
	}
	if v.opts.RequireLog || len(s.entries) > 0 && v.knowsLog(s) {
		if refusal := v.log(s, trusted, out, st); refusal != nil {
			return refusal
		}
	}
	return v.timestamps(s, trusted, out, st)
}

// knowsLog tells whether one of the entries is of a log that we have the key of.
func (v *Verifier) knowsLog(s *signed) bool {
	for _, e := range s.entries {
		if v.opts.Trust.rekor[hex.EncodeToString([]byte(e.LogKeyID()))] != nil {
			return true
		}
	}
	return false
}

func (v *Verifier) keyList() string {
	var names []string
	for _, key := range v.opts.Keys {
		names = append(names, string(key.Fingerprint()))
	}
	return strings.Join(names, " or ")
}

func keySigner(key *PublicKey) SignedBy { return SignedBy{Key: key.Fingerprint(), Kind: key.Kind()} }

// fits verifies the signature itself. A bundle over a file also says the
// file's digest, which has to be right although nobody signed it.
func (s *signed) fits(key *PublicKey, c content) error {
	if s.message != nil {
		h, ok := map[string]crypto.Hash{"SHA2_256": crypto.SHA256, "SHA2_384": crypto.SHA384, "SHA2_512": crypto.SHA512}[s.message.algorithm]
		if !ok {
			return fmt.Errorf("the bundle gives the file's digest as %s", s.message.algorithm)
		}
		sum, err := c.sum(h)
		if err != nil {
			return err
		}
		if !bytes.Equal(sum, s.message.digest) {
			return fmt.Errorf("the bundle is over another file: over %s, and this is %s", hex.EncodeToString(s.message.digest), hex.EncodeToString(sum))
		}
	}
	return key.verify(c, s.sig)
}

// certificate verifies a signature made with a certificate: whom it names,
// when it was used, who vouches for it, and that it fits.
func (v *Verifier) certificate(s *signed, c content, out *Verified, st *steps) *Refusal {
	if len(v.identities) == 0 && !v.opts.AnyIdentity {
		return st.fail(StepIdentity, errNeedsID)
	}
	cert, err := describe(s.cert)
	if err != nil {
		return st.fail(StepIdentity, err)
	}
	if refusal := v.identity(cert, st); refusal != nil {
		return refusal
	}
	out.Signer = SignedBy{Certificate: cert}
	if !v.opts.WithoutLog {
		if refusal := v.log(s, v.opts.Trust, out, st); refusal != nil {
			return refusal
		}
	}
	if refusal := v.timestamps(s, v.opts.Trust, out, st); refusal != nil {
		return refusal
	}
	if len(out.Times) == 0 {
		return st.fail(StepTimestamp, errNoTime)
	}
	if refusal := v.chain(s.cert, out.Times, st); refusal != nil {
		return refusal
	}
	key, err := NewPublicKey(s.cert.PublicKey)
	if err == nil {
		out.Signer.Kind = key.Kind()
		err = s.fits(key, c)
	}
	if err != nil {
		return st.fail(StepSignature, err)
	}
	st.ok(StepSignature, "the signature fits the certificate and the content")
	return nil
}

// identity compares whom the certificate names with whom was asked for.
func (v *Verifier) identity(cert *Certificate, st *steps) *Refusal {
	if len(v.identities) == 0 {
		st.okValue(StepIdentity, "anyone", cert.Subject, "the certificate names %s, and anyone would do", cert.Subject)
		return nil
	}
	var first *mismatch
	for _, id := range v.identities {
		miss := id.fits(cert)
		if miss == nil {
			st.okValue(StepIdentity, id.String(), cert.Subject+", issuer "+cert.Issuer, "the certificate names %s, vouched for by %s", cert.Subject, cert.Issuer)
			return nil
		}
		if first == nil {
			first = miss
		}
	}
	err := fmt.Errorf("the certificate's %s is %q, and %q was asked for", first.what, clip(first.got, 200), first.want)
	if len(v.identities) > 1 {
		err = fmt.Errorf("none of the %d identities fits; of the first, %w", len(v.identities), err)
	}
	return st.mismatch(StepIdentity, first.want, first.got, err)
}

// log verifies the entries in transparency logs.
func (v *Verifier) log(s *signed, trusted root.TrustedMaterial, out *Verified, st *steps) *Refusal {
	if len(s.entries) == 0 {
		return st.fail(StepLog, fmt.Errorf("%w: the signature comes without any entry", errNoEntry))
	}
	times, err := verify.VerifyTlogEntry(s, trusted, 1, true)
	if err != nil {
		if !v.knowsLog(s) {
			err = fmt.Errorf("%w: its entry is of log %s", errNoEntry, hex.EncodeToString([]byte(s.entries[0].LogKeyID())))
		}
		return st.fail(StepLog, err)
	}
	for _, e := range s.entries {
		name := logName(v.opts.Trust.rekor, e.LogKeyID())
		proof := "promise"
		if e.HasInclusionProof() {
			proof = "inclusion"
			if e.HasInclusionPromise() {
				proof = "inclusion and promise"
			}
		}
		out.Log = append(out.Log, LogEntry{Log: name, Index: e.LogIndex(), Proof: proof})
		st.ok(StepLog, "it is entry %d of the transparency log %s (%s)", e.LogIndex(), name, proof)
	}
	for _, t := range times {
		out.Times = append(out.Times, Time{Time: t.Time.UTC(), Kind: "log", From: t.URI})
		st.ok(StepTimestamp, "the log %s has it since %s", t.URI, stamp(t.Time))
	}
	return nil
}

// timestamps verifies what timestamp authorities say. One that cannot be
// verified makes the signature not count (sigstore client specification,
// "Establishing a time for the signature").
func (v *Verifier) timestamps(s *signed, trusted root.TrustedMaterial, out *Verified, st *steps) *Refusal {
	stamps, err := s.Timestamps()
	if err != nil {
		return st.fail(StepTimestamp, err)
	}
	if len(stamps) == 0 || len(trusted.TimestampingAuthorities()) == 0 {
		return nil
	}
	times, problems, err := verify.VerifySignedTimestamp(s, trusted)
	if err == nil {
		err = errors.Join(problems...)
	}
	if err != nil {
		return st.fail(StepTimestamp, err)
	}
	for _, t := range times {
		out.Times = append(out.Times, Time{Time: t.Time.UTC(), Kind: "authority", From: t.URI})
		st.ok(StepTimestamp, "the timestamp authority %s saw it at %s", t.URI, stamp(t.Time))
	}
	return nil
}

// chain verifies that the certificate comes from an authority that counts,
// at every time that is attested, and that it was made public.
func (v *Verifier) chain(leaf *x509.Certificate, times []Time, st *steps) *Refusal {
	leaf = withoutSAN(leaf)
	chains, by, err := v.chainAt(leaf, times[0].Time)
	if err != nil {
		return st.fail(StepCertificate, err)
	}
	for _, t := range times[1:] {
		if err := v.alsoAt(by, leaf, t.Time); err != nil {
			return st.fail(StepCertificate, err)
		}
	}
	st.ok(StepCertificate, "the certificate comes from %s and was valid at the time, from %s to %s",
		chains[0][len(chains[0])-1].Subject.String(), stamp(leaf.NotBefore), stamp(leaf.NotAfter))
	if v.opts.WithoutSCT {
		return nil
	}
	if err := verify.VerifySignedCertificateTimestamp(chains, 1, v.opts.Trust); err != nil {
		return st.fail(StepSCT, fmt.Errorf("no certificate transparency log that we know attests the certificate: %w", err))
	}
	st.ok(StepSCT, "a certificate transparency log attests the certificate")
	return nil
}

func (v *Verifier) chainAt(leaf *x509.Certificate, at time.Time) ([][]*x509.Certificate, root.CertificateAuthority, error) {
	if err := within(at, leaf.NotBefore, leaf.NotAfter); err != nil {
		return nil, nil, fmt.Errorf("the certificate: %w", err)
	}
	var problems []error
	for _, ca := range v.opts.Trust.fulcio {
		chains, err := ca.Verify(leaf, at)
		if err == nil {
			return chains, ca, nil
		}
		problems = append(problems, err)
	}
	return nil, nil, fmt.Errorf("no authority that we know issued the certificate: %w", errors.Join(problems...))
}

// alsoAt tells whether a certificate that the authority has issued, and the
// authority, were valid at another time. The signatures are the same then.
func (v *Verifier) alsoAt(by root.CertificateAuthority, leaf *x509.Certificate, at time.Time) error {
	if short, ok := by.(*shortAuthority); ok {
		if err := within(at, leaf.NotBefore, leaf.NotAfter); err != nil {
			return fmt.Errorf("the certificate: %w", err)
		}
		return short.valid(at)
	}
	_, _, err := v.chainAt(leaf, at)
	return err
}

// withoutSAN is the certificate for the standard library's eyes: it does not
// know the names that sigstore gives some subjects (otherName), which
// describe has read.
func withoutSAN(leaf *x509.Certificate) *x509.Certificate {
	if len(leaf.UnhandledCriticalExtensions) == 0 {
		return leaf
	}
	out := *leaf
	out.UnhandledCriticalExtensions = nil
	for _, id := range leaf.UnhandledCriticalExtensions {
		if !id.Equal(cryptoutils.SANOID) {
			out.UnhandledCriticalExtensions = append(out.UnhandledCriticalExtensions, id)
		}
	}
	return &out
}

// keyedTrust is a trusted root that also knows one key, which the entries of
// logs are compared with.
type keyedTrust struct {
	*Trust
	verifier root.TimeConstrainedVerifier
}

func withKey(t *Trust, key *PublicKey) (root.TrustedMaterial, error) {
	verifier, err := signature.LoadDefaultVerifier(key.key)
	if err != nil {
		return nil, err
	}
	return &keyedTrust{Trust: t, verifier: root.NewExpiringKey(verifier, time.Time{}, time.Time{})}, nil
}

// PublicKeyVerifier is the one key, whatever it is called.
func (t *keyedTrust) PublicKeyVerifier(string) (root.TimeConstrainedVerifier, error) {
	return t.verifier, nil
}
