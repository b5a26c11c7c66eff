// Package signature recognises software by what stands in its compiled files:
// a server, an interpreter or a library that nobody's package database knows
// of, under whatever name it lies. Each kind is one file in data/, which says
// what to look for and holds examples of it; [Find] looks through the
// read-only data of one executable for all of them at once.
//
// It says "this looks like nginx 1.22.1" and never why it is there. Modules
// that a compiler has written into a program are not its business: internal/exe
// finds those.
package signature

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed data/*.txt
var data embed.FS

// Signature is one kind of software and how to know it.
type Signature struct {
	Name     string   // slug, and the name in its purl: "nginx"
	Title    string   // for tables
	Files    []string // base names it goes by, with "*"; nil: any
	Packages []string // names, with "*", of OS packages and their sources that are this very software
	Bitnami  string   // the package of OSV's Bitnami ecosystem that speaks of its releases
	Needs    []string // further text that must be there as well

	anchors []string
	pattern string
	follows bool // the pattern begins where the anchor does
	cpe     string
	version func() *regexp.Regexp
}

// PURL is the identity of one release.
func (s *Signature) PURL(version string) string { return "pkg:generic/" + s.Name + "@" + version }

// CPE is the name of one release in NVD's dictionary, empty when it has none.
func (s *Signature) CPE(version string) string {
	if s.cpe == "" {
		return ""
	}
	return "cpe:2.3:a:" + s.cpe + ":" + strings.ReplaceAll(version, "+", "\\+") + ":*:*:*:*:*:*:*"
}

// Is says whether an OS package of this name, or built from a source of this
// name, is the software itself and not something that carries a copy of it.
func (s *Signature) Is(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return name != "" && slices.ContainsFunc(s.Packages, func(p string) bool { return like(p, name) })
	})
}

// goesBy says whether a file of this base name may be it.
func (s *Signature) goesBy(base string) bool {
	return len(s.Files) == 0 || slices.ContainsFunc(s.Files, func(p string) bool { return like(p, base) })
}

// like compares a name with a pattern whose stars stand for any run of bytes.
func like(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// All lists every signature by name.
func All() []*Signature { return slices.Clone(table().all) }

// Named is the signature of that name, or nil.
func Named(name string) *Signature {
	t := table()
	i, ok := slices.BinarySearchFunc(t.all, name, func(s *Signature, name string) int { return strings.Compare(s.Name, name) })
	if !ok {
		return nil
	}
	return t.all[i]
}

// tables are the signatures made ready. Reading them costs a millisecond,
// which runs that look at no executable do not pay.
type tables struct {
	all    []*Signature
	filter *filter
	named  []int // signatures with an anchor that is dynamic
}

var table = sync.OnceValue(func() *tables {
	entries, err := data.ReadDir("data")
	if err != nil {
		panic(err)
	}
	t := &tables{}
	var texts []keyword
	for _, e := range entries {
		text, err := data.ReadFile("data/" + e.Name())
		if err != nil {
			panic(err)
		}
		s, err := parse(strings.TrimSuffix(e.Name(), ".txt"), string(text))
		if err != nil {
			panic(fmt.Sprintf("signature %s: %v", e.Name(), err))
		}
		t.all = append(t.all, s)
	}
	for i, s := range t.all {
		for _, a := range s.anchors {
			if s.dynamic(a) {
				if len(t.named) == 0 || t.named[len(t.named)-1] != i {
					t.named = append(t.named, i)
				}
			} else {
				texts = append(texts, keyword{text: a, signature: i, need: -1})
			}
		}
		for n, need := range s.Needs {
			texts = append(texts, keyword{text: need, signature: i, need: n})
		}
	}
	t.filter = newFilter(texts)
	return t
})

// dynamic says whether an anchor is looked for in files of the right name
// only: because the name completes it, or because it is short.
func (s *Signature) dynamic(anchor string) bool {
	return strings.Contains(anchor, minor) || len(anchor) < leastText
}

// minor stands in an anchor for the first "3.11" of the file's name.
const minor = "{minor}"

// parse reads one file of data: a keyword and its value on each line.
//
//	title    NGINX
//	file     nginx nginx-debug          base names; without it, any name
//	anchor   "nginx version: nginx/"    text that starts the search; below 11 bytes only with file
//	version  nginx/(\d+\.\d+\.\d+)      regular expression around the anchor; group 1 is the version;
//	                                    with ^ it begins where the anchor does
//	need     "another text"             that must be somewhere in the file too
//	cpe      f5:nginx                   vendor and product
//	bitnami  nginx
//	package  nginx nginx-*              OS packages that are this very software
//
// Examples stand in testdata/, so that this program does not look like
// everything that it knows.
func parse(name, text string) (*Signature, error) {
	s := &Signature{Name: name}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		value = strings.TrimSpace(value)
		if key == "" || key == "#" {
			continue
		}
		if err := s.set(key, value); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	if len(s.anchors) == 0 || s.pattern == "" || s.Title == "" {
		return nil, fmt.Errorf("%q has no title, anchor or version", name)
	}
	if s.Packages == nil {
		s.Packages = []string{name}
	}
	for _, a := range s.anchors {
		if s.dynamic(a) && s.Files == nil {
			return nil, fmt.Errorf("anchor %q is too short without a file", a)
		}
	}
	s.version = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(strings.ReplaceAll(s.pattern, minor, `\d+\.\d+`))
	})
	return s, nil
}

func (s *Signature) set(key, value string) error {
	switch key {
	case "title":
		s.Title = value
	case "file":
		s.Files = strings.Fields(value)
	case "package":
		s.Packages = strings.Fields(value)
	case "version":
		s.pattern, s.follows = value, strings.HasPrefix(value, "^")
	case "cpe":
		s.cpe = value
	case "bitnami":
		s.Bitnami = value
	case "anchor", "need":
		text, err := strconv.Unquote(value)
		switch {
		case err != nil:
			return err
		case len(text) > mostText || key == "need" && len(text) < leastText:
			return fmt.Errorf("%q has %d bytes", text, len(text))
		case key == "anchor":
			s.anchors = append(s.anchors, text)
		default:
			s.Needs = append(s.Needs, text)
		}
	default:
		return errors.New("unknown word")
	}
	return nil
}

// versionIn looks for the version in the text around an anchor.
func (s *Signature) versionIn(window []byte) string {
	m := s.version().FindSubmatch(window)
	if len(m) < 2 {
		return ""
	}
	return string(bytes.TrimSpace(m[1]))
}
