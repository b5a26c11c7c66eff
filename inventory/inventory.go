// Package inventory finds the components in a file tree. Each ecosystem is
// one file that adds one [Ecosystem]: the files it reads and what they say.
// [Read] drives them over an fs.FS; [Select], [Sniff], [Accept] and [Versioned]
// tell a layer reader beforehand which files to keep, so that one pass over the bytes is enough.
//
// It says what is there and on what evidence. What is wrong with it is the
// business of check/vuln.
package inventory

import (
	"context"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/exe"
	"github.com/boltseal/boltseal/internal/limit"
)

// Ecosystem is one family of software and the files that tell of it.
type Ecosystem struct {
	Name    string // slug: "npm"
	Title   string // for tables: "Node.js (npm, yarn, pnpm, bun)"
	Readers []Reader
}

// Reader reads one kind of file.
type Reader struct {
	Name string // "npm/package-lock", what Component.FoundBy says

	// Files are the paths it wants, relative to the root: "lib/apk/db/installed"
	// is that path, a leading "**/" stands for any folder, "*" for any run of
	// bytes within one segment and a final "/**" for everything below.
	Files []string

	// Folders are folders whose name alone tells, in the same language. Read
	// is called with an empty File.
	Folders []string

	// Sniff, when not nil, also wants files by the first bytes of their
	// content (at most 512), whatever their path. It is asked about regular
	// files only that are executable, have no extension, or are shared
	// libraries by their name.
	Sniff func(head []byte) bool

	// Accept, when not nil, is asked about the files that Sniff wants when
	// all of their content is at hand: by its sections, or by why there are
	// none to be seen, an executable may be none that Read has a use for.
	Accept func(path string, p *exe.Program, err error) bool

	// Versioned says that the file is a database which is written anew with
	// each package. What the layers below had of it then tells which of them
	// brought a component: Read is called for each, without anything beside.
	Versioned bool

	// Beside are further files that must be at hand when Read runs, in the
	// pattern language of Files, though Read is not called with them.
	Beside []string

	// Read returns what one file says. Components need not have Locations,
	// FoundBy, Name and Version: Read's caller fills in what is empty, the
	// last two from the purl, and an empty Basis is [boltseal.Declared].
	// DependsOn may name components by purls without a version, where the
	// file does not tell which one answers: the nearest of that name does.
	// Components that come with an error are kept, and the error is a gap.
	// A Read that panics is a gap too: this contains other people's parsers
	// and is no excuse for ours.
	Read func(ctx context.Context, in *Input) ([]boltseal.Component, error)
}

// Input is one file that a Reader wanted.
type Input struct {
	Path   string // slash path from the root
	Size   int64
	File   File
	FS     fs.FS            // the whole tree; only wanted files can be opened
	Distro *boltseal.Distro // nil when the tree has no distribution
	Image  bool             // the tree is an image or root file system, not a project
	Limits limit.Limits     // what a reader must hold itself to, beyond File's own size

	owners  *owners
	shared  *shared
	layerOf func(path string) (boltseal.Digest, bool) // nil outside of images
	sniffed *sniffed                                  // nil when nobody had to look at the content
	spare   func(task func()) bool                    // runs the task elsewhere if a goroutine is to spare; may be nil
}

// executable is the file as an executable. Readers of one file share it.
func (in *Input) executable() (*exe.Program, error) {
	if in.sniffed == nil {
		return exe.Open(in.File, in.Size)
	}
	return in.sniffed.executable()
}

// layer is the layer that holds a file, empty where there are none.
func (in *Input) layer(path string) boltseal.Digest {
	if in.layerOf == nil {
		return ""
	}
	d, _ := in.layerOf(path)
	return d
}

// File is an open file with random access.
type File interface {
	io.Reader
	io.ReaderAt
	io.Seeker
}

var ecosystems []Ecosystem

// add registers an ecosystem; each file of this package calls it once from a
// package-level variable.
func add(e Ecosystem) bool {
	ecosystems = append(ecosystems, e)
	return true
}

// Ecosystems lists every ecosystem by name.
func Ecosystems() []Ecosystem {
	all := slices.Clone(ecosystems)
	slices.SortFunc(all, func(a, b Ecosystem) int { return strings.Compare(a.Name, b.Name) })
	return all
}
