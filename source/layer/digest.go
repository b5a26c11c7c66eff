package layer

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"

	"github.com/boltseal/boltseal"
)

// digester computes one digest and holds it against what is claimed.
type digester struct {
	claimed boltseal.Digest
	name    string
	hash    hash.Hash
}

// newDigester is for the algorithm of the claim, SHA-256 if there is none.
func newDigester(claimed boltseal.Digest) (*digester, error) {
	d := &digester{claimed: claimed, name: "sha256", hash: sha256.New()}
	if claimed == "" {
		return d, nil
	}
	if _, err := boltseal.ParseDigest(string(claimed)); err != nil {
		return nil, err
	}
	if d.name = claimed.Algorithm(); d.name == "sha512" {
		d.hash = sha512.New()
	}
	return d, nil
}

func (d *digester) write(p []byte) { _, _ = d.hash.Write(p) } // never fails

// sum is the digest of all that was written; it is an error when it is not
// the claimed one.
func (d *digester) sum(what string) (boltseal.Digest, error) {
	got := boltseal.Digest(d.name + ":" + hex.EncodeToString(d.hash.Sum(nil)))
	if d.claimed != "" && got != d.claimed {
		return "", fmt.Errorf("%s has the digest %s, not %s", what, got, d.claimed)
	}
	return got, nil
}
