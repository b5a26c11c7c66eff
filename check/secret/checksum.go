package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"hash/crc32"
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// crcBase62 verifies a token of a prefix with an underscore, random letters
// and digits, and six more that are the CRC-32 of the random ones in base 62.
// GitHub and npm write tokens so.
func crcBase62(token []byte) bool {
	i := bytes.LastIndexByte(token, '_')
	body := token[i+1:]
	if i < 0 || len(body) <= 6 {
		return false
	}
	sum := crc32.ChecksumIEEE(body[:len(body)-6])
	var want [6]byte
	for i := len(want) - 1; i >= 0; i-- {
		want[i] = base62[sum%62]
		sum /= 62
	}
	return bytes.Equal(want[:], body[len(body)-6:])
}

const base36 = "0123456789abcdefghijklmnopqrstuvwxyz"

// crcBase36 verifies that the last seven characters are the CRC-32 of all
// before them in base 36, as in GitLab's routable tokens.
func crcBase36(token []byte) bool {
	if len(token) <= 7 {
		return false
	}
	rest := token[:len(token)-7]
	sum := crc32.ChecksumIEEE(rest)
	var want [7]byte
	for i := len(want) - 1; i >= 0; i-- {
		want[i] = base36[sum%36]
		sum /= 36
	}
	return bytes.Equal(want[:], token[len(rest):])
}

// unbase64 decodes b in either alphabet, padded or not.
func unbase64(b []byte) ([]byte, bool) {
	b = bytes.TrimRight(b, "=")
	std := bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("-"), []byte("+")), []byte("_"), []byte("/"))
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(std)))
	n, err := base64.RawStdEncoding.Decode(out, std)
	return out[:n], err == nil
}

// jsonSegment decodes a segment of a JSON web token.
func jsonSegment(b []byte) (map[string]any, bool) {
	data, ok := unbase64(b)
	if !ok {
		return nil, false
	}
	var m map[string]any
	return m, json.Unmarshal(data, &m) == nil
}

// discordToken verifies that the first part of a bot's token is its id, a
// number, in base 64.
func discordToken(token []byte) bool {
	first, _, _ := bytes.Cut(token, []byte("."))
	id, ok := unbase64(first)
	if !ok || len(id) < 17 || len(id) > 20 {
		return false
	}
	for _, c := range id {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// pypiToken verifies that the token is a macaroon, version 2, whose location
// is one of the Python package indexes.
func pypiToken(token []byte) bool {
	body := bytes.TrimPrefix(token, []byte("pypi-"))
	data, ok := unbase64(body[:len(body)/4*4])
	return ok && len(data) > 32 && data[0] == 2 && data[1] == 1 &&
		(bytes.HasPrefix(data[3:], []byte("pypi.org")) || bytes.HasPrefix(data[3:], []byte("test.pypi.org")))
}
