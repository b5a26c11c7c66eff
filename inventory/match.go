package inventory

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/boltseal/boltseal/internal/exe"
	"github.com/boltseal/boltseal/source/layer"
)

// Select tells a layer reader whether some ecosystem wants a file: by its
// path, or perhaps by its content. It allocates nothing.
func Select(path string, size int64, mode fs.FileMode) layer.Choice {
	m := registered()
	switch {
	case !mode.IsRegular():
		return layer.Skip
	case m.wants(path):
		return layer.Keep
	case len(m.sniffers) > 0 && sniffable(path, size, mode):
		return layer.Sniff
	}
	return layer.Skip
}

// Sniff tells a layer reader whether some ecosystem wants the file with these
// first bytes. It is the second half of [Select].
func Sniff(_ string, head []byte) bool {
	m := registered()
	for _, reader := range m.sniffers {
		if m.readers[reader].Sniff(head) {
			return true
		}
	}
	return false
}

// Accept tells a layer reader whether to keep a file that [Sniff] wanted, now
// that its whole content can be looked at. It does not hold on to r.
func Accept(path string, r io.ReaderAt, size int64) bool {
	m := registered()
	s := &sniffed{at: r, size: size, path: path}
	for _, reader := range m.sniffers {
		// What cannot be read is kept, so that its reader says so.
		if wants, err := s.wanted(&m.readers[reader]); wants || err != nil {
			return true
		}
	}
	return false
}

// Versioned tells a layer reader whether every layer's version of a file is
// wanted: of databases that are written anew with each package.
func Versioned(path string) bool {
	m := registered()
	for p := range m.candidates(path) {
		if !p.beside && m.readers[p.reader].Versioned && p.match(path) {
			return true
		}
	}
	return false
}

// sniffed is a file whose content decides who reads it.
type sniffed struct {
	at      io.ReaderAt
	size    int64
	path    string
	head    []byte
	opened  bool
	program *exe.Program
	err     error // why there is no program
}

// wanted says whether a reader with Sniff wants the file.
func (s *sniffed) wanted(r *Reader) (bool, error) {
	if s.head == nil {
		head := make([]byte, min(512, max(s.size, 0)))
		n, err := s.at.ReadAt(head, 0)
		if err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		s.head = head[:n]
	}
	if !r.Sniff(s.head) {
		return false, nil
	}
	if r.Accept == nil {
		return true, nil
	}
	p, err := s.executable()
	return r.Accept(s.path, p, err), nil
}

func (s *sniffed) executable() (*exe.Program, error) {
	if !s.opened {
		s.program, s.err = exe.Open(s.at, s.size)
		s.opened = true
	}
	return s.program, s.err
}

// registered is the matcher of all ecosystems, compiled when it is first
// needed so that start-up does not pay for it.
var registered = sync.OnceValue(func() *matcher {
	m, err := compile(Ecosystems())
	if err != nil {
		panic(err)
	}
	return m
})

// matcher answers which readers want a path. Patterns are filed under what
// their last segment says for certain, so that a path meets only the few
// that can match it.
type matcher struct {
	readers  []Reader
	sniffers []int // readers with Sniff
	base     filed // by last segment, when that is literal
	ext      filed // by extension of the last segment
	first    filed // by first segment, when that is all there is
	rest     []pattern
	folders  []string // literal folders that patterns without "**/" begin with
	named    *matcher // of Reader.Folders; nil when nobody has any
}

// pattern is one entry of Reader.Files or Reader.Beside.
type pattern struct {
	reader   int
	beside   bool
	any      bool // a leading "**/"
	below    bool // a final "/**"
	segments []segment
}

// segment is one part of a path pattern: parts are the literals between the
// stars; one part is no star.
type segment []string

// filed is patterns under keys. Most names that are looked up are no key: a
// table of the keys' ends tells so without hashing them.
type filed struct {
	ends [1024]bool
	by   map[string][]pattern
}

func ends(key string) int {
	if key == "" {
		return 0
	}
	return (len(key) ^ int(key[0])<<2 ^ int(key[len(key)-1])<<5) & 1023
}

func (f *filed) put(key string, p pattern) {
	if f.by == nil {
		f.by = map[string][]pattern{}
	}
	f.ends[ends(key)] = true
	f.by[key] = append(f.by[key], p)
}

func (f *filed) get(key string) []pattern {
	if !f.ends[ends(key)] {
		return nil
	}
	return f.by[key]
}

func compile(all []Ecosystem) (*matcher, error) {
	m := &matcher{}
	for _, file := range distroFiles {
		if err := m.add(file, pattern{reader: -1, beside: true}); err != nil {
			return nil, err
		}
	}
	for _, e := range all {
		for _, r := range e.Readers {
			reader := len(m.readers)
			m.readers = append(m.readers, r)
			if r.Sniff != nil {
				m.sniffers = append(m.sniffers, reader)
			}
			if err := m.addReader(reader, &r); err != nil {
				return nil, fmt.Errorf("reader %s: %w", r.Name, err)
			}
		}
	}
	slices.Sort(m.folders)
	m.folders = slices.Compact(m.folders)
	return m, nil
}

func (m *matcher) addReader(reader int, r *Reader) error {
	for _, text := range r.Files {
		if err := m.add(text, pattern{reader: reader}); err != nil {
			return err
		}
	}
	for _, text := range r.Beside {
		if err := m.add(text, pattern{reader: reader, beside: true}); err != nil {
			return err
		}
	}
	for _, text := range r.Folders {
		if m.named == nil {
			m.named = &matcher{}
		}
		if err := m.named.add(text, pattern{reader: reader}); err != nil {
			return err
		}
	}
	return nil
}

func (m *matcher) add(text string, p pattern) error {
	rest := text
	rest, p.any = strings.CutPrefix(rest, "**/")
	rest, p.below = strings.CutSuffix(rest, "/**")
	if !fs.ValidPath(rest) || rest == "." || strings.Contains(rest, "**") {
		return fmt.Errorf("pattern %q: want a relative path with \"**\" only as its first or last segment", text)
	}
	for part := range strings.SplitSeq(rest, "/") {
		p.segments = append(p.segments, strings.Split(part, "*"))
	}
	if folder := p.folder(); !p.any && folder != "" {
		m.folders = append(m.folders, folder)
	}
	head, last := p.segments[0], p.segments[len(p.segments)-1]
	tail := last[len(last)-1]
	dot := strings.LastIndexByte(tail, '.')
	switch {
	case p.below && !p.any && len(head) == 1:
		m.first.put(head[0], p)
	case p.below:
		m.rest = append(m.rest, p)
	case len(last) == 1:
		m.base.put(tail, p)
	case dot >= 0:
		m.ext.put(tail[dot:], p)
	case !p.any && len(head) == 1:
		m.first.put(head[0], p)
	default:
		m.rest = append(m.rest, p)
	}
	return nil
}

// folder is the longest run of literal segments before the last one.
func (p *pattern) folder() string {
	var literal []string
	for _, s := range p.segments[:len(p.segments)-1] {
		if len(s) > 1 {
			break
		}
		literal = append(literal, s[0])
	}
	return strings.Join(literal, "/")
}

// wants says whether any pattern matches.
func (m *matcher) wants(path string) bool {
	for p := range m.candidates(path) {
		if p.match(path) {
			return !versionControl(path)
		}
	}
	return false
}

// match appends the readers that want the file itself, and says whether any
// reader wants it at hand.
func (m *matcher) match(path string, readers []int) ([]int, bool) {
	wanted := false
	for p := range m.candidates(path) {
		if !p.match(path) || versionControl(path) {
			continue
		}
		wanted = true
		if !p.beside && !slices.Contains(readers, p.reader) {
			readers = append(readers, p.reader)
		}
	}
	return readers, wanted
}

// candidates gives the patterns that can match the path.
func (m *matcher) candidates(path string) func(yield func(*pattern) bool) {
	return func(yield func(*pattern) bool) {
		base := path[strings.LastIndexByte(path, '/')+1:]
		if !each(m.base.get(base), yield) {
			return
		}
		if dot := strings.LastIndexByte(base, '.'); dot >= 0 && !each(m.ext.get(base[dot:]), yield) {
			return
		}
		if len(m.first.by) > 0 {
			first, _, _ := strings.Cut(path, "/")
			if !each(m.first.get(first), yield) {
				return
			}
		}
		each(m.rest, yield)
	}
}

func each(patterns []pattern, yield func(*pattern) bool) bool {
	for i := range patterns {
		if !yield(&patterns[i]) {
			return false
		}
	}
	return true
}

func (p *pattern) match(path string) bool {
	if !p.below {
		return p.matchEnd(path)
	}
	for {
		if p.matchStart(path) {
			return true
		}
		slash := strings.IndexByte(path, '/')
		if !p.any || slash < 0 {
			return false
		}
		path = path[slash+1:]
	}
}

// matchEnd compares segments from the last one backwards.
func (p *pattern) matchEnd(path string) bool {
	for i := len(p.segments) - 1; ; i-- {
		slash := strings.LastIndexByte(path, '/')
		if !p.segments[i].match(path[slash+1:]) {
			return false
		}
		if i == 0 {
			return slash < 0 || p.any
		}
		if slash < 0 {
			return false
		}
		path = path[:slash]
	}
}

// matchStart says whether path lies below the pattern's folder.
func (p *pattern) matchStart(path string) bool {
	for _, s := range p.segments {
		part, rest, more := strings.Cut(path, "/")
		if !more || !s.match(part) {
			return false
		}
		path = rest
	}
	return path != ""
}

func (s segment) match(part string) bool {
	first, last := s[0], s[len(s)-1]
	if len(s) == 1 {
		return part == first
	}
	if len(part) < len(first)+len(last) || !strings.HasPrefix(part, first) || !strings.HasSuffix(part, last) {
		return false
	}
	part = part[len(first) : len(part)-len(last)]
	for _, middle := range s[1 : len(s)-1] {
		at := strings.Index(part, middle)
		if at < 0 {
			return false
		}
		part = part[at+len(middle):]
	}
	return true
}

// sniffable says whether the file may be an executable or library, whose
// first bytes are worth a look.
func sniffable(path string, size int64, mode fs.FileMode) bool {
	if size < 4 || versionControl(path) {
		return false
	}
	if mode&0o111 != 0 {
		return true
	}
	base := path[strings.LastIndexByte(path, '/')+1:]
	dot := strings.LastIndexByte(base, '.')
	return dot <= 0 || strings.HasSuffix(base, ".so") || strings.Contains(base, ".so.") || strings.EqualFold(base[dot:], ".exe")
}

// versionControl says whether the path lies in a repository's own storage,
// whose names (branches, object hashes) say nothing about their content.
func versionControl(path string) bool {
	for {
		at := strings.Index(path, ".git/")
		if at < 0 {
			return false
		}
		if at == 0 || path[at-1] == '/' {
			return true
		}
		path = path[at+len(".git/"):]
	}
}
