package seal

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// NotaryTrust says which signatures of the Notary project count: those whose
// certificates come from one of the roots and name one of the identities. It
// is one statement of notation's trust policy, at the level "strict", with the
// trust stores that it names.
type NotaryTrust struct {
	// Roots are certificates of the trust store "ca". A chain may also end in
	// one of them below its root, or be one of them.
	Roots []*x509.Certificate
	// Authorities are those of the store "signingAuthority": whoever holds one
	// is believed when it says that something was signed.
	Authorities []*x509.Certificate
	// Timestamps are those of the store "tsa". Where there are any, a timestamp
	// has to come with the signature, and the certificates may have ended since.
	Timestamps []*x509.Certificate
	// Identities are whom the certificate may name: "x509.subject: C=US,
	// O=acme", of which every part has to fit, or "*" for all that the roots
	// vouch for.
	Identities []string
	// Revoked are lists of what the authorities took back. Without any, the
	// question is not asked.
	Revoked []*x509.RevocationList
}

const subjectPrefix = "x509.subject:"

var (
	errNotaryRoots    = errors.New("signatures of the Notary project need a root certificate that they come from")
	errNotaryIdentity = errors.New(`signatures of the Notary project need an identity: "x509.subject: C=…, O=…", or "*" for everyone that the roots vouch for`)
	errNoCertificates = errors.New("no certificate in PEM")
)

func (n *NotaryTrust) check() error {
	if len(n.Roots)+len(n.Authorities) == 0 {
		return errNotaryRoots
	}
	if len(n.Identities) == 0 {
		return errNotaryIdentity
	}
	for _, id := range n.Identities {
		if err := CheckNotaryIdentity(id); err != nil {
			return err
		}
	}
	return nil
}

// CheckNotaryIdentity returns an error unless id is one that [NotaryTrust]
// understands.
func CheckNotaryIdentity(id string) error {
	if id == "*" {
		return nil
	}
	dn, ok := strings.CutPrefix(id, subjectPrefix)
	if !ok {
		return fmt.Errorf("identity %q: %w", clip(id, 80), errNotaryIdentity)
	}
	if _, err := parseDN(dn); err != nil {
		return fmt.Errorf("identity %q: %w", clip(id, 80), err)
	}
	return nil
}

func (n *NotaryTrust) wanted() string { return strings.Join(n.Identities, " or ") }

// names returns an error unless the certificate names one of the identities.
func (n *NotaryTrust) names(leaf *x509.Certificate) error {
	has := map[string][]string{}
	for _, a := range leaf.Subject.Names {
		name := attributeNames[a.Type.String()]
		if name == "" {
			name = a.Type.String()
		}
		has[name] = append(has[name], fmt.Sprint(a.Value))
	}
	var why error
	for _, id := range n.Identities {
		if id == "*" {
			return nil
		}
		parts, err := parseDN(strings.TrimPrefix(id, subjectPrefix))
		if err != nil {
			return err
		}
		miss := slices.IndexFunc(parts, func(p attribute) bool { return len(has[p.name]) != 1 || has[p.name][0] != p.value })
		if miss < 0 {
			return nil
		}
		if p := parts[miss]; why == nil {
			why = fmt.Errorf("the certificate names %q, whose %s is %q; %q was asked for", clip(leaf.Subject.String(), 200), p.name, strings.Join(has[p.name], " and "), p.value)
		}
	}
	return why
}

// attribute is one part of a distinguished name.
type attribute struct{ name, value string }

// attributeNames are the short names of parts of distinguished names (RFC
// 4514, section 3).
var attributeNames = map[string]string{
	"2.5.4.3": "CN", "2.5.4.5": "SERIALNUMBER", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.9": "STREET",
	"2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.17": "POSTALCODE",
	"0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID", "1.2.840.113549.1.9.1": "EMAILADDRESS",
}

// parseDN reads a distinguished name as RFC 4514 writes them, without
// attributes that are there twice or joined with a plus sign.
func parseDN(s string) ([]attribute, error) {
	var out []attribute
	for _, part := range splitDN(s) {
		name, value, ok := strings.Cut(part, "=")
		a := attribute{strings.ToUpper(strings.TrimSpace(name)), unescape(strings.TrimSpace(value))}
		if a.name == "S" {
			a.name = "ST"
		}
		switch {
		case !ok || a.name == "" || a.value == "":
			return nil, fmt.Errorf("%q is not a part of a distinguished name such as O=acme", clip(part, 80))
		case strings.Contains(strings.ReplaceAll(value, `\+`, ""), "+"):
			return nil, errors.New("parts that are joined with + are not understood")
		case slices.ContainsFunc(out, func(b attribute) bool { return a.name == b.name }):
			return nil, fmt.Errorf("%s is there twice", a.name)
		}
		out = append(out, a)
	}
	return out, nil
}

// splitDN cuts at commas that no backslash stands before.
func splitDN(s string) []string {
	var out []string
	from := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case ',':
			out = append(out, s[from:i])
			from = i + 1
		}
	}
	return append(out, s[from:])
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// ParseCertificates reads certificates in PEM, one or more.
func ParseCertificates(data []byte) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for rest := bytes.TrimSpace(data); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" {
			return nil, errNoCertificates
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read certificate: %w", err)
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return nil, errNoCertificates
	}
	return out, nil
}

// ParseRevocationList reads a certificate revocation list, in PEM or DER.
func ParseRevocationList(data []byte) (*x509.RevocationList, error) {
	if block, _ := pem.Decode(data); block != nil {
		data = block.Bytes
	}
	list, err := x509.ParseRevocationList(data)
	if err != nil {
		return nil, fmt.Errorf("read certificate revocation list: %w", err)
	}
	return list, nil
}

// revoked refuses chains with a certificate that its issuer took back, or of
// which that cannot be known although lists are given.
func (n *NotaryTrust) revoked(chain []*x509.Certificate, now time.Time, st *steps) *Refusal {
	if len(n.Revoked) == 0 {
		st.ok(StepRevocation, "whether a certificate was taken back was not asked: no revocation list is given")
		return nil
	}
	for i, c := range chain[:len(chain)-1] {
		var list *x509.RevocationList
		for _, l := range n.Revoked {
			if bytes.Equal(l.RawIssuer, c.RawIssuer) && l.CheckSignatureFrom(chain[i+1]) == nil {
				list = l
			}
		}
		switch {
		case list == nil:
			return st.fail(StepRevocation, fmt.Errorf("none of the revocation lists is of %q", clip(c.Issuer.String(), 120)))
		case !list.NextUpdate.IsZero() && now.After(list.NextUpdate):
			return st.fail(StepRevocation, fmt.Errorf("the revocation list of %q was good until %s only", clip(c.Issuer.String(), 120), stamp(list.NextUpdate)))
		}
		for _, entry := range list.RevokedCertificateEntries {
			if entry.SerialNumber.Cmp(c.SerialNumber) == 0 {
				return st.fail(StepRevocation, fmt.Errorf("the certificate of %q was taken back at %s", clip(c.Subject.String(), 120), stamp(entry.RevocationTime)))
			}
		}
	}
	st.ok(StepRevocation, "the revocation lists name none of the certificates")
	return nil
}
