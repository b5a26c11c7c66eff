package secret

import (
	"bytes"
	"io"
	"sync"
)

const (
	bufferSize = 64 << 10
	sniffed    = 8 << 10 // bytes at the start that tell text from anything else
)

// Stream looks at one file's bytes as they pass, in a buffer of fixed size.
type Stream struct {
	place  place
	report func(path string, m []Match)
	size   int64

	buf   []byte // pending bytes; what is before from was looked at
	from  int
	base  int64 // of buf in the file
	lines int   // newlines before buf
	start int64 // of the line that buf begins in

	found []found
	seen  int64 // bytes so far, while the first ones are sniffed
	over  bool  // nothing more is to be found
	open  bool
	wide  wide
	room  [bufferSize + behind]byte
}

// wide undoes UTF-16, in which Windows' tools write text.
type wide struct {
	on   bool
	keep int // index, modulo 2, of the bytes that hold ASCII
	at   int
}

var streams = sync.Pool{New: func() any { return &Stream{} }}

// NewStream returns a sink for the bytes of one file, to be closed at its
// end, or nil when the name says that there is no text in it. report is
// called at most once, from Close, when something was found. The sink's
// Write never fails.
func NewStream(path string, size int64, report func(path string, m []Match)) io.WriteCloser {
	if size < 8 || binaryName(path) {
		return nil
	}
	p := placeOf(path)
	if p.public {
		return nil
	}
	s := streams.Get().(*Stream)
	s.place, s.report, s.size = p, report, size
	s.buf, s.from, s.base, s.lines, s.start = s.room[:0], 0, 0, 0, 0
	s.found, s.seen, s.over, s.open, s.wide = nil, 0, false, true, wide{}
	return s
}

// Done tells that nothing more is to be found, so that the rest of the file
// need not be read for the sake of the stream.
func (s *Stream) Done() bool { return s.over }

// Write takes the next bytes.
func (s *Stream) Write(p []byte) (int, error) {
	n := len(p)
	if s.over {
		return n, nil
	}
	if s.seen < sniffed && !s.wide.on {
		if s.sniff(p); s.over {
			return n, nil
		}
		if whole := int64(n) == s.size; whole && s.seen == s.size && !s.wide.on {
			s.look(p, true) // all of it, without a copy
			s.over = true
			return n, nil
		}
	}
	if s.wide.on {
		for _, c := range p {
			if s.wide.at++; s.wide.at&1 == s.wide.keep {
				s.push([]byte{c})
			}
		}
		return n, nil
	}
	s.push(p)
	return n, nil
}

// sniff looks at what p holds of a file's first bytes.
func (s *Stream) sniff(p []byte) {
	head := p[:min(int64(len(p)), sniffed-s.seen)]
	first := s.seen == 0
	s.seen += int64(len(p))
	if first && len(head) >= 2 && (head[0] == 0xff && head[1] == 0xfe || head[0] == 0xfe && head[1] == 0xff) {
		s.wide = wide{on: true, keep: 1}
		if head[0] == 0xfe {
			s.wide.keep = 0
		}
		return
	}
	s.over = bytes.IndexByte(head, 0) >= 0
}

func (s *Stream) push(p []byte) {
	for len(p) > 0 {
		n := copy(s.room[len(s.buf):], p)
		s.buf = s.room[:len(s.buf)+n]
		p = p[n:]
		if len(s.buf) == len(s.room) {
			s.look(s.buf, false)
		}
	}
}

// look looks at buf as far as there are enough bytes behind a keyword, or at
// all of it when the file ends there, and keeps what is still needed.
func (s *Stream) look(buf []byte, last bool) {
	to := len(buf)
	if !last {
		to -= reach
	}
	if len(s.found) < perFile {
		theEngine().look(&s.place, buf, s.from, to, func(d *ready, start, end int, sound bool) { s.add(buf, d, start, end, sound) })
	}
	if last {
		return
	}
	drop := max(to-behind, 0)
	gone := buf[:drop]
	s.lines += bytes.Count(gone, newline)
	if i := bytes.LastIndexByte(gone, '\n'); i >= 0 {
		s.start = s.base + int64(i) + 1
	}
	s.base += int64(drop)
	s.from = to - drop
	s.buf = s.room[:copy(s.room[:], buf[drop:])]
}

var newline = []byte{'\n'}

// add notes a match, once: several keywords may lead to one.
func (s *Stream) add(buf []byte, d *ready, start, end int, sound bool) {
	f := found{detector: d, sound: sound, start: s.base + int64(start), end: s.base + int64(end)}
	for i := range s.found {
		if g := &s.found[i]; g.detector == d && g.start == f.start {
			return
		}
	}
	if len(s.found) >= perFile {
		return
	}
	before := buf[:start]
	f.line = s.lines + bytes.Count(before, newline) + 1
	if i := bytes.LastIndexByte(before, '\n'); i >= 0 {
		f.col = start - i
	} else {
		f.col = int(f.start-s.start) + 1
	}
	f.shown = string(buf[start:min(start+d.Shown, end)])
	s.found = append(s.found, f)
}

// Close looks at what is left and reports.
func (s *Stream) Close() error {
	if !s.open {
		return nil
	}
	if !s.over {
		s.look(s.buf, true)
	}
	if len(s.found) > 0 {
		m := matches(&s.place, s.found)
		m[len(m)-1].More = len(s.found) >= perFile
		s.report(s.place.path, m)
	}
	s.report, s.found, s.open = nil, nil, false
	streams.Put(s)
	return nil
}

// Scan looks at the content of a file. Path is where the file stands, from
// the root and without a leading slash: in tests, examples and documentation
// of installed packages nothing is reported, and elsewhere among them with
// less severity, since those keys are public. An empty path says nothing.
func Scan(path string, content []byte) []Match {
	var out []Match
	if s := NewStream(path, int64(len(content)), func(_ string, m []Match) { out = m }); s != nil {
		_, _ = s.Write(content)
		_ = s.Close()
	}
	return out
}
