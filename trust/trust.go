// Package trust holds an image against the part of a policy that says who
// must vouch for it: whose signatures, which statements, what provenance. What
// is missing becomes findings, what is there becomes evidence, and the policy
// judges as it judges everything else, so that CI, a registry's gate and
// admission obey one verdict.
package trust

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/cel-go/cel"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/seal"
	"github.com/boltseal/boltseal/seal/slsa"
	"github.com/boltseal/boltseal/source/registry"
	"github.com/boltseal/boltseal/vex"
)

// The checks of this package.
var (
	notNamed = boltseal.Check{
		ID: "trust/not-named", Title: "the policy names no such image", Severity: boltseal.High,
		Doc: "The policy says who must vouch for which images, and none of its entries names this one. What nobody decided about is not trusted.\n\n" +
			"Add an entry for it, or one with image: \"**\" at the end that says what holds for all others.",
	}
	denied = boltseal.Check{
		ID: "trust/denied", Title: "the policy forbids the image", Severity: boltseal.Critical,
		Doc: "The policy forbids images of this name, and gives the reason.",
	}
	unsigned = boltseal.Check{
		ID: "trust/unsigned", Title: "no signature that counts", Severity: boltseal.Critical,
		Doc: "None of those whom the policy names has signed these bytes. Whoever can write to the registry could have put them there.\n\n" +
			"Sign the image where it is built: boltseal sign. If it is signed, the finding's evidence says why each signature does not count.",
	}
	noAttestation = boltseal.Check{
		ID: "trust/attestation-missing", Title: "a statement that must be attached is not", Severity: boltseal.High,
		Doc: "The policy asks for a statement, such as a bill of materials or the result of a scan, by somebody whom it names. None is attached that counts.\n\n" +
			"Attach it where the image is built: boltseal attest.",
	}
	oldAttestation = boltseal.Check{
		ID: "trust/attestation-old", Title: "a statement is older than allowed", Severity: boltseal.High,
		Doc: "The newest statement of this kind that counts is older than the policy allows, or does not say when it was made.\n\nMake it anew and attach it.",
	}
	otherAttestation = boltseal.Check{
		ID: "trust/attestation-content", Title: "a statement does not say what it must", Severity: boltseal.High,
		Doc: "Statements of this kind by a signer whom the policy names are attached, and the policy's expression (cel) is true of none of them: " +
			"a scan that failed, a review that did not approve, another build.\n\nThe finding's evidence says of each why it does not count. Repair what it tells of, and attach a new one.",
	}
	provenance = boltseal.Check{
		ID: "trust/provenance", Title: "not known to be built from where it should", Severity: boltseal.High,
		Doc: "No provenance that counts says that the image was built from the source, by the builder and at the level that the policy asks for.\n\n" +
			"boltseal provenance verify says the same step by step.",
	}
)

// Checks lists what the package looks for.
func Checks() []boltseal.Check {
	return []boltseal.Check{notNamed, denied, unsigned, noAttestation, oldAttestation, otherAttestation, provenance}
}

// Options are what [Check] works with.
type Options struct {
	Policy *policy.Policy
	File   func(name string) ([]byte, error) // reads a key or a certificate that the policy names
	Trust  func() (*seal.Trust, error)       // the trusted root for certificates; called once it is needed
	Tool   boltseal.Tool
	Now    func() time.Time
}

// Check holds an image against the policy. The report's evidence is what
// speaks for the image; its verdict is the policy's. An error means that
// nothing could be asked; what could not be looked at is a gap.
func Check(ctx context.Context, client *registry.Client, ref registry.Ref, o *Options) (*boltseal.Report, error) {
	desc, err := client.Resolve(ctx, ref)
	if err != nil {
		return nil, err
	}
	digest := boltseal.Digest(desc.Digest)
	c := &checker{Options: o, ctx: ctx, client: client, ref: ref.At(digest)}
	c.report = &boltseal.Report{
		Schema: boltseal.ReportSchema, Tool: o.Tool, Time: o.Now().UTC(),
		Artifact:   boltseal.Artifact{Kind: boltseal.KindImage, Name: ref.String(), Digest: digest, MediaType: desc.MediaType},
		Components: []boltseal.Component{}, Findings: []boltseal.Finding{}, Gaps: []boltseal.Gap{},
	}
	if err := c.run(); err != nil {
		return nil, err
	}
	c.report.Sort()
	p := *o.Policy
	p.Checks = append(Checks(), policy.Checks()...)
	p.IgnoreUnusedWaivers = true // most are about what a scan finds
	p.Judge(c.report, o.Now())
	return c.report, nil
}

type checker struct {
	*Options
	ctx    context.Context
	client *registry.Client
	ref    registry.Ref
	report *boltseal.Report
	root   *seal.Trust
}

func (c *checker) run() error {
	repository := c.ref.Host + "/" + c.ref.Repository
	t := c.Policy.TrustFor(repository)
	switch {
	case t == nil:
		c.find(notNamed, "no entry of the policy's images names "+repository, repository)
		return nil
	case t.Deny != "":
		c.find(denied, t.Deny, t.Image)
		return nil
	case t.Unsigned:
		c.speaks(boltseal.EvidenceStatement, "the policy asks nothing of "+t.Image)
		return nil
	}
	if len(t.SignedBy) > 0 {
		if err := c.signatures(t); err != nil {
			return err
		}
	}
	for _, a := range t.Attestations {
		if err := c.attestation(t, &a); err != nil {
			return err
		}
	}
	if t.Provenance != nil {
		return c.provenance(t.Provenance)
	}
	return nil
}

// find adds a finding. What tells it from others of the same check stays when
// its words change.
func (c *checker) find(check boltseal.Check, message, stable string, why ...boltseal.Evidence) {
	f := boltseal.Finding{
		Check: check.ID, Title: check.Title, Severity: check.Severity, Message: message,
		Subject:  boltseal.Subject{Name: c.report.Artifact.Name, Digest: c.report.Artifact.Digest},
		Evidence: append([]boltseal.Evidence{{Kind: boltseal.EvidenceStable, Excerpt: stable}}, why...),
	}
	f.Seal()
	c.report.Findings = append(c.report.Findings, f)
}

func (c *checker) speaks(kind boltseal.EvidenceKind, sentence string) {
	c.report.Evidence = append(c.report.Evidence, boltseal.Evidence{Kind: kind, Digest: c.report.Artifact.Digest, Statement: sentence})
}

// verifier is one for whom a list of signers names.
func (c *checker) verifier(signers []policy.Signer) (*seal.Verifier, error) {
	opts := &seal.VerifierOptions{Now: c.Now}
	for _, s := range signers {
		if s.Key != "" {
			key, err := read(c, s.Key, seal.ParsePublicKey)
			if err != nil {
				return nil, err
			}
			opts.Keys = append(opts.Keys, key)
			continue
		}
		if s.IsNotary() {
			n, err := c.notary(&s)
			if err != nil {
				return nil, err
			}
			opts.Notary = append(opts.Notary, n)
			continue
		}
		opts.Identities = append(opts.Identities, seal.Identity{Subject: s.Identity, SubjectRegexp: s.IdentityRegexp, Issuer: s.Issuer, IssuerRegexp: s.IssuerRegexp})
	}
	if len(signers) == 0 {
		opts.AnyIdentity = true // the builders' roots say whose certificates count
	}
	if len(opts.Identities) > 0 || opts.AnyIdentity {
		if c.root == nil {
			var err error
			if c.root, err = c.Trust(); err != nil {
				return nil, err
			}
		}
		opts.Trust = c.root
	}
	return seal.NewVerifier(opts)
}

// notary is the trust in signatures of the Notary project that a signer of
// the policy stands for.
func (c *checker) notary(s *policy.Signer) (*seal.NotaryTrust, error) {
	n := &seal.NotaryTrust{Identities: []string{s.Identity}}
	for _, one := range []struct {
		name string
		to   *[]*x509.Certificate
	}{{s.Notary, &n.Roots}, {s.NotaryAuthority, &n.Authorities}, {s.NotaryTimestamps, &n.Timestamps}} {
		if one.name == "" {
			continue
		}
		var err error
		if *one.to, err = read(c, one.name, seal.ParseCertificates); err != nil {
			return nil, err
		}
	}
	if s.NotaryRevoked != "" {
		list, err := read(c, s.NotaryRevoked, seal.ParseRevocationList)
		if err != nil {
			return nil, err
		}
		n.Revoked = []*x509.RevocationList{list}
	}
	return n, nil
}

// read reads a file that the policy names.
func read[T any](c *checker, name string, parse func([]byte) (T, error)) (T, error) {
	data, err := c.File(name)
	var v T
	if err == nil {
		v, err = parse(data)
	}
	if err != nil {
		return v, fmt.Errorf("%s of the policy: %w", name, err)
	}
	return v, nil
}

// ask verifies what is attached. What could not be looked at is a gap, and
// what does not count is evidence against the image.
func (c *checker) ask(signers []policy.Signer, want seal.Want) (good []*seal.Verified, against []boltseal.Evidence, err error) {
	v, err := c.verifier(signers)
	if err != nil {
		return nil, nil, err
	}
	r, err := v.Image(c.ctx, c.client, c.ref, want)
	if r == nil {
		return nil, nil, err
	}
	_, refused := errors.AsType[*seal.RefusedError](err)
	if err != nil && !refused && !errors.Is(err, seal.ErrNoSignature) {
		c.gap(err)
	} else if r.Unread() != nil {
		c.gap(r.Unread())
	}
	for _, one := range r.Refused {
		if n := len(one.Steps); n > 0 && one.Steps[n-1].Name == seal.StepPredicate {
			continue // it states something else, which was not asked for
		}
		against = append(against, boltseal.Evidence{Kind: boltseal.EvidenceSignature, Statement: one.Error()})
	}
	return r.Verified, against, nil
}

func (c *checker) gap(err error) {
	g := boltseal.Gap{Kind: "unread-attachment", What: "what is attached to " + c.ref.String(), Why: err.Error()}
	for _, has := range c.report.Gaps {
		if has.Why == g.Why {
			return
		}
	}
	c.report.Gaps = append(c.report.Gaps, g)
}

func (c *checker) signatures(t *policy.Trust) error {
	good, against, err := c.ask(t.SignedBy, seal.Want{})
	if err != nil {
		return err
	}
	if len(good) == 0 {
		c.find(unsigned, fmt.Sprintf("none of the %s that the policy names for %s has signed it", count(len(t.SignedBy), "signer"), t.Image), t.Image, against...)
	}
	for _, v := range good {
		c.report.Evidence = append(c.report.Evidence, v.Evidence())
	}
	return nil
}

func (c *checker) attestation(t *policy.Trust, a *policy.Attestation) error {
	types, err := seal.PredicateTypes(a.Type)
	if err != nil {
		return fmt.Errorf("attestation of the policy: %w", err)
	}
	program, err := compile(a.CEL)
	if err != nil {
		return fmt.Errorf("attestation of the policy: %w", err)
	}
	signers := a.SignedBy
	if len(signers) == 0 {
		signers = t.SignedBy
	}
	good, against, err := c.ask(signers, seal.Want{PredicateTypes: types})
	if err != nil {
		return err
	}
	if len(good) == 0 {
		c.find(noAttestation, "no statement of type "+a.Type+" by a signer that the policy names", a.Type, against...)
		return nil
	}
	if good, against = c.satisfied(a, program, good, against); len(good) == 0 {
		c.find(otherAttestation, "no statement of type "+a.Type+" says what the policy asks: "+clip(a.CEL.Text), a.Type+" "+a.CEL.Text, against...)
		return nil
	}
	var newest time.Time
	for _, v := range good {
		if when := madeAt(v); when.After(newest) {
			newest = when
		}
	}
	switch {
	case a.MaxAge > 0 && newest.IsZero():
		c.find(oldAttestation, "the statement of type "+a.Type+" does not say when it was made", a.Type)
	case a.MaxAge > 0 && c.Now().Sub(newest) > a.MaxAge:
		c.find(oldAttestation, fmt.Sprintf("the newest statement of type %s is of %s, and may be %s old", a.Type, newest.UTC().Format(time.DateOnly), a.MaxAge), a.Type)
	default:
		for _, v := range good {
			c.report.Evidence = append(c.report.Evidence, v.Evidence())
		}
	}
	return nil
}

// satisfied keeps the statements that the policy's expression is true of.
func (c *checker) satisfied(a *policy.Attestation, program cel.Program, good []*seal.Verified, against []boltseal.Evidence) ([]*seal.Verified, []boltseal.Evidence) {
	if a.CEL == nil {
		return good, against
	}
	var kept []*seal.Verified
	for _, v := range good {
		if err := satisfies(c.ctx, program, v); err != nil {
			against = append(against, boltseal.Evidence{Kind: boltseal.EvidenceSignature, Statement: fmt.Sprintf("statement of type %s by %s: %v", a.Type, v.Signer.String(), err)})
			continue
		}
		kept = append(kept, v)
	}
	return kept, against
}

// clip shortens an expression for a message of one line.
func clip(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 100 {
		s = string(r[:100]) + "…"
	}
	return s
}

func (c *checker) provenance(p *policy.Provenance) error {
	good, against, err := c.ask(p.SignedBy, seal.Want{PredicateTypes: []string{slsa.PredicateV1, slsa.PredicateV02}})
	if err != nil {
		return err
	}
	expect := &slsa.Expect{SourceURI: p.Source, Branch: p.Branch, Tag: p.Tag, VersionedTag: p.VersionedTag, BuilderID: p.Builder, Level: p.Level}
	if len(p.SignedBy) > 0 {
		builder := p.Builder
		if builder == "" {
			builder = "*"
		}
		expect.Roots = append(slsa.DefaultRoots(), slsa.Root{Name: "the policy's builder", Builder: builder, Level: 3, Named: true})
	}
	var why []string
	for _, v := range good {
		parsed, err := slsa.Parse(v.PredicateType, v.Statement.Predicate)
		if err != nil {
			why = append(why, err.Error())
			continue
		}
		r := slsa.Verify(parsed, &v.Signer, expect)
		if r.OK {
			e := v.Evidence()
			e.Statement = fmt.Sprintf("built from %s by %s, SLSA build level %d; %s", parsed.Source.URI, parsed.BuilderID, r.Level, e.Statement)
			c.report.Evidence = append(c.report.Evidence, e)
			return nil
		}
		for _, s := range r.Steps {
			if !s.OK {
				why = append(why, fmt.Sprintf("%s: want %s, got %s", s.Name, s.Want, s.Got))
			}
		}
		if r.NotNext != "" && r.Level > 0 {
			why = append(why, r.NotNext)
		}
	}
	message := "no provenance that counts is attached"
	if len(why) > 0 {
		message = "its provenance is not what the policy asks for: " + strings.Join(why, "; ")
	}
	c.find(provenance, message, p.Source, against...)
	return nil
}

// madeAt is when a statement was made: as a log or a timestamp authority
// attests, or else as its signer says.
func madeAt(v *seal.Verified) time.Time {
	if when, ok := v.When(); ok {
		return when
	}
	if v.Statement == nil {
		return time.Time{}
	}
	var said map[string]any
	if json.Unmarshal(v.Statement.Predicate, &said) != nil {
		return time.Time{}
	}
	for _, path := range [][]string{
		{"metadata", "scanFinishedOn"}, {"metadata", "timestamp"}, {"creationInfo", "created"}, {"timestamp"}, {"timeVerified"},
		{"runDetails", "metadata", "finishedOn"}, {"metadata", "buildFinishedOn"}, {"Timestamp"},
	} {
		at := any(said)
		for _, name := range path {
			m, _ := at.(map[string]any)
			at = m[name]
		}
		if word, ok := at.(string); ok {
			if when, err := time.Parse(time.RFC3339, word); err == nil {
				return when
			}
		}
	}
	return time.Time{}
}

func count(n int, noun string) string {
	if n == 1 {
		return "one " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// VEX reads the OpenVEX statements that are attached to an image and signed by
// whom the policy's entry for it lets speak about vulnerabilities. What anyone
// else attached does not count, and is not read. With an error come the
// statements that could be read in spite of it.
func VEX(ctx context.Context, client *registry.Client, ref registry.Ref, o *Options) ([]policy.Statement, error) {
	t := o.Policy.TrustFor(ref.Host + "/" + ref.Repository)
	if t == nil || len(t.VEX) == 0 {
		return nil, nil
	}
	c := &checker{Options: o, ctx: ctx, client: client, ref: ref}
	v, err := c.verifier(t.VEX)
	if err != nil {
		return nil, err
	}
	types, err := seal.PredicateTypes("openvex")
	if err != nil {
		return nil, err
	}
	r, err := v.Image(ctx, client, ref, seal.Want{PredicateTypes: types})
	if _, refused := errors.AsType[*seal.RefusedError](err); refused || errors.Is(err, seal.ErrNoSignature) {
		err = nil
	}
	if r == nil {
		return nil, err
	}
	if err == nil {
		err = r.Unread()
	}
	var all []policy.Statement
	for _, one := range r.Verified {
		statements, bad := vex.Read(one.Source, one.Statement.Predicate)
		if bad != nil {
			err = errors.Join(err, bad)
			continue
		}
		for i := range statements {
			statements[i].Author = one.Signer.String() // who signed, not who the document says wrote it
		}
		all = append(all, statements...)
	}
	return all, err
}
