package rule

import (
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// exception is what a rule does not speak of: combinations of values.
type exception struct {
	name   string
	at     place
	single bool // one field: its values are one list
	fields []string
	comps  []string
	values [][]tuplePart // tuples, one entry for each field
}

// tuplePart is one value of a tuple: a text or a list of texts.
type tuplePart struct {
	texts []string
	list  bool
}

// exceptions reads the exceptions of a rule.
func (r *reader) exceptions(d *definition, n ast.Node) {
	if isNull(n) {
		return
	}
	sequence, ok := n.(*ast.SequenceNode)
	if !ok {
		r.problem(placeOf(n), codeYAMLValidate, "exceptions is not a list", "")
		return
	}
	for _, node := range sequence.Values {
		e := exception{at: placeOf(node)}
		var values ast.Node
		valid := true
		for _, pair := range pairs(node) {
			switch keyOf(pair) {
			case "name":
				e.name, _ = scalar(pair.Value)
			case "fields":
				e.fields, e.single, valid = oneOrMore(pair.Value)
			case "comps":
				var single bool
				e.comps, single, valid = oneOrMore(pair.Value)
				e.single = e.single || single && len(e.fields) == 0
			case "values":
				values = pair.Value
			default:
				r.warn(placeOf(pair), codeUnknownKey, "unknown key "+strconv.Quote(clip(keyOf(pair), 80))+" in an exception", "")
			}
			if !valid {
				r.problem(placeOf(pair.Value), codeYAMLValidate, "an exception's "+keyOf(pair)+" is neither a text nor a list of texts", "")
				return
			}
		}
		if e.name == "" {
			r.problem(e.at, codeYAMLValidate, "an exception has no name", "")
			return
		}
		if slices.ContainsFunc(d.exceptions, func(o exception) bool { return o.name == e.name }) {
			r.warn(e.at, codeNotUnique, "two exceptions are named "+strconv.Quote(clip(e.name, 80)), "")
		}
		for _, comp := range e.comps {
			if !slices.Contains(stringOperators, comp) && !slices.Contains(listOperators, comp) && !slices.Contains(numberOperators, comp) && !modified(comp) {
				r.problem(e.at, codeValidate, "an exception compares with "+strconv.Quote(clip(comp, 40))+", which is no operator", "")
			}
		}
		if values != nil && !isNull(values) {
			r.values(&e, values)
		}
		d.exceptions = append(d.exceptions, e)
	}
}

// modified says whether comp is an operator with a modifier: startswith anyof.
func modified(comp string) bool {
	op, modifier, _ := strings.Cut(comp, " ")
	return slices.Contains(stringOperators, op) && slices.Contains(modifiers, strings.TrimSpace(modifier))
}

func oneOrMore(n ast.Node) (texts []string, single, ok bool) {
	if s, is := scalar(n); is {
		return []string{s}, true, true
	}
	texts, ok = scalars(n)
	return texts, false, ok
}

// values reads tuples; of an exception with one field, a flat list.
func (r *reader) values(e *exception, n ast.Node) {
	sequence, ok := n.(*ast.SequenceNode)
	if !ok {
		r.problem(placeOf(n), codeYAMLValidate, "an exception's values are not a list", "")
		return
	}
	for _, tuple := range sequence.Values {
		if s, is := scalar(tuple); is {
			e.values = append(e.values, []tuplePart{{texts: []string{s}}})
			continue
		}
		parts, is := tuple.(*ast.SequenceNode)
		if !is {
			r.problem(placeOf(tuple), codeYAMLValidate, "an exception's value is neither a text nor a list", "")
			return
		}
		row := make([]tuplePart, 0, len(parts.Values))
		for _, part := range parts.Values {
			texts, single, ok := oneOrMore(part)
			if !ok {
				r.problem(placeOf(part), codeYAMLValidate, "an exception's value is neither a text nor a list of texts", "")
				return
			}
			row = append(row, tuplePart{texts: texts, list: !single})
		}
		e.values = append(e.values, row)
	}
}

// settle fills in the operators that were left out and says what does not
// fit together.
func (e *exception) settle() string {
	if len(e.fields) == 0 {
		return "exception " + strconv.Quote(e.name) + " has no fields"
	}
	if len(e.comps) == 0 {
		comp := "="
		if e.single {
			comp = "in"
		}
		for range e.fields {
			e.comps = append(e.comps, comp)
		}
	}
	if len(e.comps) != len(e.fields) {
		return "exception " + strconv.Quote(e.name) + " has " + strconv.Itoa(len(e.fields)) + " fields and " + strconv.Itoa(len(e.comps)) + " comps"
	}
	if !e.single {
		for _, row := range e.values {
			if len(row) != len(e.fields) {
				return "exception " + strconv.Quote(e.name) + " has a value of " + strconv.Itoa(len(row)) + " parts for " + strconv.Itoa(len(e.fields)) + " fields"
			}
		}
	}
	return ""
}

// condition is the exception as a part of its rule's condition, empty when it
// excepts nothing.
func (e *exception) condition() string {
	var alternatives []string
	if e.single {
		var all []string
		for _, row := range e.values {
			for _, part := range row {
				all = append(all, part.texts...)
			}
		}
		switch {
		case len(all) == 0:
			return ""
		case takesList(e.comps[0]):
			alternatives = append(alternatives, e.fields[0]+" "+e.comps[0]+" ("+joinQuoted(all)+")")
		default:
			for _, s := range all {
				alternatives = append(alternatives, e.fields[0]+" "+e.comps[0]+" "+quoteItem(s))
			}
		}
	} else {
		for _, row := range e.values {
			var parts []string
			for i, part := range row {
				right := "(" + joinQuoted(part.texts) + ")"
				if !part.list && !takesList(e.comps[i]) {
					right = quoteItem(part.texts[0])
				}
				parts = append(parts, e.fields[i]+" "+e.comps[i]+" "+right)
			}
			alternatives = append(alternatives, "("+strings.Join(parts, " and ")+")")
		}
		if len(alternatives) == 0 {
			return ""
		}
	}
	return " and not (" + strings.Join(alternatives, " or ") + ")"
}

func takesList(comp string) bool { return slices.Contains(listOperators, comp) || modified(comp) }

func joinQuoted(items []string) string {
	quoted := make([]string, len(items))
	for i, s := range items {
		quoted[i] = quoteItem(s)
	}
	return strings.Join(quoted, ", ")
}

// quoteItem puts quotes around a value that would not be one word without.
func quoteItem(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s
	}
	if s != "" && !strings.ContainsAny(s, "()\"'=, \t\r\n\b") {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '\n':
			b.WriteString(`\n`)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
