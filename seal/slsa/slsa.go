// Package slsa reads and writes SLSA provenance: which builder made an
// artifact, from which source, on whose request. [Parse] brings versions 0.2
// and 1 of the predicate, as GitHub, GitLab, BuildKit, Google Cloud Build and
// the SLSA generators fill them in, to one [Provenance]; [Verify] holds it
// against what a user expects and says which build level the evidence
// supports and why not the next one (SLSA specification 1.2, build track).
//
// It checks no signature: who signed is given to it as a [Signer] by package
// seal, which did.
package slsa

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/boltseal/boltseal/internal/strictjson"
)

// The predicate types that Parse reads.
const (
	PredicateV02 = "https://slsa.dev/provenance/v0.2"
	PredicateV1  = "https://slsa.dev/provenance/v1"
)

// Provenance is what a builder says of one build.
type Provenance struct {
	PredicateType string
	BuildType     string
	BuilderID     string
	Source        Source
	Inputs        map[string]any // what whoever started the build chose
	Materials     []Material     // what went into the build, the source among it
	Invocation    string
	Started       time.Time
	Finished      time.Time
	SelfHosted    bool // the machine belongs to the user, as far as is said

	paths map[string]string // where in the predicate each of the above stands
}

// Source is where the build's instructions came from.
type Source struct {
	URI    string // as the builder spells it, without a reference
	Ref    string // refs/heads/main, refs/tags/v1, "" when not said
	Commit string // hex
	Path   string // of the build file within the source
}

// Material is something that went into a build.
type Material struct {
	URI    string            `json:"uri,omitempty"`
	Name   string            `json:"name,omitempty"`
	Digest map[string]string `json:"digest,omitempty"`
}

// ErrPredicate says that a predicate is of no type that Parse reads.
var ErrPredicate = errors.New("no SLSA provenance")

// Parse reads a predicate. What it lacks stays empty, and fails whatever is
// expected of it.
func Parse(predicateType string, predicate []byte) (*Provenance, error) {
	if err := strictjson.Check(predicate); err != nil {
		return nil, fmt.Errorf("read provenance: %w", err)
	}
	var p *Provenance
	var err error
	switch predicateType {
	case PredicateV02:
		p, err = parseV02(predicate)
	case PredicateV1, "https://slsa.dev/provenance/v1.0":
		p, err = parseV1(predicate)
	default:
		return nil, fmt.Errorf("read provenance: predicate type %q: %w", predicateType, ErrPredicate)
	}
	if err != nil {
		return nil, fmt.Errorf("read provenance: %w", err)
	}
	p.PredicateType = predicateType
	return p, nil
}

// Branch is the branch that was built, or empty.
func (s Source) Branch() string { return cut(s.Ref, "refs/heads/") }

// Tag is the tag that was built, or empty.
func (s Source) Tag() string { return cut(s.Ref, "refs/tags/") }

func cut(ref, prefix string) string {
	name, ok := strings.CutPrefix(ref, prefix)
	if !ok {
		return ""
	}
	return name
}

// splitURI takes the reference off a source's URI: git+https://host/o/r@refs/x
// and https://host/o/r.git#refs/x.
func splitURI(uri string) (base, ref string) {
	if base, fragment, ok := strings.Cut(uri, "#"); ok {
		ref, _, _ = strings.Cut(fragment, ":")
		return base, ref
	}
	start := 0
	if i := strings.Index(uri, "://"); i >= 0 {
		start = i + len("://")
	}
	// An "@" before the first slash of the path ends a user's name.
	slash := strings.IndexByte(uri[start:], '/')
	if slash < 0 {
		return uri, ""
	}
	if at := strings.IndexByte(uri[start+slash:], '@'); at >= 0 {
		at += start + slash
		return uri[:at], uri[at+1:]
	}
	return uri, ""
}

// SameSource tells whether two spellings are one repository: with or without
// scheme, git+, user, port 443, .git, trailing slash and reference; hosts
// without regard to case.
func SameSource(a, b string) bool {
	a, b = sourceName(a), sourceName(b)
	return a != "" && a == b
}

func sourceName(uri string) string {
	uri = strings.TrimPrefix(strings.TrimSpace(uri), "git+")
	uri, _ = splitURI(uri)
	scheme, rest, ok := strings.Cut(uri, "://")
	switch {
	case ok && scheme != "https" && scheme != "http" && scheme != "ssh" && scheme != "git":
		return ""
	case !ok:
		rest = uri
		// git@host:owner/name
		if user, after, found := strings.Cut(rest, "@"); found && !strings.Contains(user, "/") {
			rest = strings.Replace(after, ":", "/", 1)
		}
	}
	host, path, ok := strings.Cut(rest, "/")
	if !ok {
		return ""
	}
	if _, after, found := strings.Cut(host, "@"); found {
		host = after
	}
	host = strings.TrimSuffix(strings.ToLower(host), ":443")
	path = strings.TrimSuffix(strings.TrimRight(path, "/"), ".git")
	if path == "" {
		return ""
	}
	if host == "github.com" || host == "gitlab.com" { // neither tells case apart
		path = strings.ToLower(path)
	}
	return host + "/" + path
}

// commitOf is the source's revision in a digest set.
func commitOf(digest map[string]string) string {
	for _, key := range []string{"gitCommit", "sha1", "sha256"} {
		if v := digest[key]; v != "" {
			return strings.ToLower(v)
		}
	}
	return ""
}

func decode(data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return err
	}
	return nil
}
