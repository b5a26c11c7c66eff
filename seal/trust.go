package seal

import (
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/boltseal/boltseal/internal/strictjson"
)

// Trust is a sigstore instance whose word counts: certificate authorities,
// transparency logs and timestamp authorities, each with the time in which
// its keys were good. It is safe for use by several goroutines.
type Trust struct {
	Source string // where it comes from, for people

	fulcio []root.CertificateAuthority
	stamps []root.TimestampingAuthority
	rekor  map[string]*root.TransparencyLog
	ct     map[string]*root.TransparencyLog
}

var _ root.TrustedMaterial = (*Trust)(nil)

// publicGood is trusted_root.json of the public instance, as sigstore's own
// library had it on the day below.
//
//go:embed public_good.json
var publicGood []byte

// publicGoodDay is when the library with that copy was released.
var publicGoodDay = time.Date(2026, time.November, 3, 0, 0, 0, 0, time.UTC)

// PublicGoodAge tells how old the built-in copy of the public instance's
// trusted root is. A key that was added since is missing from it; a key that
// was withdrawn is still in it.
func PublicGoodAge(now time.Time) time.Duration { return now.Sub(publicGoodDay) }

// PublicGood is the public sigstore instance, as it was when this program was
// built.
func PublicGood() (*Trust, error) {
	t, err := ParseTrust(publicGood)
	if err != nil {
		return nil, err
	}
	t.Source = "the public sigstore instance, as known on " + publicGoodDay.Format(time.DateOnly)
	return t, nil
}

var errEmptyTrust = errors.New("it names no certificate authority, no log and no timestamp authority")

// ParseTrust reads a trusted_root.json.
func ParseTrust(data []byte) (*Trust, error) {
	if err := strictjson.Check(data); err != nil {
		return nil, fmt.Errorf("read trusted root: %w", err)
	}
	r, err := root.NewTrustedRootFromJSON(data)
	if err != nil {
		return nil, fmt.Errorf("read trusted root: %w", err)
	}
	t, err := NewTrust(r)
	if err != nil {
		return nil, fmt.Errorf("read trusted root: %w", err)
	}
	return t, nil
}

// NewTrust takes over what material trusts.
func NewTrust(material root.TrustedMaterial) (*Trust, error) {
	t := &Trust{rekor: maps.Clone(material.RekorLogs()), ct: maps.Clone(material.CTLogs())}
	for _, ca := range material.FulcioCertificateAuthorities() {
		t.fulcio = append(t.fulcio, shorten(ca))
	}
	for _, tsa := range material.TimestampingAuthorities() {
		t.stamps = append(t.stamps, shortenTSA(tsa))
	}
	if len(t.fulcio)+len(t.stamps)+len(t.rekor)+len(t.ct) == 0 {
		return nil, errEmptyTrust
	}
	return t, nil
}

// Join trusts both instances.
func (t *Trust) Join(other *Trust) *Trust {
	out := &Trust{Source: t.Source + " and " + other.Source, rekor: maps.Clone(t.rekor), ct: maps.Clone(t.ct)}
	maps.Copy(out.rekor, other.rekor)
	maps.Copy(out.ct, other.ct)
	out.fulcio = slices.Concat(t.fulcio, other.fulcio)
	out.stamps = slices.Concat(t.stamps, other.stamps)
	return out
}

// FulcioCertificateAuthorities are the authorities whose certificates count.
func (t *Trust) FulcioCertificateAuthorities() []root.CertificateAuthority { return t.fulcio }

// TimestampingAuthorities are the authorities whose timestamps count.
func (t *Trust) TimestampingAuthorities() []root.TimestampingAuthority { return t.stamps }

// RekorLogs are the transparency logs, by the hexadecimal id of their key.
func (t *Trust) RekorLogs() map[string]*root.TransparencyLog { return t.rekor }

// CTLogs are the certificate transparency logs.
func (t *Trust) CTLogs() map[string]*root.TransparencyLog { return t.ct }

// PublicKeyVerifier knows no keys: those come from the caller of a verifier.
func (t *Trust) PublicKeyVerifier(hint string) (root.TimeConstrainedVerifier, error) {
	return nil, fmt.Errorf("no key %q", clip(hint, 80))
}

// logName is what people call the log with the key id.
func logName(logs map[string]*root.TransparencyLog, keyID string) string {
	if log := logs[hex.EncodeToString([]byte(keyID))]; log != nil && log.BaseURL != "" {
		return log.BaseURL
	}
	return hex.EncodeToString([]byte(keyID))
}
