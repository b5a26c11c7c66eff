package boltseal

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Digest names content by its hash, as "sha256:" or "sha512:" and lower-case
// hexadecimal (OCI image specification, descriptor, "Digests").
type Digest string

// ParseDigest returns s as a Digest, or an error if it is not one of the two
// registered algorithms with the right number of lower-case hex digits.
func ParseDigest(s string) (Digest, error) {
	algorithm, sum, ok := strings.Cut(s, ":")
	size := map[string]int{"sha256": 32, "sha512": 64}[algorithm]
	if !ok || size == 0 || len(sum) != 2*size || strings.ToLower(sum) != sum {
		return "", fmt.Errorf("digest %q: want sha256: or sha512: and lower-case hex", clip(s, 80))
	}
	if _, err := hex.DecodeString(sum); err != nil {
		return "", fmt.Errorf("digest %q: %w", s, err)
	}
	return Digest(s), nil
}

// Algorithm is the part before the colon.
func (d Digest) Algorithm() string {
	algorithm, _, _ := strings.Cut(string(d), ":")
	return algorithm
}

// Hex is the part after the colon.
func (d Digest) Hex() string {
	_, sum, _ := strings.Cut(string(d), ":")
	return sum
}

// Short is enough of the digest for a person to tell two apart.
func (d Digest) Short() string { return clip(d.Hex(), 12) }

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n]
}
