package dockerfile

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

func isSpace(r rune) bool { return unicode.IsSpace(r) }

// arguments reads what follows the flags, in the way of the instruction.
func (in *Instr) arguments(escape byte) {
	switch in.Name {
	case "ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME":
		maybeJSON(in)
	case "ARG", "ENV", "LABEL":
		pairs(in, escape)
	case "ONBUILD":
		trigger(in, escape)
	case "HEALTHCHECK":
		health(in, escape)
	case "EXPOSE", "FROM", "MAINTAINER", "STOPSIGNAL", "USER", "WORKDIR":
	default:
		in.errors = append(in.errors, Error{Span: in.Keyword.Span, Message: fmt.Sprintf("unknown instruction %q", in.Keyword.Text)})
	}
}

// canHeredoc tells whether "<<" in the instruction begins a here-document.
func (in *Instr) canHeredoc() bool {
	if in.Trigger != nil && in.Name == "ONBUILD" {
		return in.Trigger.canHeredoc()
	}
	return in.Name == "RUN" || in.Name == "COPY" || in.Name == "ADD"
}

// read takes the joined text of an instruction apart.
func (in *Instr) read(t Text, escape byte) {
	start := leading(t.Value)
	end := start
	for end < len(t.Value) && !isBlank(t.Value[end]) {
		end++
	}
	in.Keyword = t.Word(start, end)
	in.Name = strings.ToUpper(in.Keyword.Text)
	at := in.flags(t, end, escape)
	stop := at + len(strings.TrimRightFunc(t.Value[at:], isSpace))
	in.Args = t.Slice(at, max(at, stop))
	in.Words = in.Args.words(escape)
	in.arguments(escape)
}

// isBlank are the bytes that end a keyword.
func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r' }

// flags reads "--name=value" words from index at on, and returns the index of
// the first argument.
func (in *Instr) flags(t Text, at int, escape byte) int {
	for {
		at += leading(t.Value[at:])
		if !strings.HasPrefix(t.Value[at:], "--") {
			return at
		}
		end := wordEnd(t.Value, at, escape)
		word := t.Value[at:end]
		if word == "--" {
			return end + leading(t.Value[end:])
		}
		flag := Flag{Span: t.Span(at, end)}
		equals := strings.IndexByte(word, '=')
		if flag.Set = equals >= 0; flag.Set {
			flag.Name = unquote(word[2:equals], escape)
			flag.Value = Word{Text: unquote(word[equals+1:], escape), Span: t.Span(at+equals+1, end)}
		} else {
			flag.Name = unquote(word[2:], escape)
			flag.Value.Span = t.Span(end, end)
		}
		in.Flags = append(in.Flags, flag)
		at = end
	}
}

// wordEnd is the index behind the word that begins at index at. Quotes keep
// white space inside a word; in single quotes nothing is escaped but for what
// the reference parser does with flags, which this follows.
func wordEnd(s string, at int, escape byte) int {
	var quote byte
	for at < len(s) {
		c := s[at]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case c == escape && at+1 < len(s):
			at++
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && spaceAt(s, at):
			return at
		}
		at++
	}
	return len(s)
}

func spaceAt(s string, at int) bool {
	if s[at] < utf8.RuneSelf {
		return isSpace(rune(s[at]))
	}
	r, _ := utf8.DecodeRuneInString(s[at:])
	return isSpace(r)
}

// words splits at white space outside of quotes; quotes and escapes are kept.
func (t Text) words(escape byte) []Word {
	var out []Word
	for at := 0; ; {
		at += leading(t.Value[at:])
		if at >= len(t.Value) {
			return out
		}
		end := wordEnd(t.Value, at, escape)
		out = append(out, t.Word(at, end))
		at = end
	}
}

// Unquote removes quotes and escapes from a word as the builder does before
// it expands variables.
func Unquote(s string, escape byte) string { return unquote(s, escape) }

func unquote(s string, escape byte) string {
	if !strings.ContainsAny(s, `"'`+string(escape)) {
		return s
	}
	var b strings.Builder
	var quote byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case c == escape && quote != '\'' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// maybeJSON reads the exec form: a JSON array of strings and nothing else. An
// array of other things is a mistake, and what is no JSON is the shell form.
func maybeJSON(in *Instr) {
	s := in.Args.Value
	if !strings.HasPrefix(s, "[") {
		return
	}
	d := json.NewDecoder(strings.NewReader(s))
	if token, err := d.Token(); err != nil || token != json.Delim('[') || !json.Valid([]byte(s)) {
		return
	}
	list := []Word{}
	for d.More() {
		before := int(d.InputOffset())
		token, err := d.Token()
		if err != nil {
			return
		}
		text, ok := token.(string)
		if !ok {
			in.errors = append(in.errors, Error{Span: in.Args.Span(0, len(s)), Message: "the exec form takes strings only"})
			return
		}
		end := int(d.InputOffset())
		start := before + strings.IndexByte(s[before:], '"')
		list = append(list, Word{Text: text, Span: in.Args.Span(start, end)})
	}
	in.JSON = list
}

// pairs reads "key=value …", and the old form "key value" of ENV and LABEL.
func pairs(in *Instr, escape byte) {
	if len(in.Words) == 0 {
		return
	}
	legacy := in.Name != "ARG" && !strings.Contains(in.Words[0].Text, "=")
	if legacy {
		key := in.Words[0]
		rest := len(key.Text) + leading(in.Args.Value[len(key.Text):])
		in.Pairs = []Pair{{
			Key: key, Value: in.Args.Word(rest, len(in.Args.Value)), Set: len(in.Words) > 1, Legacy: true,
		}}
		if len(in.Words) == 1 {
			in.errors = append(in.errors, Error{Span: key.Span, Message: in.Name + " must have two arguments"})
		}
		return
	}
	at := 0
	for range in.Words {
		at += leading(in.Args.Value[at:])
		end := wordEnd(in.Args.Value, at, escape)
		word := in.Args.Value[at:end]
		equals := strings.IndexByte(word, '=')
		pair := Pair{Set: equals >= 0}
		if pair.Set {
			pair.Key, pair.Value = in.Args.Word(at, at+equals), in.Args.Word(at+equals+1, end)
		} else {
			pair.Key, pair.Value.Span = in.Args.Word(at, end), in.Args.Span(end, end)
			if in.Name != "ARG" {
				in.errors = append(in.errors, Error{Span: pair.Key.Span, Message: fmt.Sprintf("can't find = in %q. Must be of the form: name=value", word)})
			}
		}
		in.Pairs = append(in.Pairs, pair)
		at = end
	}
}

// trigger reads the instruction behind ONBUILD.
func trigger(in *Instr, escape byte) {
	// The builder allows no ONBUILD in an ONBUILD: what is nested deeper than
	// ONBUILD HEALTHCHECK CMD has no meaning.
	if in.Args.Value == "" || in.level > 2 {
		return
	}
	in.Trigger = &Instr{level: in.level + 1}
	in.Trigger.read(in.Args, escape)
	in.Trigger.Span = in.Args.Span(0, len(in.Args.Value))
	in.errors = append(in.errors, in.Trigger.errors...)
}

// health reads the CMD behind HEALTHCHECK.
func health(in *Instr, escape byte) {
	if len(in.Words) == 0 || !strings.EqualFold(in.Words[0].Text, "CMD") {
		return
	}
	trigger(in, escape)
}
