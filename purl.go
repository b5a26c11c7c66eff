package boltseal

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// PURL is a package URL, taken apart (package-url specification 1.0). Names
// keep the case that the ecosystem gives them.
type PURL struct {
	Type       string
	Namespace  string
	Name       string
	Version    string
	Qualifiers map[string]string
	Subpath    string
}

// ParsePURL takes a package URL apart, percent-decoding each part.
func ParsePURL(s string) (PURL, error) {
	var p PURL
	rest, ok := strings.CutPrefix(s, "pkg:")
	if !ok {
		return p, fmt.Errorf("purl %q: it does not begin with pkg: as all do", clip(s, 120))
	}
	rest = strings.TrimLeft(rest, "/")
	rest, subpath, _ := strings.Cut(rest, "#")
	rest, qualifiers, _ := strings.Cut(rest, "?")
	kind, rest, ok := strings.Cut(rest, "/")
	if !ok || kind == "" {
		return p, fmt.Errorf("purl %q: no type", clip(s, 120))
	}
	p.Type = strings.ToLower(kind)
	rest = strings.Trim(rest, "/")
	// A version begins at the last "@" behind the last slash, and never at
	// the first byte of the name: pkg:npm/@scope/name is legal input.
	slash := strings.LastIndexByte(rest, '/')
	if at := strings.LastIndexByte(rest, '@'); at > slash+1 {
		p.Version = unescape(rest[at+1:])
		rest = rest[:at]
	}
	if slash = strings.LastIndexByte(rest, '/'); slash >= 0 {
		segments := strings.Split(rest[:slash], "/")
		for i, segment := range segments {
			segments[i] = unescape(segment)
		}
		p.Namespace = strings.Join(segments, "/")
		rest = rest[slash+1:]
	}
	if p.Name = unescape(rest); p.Name == "" {
		return p, fmt.Errorf("purl %q: no name", clip(s, 120))
	}
	for pair := range strings.SplitSeq(qualifiers, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if key == "" || value == "" {
			continue
		}
		if p.Qualifiers == nil {
			p.Qualifiers = map[string]string{}
		}
		p.Qualifiers[strings.ToLower(key)] = unescape(value)
	}
	var kept []string
	for segment := range strings.SplitSeq(strings.Trim(subpath, "/"), "/") {
		if segment = unescape(segment); segment != "" && segment != "." && segment != ".." {
			kept = append(kept, segment)
		}
	}
	p.Subpath = strings.Join(kept, "/")
	return p, p.valid()
}

func (p PURL) valid() error {
	for _, r := range p.Type {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' && r != '-' && r != '+' {
			return fmt.Errorf("purl type %q: %w", clip(p.Type, 40), errPURLType)
		}
	}
	return nil
}

var errPURLType = errors.New("only ASCII letters, digits, '.', '+' and '-' may stand there")

// String is the canonical form: lower-case type, sorted qualifiers, every
// other byte escaped as the specification says.
func (p PURL) String() string {
	var b strings.Builder
	b.WriteString("pkg:")
	b.WriteString(strings.ToLower(p.Type))
	b.WriteByte('/')
	if p.Namespace != "" {
		for segment := range strings.SplitSeq(p.Namespace, "/") {
			if segment == "" {
				continue
			}
			escape(&b, segment, "")
			b.WriteByte('/')
		}
	}
	escape(&b, p.Name, "")
	if p.Version != "" {
		b.WriteByte('@')
		escape(&b, p.Version, "")
	}
	separator := byte('?')
	for _, key := range slices.Sorted(maps.Keys(p.Qualifiers)) {
		if p.Qualifiers[key] == "" {
			continue
		}
		b.WriteByte(separator)
		separator = '&'
		b.WriteString(key)
		b.WriteByte('=')
		escape(&b, p.Qualifiers[key], "/")
	}
	if p.Subpath != "" {
		b.WriteByte('#')
		escape(&b, p.Subpath, "/")
	}
	return b.String()
}

// FullName is the name as the ecosystem's own tools and OSV write it: scope
// and name for npm, group:artifact for Maven, the module path for Go.
func (p PURL) FullName() string {
	switch {
	case p.Namespace == "":
		return p.Name
	case p.Type == "maven":
		return p.Namespace + ":" + p.Name
	case p.Type == "deb", p.Type == "apk", p.Type == "rpm", p.Type == "alpm", p.Type == "pypi":
		return p.Name
	}
	return p.Namespace + "/" + p.Name
}

const upperHex = "0123456789ABCDEF"

// escape writes s percent-encoded. Unreserved bytes, ':' and those in also
// stay as they are.
func escape(b *strings.Builder, s, also string) {
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			c == '-' || c == '.' || c == '_' || c == '~' || c == ':' || strings.IndexByte(also, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(upperHex[c>>4])
		b.WriteByte(upperHex[c&15])
	}
}

// unescape decodes percent escapes; a broken escape stays as it stands.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			high, low := hexValue(s[i+1]), hexValue(s[i+2])
			if high >= 0 && low >= 0 {
				out = append(out, byte(high<<4|low))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
