package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/boltseal/boltseal/source/registry"
)

// Scheme is one way to point at something. Each is one file of this package.
type Scheme struct {
	Name    string   // "docker-archive"
	Aliases []string // what other tools call it
	Usage   string   // "docker-archive:FILE[:NAME|#N]"
	Title   string   // what it opens, for help
	open    func(ctx context.Context, o *opener, where string) (*Subject, error)
}

var schemes []Scheme

// add registers a scheme; each file of this package calls it once from a
// package-level variable.
func add(s Scheme) bool {
	schemes = append(schemes, s)
	return true
}

// Schemes lists every scheme by name.
func Schemes() []Scheme {
	all := slices.Clone(schemes)
	slices.SortFunc(all, func(a, b Scheme) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// AmbiguousError is returned for a target that holds several images and does
// not say which.
type AmbiguousError struct {
	Choices []string // targets that say it
}

// Error lists the targets that would do.
func (e *AmbiguousError) Error() string {
	const shown = 20
	list := e.Choices
	more := ""
	if len(list) > shown {
		more = fmt.Sprintf(" and %d more", len(list)-shown)
		list = list[:shown]
	}
	return "it holds several images; choose one of " + strings.Join(list, ", ") + more
}

// ErrOffline is returned for targets that need a socket when
// [Options.Offline] is set.
var ErrOffline = errors.New("offline")

var (
	errEmpty = errors.New("nothing is named")
	errURL   = errors.New("not a target; an image is named without http:// or https://, a file by its path")
)

// maxTarget is longer than every path and every reference.
const maxTarget = 8 << 10

func (o *opener) open(ctx context.Context, target string) (*Subject, error) {
	switch {
	case target == "":
		return nil, errEmpty
	case len(target) > maxTarget, strings.ContainsRune(target, 0):
		return nil, fs.ErrInvalid
	case target == "-":
		return o.openStdin(ctx)
	}
	if s, where, ok := splitScheme(target); ok {
		if where == "" {
			return nil, fmt.Errorf("%w; write %s", errEmpty, s.Usage)
		}
		return s.open(ctx, o, where)
	}
	if strings.HasPrefix(target, "http://") || strings.HasPrefix(target, "https://") {
		return nil, errURL
	}
	info, err := os.Stat(target)
	switch {
	case err == nil && info.IsDir():
		if isLayout(target) {
			return o.openLayoutDir(ctx, target, selector{})
		}
		return o.openDir(target)
	case err == nil:
		return o.openPath(ctx, target)
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrInvalid) && looksLikePath(target):
		return nil, err
	case looksLikePath(target):
		return o.openSelected(ctx, target)
	}
	return o.openRegistry(ctx, target)
}

// openSelected opens a path with the name of an image behind it. Only what
// cannot be the name of an image itself is taken for that.
func (o *opener) openSelected(ctx context.Context, target string) (*Subject, error) {
	name, sel, err := splitSelector(target)
	switch {
	case err != nil:
		return nil, err
	case name == target:
		if _, err := registry.ParseRef(target); err == nil {
			return nil, fmt.Errorf("%w (registry:%s if it is the name of an image)", fs.ErrNotExist, target)
		}
		return nil, fs.ErrNotExist
	case isLayout(name):
		return o.openLayoutDir(ctx, name, sel)
	}
	return o.openArchiveAt(ctx, target, anyArchive)
}

// splitScheme takes a known scheme off the target. docker://NAME is what
// other tools call the registry.
func splitScheme(target string) (Scheme, string, bool) {
	name, where, ok := strings.Cut(target, ":")
	if !ok {
		return Scheme{}, "", false
	}
	if rest, ok := strings.CutPrefix(where, "//"); ok && name == "docker" {
		name, where = "registry", rest
	}
	i := slices.IndexFunc(schemes, func(s Scheme) bool { return s.Name == name || slices.Contains(s.Aliases, name) })
	if i < 0 {
		return Scheme{}, "", false
	}
	return schemes[i], where, true
}

// looksLikePath tells whether a target that names no file was meant to: it
// would be a strange thing to ask a registry for.
func looksLikePath(target string) bool {
	for _, suffix := range []string{".tar", ".tar.gz", ".tgz", ".tar.zst", ".json", ".xml", ".spdx", ".jar", ".img"} {
		if strings.HasSuffix(target, suffix) {
			return true
		}
	}
	return target[0] == '/' || target[0] == '.' || target[0] == '~' || strings.Contains(target, `\`) ||
		filepath.VolumeName(target) != ""
}

// selector says which image of several is meant. The zero value says none.
type selector struct {
	name    string // its tag, or a digest
	index   int    // its place, when name is empty and ordinal is true
	ordinal bool
	all     bool // several are one image for several platforms
}

// splitSelector takes ":NAME", ":@N", "@DIGEST" or "#N" off a path. A path
// that exists as it stands has none.
func splitSelector(where string) (path string, sel selector, err error) {
	if _, err := os.Stat(where); err == nil {
		return where, selector{}, nil
	}
	for i := range len(where) {
		if c := where[i]; c != ':' && c != '#' && c != '@' || i == 0 {
			continue
		}
		if _, err := os.Stat(where[:i]); err != nil {
			continue
		}
		sel, err := parseSelector(where[i:])
		return where[:i], sel, err
	}
	return where, selector{}, nil // opening it gives the error
}

func parseSelector(s string) (selector, error) {
	rest := s[1:]
	if s[0] == ':' {
		ordinal, ok := strings.CutPrefix(rest, "@")
		if !ok {
			if rest == "" {
				return selector{}, fmt.Errorf("after %q: %w", s, errEmpty)
			}
			return selector{name: rest}, nil
		}
		rest = ordinal
	}
	if s[0] == '@' {
		return selector{name: rest}, nil
	}
	n := 0
	if _, err := fmt.Sscanf(rest+"\n", "%d\n", &n); err != nil || n < 0 {
		return selector{}, fmt.Errorf("%q is not the place of an image, counted from 0", clip(rest, 40))
	}
	return selector{index: n, ordinal: true}, nil
}
