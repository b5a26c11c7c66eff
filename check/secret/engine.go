package secret

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/boltseal/boltseal"
)

const (
	reach   = 4 << 10 // bytes after a keyword that a detector may look at
	longest = 1200    // bytes of a token of its own form
	behind  = 512     // bytes before it
	perFile = 100     // matches kept of one file
)

// engine is the detectors made ready.
type engine struct {
	auto      *automaton
	detectors []ready
	keywords  []keyword
}

// keyword is one text that the automaton finds.
type keyword struct {
	text  string
	asked []asked
}

// asked is a detector that wants to know of a keyword.
type asked struct {
	detector int
	exact    string // the keyword in its own case; empty for any case
}

// ready is a detector with its expressions, compiled when they are needed.
type ready struct {
	Detector
	token, value func() *regexp.Regexp
}

var theEngine = sync.OnceValue(func() *engine { return newEngine(Detectors()) })

func newEngine(all []Detector) *engine {
	e := &engine{}
	at := map[string]int{}
	for i, d := range all {
		r := ready{Detector: d}
		r.token = lazily(`^(?:` + d.Token + `)`)
		r.value = lazily(`^(?:` + d.Value + `)$`)
		if r.Shown == 0 && d.Token != "" && d.Lead == 0 {
			r.Shown = len(d.Keywords[0])
			for _, k := range d.Keywords {
				r.Shown = min(r.Shown, len(k))
			}
		}
		e.detectors = append(e.detectors, r)
		for _, k := range d.Keywords {
			folded := strings.ToLower(k)
			n, ok := at[folded]
			if !ok {
				n = len(e.keywords)
				at[folded] = n
				e.keywords = append(e.keywords, keyword{text: folded})
			}
			exact := k
			if d.Fold {
				exact = ""
			}
			e.keywords[n].asked = append(e.keywords[n].asked, asked{i, exact})
		}
	}
	texts := make([]string, len(e.keywords))
	for i := range e.keywords {
		texts[i] = e.keywords[i].text
	}
	e.auto = newAutomaton(texts)
	return e
}

func lazily(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// Hit is a keyword of a detector in the bytes around it.
type Hit struct {
	Path  string
	Class Class
	Buf   []byte // at least behind bytes before the keyword and reach after it, as far as the file goes
	At    int    // of the keyword in Buf
	End   int

	place    *place
	doubtful bool // set by a detector: it has the form, and its content does not fit
}

// found is a match before it is known whether another one covers it.
type found struct {
	detector   *ready
	start, end int64 // in the file
	line, col  int
	shown      string
	sound      bool // its checksum fits, if there is one
}

// look reports the matches of keywords that begin in buf[from:to].
func (e *engine) look(p *place, buf []byte, from, to int, report func(d *ready, start, stop int, sound bool)) {
	end := min(len(buf), to+e.auto.long)
	p.barren = 0
	p.looks++
	e.auto.find(buf[from:end], func(k uint16, stop int) {
		word := &e.keywords[k]
		stop += from
		at := stop - len(word.text)
		if at < from || at >= to {
			return
		}
		for _, a := range word.asked {
			if a.exact != "" && string(buf[at:stop]) != a.exact {
				continue
			}
			d := &e.detectors[a.detector]
			if d.Only != 0 && d.Only&p.class == 0 || d.weak && p.dependency {
				continue
			}
			start, stop, sound, ok := d.match(p, buf, at, stop)
			if ok && (sound || !p.dependency) {
				report(d, start, stop, sound)
			}
		}
	})
}

// match looks for the detector's credential around its keyword. It is sound
// when a checksum or a structure that it should have is there.
func (d *ready) match(p *place, buf []byte, at, end int) (start, stop int, sound, ok bool) {
	switch {
	case d.Find != nil:
		h := &Hit{Path: p.path, Class: p.class, Buf: buf, At: at, End: end, place: p}
		start, stop, ok = d.Find(h)
		return start, stop, !h.doubtful, ok && (d.Valid == nil || d.Valid(buf[start:stop]))
	case d.Value != "":
		start, stop, ok = d.assignedValue(buf, at, end)
	default:
		start, stop, ok = d.ownForm(p, buf, at)
	}
	if !ok {
		return 0, 0, false, false
	}
	token := buf[start:stop]
	body := token[min(d.Shown, len(token)):]
	if placeholder(body) || !d.random(body) || d.Valid != nil && !d.Valid(token) {
		return 0, 0, false, false
	}
	return start, stop, d.Checksum == nil || d.Checksum(token), true
}

func (d *ready) random(body []byte) bool {
	want := d.Entropy
	if want == 0 {
		want = least(len(body))
	}
	return want < 0 || entropy(body) >= want
}

// ownForm matches a token at a keyword.
func (d *ready) ownForm(p *place, buf []byte, at int) (int, int, bool) {
	start := at
	for at-start < d.Lead && start > 0 && (nameByte(buf[start-1]) || buf[start-1] == '~') {
		start--
	}
	if !edgeBefore(buf, start) || p.tired(d, start) {
		return 0, 0, false
	}
	window := buf[start:min(len(buf), at+longest)]
	loc := d.token().FindIndex(window)
	if loc == nil {
		p.failed(d, start, window)
		return 0, 0, false
	}
	stop := start + loc[1]
	if stop < len(buf) && wordByte(buf[stop]) {
		p.failed(d, start, window)
		return 0, 0, false
	}
	return start, stop, stop > at
}

// failure is how often a detector looked at long texts in vain, and where it
// did so last.
type failure struct{ times, at, look int }

// patience is how often a detector may look in vain at each place that a
// keyword stands. Text that is nothing but keywords would cost thousands of
// times what other text costs; from then on it is looked at in steps.
const patience = 200

func (p *place) tired(d *ready, at int) bool {
	f := p.failures[d]
	return f.times > patience && f.look == p.looks && at < f.at+longest
}

// failed notes a look that was long, and in vain.
func (p *place) failed(d *ready, at int, window []byte) {
	const short = 48
	for i := range min(short, len(window)) {
		if c := window[i]; c <= ' ' || c == '"' || c == '\'' {
			return
		}
	}
	if p.failures == nil {
		p.failures = map[*ready]failure{}
	}
	f := p.failures[d]
	p.failures[d] = failure{f.times + 1, at, p.looks}
}

// edgeBefore tells whether a word can begin at start: after another sign than
// a letter or digit, or after one that is escaped ("\n", "%3D").
func edgeBefore(buf []byte, start int) bool {
	if start == 0 || !wordByte(buf[start-1]) {
		return true
	}
	if start >= 2 && buf[start-2] == '\\' && (buf[start-1] == 'n' || buf[start-1] == 't' || buf[start-1] == 'r') {
		return true
	}
	return start >= 3 && buf[start-3] == '%' && hexByte(buf[start-2]) && hexByte(buf[start-1])
}

func wordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}

func hexByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= fold(c) && fold(c) <= 'f'
}

// assignedValue matches the value of an assignment whose name holds the
// keyword.
func (d *ready) assignedValue(buf []byte, at, end int) (int, int, bool) {
	a, ok := assigned(buf, at, end)
	if !ok || !namesOne(buf[a.name.start:a.name.end], d.Name) {
		return 0, 0, false
	}
	value := buf[a.value.start:a.value.end]
	if !filledIn(value) || !d.value().Match(value) {
		return 0, 0, false
	}
	return a.value.start, a.value.end, true
}

// namesOne tells whether a name holds one of the words, in any case.
func namesOne(name []byte, words []string) bool {
	if len(words) == 0 {
		return true
	}
	var small [maxName * 3]byte
	lower := small[:0]
	for _, c := range name[:min(len(name), len(small))] {
		lower = append(lower, fold(c))
	}
	for _, w := range words {
		if bytes.Contains(lower, []byte(w)) {
			return true
		}
	}
	return false
}

// settle keeps, of matches that overlap, the one of the lowest rank and then
// the longest one.
func settle(all []found) []found {
	slices.SortStableFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.detector.Rank, b.detector.Rank), cmp.Compare(b.end-b.start, a.end-a.start),
			cmp.Compare(a.start, b.start), strings.Compare(a.detector.ID, b.detector.ID))
	})
	var kept []found
	for _, f := range all {
		if !slices.ContainsFunc(kept, func(k found) bool { return f.start < k.end && k.start < f.end }) {
			kept = append(kept, f)
		}
	}
	slices.SortFunc(kept, func(a, b found) int { return cmp.Compare(a.start, b.start) })
	return kept
}

// matches turns what was found in a file into what is reported of it.
func matches(p *place, all []found) []Match {
	var out []Match
	for _, f := range settle(all) {
		d := &f.detector.Detector
		m := Match{
			Detector: d, Severity: d.Severity, Line: f.line, Col: f.col,
			Span: boltseal.Span{Start: int(f.start), End: int(f.end)}, Shown: f.shown,
		}
		m.Verified = d.Proof != "" && f.sound
		if !f.sound && m.Severity > boltseal.Medium {
			m.Severity, m.Why = boltseal.Medium, "what it should be verified by does not fit: it is mistyped, cut or made up"
		}
		if p.why != "" && m.Severity > boltseal.Low {
			m.Severity, m.Why = boltseal.Low, p.why
		}
		out = append(out, m)
	}
	return out
}
