package rule

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// missing is what outputs print for a field without a value.
const missing = "<NA>"

// format is an output: literal text and fields in turn.
type format struct {
	parts []part
	dag   *dag // the slots of the fields
}

type part struct {
	literal string
	slot    int // -1: the literal
	width   int // 0: as wide as it is
	name    string
}

// parseFormat reads an output. The error is a phrase.
func parseFormat(output, source string) (*format, string) {
	f := &format{dag: newDAG()}
	rest := strings.TrimPrefix(strings.TrimRight(output, " \t\r\n"), "*")
	for rest != "" {
		i := strings.IndexByte(rest, '%')
		if i < 0 {
			f.parts = append(f.parts, part{literal: rest, slot: -1})
			break
		}
		if i > 0 {
			f.parts = append(f.parts, part{literal: rest[:i], slot: -1})
		}
		rest = rest[i+1:]
		p, n, why := f.field(rest, source)
		if why != "" {
			return nil, "the output has %" + clip(normal(rest), 40) + ": " + why
		}
		if n == 0 { // a lone percent sign
			p = part{literal: "%", slot: -1}
		}
		f.parts = append(f.parts, p)
		rest = rest[n:]
	}
	return f, ""
}

// field reads a width and a field or transformer. Of a name the longest part
// that is a field counts: a full stop may follow it.
func (f *format) field(s, source string) (part, int, string) {
	digits := 0
	for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	width := 0
	if digits > 0 {
		n, err := strconv.Atoi(s[:digits])
		if err != nil || n > 4096 {
			return part{}, 0, "the width is too large"
		}
		width = n
	}
	if strings.HasPrefix(s[digits:], "%") {
		return part{}, 0, "%% is no field"
	}
	o, n, why := readField(s[digits:])
	if why != "" {
		return part{}, 0, why
	}
	if n == 0 {
		return part{}, 0, ""
	}
	if o.text == "container.info" { // deprecated: prints nothing
		return part{slot: -1}, digits + n, ""
	}
	slot, why := f.dag.operand(o, source)
	if why != "" {
		return part{}, 0, why
	}
	return part{slot: slot, width: width, name: s[digits : digits+n]}, digits + n, ""
}

// readField reads an operand at the head of s and says how long it is; 0
// when there is none.
func readField(s string) (o operand, n int, why string) {
	p := &parser{text: s}
	defer func() {
		if r := recover(); r != nil {
			failed, ok := r.(*syntaxError)
			if !ok {
				panic(r)
			}
			why = failed.message
		}
	}()
	name := p.name()
	if name == "" {
		return operand{}, 0, ""
	}
	if transformers[name] && p.peek("(") {
		p.at = 0
		o = p.transformer()
		return o, p.at, ""
	}
	for full := name; ; {
		if _, known := fields().byName[name]; known {
			break
		}
		if _, _, known := dotted(name); known {
			break
		}
		i := strings.LastIndexByte(name, '.')
		if i < 0 {
			name = full
			break
		}
		name = name[:i]
	}
	p.at = len(name)
	if f, known := fields().byName[name]; known && f.Arg == "none" {
		return operand{kind: operandField, text: name}, p.at, ""
	}
	o = p.field(0, name)
	return o, p.at, ""
}

// names are the fields that the output prints, each once.
func (f *format) names() []string {
	var out []string
	for _, s := range f.dag.slots {
		if s.field != nil {
			name := s.field.Name
			switch {
			case s.arg.Text != "" && s.field.Dotted:
				name += "." + s.arg.Text
			case s.arg.Text != "":
				name += "[" + s.arg.Text + "]"
			}
			out = append(out, name)
		}
	}
	return out
}

// outputValues computes the values of an output's slots for one event.
type outputValues struct {
	format *format
	ev     Event
	values []*Value
}

func (o *outputValues) value(i int) *Value {
	if o.values[i] != nil {
		return o.values[i]
	}
	v := &Value{}
	o.values[i] = v
	if s := &o.format.dag.slots[i]; s.field != nil {
		o.ev.Field(s.field.ID, s.arg, v)
		v.as(s.typ)
	} else {
		s.apply(o, v)
	}
	return v
}

// Text is the rule's output for an event, with <NA> where the event has no
// value, and with control characters and bytes that are no UTF-8 escaped.
func (r *Rule) Text(ev Event) string {
	values := &outputValues{r.format, ev, make([]*Value, len(r.format.dag.slots))}
	var b strings.Builder
	for _, p := range r.format.parts {
		if p.slot < 0 {
			b.WriteString(p.literal)
			continue
		}
		s := &r.format.dag.slots[p.slot]
		text := missing
		if v := values.value(p.slot); v.len() > 0 {
			between := ","
			switch {
			case s.ancestors:
				between = "->"
			case s.list:
				between = ","
			}
			text = string(v.appendText(nil, between))
			if s.list {
				text = "(" + text + ")"
			}
		}
		b.WriteString(pad(escapeControl(text), p.width))
	}
	return b.String()
}

// Values are the fields of the rule's output for an event, as Falco's JSON
// has them in output_fields: nil for those without a value.
func (r *Rule) Values(ev Event) map[string]any {
	values := &outputValues{r.format, ev, make([]*Value, len(r.format.dag.slots))}
	out := map[string]any{}
	for _, p := range r.format.parts {
		if p.slot >= 0 {
			out[p.name] = values.value(p.slot).any()
		}
	}
	return out
}

func pad(s string, width int) string {
	if width == 0 {
		return s
	}
	if len(s) > width {
		for width > 0 && !utf8.RuneStart(s[width]) {
			width--
		}
		return s[:width]
	}
	return s + strings.Repeat(" ", width-len(s))
}

// EscapeControl makes a text printable: control characters and bytes that are
// no UTF-8 are escaped.
func EscapeControl(s string) string { return escapeControl(s) }

// escapeControl keeps an event from writing to the terminal, or lines of its
// own, through an alert.
func escapeControl(s string) string {
	clean := true
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r < 0x20 || r >= 0x7f && r < 0xa0:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}
