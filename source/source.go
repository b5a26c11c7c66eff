// Package source opens what the user points at. [Open] takes a target and
// returns a [Subject]: what it is, and its bytes where the next step can
// reach them (an image's layers, a directory's files, a bill of materials).
//
// A target is SCHEME:WHERE; [Schemes] lists the schemes. Without a scheme it
// is guessed, always in the same way: a path that exists is what its content
// says (an OCI layout, a directory, an image archive, compressed or not, a
// bill of materials, a file), "-" is standard input, and everything else
// names an image in a registry. A local daemon is never asked unless the
// target says docker:, podman: or containerd:, so that one name means the
// same image on every machine, and nothing talks to a root-owned socket
// unasked.
//
// Everything opened here is taken for hostile: manifests and configurations
// are verified against their digests before they are decoded, sizes, counts
// and depths are limited, and no name found inside leads out of it. What was
// not looked at, though somebody could expect it, is a gap of the subject.
//
// The package neither reads layers (source/layer does) nor looks for
// components (inventory does).
package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/source/layer"
	"github.com/boltseal/boltseal/source/registry"
)

// Options are the optional parameters of [Open]. The zero value opens every
// runnable platform, asks registries anonymously and knows no environment.
type Options struct {
	// Platform is os/arch[/variant] or "all". Empty means all as well, but
	// of an image with one platform it is never wrong.
	Platform string

	// Offline refuses, before any socket is opened, every target that would
	// need one: registries, and daemons even on this machine.
	Offline bool

	PlainHTTP bool   // speak HTTP without TLS to registries; only loopback needs no asking
	Insecure  bool   // do not verify registries' certificates
	CAFile    string // certificate authorities in PEM, besides the system's
	CertFile  string // client certificate in PEM
	KeyFile   string // its key

	Username, Password string              // for the target's registry, instead of what is configured
	AuthFile           string              // looked at before the usual files with credentials
	Mirrors            map[string][]string // hosts to ask before a registry's own host

	IdleTimeout time.Duration // ends a request on which nothing happens; zero means 60 seconds
	UserAgent   string        // empty means "boltseal"

	// Client, when it is not nil, asks registries in place of one made from
	// the fields above.
	Client *registry.Client

	// Getenv looks up environment variables: where daemons listen, where
	// credentials are, which proxy to use. Nil means there are none.
	Getenv func(string) string

	Stdin   io.Reader        // of the target "-"; nil means there is none
	TempDir string           // of what has to be seekable and is not; empty means the system's
	Limits  limit.Limits     // the zero value means limit.Default
	Now     func() time.Time // nil means the real clock
}

// Subject is an opened target.
type Subject struct {
	Artifact boltseal.Artifact
	Blobs    []layer.Blob // of an image or a root file system in a tar, lowest first
	Root     fs.FS        // of a directory, a root file system or a file
	SBOM     []byte       // of a bill of materials
	Config   []byte       // of an image: its configuration as stored
	Children []*Subject   // of an index: the images that were asked for
	Gaps     []boltseal.Gap

	// Attachments are what an index lists besides images.
	Attachments []Attachment

	// Stamp tells two states of the same local file apart without reading
	// it. It is empty where there is no such file.
	Stamp string

	close func() error
}

// Attachment is a manifest that came with images and is none: an attestation,
// a signature, a bill of materials. It is noted, not read.
type Attachment struct {
	Digest    boltseal.Digest
	MediaType string
	Size      int64
	Type      string          // "attestation-manifest", or the artifact's type
	About     boltseal.Digest // the manifest that it is about, if it says so
}

// Close closes files and removes temporary ones. The subject's blobs and
// files cannot be read from then on.
func (s *Subject) Close() error {
	if s == nil || s.close == nil {
		return nil
	}
	return s.close()
}

// Open opens the target. The caller closes the subject.
func Open(ctx context.Context, target string, opts *Options) (*Subject, error) {
	o := newOpener(opts)
	if err := o.checkPlatform(); err != nil {
		return nil, err
	}
	s, err := o.open(ctx, target)
	if err != nil {
		return nil, &openError{target, errors.Join(err, o.close())}
	}
	s.close = o.close
	return s, nil
}

// opener is one Open under way, and afterwards what it left open.
type opener struct {
	Options
	platform *boltseal.Platform // nil means all

	mu      sync.Mutex
	spooled int64
	closers []func() error
}

func newOpener(opts *Options) *opener {
	o := &opener{}
	if opts != nil {
		o.Options = *opts
	}
	if o.Limits == (limit.Limits{}) {
		o.Limits = limit.Default()
	}
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// keep closes c with the subject.
func (o *opener) keep(c io.Closer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closers = append(o.closers, c.Close)
}

// close closes what was kept, last first. A second call does nothing.
func (o *opener) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var errs []error
	for _, v := range slices.Backward(o.closers) {
		errs = append(errs, v())
	}
	o.closers = nil
	return errors.Join(errs...)
}

// openError is why a target was not opened. Much of its text was chosen by
// whoever made the target, and it goes to a terminal.
type openError struct {
	target string
	err    error
}

// Error is a sentence of printable characters.
func (e *openError) Error() string {
	text := fmt.Sprintf("open %s: %v", clip(e.target, 200), e.err)
	return clip(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text), 4000)
}

// Unwrap is the reason.
func (e *openError) Unwrap() error { return e.err }

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}
