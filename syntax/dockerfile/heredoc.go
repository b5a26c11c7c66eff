package dockerfile

import (
	"bytes"
	"strings"

	"github.com/boltseal/boltseal"
)

// heredocs finds the here-documents that an instruction's line announces and
// reads their bodies.
func (p *parser) heredocs(in *Instr, logical Text) {
	for _, h := range announced(logical) {
		h.Body.Start = p.at
		ended := false
		for p.at < len(p.f.Source) {
			start := p.at
			_, text := p.line()
			possible := bytes.TrimRight(text, "\r\n")
			if h.Chomp {
				possible = bytes.TrimLeft(possible, "\t")
			}
			if string(possible) == h.Name {
				h.Body.End, h.End = start, boltseal.Span{Start: start, End: p.at}
				ended = true
				break
			}
		}
		if !ended {
			h.Body.End = p.at
			h.End = boltseal.Span{Start: p.at, End: p.at}
			in.errors = append(in.errors, Error{Span: h.Marker, Message: "the here-document " + h.Name + " has no end"})
		}
		in.Heredocs = append(in.Heredocs, h)
	}
	if in.Trigger != nil {
		in.Trigger.Heredocs = in.Heredocs
	}
}

// announced finds the words "<<NAME", "<<-NAME" and "3<<NAME", the name
// quoted or not.
func announced(t Text) []Heredoc {
	var out []Heredoc
	for at := leading(t.Value); at < len(t.Value); at += leading(t.Value[at:]) {
		end, ok := shellWordEnd(t.Value, at)
		if !ok {
			return nil // a shell could not read this line at all
		}
		if h, ok := heredocWord(t.Value[at:end]); ok {
			h.Marker = t.Span(at, end)
			out = append(out, h)
		}
		at = end
	}
	return out
}

// shellWordEnd is the index behind the shell word that begins at index at.
// The escape character of the file does not matter to a shell; white space
// may stand between "<<" and the name. A quote that is not closed gives false.
func shellWordEnd(s string, at int) (int, bool) {
	var quote byte
	for at < len(s) {
		c := s[at]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\' && quote != '\'' && at+1 < len(s):
			at++
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && strings.HasPrefix(s[at:], "<<"):
			at += 2
			at += leading(s[at:])
			continue
		case quote == 0 && spaceAt(s, at):
			return at, true
		}
		at++
	}
	return len(s), quote == 0
}

func heredocWord(s string) (Heredoc, bool) {
	digits := 0
	for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	rest, ok := strings.CutPrefix(s[digits:], "<<")
	if !ok {
		return Heredoc{}, false
	}
	var h Heredoc
	for _, c := range s[:min(digits, 9)] {
		h.FD = 10*h.FD + int(c-'0')
	}
	rest, h.Chomp = strings.CutPrefix(rest, "-")
	if rest = strings.TrimLeftFunc(rest, isSpace); rest == "" || strings.ContainsRune(rest, '<') {
		return Heredoc{}, false
	}
	h.Name = unquote(rest, '\\')
	h.Expand = strings.Count(h.Name, `'`)+strings.Count(h.Name, `"`) == strings.Count(rest, `'`)+strings.Count(rest, `"`)
	return h, h.Name != ""
}

// Content is the text of a here-document as the command gets it, before
// variables are expanded.
func (f *File) Content(h Heredoc) string {
	text := f.Text(h.Body)
	if !h.Chomp {
		return text
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimLeft(line, "\t"))
	}
	return b.String()
}
