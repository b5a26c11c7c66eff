package inventory

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/boltseal/boltseal"
)

// owners gathers which OS package the wanted files belong to, while the OS
// ecosystems read their databases. Only wanted files are remembered: a
// distribution's file lists are far longer than what we look at.
type owners struct {
	wanted map[string]bool
	moved  []struct{ from, to []byte } // folders that lists name, and where their links lead
	mu     sync.Mutex
	of     map[string]string // file to purl
}

// merged are the folders that distributions have turned into links while
// their packages' file lists went on naming the old place.
var merged = []string{
	"bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr/bin", "usr/sbin", "usr/lib64",
	"usr/local/bin", "usr/local/sbin", "usr/local/lib64", "var/run",
}

func newOwners(t *tree, items []*item) *owners {
	o := &owners{wanted: make(map[string]bool, len(items)), of: map[string]string{}}
	for _, it := range items {
		o.wanted[it.real] = true
	}
	for _, folder := range merged {
		if real, err := t.resolve(folder); err == nil && real != folder {
			o.moved = append(o.moved, struct{ from, to []byte }{[]byte(folder + "/"), []byte(real + "/")})
		}
	}
	return o
}

// want asks for further files, by their paths in the tree.
func (o *owners) want(files []string) {
	for _, file := range files {
		o.wanted[strings.TrimPrefix(path.Clean(file), "/")] = true
	}
}

// used are the packages that brought files.
func (o *owners) used(files []string) map[string]string {
	out := map[string]string{}
	for _, file := range files {
		if purl := o.of[strings.TrimPrefix(path.Clean(file), "/")]; purl != "" {
			out[file] = purl
		}
	}
	return out
}

// own notes that the package with this purl brought the file. The path may
// begin with "/" or "./".
func (in *Input) own(file []byte, purl string) {
	if in.owners == nil {
		return
	}
	in.owners.note(in.owners.place(file), purl)
}

// wanted says whether own would remember the file.
func (in *Input) wanted(file []byte) bool {
	return in.owners != nil && in.owners.wanted[string(in.owners.place(file))]
}

// place is where the file lies, when its list names it by a folder that has
// become a link.
func (o *owners) place(file []byte) []byte {
	file = bytes.TrimLeft(bytes.TrimPrefix(file, []byte("./")), "/")
	for _, m := range o.moved {
		if rest, ok := bytes.CutPrefix(file, m.from); ok {
			return slices.Concat(m.to, rest)
		}
	}
	return file
}

func (o *owners) note(file []byte, purl string) {
	if !o.wanted[string(file)] {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if had := o.of[string(file)]; had == "" || purl < had {
		o.of[string(file)] = purl
	}
}

// owned is the package that brought all the component's files, or nothing.
func (o *owners) owned(c *boltseal.Component) string {
	if isOS(c.PURL) || len(c.Locations) == 0 {
		return ""
	}
	first := ""
	for _, l := range c.Locations {
		owner := o.of[outermost(l.File)]
		if owner == "" {
			return ""
		}
		if first == "" {
			first = owner
		}
	}
	return first
}

// outermost is the file of the tree that a location inside archives lies in.
func outermost(file string) string {
	file, _, _ = strings.Cut(file, "!/")
	return path.Clean(file)
}

// isOS says whether the purl is one of an operating system's package.
func isOS(purl string) bool {
	kind, _, _ := strings.Cut(strings.TrimPrefix(purl, "pkg:"), "/")
	switch kind {
	case "deb", "rpm", "apk", "alpm", "opkg", "ebuild":
		return true
	}
	return false
}
