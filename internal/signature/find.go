package signature

import (
	"bytes"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/boltseal/boltseal/internal/exe"
)

// Match is one kind of software seen in a file.
type Match struct {
	*Signature
	Version string
}

// sections are what compilers call the places where text stands: of ELF and
// Mach-O, and of PE.
var sections = []string{".rodata", ".data", "__cstring", "__const", "__data", ".rdata"}

const (
	around   = 256       // bytes before and behind an anchor that the version may stand in
	chunk    = 128 << 10 // bytes looked at in one go
	maxBytes = 1 << 30   // of one section; the largest known is a tenth
	maxTries = 256       // anchors of one signature in one file

	// maxLibrary is the largest section of a shared library that is looked
	// through although no signature has its name: beyond it lie tables of
	// characters and dictionaries.
	maxLibrary = 2 << 20
)

// Find gives what a program looks like, by name. The path's last part is what
// signatures that ask for certain names compare.
func Find(name string, p *exe.Program) ([]Match, error) {
	t := table()
	s := &search{tables: t, base: path.Base(name)}
	for _, section := range sections {
		text, err := p.Section(section)
		if errors.Is(err, exe.ErrFormat) {
			continue // it claims to lie outside of the file, and so holds nothing
		}
		if err != nil {
			return nil, err
		}
		if text == nil || text.Size() > maxBytes || text.Size() > maxLibrary && !s.known() {
			continue
		}
		if err := s.read(text, text.Size()); err != nil {
			return nil, err
		}
	}
	return s.matches(), nil
}

// known says whether the file is a program, or a library that goes by the
// name of one that is looked for.
func (s *search) known() bool {
	return !strings.HasSuffix(s.base, ".so") && !strings.Contains(s.base, ".so.") ||
		slices.ContainsFunc(s.all, func(sig *Signature) bool { return sig.Files != nil && sig.goesBy(s.base) })
}

// FindIn is Find in a text that stands for a program's data.
func FindIn(name string, text []byte) ([]Match, error) {
	s := &search{tables: table(), base: path.Base(name)}
	err := s.read(bytes.NewReader(text), int64(len(text)))
	return s.matches(), err
}

// search is the state of one file. Most files have none.
type search struct {
	*tables
	base    string
	partial map[int]*partial
	dynamic []keyword
	asked   bool
}

// partial is what was seen of one signature.
type partial struct {
	version string
	tries   int
	needs   uint64
}

var buffers = sync.Pool{New: func() any { return new([chunk + 2*around]byte) }}

// read goes through a section. A version is looked for in the bytes on both
// sides of its anchor, so that the ends of one chunk are seen again in the next.
func (s *search) read(r io.ReaderAt, size int64) error {
	lent := buffers.Get().(*[chunk + 2*around]byte)
	defer buffers.Put(lent)
	buf, n, from := lent[:], 0, 0
	for off := int64(0); off < size; {
		got, err := r.ReadAt(buf[n:min(int64(len(buf)), int64(n)+size-off)], off)
		if err != nil && (!errors.Is(err, io.EOF) || got == 0) {
			return err
		}
		off += int64(got)
		n += got
		to := n
		if off < size {
			to = n - around
		}
		if to > from {
			s.look(buf[:n], from, to)
		}
		if off >= size {
			return nil
		}
		kept := copy(buf, buf[max(0, n-2*around):n])
		from, n = max(0, kept-around), kept
	}
	return nil
}

func (s *search) look(buf []byte, from, to int) {
	s.filter.find(buf, from, to, func(k *keyword, at int) { s.hit(buf, k.signature, k.need, at) })
	if !s.asked {
		s.asked, s.dynamic = true, s.completed()
	}
	for _, k := range s.dynamic {
		for at := from; at < to; at++ {
			next := bytes.Index(buf[at:min(len(buf), to+len(k.text))], []byte(k.text))
			if next < 0 || at+next >= to {
				break
			}
			at += next
			s.hit(buf, k.signature, k.need, at)
		}
	}
}

// completed are the anchors that this file's name completes.
func (s *search) completed() []keyword {
	var out []keyword
	for _, i := range s.named {
		sig := s.all[i]
		if !sig.goesBy(s.base) {
			continue
		}
		version := minorOf(s.base)
		for _, a := range sig.anchors {
			if sig.dynamic(a) && (version != "" || !strings.Contains(a, minor)) {
				out = append(out, keyword{text: strings.ReplaceAll(a, minor, version), signature: i, need: -1})
			}
		}
	}
	return out
}

// minorOf is the first "3.11" of a file's name.
func minorOf(base string) string {
	for i := 0; i < len(base); i++ {
		if !digit(base[i]) {
			continue
		}
		end := i
		for end < len(base) && digit(base[end]) {
			end++
		}
		if end+1 >= len(base) || base[end] != '.' || !digit(base[end+1]) {
			i = end
			continue
		}
		for end++; end < len(base) && digit(base[end]); {
			end++
		}
		return base[i:end]
	}
	return ""
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func (s *search) hit(buf []byte, signature, need, at int) {
	sig := s.all[signature]
	if !sig.goesBy(s.base) {
		return
	}
	p := s.partial[signature]
	if p == nil {
		if s.partial == nil {
			s.partial = map[int]*partial{}
		}
		p = &partial{}
		s.partial[signature] = p
	}
	switch {
	case need >= 0:
		p.needs |= 1 << need
	case p.version == "" && p.tries < maxTries:
		p.tries++
		start := max(0, at-around)
		if sig.follows {
			start = at
		}
		p.version = sig.versionIn(buf[start:min(len(buf), at+around)])
		if v := minorOf(s.base); v != "" && strings.Contains(sig.pattern, minor) && !strings.HasPrefix(p.version, v+".") {
			p.version = ""
		}
	}
}

// matches are the signatures of which everything was seen.
func (s *search) matches() []Match {
	var out []Match
	for i, p := range s.partial {
		if sig := s.all[i]; p.version != "" && p.needs == 1<<len(sig.Needs)-1 {
			out = append(out, Match{sig, p.version})
		}
	}
	slices.SortFunc(out, func(a, b Match) int { return strings.Compare(a.Name, b.Name) })
	return out
}
