package secret

import (
	"bytes"

	"github.com/boltseal/boltseal"
)

const replaceKey = "a new key pair, and the old public key taken out of wherever it is trusted"

var _ = add(Detector{
	Check: kind("private-key", "private key", boltseal.High,
		"pose as its owner and read what is encrypted to it", replaceKey, "gitleaks:private-key", "trivy:private-key"),
	Keywords: []string{"-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----", "-----BEGIN DSA PRIVATE KEY-----"},
	Find:     func(h *Hit) (int, int, bool) { return h.pem(plainDER) }, Proof: "the body is DER",
})

var _ = add(Detector{
	Check: kind("openssh-private-key", "OpenSSH private key", boltseal.High,
		"log in wherever the public key is authorized", replaceKey, "gitleaks:private-key", "trivy:private-key"),
	Keywords: []string{"-----BEGIN OPENSSH PRIVATE KEY-----"},
	Find:     func(h *Hit) (int, int, bool) { return h.pem(plainOpenSSH) }, Proof: "the body is a key without passphrase",
})

var _ = add(Detector{
	Check: kind("encrypted-private-key", "private key with a passphrase", boltseal.Medium,
		"guess the passphrase in their own time, and then pose as its owner", replaceKey, "gitleaks:private-key"),
	Keywords: []string{"-----BEGIN ENCRYPTED PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----", "-----BEGIN DSA PRIVATE KEY-----", "-----BEGIN OPENSSH PRIVATE KEY-----"},
	Find:     func(h *Hit) (int, int, bool) { return h.pem(encrypted) }, Proof: "the body is an encrypted key",
})

var _ = add(Detector{
	Check: kind("pgp-private-key", "PGP private key", boltseal.High,
		"sign as its owner and read what is encrypted to it, once the passphrase is guessed if there is one", "gpg --gen-revoke", "gitleaks:private-key"),
	Keywords: []string{"-----BEGIN PGP PRIVATE KEY BLOCK-----"},
	Find:     func(h *Hit) (int, int, bool) { return h.pem(openPGP) }, Proof: "the body is an OpenPGP packet",
})

var _ = add(Detector{
	Check: kind("ssh2-private-key", "SSH2 private key", boltseal.High,
		"log in wherever the public key is authorized", replaceKey),
	Keywords: []string{"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----"},
	Find:     func(h *Hit) (int, int, bool) { return h.pem(anyBody) },
})

var _ = add(Detector{
	Check: kind("putty-private-key", "PuTTY private key", boltseal.High,
		"log in wherever the public key is authorized", replaceKey),
	Keywords: []string{"PuTTY-User-Key-File-"},
	Token:    `PuTTY-User-Key-File-[23]: [a-z0-9-]+\r?\nEncryption: [a-z0-9-]+\r?\n(?:.*\r?\n){1,20}?Public-Lines: [0-9]+\r?\n[0-9A-Za-z+/=\r\n]{60,}`, Entropy: -1,
})

// body is what stands between the lines of a PEM block.
type body struct {
	data      []byte // the first bytes, decoded
	encrypted bool   // a header says so
	length    int    // characters of base 64 in reach
}

// pem reads the block that begins at the keyword, as it stands in files and
// in quoted texts, where line ends are escaped. A block that ends too early is
// one all the same, and doubtful.
func (h *Hit) pem(fits func(*body) (is, sound bool)) (int, int, bool) {
	var b body
	var text [512]byte
	n, i := 0, h.End
	limit := min(len(h.Buf), h.End+reach-256)
scan:
	for i < limit {
		c := h.Buf[i]
		switch {
		case c == '\n' || c == '\r' || c == ' ' || c == '\t' || c == '"' || c == '\'' || c == '+' && spaced(h.Buf, i) || c == ',':
			if line := h.Buf[i+1 : limit]; c == '\n' && pemHeader(line) {
				end := bytes.IndexByte(line, '\n')
				if end < 0 {
					break scan
				}
				b.encrypted = b.encrypted || bytes.Contains(line[:end], []byte("ENCRYPTED"))
				i += end
			}
			i++
		case c == '\\' && i+1 < limit && (h.Buf[i+1] == 'n' || h.Buf[i+1] == 'r' || h.Buf[i+1] == '\n' || h.Buf[i+1] == '\\'):
			i += 2
		case base64Byte(c):
			if n < len(text) {
				text[n] = c
				n++
			}
			b.length++
			i++
		default:
			break scan
		}
	}
	whole := b.length >= 60
	if !whole && (b.length < 24 || !bytes.HasPrefix(h.Buf[i:], []byte("-----END "))) || entropy(text[:n]) < 3 {
		return 0, 0, false
	}
	var decoded bool
	b.data, decoded = unbase64(text[:n/4*4])
	is, sound := fits(&b)
	h.doubtful = !whole || !decoded || !sound
	return h.At, i, is
}

// spaced tells whether the sign at i joins two quoted texts.
func spaced(buf []byte, i int) bool {
	return i > 0 && (buf[i-1] == ' ' || buf[i-1] == '"' || buf[i-1] == '\'')
}

func base64Byte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '/' || c == '='
}

// pemHeader tells whether a line is a header: "Proc-Type: 4,ENCRYPTED".
func pemHeader(line []byte) bool {
	colon := bytes.IndexByte(line[:min(len(line), 24)], ':')
	return colon > 0 && bytes.IndexByte(line[:colon], '\n') < 0 && bytes.IndexByte(line[:colon], ' ') < 0
}

// plainDER is all that is not encrypted.
func plainDER(b *body) (is, sound bool) {
	der := len(b.data) > 8 && b.data[0] == 0x30
	return !b.encrypted && !(der && bytes.Contains(b.data[:min(len(b.data), 24)], pbes2)), der
}

// pbes2 is the object identifier of password-based encryption (RFC 8018).
var pbes2 = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05}

var opensshMagic = []byte("openssh-key-v1\x00")

// openssh tells whether the body is OpenSSH's and its cipher is "none".
func openssh(b *body) (is, plain bool) {
	if !bytes.HasPrefix(b.data, opensshMagic) {
		return false, false
	}
	return true, bytes.HasPrefix(b.data[len(opensshMagic):], []byte("\x00\x00\x00\x04none"))
}

func plainOpenSSH(b *body) (is, sound bool) {
	is, plain := openssh(b)
	return !is || plain, is
}

func encrypted(b *body) (is, sound bool) {
	if ssh, plain := openssh(b); ssh {
		return !plain, true
	}
	return b.encrypted || len(b.data) > 24 && b.data[0] == 0x30 && bytes.Contains(b.data[:24], pbes2), true
}

func openPGP(b *body) (is, sound bool) { return true, len(b.data) > 8 && b.data[0]&0x80 != 0 }

func anyBody(*body) (is, sound bool) { return true, true }
