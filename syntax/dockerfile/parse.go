package dockerfile

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/boltseal/boltseal"
)

// Parse reads a Dockerfile. It always returns a file, with what is wrong in
// Errors.
func Parse(name string, source []byte) *File {
	f := &File{Name: name, Source: source, Escape: '\\', lines: []int{0}}
	for i, c := range source {
		if c == '\n' && i+1 < len(source) {
			f.lines = append(f.lines, i+1)
		}
	}
	p := &parser{f: f, directives: true}
	if bytes.HasPrefix(source, []byte("\xef\xbb\xbf")) {
		p.bom = 3
	}
	for p.at < len(source) {
		p.next()
	}
	f.stages()
	if len(f.Instrs) == 0 {
		f.Errors = append(f.Errors, Error{Message: "the file has no instructions"})
	}
	return f
}

// parser reads line by line. Nodes are made of whole lines, so that their
// spans always add up to the source.
type parser struct {
	f          *File
	at         int  // the next unread byte
	bom        int  // bytes of a byte order mark at the start
	directives bool // parser directives may still come
	seen       []string
	above      []Comment
}

// line returns the next line with its end, and moves past it.
func (p *parser) line() (start int, text []byte) {
	start = p.at
	if end := bytes.IndexByte(p.f.Source[p.at:], '\n'); end >= 0 {
		p.at += end + 1
	} else {
		p.at = len(p.f.Source)
	}
	if start == 0 {
		start = p.bom
	}
	return start, p.f.Source[min(start, p.at):p.at]
}

// next reads one node.
func (p *parser) next() {
	from := p.at
	start, text := p.line()
	trimmed, indent := trimLine(text)
	start += indent
	switch {
	case len(trimmed) > 0 && trimmed[0] == '#':
		p.comment(from, start, trimmed)
		return
	case len(trimmed) == 0:
		p.directives = false
		p.f.Nodes = append(p.f.Nodes, Node{Kind: Blank, Span: boltseal.Span{Start: from, End: p.at}})
		return
	}
	p.directives = false
	var joined joiner
	in := &Instr{Above: p.above}
	body, more := p.continued(trimmed)
	if more && len(body) == 0 {
		// A lone escape character with nothing before it: the reference
		// parser goes on as if the next line were the first.
		p.joinRest(in, &joined)
	} else {
		joined.add(body, start)
		if more {
			p.joinRest(in, &joined)
		}
	}
	p.above = nil
	logical := joined.text()
	end := p.at
	if len(strings.TrimSpace(logical.Value)) == 0 {
		p.f.Nodes = append(p.f.Nodes, Node{Kind: Blank, Span: boltseal.Span{Start: from, End: p.at}})
		return
	}
	in.read(logical, p.f.Escape)
	if in.canHeredoc() && strings.Contains(logical.Value, "<<") {
		p.heredocs(in, logical)
		end = p.at
	}
	in.Span = boltseal.Span{Start: logical.Offset(leading(logical.Value)), End: trimEnd(p.f.Source, end)}
	p.f.Errors = append(p.f.Errors, in.errors...)
	p.f.Instrs = append(p.f.Instrs, in)
	p.f.Nodes = append(p.f.Nodes, Node{Kind: Instruction, Span: boltseal.Span{Start: from, End: p.at}, Instr: in})
}

// joinRest appends continuation lines, leaving out comments and empty lines.
func (p *parser) joinRest(in *Instr, logical *joiner) {
	for p.at < len(p.f.Source) {
		start, text := p.line()
		bare := bytes.TrimRight(text, "\r\n")
		if trimmed, indent := trimLine(text); len(trimmed) > 0 && trimmed[0] == '#' {
			in.Inner = append(in.Inner, newComment(start+indent, trimmed))
			continue
		} else if len(trimmed) == 0 {
			in.Empty = append(in.Empty, boltseal.Span{Start: start, End: p.at})
			continue
		}
		body, more := p.continued(bare)
		logical.add(body, start)
		if !more {
			return
		}
	}
}

// continued tells whether the instruction goes on in the next line, and gives
// the line without its escape character and what follows that. An escape
// character that is itself escaped does not count.
func (p *parser) continued(line []byte) ([]byte, bool) {
	end := len(bytes.TrimRight(line, " \t"))
	if end == 0 || line[end-1] != p.f.Escape {
		return line, false
	}
	if end > 1 && line[end-2] == p.f.Escape {
		return line, false
	}
	return line[:end-1], true
}

func newComment(start int, trimmed []byte) Comment {
	return Comment{
		Text: strings.TrimSpace(string(trimmed[1:])),
		Span: boltseal.Span{Start: start, End: start + len(trimmed)},
	}
}

var directive = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$`)
})

// comment reads a comment line, which may be a parser directive as long as
// nothing else came before.
func (p *parser) comment(from, start int, trimmed []byte) {
	node := Node{Kind: CommentLine, Span: boltseal.Span{Start: from, End: p.at}}
	if p.directives && p.directive(start, trimmed) {
		node.Kind = DirectiveLine
	} else {
		p.directives = false
		if c := newComment(start, trimmed); c.Text == "" {
			p.above = nil
		} else {
			p.above = append(p.above, c)
		}
	}
	p.f.Nodes = append(p.f.Nodes, node)
}

func (p *parser) directive(start int, trimmed []byte) bool {
	skip := 1 + leading(string(trimmed[1:]))
	m := directive().FindSubmatchIndex(trimmed[skip:])
	if m == nil {
		return false
	}
	name := strings.ToLower(string(trimmed[skip+m[2] : skip+m[3]]))
	value := string(trimmed[skip+m[4] : skip+m[5]])
	span := boltseal.Span{Start: start + skip + m[4], End: start + skip + m[5]}
	if name != "syntax" && name != "escape" && name != "check" {
		return false
	}
	for _, other := range p.seen {
		if other == name {
			p.f.Errors = append(p.f.Errors, Error{Span: span, Message: fmt.Sprintf("the directive %s stands twice", name)})
		}
	}
	p.seen = append(p.seen, name)
	if name == "escape" {
		if value != `\` && value != "`" {
			p.f.Errors = append(p.f.Errors, Error{Span: span, Message: fmt.Sprintf("the escape character %q must be \\ or `", value)})
		} else {
			p.f.Escape = value[0]
		}
	}
	p.f.Directives = append(p.f.Directives, Directive{Name: name, Value: value, Span: span})
	return true
}

// trimLine drops the line end and leading white space, and counts the latter.
func trimLine(line []byte) ([]byte, int) {
	line = bytes.TrimRight(line, "\r\n")
	trimmed := bytes.TrimLeftFunc(line, isSpace)
	return trimmed, len(line) - len(trimmed)
}

// leading counts the bytes of white space at the start.
func leading(s string) int { return len(s) - len(strings.TrimLeftFunc(s, isSpace)) }

// trimEnd is the offset behind the last byte before end that is not part of
// a line end.
func trimEnd(source []byte, end int) int {
	return len(bytes.TrimRight(source[:end], "\r\n"))
}
