package registry

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/boltseal/boltseal"
)

// Ref names a manifest in a registry: a repository and a tag, a digest or
// both. When both are there the digest says which manifest is meant, and the
// tag is only what the user called it.
type Ref struct {
	Host       string          // "docker.io", "localhost:5000"
	Repository string          // "library/alpine"
	Tag        string          // "3.22"
	Digest     boltseal.Digest // "sha256:…"
}

// maxRef is longer than every reference that the distribution specification
// allows: a host, 255 bytes of repository, 128 of tag, and a digest.
const maxRef = 1024

const dockerHub = "docker.io"

// ParseRef reads a reference as Docker does: no host means Docker Hub, one
// name there means an official image, neither tag nor digest means "latest".
func ParseRef(s string) (Ref, error) {
	switch {
	case len(s) > maxRef:
		return Ref{}, fmt.Errorf("reference of %d bytes: %w", len(s), errRefLong)
	case strings.Contains(s, "://"):
		return Ref{}, fmt.Errorf("reference %q: %w", s, errRefURL)
	}
	rest, sum, pinned := strings.Cut(s, "@")
	var r Ref
	if pinned {
		d, err := boltseal.ParseDigest(sum)
		if err != nil {
			return Ref{}, fmt.Errorf("reference %q: %w", s, err)
		}
		r.Digest = d
	}
	tag, err := name.NewTag(rest, name.WeakValidation)
	if err != nil {
		return Ref{}, fmt.Errorf("reference %q: %w", s, plainNameError(err))
	}
	r.Host, r.Repository, r.Tag = tag.RegistryStr(), tag.RepositoryStr(), tag.TagStr()
	if !validHost(r.Host) {
		return Ref{}, fmt.Errorf("reference %q: %w: %q", s, errRefHost, r.Host)
	}
	if r.Host == name.DefaultRegistry {
		r.Host = dockerHub
	}
	if pinned && !hasTag(rest) {
		r.Tag = "" // the library filled in "latest"
	}
	return r, nil
}

var (
	errRefLong = errors.New("too long to name an image")
	errRefURL  = errors.New("an image is named without http:// or https://")
	errRefHost = errors.New("not the name of a host")
)

func hasTag(s string) bool { return strings.LastIndexByte(s, ':') > strings.LastIndexByte(s, '/') }

// validHost tells whether s is a host name or an address, with or without a
// port. It goes into URLs as it stands.
func validHost(s string) bool {
	if host, port, err := net.SplitHostPort(s); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return false
		}
		if s = host; strings.Contains(host, ":") {
			s = "[" + host + "]"
		}
	}
	if a, err := netip.ParseAddr(hostname(s)); err == nil {
		return a.Zone() == "" && (a.Is4() || s[0] == '[')
	}
	for label := range strings.SplitSeq(s, ".") {
		bad := strings.IndexFunc(label, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
		})
		if label == "" || bad >= 0 {
			return false
		}
	}
	return true
}

// plainNameError keeps the library's reason, which repeats the name, short.
func plainNameError(err error) error {
	if len(err.Error()) > 300 {
		return errors.New("not the name of an image")
	}
	return err
}

// String is the reference with everything that was left out filled in.
func (r Ref) String() string {
	s := r.Host + "/" + r.Repository
	if r.Tag != "" {
		s += ":" + r.Tag
	}
	if r.Digest != "" {
		s += "@" + string(r.Digest)
	}
	return s
}

// At is the manifest with digest d in the same repository.
func (r Ref) At(d boltseal.Digest) Ref {
	r.Tag, r.Digest = "", d
	return r
}

// WithTag is the manifest that the tag names in the same repository.
func (r Ref) WithTag(tag string) Ref {
	r.Tag, r.Digest = tag, ""
	return r
}

// identifier is what the manifest endpoint calls the reference.
func (r Ref) identifier() string {
	if r.Digest != "" {
		return string(r.Digest)
	}
	return r.Tag
}
