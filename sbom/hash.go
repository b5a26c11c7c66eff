package sbom

import (
	"strings"

	"github.com/boltseal/boltseal"
)

// algorithm is one hash function in the words of each format; an empty word
// means that the format does not know it.
type algorithm struct {
	name      string // as digests begin
	hex       int    // digits of a value
	cyclonedx string
	spdx2     string
	spdx22    bool // SPDX 2.2 has it already
	spdx3     string
}

var algorithms = []algorithm{
	{"sha256", 64, "SHA-256", "SHA256", true, "sha256"},
	{"sha512", 128, "SHA-512", "SHA512", true, "sha512"},
	{"sha1", 40, "SHA-1", "SHA1", true, "sha1"},
	{"md5", 32, "MD5", "MD5", true, "md5"},
	{"sha384", 96, "SHA-384", "SHA384", true, "sha384"},
	{"sha224", 56, "", "SHA224", true, "sha224"},
	{"sha3-256", 64, "SHA3-256", "SHA3-256", false, "sha3_256"},
	{"sha3-384", 96, "SHA3-384", "SHA3-384", false, "sha3_384"},
	{"sha3-512", 128, "SHA3-512", "SHA3-512", false, "sha3_512"},
	{"blake2b-256", 64, "BLAKE2b-256", "BLAKE2b-256", false, "blake2b256"},
	{"blake2b-384", 96, "BLAKE2b-384", "BLAKE2b-384", false, "blake2b384"},
	{"blake2b-512", 128, "BLAKE2b-512", "BLAKE2b-512", false, "blake2b512"},
	{"blake3", 64, "BLAKE3", "BLAKE3", false, "blake3"},
}

// algorithmOf finds the algorithm of a well-formed digest.
func algorithmOf(d boltseal.Digest) (algorithm, bool) {
	name, sum := d.Algorithm(), d.Hex()
	for _, a := range algorithms {
		if a.name == name {
			return a, len(sum) == a.hex && strings.Trim(sum, "0123456789abcdef") == ""
		}
	}
	return algorithm{}, false
}

// digestOf makes a digest of a format's word for the algorithm and a value.
// What no digest can be made of gives the empty one.
func digestOf(word func(algorithm) string, name, value string) boltseal.Digest {
	for _, a := range algorithms {
		if w := word(a); w == "" || !strings.EqualFold(w, name) {
			continue
		}
		d := boltseal.Digest(a.name + ":" + strings.ToLower(strings.TrimSpace(value)))
		if _, ok := algorithmOf(d); ok {
			return d
		}
	}
	return ""
}

// hash is a digest in a format's words.
type hash struct{ algorithm, value string }

// hashes gives the digests that a format has a word for; the others travel
// as properties.
func hashes(all []boltseal.Digest, word func(algorithm) string, p *properties) (native []hash) {
	for i, d := range all {
		a, ok := algorithmOf(d)
		if w := word(a); ok && w != "" {
			native = append(native, hash{w, d.Hex()})
			continue
		}
		if p != nil {
			p.at("hash", i, string(d))
		}
	}
	return native
}
