package seal

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
)

// Between a signer's certificate and a root lie certificates that are the
// same for every signature. Checking those links costs more than all the rest
// of a verification (P-384, in Go without assembly), so it is done once, when
// the trusted root is read; what depends on the moment of signing - that each
// of them was valid then - is checked every time.

// shortAuthority is a certificate authority whose own links were checked.
type shortAuthority struct {
	*root.FulcioCertificateAuthority
	issuers *x509.CertPool // the intermediate that leads to the root
	chain   []*x509.Certificate
}

// shorten checks the links above the certificates that ca issues. An
// authority of which that cannot be said once for all is left as it is.
func shorten(ca root.CertificateAuthority) root.CertificateAuthority {
	f, ok := ca.(*root.FulcioCertificateAuthority)
	if !ok || f.Root == nil || len(f.Intermediates) != 1 || !links(f.Intermediates[0], f.Root) {
		return ca
	}
	pool := x509.NewCertPool()
	pool.AddCert(f.Intermediates[0])
	return &shortAuthority{FulcioCertificateAuthority: f, issuers: pool, chain: []*x509.Certificate{f.Intermediates[0], f.Root}}
}

// links tells whether parent signed child, and says nothing of the
// certificates that child signs beyond what child itself says.
func links(child, parent *x509.Certificate) bool {
	narrow := parent.MaxPathLen == 0 && parent.MaxPathLenZero
	named := len(parent.PermittedDNSDomains)+len(parent.ExcludedDNSDomains)+len(parent.PermittedIPRanges)+len(parent.ExcludedIPRanges)+
		len(parent.PermittedEmailAddresses)+len(parent.ExcludedEmailAddresses)+len(parent.PermittedURIDomains)+len(parent.ExcludedURIDomains) > 0
	used := len(parent.ExtKeyUsage)+len(parent.UnknownExtKeyUsage) > 0
	extra := len(parent.UnhandledCriticalExtensions) > 0
	if narrow || named || used || extra || !child.BasicConstraintsValid || !child.IsCA || !parent.BasicConstraintsValid || !parent.IsCA {
		return false
	}
	// CheckSignatureFrom also looks at the parent's key usage.
	return string(child.RawIssuer) == string(parent.RawSubject) && child.CheckSignatureFrom(parent) == nil
}

// Verify returns the chains from cert to an authority that was valid, as they
// all were, at the given time.
func (a *shortAuthority) Verify(cert *x509.Certificate, at time.Time) ([][]*x509.Certificate, error) {
	if err := a.valid(at); err != nil {
		return nil, err
	}
	return cert.Verify(x509.VerifyOptions{CurrentTime: at, Roots: a.issuers, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}})
}

// valid tells whether the authority and its certificates were good then.
func (a *shortAuthority) valid(at time.Time) error {
	if err := within(at, a.ValidityPeriodStart, a.ValidityPeriodEnd); err != nil {
		return fmt.Errorf("certificate authority %s: %w", a.URI, err)
	}
	for _, c := range a.chain {
		if err := within(at, c.NotBefore, c.NotAfter); err != nil {
			return fmt.Errorf("certificate authority %s: %w", a.URI, err)
		}
	}
	return nil
}

var (
	errTooEarly = errors.New("not yet valid when it was signed")
	errTooLate  = errors.New("no longer valid when it was signed")
)

// within tells whether at lies between two moments, each of which may be
// unset.
func within(at, from, to time.Time) error {
	switch {
	case !from.IsZero() && at.Before(from):
		return fmt.Errorf("%w (%s, and valid from %s)", errTooEarly, stamp(at), stamp(from))
	case !to.IsZero() && at.After(to):
		return fmt.Errorf("%w (%s, and valid until %s)", errTooLate, stamp(at), stamp(to))
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// shortTSA is a timestamp authority whose chain was checked.
type shortTSA struct {
	root.SigstoreTimestampingAuthority
	chain []*x509.Certificate // leaf to root
}

// shortenTSA checks the chain of a timestamp authority whose certificate the
// trusted root holds.
func shortenTSA(tsa root.TimestampingAuthority) root.TimestampingAuthority {
	t, ok := tsa.(*root.SigstoreTimestampingAuthority)
	if !ok || t.Root == nil || t.Leaf == nil || len(t.Intermediates) > 1 {
		return tsa
	}
	chain := []*x509.Certificate{t.Leaf}
	issuer := t.Root
	if len(t.Intermediates) == 1 {
		issuer = t.Intermediates[0]
		if !links(issuer, t.Root) || !stampsTime(issuer) {
			return tsa
		}
		chain = append(chain, issuer)
	}
	chain = append(chain, t.Root)
	pool := x509.NewCertPool()
	pool.AddCert(issuer)
	_, err := t.Leaf.Verify(x509.VerifyOptions{CurrentTime: t.Leaf.NotBefore, Roots: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}})
	if err != nil {
		return tsa
	}
	short := &shortTSA{SigstoreTimestampingAuthority: *t, chain: chain}
	// The leaf stands for the chain that led to it.
	short.Root, short.Intermediates = t.Leaf, nil
	return short
}

func stampsTime(ca *x509.Certificate) bool {
	for _, use := range ca.ExtKeyUsage {
		if use == x509.ExtKeyUsageTimeStamping || use == x509.ExtKeyUsageAny {
			return true
		}
	}
	return len(ca.ExtKeyUsage)+len(ca.UnknownExtKeyUsage) == 0
}

// Verify returns the time that the signed timestamp gives for the signature.
func (t *shortTSA) Verify(signedTimestamp, signature []byte) (*root.Timestamp, error) {
	at, err := t.SigstoreTimestampingAuthority.Verify(signedTimestamp, signature)
	if err != nil {
		return nil, err
	}
	for _, c := range t.chain {
		if err := within(at.Time, c.NotBefore, c.NotAfter); err != nil {
			return nil, fmt.Errorf("timestamp authority %s: %w", t.URI, err)
		}
	}
	return at, nil
}
