package policy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Trust says what must vouch for the images that a pattern names. The first
// entry of a policy that names an image holds for it.
type Trust struct {
	Image        string   // pattern over the repository: "ghcr.io/acme/**"
	Deny         string   // why no such image may run; the rest is then empty
	Unsigned     bool     // nothing has to vouch for them
	SignedBy     []Signer // any of them must have signed
	Attestations []Attestation
	Provenance   *Provenance
	VEX          []Signer // whose attached VEX statements count in a scan
	Line         int      // in its file
}

// Signer is a key, or whom a certificate has to name: one of a sigstore
// instance, or one of the Notary project's signatures.
type Signer struct {
	Key                      string // path of the public key, as the file writes it
	Identity, IdentityRegexp string
	Issuer, IssuerRegexp     string

	// Paths of certificates, for signatures of the Notary project by Identity.
	Notary, NotaryAuthority, NotaryTimestamps, NotaryRevoked string
}

// IsNotary tells whether the signer's signatures are the Notary project's.
func (s *Signer) IsNotary() bool { return s.Notary != "" || s.NotaryAuthority != "" }

// Attestation is a statement that must be attached.
type Attestation struct {
	Type     string        // a short name or a URI
	MaxAge   time.Duration // 0 takes any age
	SignedBy []Signer      // empty: those of the image
	CEL      *Expression   // what has to be true of the predicate; nil: nothing
}

// Expression is one in the Common Expression Language, and where its text
// begins in the policy's file. Package trust compiles it.
type Expression struct {
	Text         string
	Line, Column int
	block        bool // every line of it is one of the file, behind Column-1 spaces
}

// Place is where a place in the text stands in the file. Lines of the text
// begin at 1 and columns at 0.
func (e *Expression) Place(line, column int) (int, int) {
	if e.block && line > 0 {
		return e.Line + line - 1, e.Column + column
	}
	if line <= 1 {
		return e.Line, e.Column + column
	}
	return e.Line, e.Column
}

// Provenance is what must be known of how an image was built.
type Provenance struct {
	Source, Branch, Tag, VersionedTag, Builder string
	Level                                      int
	SignedBy                                   []Signer // empty: the builders that are known
}

// TrustFor is the entry that holds for a repository, nil when none names it.
func (p *Policy) TrustFor(repository string) *Trust {
	full := fullRepository(repository)
	for i := range p.Trust {
		if match(p.Trust[i].Image, repository) || match(p.Trust[i].Image, full) {
			return &p.Trust[i]
		}
	}
	return nil
}

func (p *Policy) loadTrust(n ast.Node) error {
	items, err := list(n)
	if err != nil {
		return err
	}
	for _, item := range items {
		t, err := loadTrust(item)
		if err != nil {
			return err
		}
		t.Line = lineOf(item)
		p.Trust = append(p.Trust, t)
	}
	return nil
}

var (
	errNoImage   = errors.New("an entry of images needs image: a pattern such as ghcr.io/acme/**")
	errNoDemand  = errors.New("nothing is asked of these images: give signed-by, attestations, provenance or deny, or say unsigned: true")
	errBothWays  = errors.New("deny and unsigned leave nothing to ask: give neither signed-by, attestations nor provenance with them")
	errSigner    = errors.New("a signer is key: FILE, or identity (or identity-regexp) with issuer (or issuer-regexp), or notary: FILE with identity")
	errNoSource  = errors.New("provenance needs source: the repository that the images are built from")
	errNoKind    = errors.New("an attestation needs type, such as cyclonedx")
	errNoneSigns = errors.New("whose attestations? Give signed-by here, or for the images")
)

func loadTrust(n ast.Node) (Trust, error) {
	var t Trust
	err := eachKey(n, map[string]func(ast.Node) error{
		"image":        textInto(&t.Image),
		"deny":         textInto(&t.Deny),
		"unsigned":     func(n ast.Node) (err error) { t.Unsigned, err = boolean(n); return err },
		"signed-by":    signersInto(&t.SignedBy),
		"vex-by":       signersInto(&t.VEX),
		"attestations": func(n ast.Node) (err error) { t.Attestations, err = loadAttestations(n); return err },
		"provenance":   func(n ast.Node) (err error) { t.Provenance, err = loadProvenance(n); return err },
	})
	if err != nil {
		return t, err
	}
	asks := len(t.SignedBy)+len(t.Attestations) > 0 || t.Provenance != nil
	switch {
	case t.Image == "":
		return t, at(n, errNoImage)
	case asks && (t.Deny != "" || t.Unsigned):
		return t, at(n, errBothWays)
	case !asks && t.Deny == "" && !t.Unsigned && len(t.VEX) == 0:
		return t, at(n, errNoDemand)
	}
	for _, a := range t.Attestations {
		if len(a.SignedBy)+len(t.SignedBy) == 0 {
			return t, at(n, errNoneSigns)
		}
	}
	return t, nil
}

func textInto(s *string) func(ast.Node) error {
	return func(n ast.Node) (err error) {
		*s, err = text(n)
		*s = strings.TrimSpace(*s)
		return err
	}
}

func signersInto(to *[]Signer) func(ast.Node) error {
	return func(n ast.Node) error {
		items, err := list(n)
		if err != nil {
			return err
		}
		for _, item := range items {
			var s Signer
			err := eachKey(item, map[string]func(ast.Node) error{
				"key": textInto(&s.Key), "identity": textInto(&s.Identity), "identity-regexp": textInto(&s.IdentityRegexp),
				"issuer": textInto(&s.Issuer), "issuer-regexp": textInto(&s.IssuerRegexp),
				"notary": textInto(&s.Notary), "notary-authority": textInto(&s.NotaryAuthority),
				"notary-timestamps": textInto(&s.NotaryTimestamps), "notary-revoked": textInto(&s.NotaryRevoked),
			})
			if err != nil {
				return err
			}
			if !s.complete() {
				return at(item, errSigner)
			}
			*to = append(*to, s)
		}
		return nil
	}
}

// complete tells whether the signer is named in exactly one way.
func (s *Signer) complete() bool {
	subject, issuer := s.Identity != "" || s.IdentityRegexp != "", s.Issuer != "" || s.IssuerRegexp != ""
	files := s.IsNotary() || s.NotaryTimestamps != "" || s.NotaryRevoked != ""
	switch {
	case s.Key != "":
		return !subject && !issuer && !files
	case files:
		return s.IsNotary() && s.Identity != "" && s.IdentityRegexp == "" && !issuer
	}
	return subject && issuer
}

func loadAttestations(n ast.Node) ([]Attestation, error) {
	items, err := list(n)
	if err != nil {
		return nil, err
	}
	var out []Attestation
	for _, item := range items {
		var a Attestation
		err := eachKey(item, map[string]func(ast.Node) error{
			"type":      textInto(&a.Type),
			"signed-by": signersInto(&a.SignedBy),
			"cel":       func(n ast.Node) (err error) { a.CEL, err = expression(n); return err },
			"max-age":   func(n ast.Node) (err error) { a.MaxAge, err = age(n); return err },
		})
		if err != nil {
			return nil, err
		}
		if a.Type == "" {
			return nil, at(item, errNoKind)
		}
		out = append(out, a)
	}
	return out, nil
}

var errNoExpression = errors.New("want an expression such as predicate.result == \"passed\"")

func expression(n ast.Node) (*Expression, error) {
	word, err := text(n)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(word) == "" {
		return nil, at(n, errNoExpression)
	}
	e := &Expression{Text: word, Line: 1, Column: 1}
	if p := positionOf(n); p != nil {
		e.Line, e.Column = p.Line, p.Column
	}
	switch n := n.(type) {
	case *ast.StringNode:
		if t := n.GetToken().Type; t == token.SingleQuoteType || t == token.DoubleQuoteType {
			e.Column++
		}
	case *ast.LiteralNode:
		if n.GetToken().Type == token.LiteralType {
			e.Line, e.block = e.Line+1, true
			first := strings.TrimLeft(n.Value.GetToken().Origin, "\n")
			e.Column = 1 + len(first) - len(strings.TrimLeft(first, " "))
		}
	}
	return e, nil
}

func loadProvenance(n ast.Node) (*Provenance, error) {
	p := &Provenance{Level: 2}
	err := eachKey(n, map[string]func(ast.Node) error{
		"source": textInto(&p.Source), "branch": textInto(&p.Branch), "tag": textInto(&p.Tag),
		"versioned-tag": textInto(&p.VersionedTag), "builder": textInto(&p.Builder), "signed-by": signersInto(&p.SignedBy),
		"level": func(n ast.Node) error {
			word, err := text(n)
			if err != nil {
				return err
			}
			if p.Level, err = strconv.Atoi(word); err != nil || p.Level < 1 || p.Level > 3 {
				return at(n, fmt.Errorf("level %q: SLSA's build levels are 1 to 3", clip(word)))
			}
			return nil
		},
	})
	if err == nil && p.Source == "" {
		err = at(n, errNoSource)
	}
	return p, err
}

// age reads a duration in Go's form, or in days: 36h, 30d.
func age(n ast.Node) (time.Duration, error) {
	word, err := text(n)
	if err != nil {
		return 0, err
	}
	var d time.Duration
	if days, ok := strings.CutSuffix(word, "d"); ok {
		var many int
		many, err = strconv.Atoi(days)
		d = time.Duration(many) * 24 * time.Hour
	} else {
		d, err = time.ParseDuration(word)
	}
	if err != nil || d <= 0 || d > 100*365*24*time.Hour {
		return 0, at(n, fmt.Errorf("age %q: want a time such as 36h or 30d", clip(word)))
	}
	return d, nil
}
