package seal

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"

	"github.com/boltseal/boltseal"
)

// Extensions are what a sigstore certificate says of the build that it was
// given to, besides its subject and its issuer.
type Extensions = certificate.Extensions

// Certificate is the signer whom a certificate names.
type Certificate struct {
	Subject     string          `json:"subject"` // an address, or the URL of a workflow
	Issuer      string          `json:"issuer"`  // who vouched for the subject: an OpenID issuer
	NotBefore   time.Time       `json:"notBefore"`
	NotAfter    time.Time       `json:"notAfter"`
	Fingerprint boltseal.Digest `json:"fingerprint"` // SHA-256 of the certificate
	Extensions  Extensions      `json:"extensions,omitzero"`
}

// Identity says which certificates count. Subject or SubjectRegexp, and Issuer
// or IssuerRegexp, have to be set; the other fields narrow it further. Where a
// field and its regular expression are both set, both must fit. A regular
// expression fits anywhere in the value unless it is anchored with ^ and $.
type Identity struct {
	Subject       string `json:"subject,omitempty"`
	SubjectRegexp string `json:"subjectRegexp,omitempty"`
	Issuer        string `json:"issuer,omitempty"`
	IssuerRegexp  string `json:"issuerRegexp,omitempty"`

	// What a GitHub workflow's certificate has to say besides.
	WorkflowTrigger    string `json:"workflowTrigger,omitempty"`
	WorkflowSHA        string `json:"workflowSha,omitempty"`
	WorkflowName       string `json:"workflowName,omitempty"`
	WorkflowRepository string `json:"workflowRepository,omitempty"`
	WorkflowRef        string `json:"workflowRef,omitempty"`

	// Claims asks for further extensions, by their names in Fulcio's table
	// ("SourceRepositoryURI", "RunnerEnvironment"; see [ClaimNames]).
	Claims map[string]string `json:"claims,omitempty"`
}

var (
	errNoSubjectAsked = errors.New("an identity needs a subject (--certificate-identity or --certificate-identity-regexp)")
	errNoIssuerAsked  = errors.New("an identity needs an issuer (--certificate-oidc-issuer or --certificate-oidc-issuer-regexp)")
)

// Check returns an error unless the identity is complete and its regular
// expressions compile.
func (id Identity) Check() error {
	_, err := id.compile()
	return err
}

// Loose tells why one of the regular expressions fits more than it seems to,
// or nothing.
func (id Identity) Loose() string {
	for _, expr := range []string{id.SubjectRegexp, id.IssuerRegexp} {
		if expr != "" && !strings.HasPrefix(expr, "^") {
			return fmt.Sprintf("%q also fits in the middle of a name: anyone who can choose the rest of it passes; begin it with ^", expr)
		}
	}
	return ""
}

// String describes the identity to a person.
func (id Identity) String() string {
	var parts []string
	add := func(what, value string) {
		if value != "" {
			parts = append(parts, what+" "+value)
		}
	}
	add("subject", id.Subject)
	add("subject like", id.SubjectRegexp)
	add("issuer", id.Issuer)
	add("issuer like", id.IssuerRegexp)
	for _, claim := range id.claims() {
		add(claim.title, claim.want)
	}
	return strings.Join(parts, ", ")
}

// compiled is an identity ready to be compared.
type compiled struct {
	Identity
	subject, issuer *regexp.Regexp
}

func (id Identity) compile() (*compiled, error) {
	if id.Subject == "" && id.SubjectRegexp == "" {
		return nil, errNoSubjectAsked
	}
	if id.Issuer == "" && id.IssuerRegexp == "" {
		return nil, errNoIssuerAsked
	}
	for name := range id.Claims {
		if claims()[name] == nil {
			return nil, fmt.Errorf("claim %q: no such extension; there are %s", name, strings.Join(ClaimNames(), ", "))
		}
	}
	c := &compiled{Identity: id}
	var err error
	if c.subject, err = compile(id.SubjectRegexp); err != nil {
		return nil, err
	}
	c.issuer, err = compile(id.IssuerRegexp)
	return c, err
}

func compile(expr string) (*regexp.Regexp, error) {
	if expr == "" {
		return nil, nil
	}
	return regexp.Compile(expr)
}

// mismatch is the first thing about a certificate that is not as asked for.
type mismatch struct{ what, want, got string }

// fits returns nil, or what does not fit.
func (c *compiled) fits(cert *Certificate) *mismatch {
	switch {
	case c.Subject != "" && cert.Subject != c.Subject:
		return &mismatch{"subject", c.Subject, cert.Subject}
	case c.subject != nil && !c.subject.MatchString(cert.Subject):
		return &mismatch{"subject", "like " + c.SubjectRegexp, cert.Subject}
	case c.Issuer != "" && cert.Issuer != c.Issuer:
		return &mismatch{"issuer", c.Issuer, cert.Issuer}
	case c.issuer != nil && !c.issuer.MatchString(cert.Issuer):
		return &mismatch{"issuer", "like " + c.IssuerRegexp, cert.Issuer}
	}
	for _, claim := range c.claims() {
		if got := claim.of(&cert.Extensions); claim.want != "" && got != claim.want {
			return &mismatch{claim.title, claim.want, got}
		}
	}
	return nil
}

type claim struct {
	title, want string
	of          func(*Extensions) string
}

// claims lists what is asked for besides subject and issuer, in one order.
func (id Identity) claims() []claim {
	list := []claim{
		{"workflow trigger", id.WorkflowTrigger, func(e *Extensions) string { return e.GithubWorkflowTrigger }},
		{"workflow commit", id.WorkflowSHA, func(e *Extensions) string { return e.GithubWorkflowSHA }},
		{"workflow name", id.WorkflowName, func(e *Extensions) string { return e.GithubWorkflowName }},
		{"workflow repository", id.WorkflowRepository, func(e *Extensions) string { return e.GithubWorkflowRepository }},
		{"workflow ref", id.WorkflowRef, func(e *Extensions) string { return e.GithubWorkflowRef }},
	}
	for _, name := range ClaimNames() {
		if want := id.Claims[name]; want != "" {
			list = append(list, claim{name, want, claims()[name]})
		}
	}
	return list
}

// claims are the extensions of Fulcio's certificates (OID 1.3.6.1.4.1.57264.1).
var claims = sync.OnceValue(func() map[string]func(*Extensions) string {
	return map[string]func(*Extensions) string{
		"BuildSignerURI":                      func(e *Extensions) string { return e.BuildSignerURI },
		"BuildSignerDigest":                   func(e *Extensions) string { return e.BuildSignerDigest },
		"RunnerEnvironment":                   func(e *Extensions) string { return e.RunnerEnvironment },
		"SourceRepositoryURI":                 func(e *Extensions) string { return e.SourceRepositoryURI },
		"SourceRepositoryDigest":              func(e *Extensions) string { return e.SourceRepositoryDigest },
		"SourceRepositoryRef":                 func(e *Extensions) string { return e.SourceRepositoryRef },
		"SourceRepositoryIdentifier":          func(e *Extensions) string { return e.SourceRepositoryIdentifier },
		"SourceRepositoryOwnerURI":            func(e *Extensions) string { return e.SourceRepositoryOwnerURI },
		"SourceRepositoryOwnerIdentifier":     func(e *Extensions) string { return e.SourceRepositoryOwnerIdentifier },
		"BuildConfigURI":                      func(e *Extensions) string { return e.BuildConfigURI },
		"BuildConfigDigest":                   func(e *Extensions) string { return e.BuildConfigDigest },
		"BuildTrigger":                        func(e *Extensions) string { return e.BuildTrigger },
		"RunInvocationURI":                    func(e *Extensions) string { return e.RunInvocationURI },
		"SourceRepositoryVisibilityAtSigning": func(e *Extensions) string { return e.SourceRepositoryVisibilityAtSigning },
	}
})

// ClaimNames lists the extensions that [Identity.Claims] can ask for.
func ClaimNames() []string { return sortedKeys(claims()) }

var errNoName = errors.New("the certificate names nobody: it has no subject alternative name")

// describe reads whom a certificate names.
func describe(cert *x509.Certificate) (*Certificate, error) {
	s, err := certificate.SummarizeCertificate(cert)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoName, err)
	}
	sum := sha256.Sum256(cert.Raw)
	issuer := s.Issuer
	s.Issuer = "" // it stands beside the subject
	return &Certificate{
		Subject: s.SubjectAlternativeName, Issuer: issuer, NotBefore: cert.NotBefore, NotAfter: cert.NotAfter,
		Fingerprint: boltseal.Digest("sha256:" + hex.EncodeToString(sum[:])), Extensions: s.Extensions,
	}, nil
}
