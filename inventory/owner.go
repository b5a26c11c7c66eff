package inventory

import (
	"path"
	"strings"
	"sync"

	"github.com/boltseal/boltseal"
)

// owners gathers which OS package the wanted files belong to, while the OS
// ecosystems read their databases. Only wanted files are remembered: a
// distribution's file lists are far longer than what we look at.
type owners struct {
	wanted map[string]bool
	moved  []moved // folders that lists name and that lie elsewhere behind a link
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
			o.moved = append(o.moved, moved{real: real + "/", named: folder + "/"})
		}
	}
	return o
}

// own notes that the package with this purl brought the file.
func (in *Input) own(file, purl string) {
	o := in.owners
	if o == nil {
		return
	}
	if strings.HasPrefix(file, "/") || strings.HasPrefix(file, "./") {
		file = strings.TrimLeft(strings.TrimPrefix(file, "."), "/")
	}
	for _, m := range o.moved {
		if rest, ok := strings.CutPrefix(file, m.named); ok {
			file = m.real + rest
			break
		}
	}
	if !o.wanted[file] {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if had := o.of[file]; had == "" || purl < had {
		o.of[file] = purl
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
