package rule

import (
	"encoding/base64"
	"strings"
)

// valuer gives the values of slots.
type valuer interface{ value(slot int) *Value }

// apply puts what a transformer makes of its arguments into v, and leaves v
// without a value when the first argument has none. A transformer that makes
// a new text allocates it.
func (s *slot) apply(e valuer, v *Value) {
	switch s.transform {
	case "concat":
		s.concat(e, v, s.args, "")
		return
	case "join":
		args, between := s.separator(e)
		s.concat(e, v, args, between)
		return
	case "getopt":
		s.getopt(e, v)
		return
	}
	in := e.value(s.args[0].slot)
	if in.len() == 0 {
		return
	}
	if s.transform == "len" {
		if n := in.len(); n > 1 || in.kind != kindString {
			v.SetInt(int64(n))
		} else {
			v.SetInt(int64(len(in.strs[0])))
		}
		return
	}
	for _, text := range in.strs {
		if s.transform == "b64" {
			raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
			if err != nil {
				v.reset(kindNone)
				return
			}
			text = string(raw)
		}
		v.AddString(s.mapped(text))
	}
}

func (s *slot) mapped(text string) string {
	switch s.transform {
	case "tolower":
		return lower(text)
	case "toupper":
		return upper(text)
	case "basename":
		return text[strings.LastIndexByte(text, '/')+1:]
	}
	return text
}

// separator is the text between what join joins: its first argument or, when
// that is a field, its last.
func (s *slot) separator(e valuer) ([]slotArg, string) {
	last := len(s.args) - 1
	switch {
	case s.args[0].slot < 0:
		return s.args[1:], s.args[0].literal
	case s.args[last].slot < 0:
		return s.args[:last], s.args[last].literal
	}
	if v := e.value(s.args[0].slot); v.len() > 0 {
		return s.args[1:], v.text(0)
	}
	return s.args[1:], ""
}

// concat joins all values of all arguments. Each must have one.
func (s *slot) concat(e valuer, v *Value, args []slotArg, between string) {
	var b []byte
	for i, arg := range args {
		if i > 0 {
			b = append(b, between...)
		}
		if arg.slot < 0 {
			b = append(b, arg.literal...)
			continue
		}
		in := e.value(arg.slot)
		if in.len() == 0 {
			return
		}
		b = in.appendText(b, between)
	}
	v.SetString(string(b))
}

// getopt gives the options that stand among arguments as getopt(3) would
// find them: their letters, or with a third argument the values of the
// option that it names.
func (s *slot) getopt(e valuer, v *Value) {
	argText := func(i int) string {
		if i >= len(s.args) {
			return ""
		}
		if s.args[i].slot < 0 {
			return s.args[i].literal
		}
		if in := e.value(s.args[i].slot); in.len() > 0 {
			return in.text(0)
		}
		return ""
	}
	if s.args[0].slot >= 0 && e.value(s.args[0].slot).len() == 0 {
		return
	}
	words := strings.Fields(argText(0))
	known, wanted := strings.TrimLeft(argText(1), "+-:"), argText(2)
	for i := 0; i < len(words); i++ {
		word := words[i]
		if word == "--" {
			break
		}
		if len(word) < 2 || word[0] != '-' || word[1] == '-' {
			continue // getopt(3) of the C library looks behind operands too
		}
		for j := 1; j < len(word); j++ {
			at := strings.IndexByte(known, word[j])
			if at < 0 || word[j] == ':' {
				continue
			}
			value := ""
			takes := strings.HasPrefix(known[at+1:], ":")
			optional := strings.HasPrefix(known[at+1:], "::")
			if takes {
				value = word[j+1:]
				if value == "" && !optional && i+1 < len(words) {
					i++
					value = words[i]
				}
			}
			switch {
			case wanted == "":
				v.AddString(word[j : j+1])
			case wanted[0] == word[j] && takes:
				v.AddString(value)
			}
			if takes {
				break
			}
		}
	}
}
