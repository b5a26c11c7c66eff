package rule

import (
	"fmt"
	"strconv"
	"strings"
)

// library is all files together: what is left of every list, macro and rule
// after redefinitions, appends and overrides, in the order of first sight.
type library struct {
	order    []*entity
	byName   map[string]*entity // kind and name
	clock    int
	problems []Problem
	sources  map[string]bool
}

// entity is one list, macro or rule.
type entity struct {
	*definition
	first int // when it was first defined: only what changed later sees it
	seen  int // when it last changed
	used  bool

	file *File // of the first definition
	text text  // of the first condition, for places
	body string

	// What compiling adds.
	expanded *expr
	state    expansion
	resolved bool
}

func (l *library) report(warning bool, d *definition, at place, code, message, hint string) {
	l.problems = append(l.problems, Problem{Warning: warning, Code: code, File: d.file.Name, Line: at.line, Column: at.column,
		Item: d.item(), Message: message, Hint: hint})
}

// merge takes one definition into the library.
func (l *library) merge(d *definition) {
	key := d.kind + " " + d.name
	old := l.byName[key]
	l.clock++
	if d.kind == "rule" && d.source != "" && !l.sources[d.source] {
		l.report(true, d, d.at, codeUnknownSource, "unknown source "+strconv.Quote(clip(d.source, 80))+": the rule is left out", "")
		return
	}
	changes := d.appends || d.override != nil || d.togglesOnly()
	switch {
	case changes && old == nil:
		l.report(false, d, d.at, codeValidate, "changes a "+d.kind+" that no file before has", "check the name and the order of the files")
		return
	case d.togglesOnly():
		old.enabled = d.enabled
		return
	case changes:
		if d.kind == "rule" && d.source != "" && d.source != sourceOf(old.definition) {
			l.report(false, d, d.at, codeValidate, "has another source than the rule that it changes", "")
			return
		}
		l.change(old, d)
		old.seen = l.clock
		return
	}
	e := &entity{definition: d, first: l.clock, seen: l.clock, file: d.file, text: d.condition, body: d.condition.value}
	copied := *d
	e.definition = &copied
	e.exceptions = append([]exception(nil), d.exceptions...)
	for i := range e.exceptions {
		if wrong := e.exceptions[i].settle(); wrong != "" {
			l.report(false, d, e.exceptions[i].at, codeYAMLValidate, wrong, "")
			return
		}
	}
	if old != nil {
		e.first = old.first // it keeps its place
		*old = *e
		return
	}
	l.byName[key] = e
	l.order = append(l.order, e)
}

func sourceOf(d *definition) string {
	if d.source == "" {
		return "syscall"
	}
	return d.source
}

// change appends to an entity or replaces parts of it.
func (l *library) change(e *entity, d *definition) {
	how := d.override
	if d.appends {
		how = map[string]string{"items": "append", "condition": "append", "exceptions": "append"}
	}
	for _, key := range itemKeys[d.kind] {
		mode := how[key]
		if mode == "" || d.lacks(key) {
			continue
		}
		adds := mode == "append"
		switch key {
		case "items":
			e.items = joined(adds, e.items, d.items)
		case "tags":
			e.tags = joined(adds, e.tags, d.tags)
		case "condition":
			if adds {
				e.body += " " + d.condition.value
			} else {
				e.body, e.text, e.file = d.condition.value, d.condition, d.file
			}
		case "output":
			if adds {
				e.output.value += " " + d.output.value
			} else {
				e.output = d.output
			}
		case "desc":
			if adds {
				e.desc += " " + d.desc
			} else {
				e.desc = d.desc
			}
		case "exceptions":
			if !adds {
				e.exceptions = nil
			}
			for _, x := range d.exceptions {
				l.except(e, d, x)
			}
		case "priority":
			e.priority = d.priority
		case "enabled":
			e.enabled = d.enabled
		case "warn_evttypes":
			e.anyEvent = d.anyEvent
		case "skip-if-unknown-filter":
			e.skip = d.skip
		}
	}
}

func joined(adds bool, old, more []string) []string {
	if !adds {
		return more
	}
	return append(append([]string(nil), old...), more...)
}

// except adds an exception, or the values of one that the rule has already.
func (l *library) except(e *entity, d *definition, x exception) {
	for i := range e.exceptions {
		if e.exceptions[i].name != x.name {
			continue
		}
		if len(x.fields) > 0 || len(x.comps) > 0 {
			l.report(false, d, x.at, codeValidate, "exception "+strconv.Quote(x.name)+" exists: give only its values", "")
			return
		}
		if len(x.values) == 0 {
			l.report(true, d, x.at, codeAppendNothing, "exception "+strconv.Quote(x.name)+" is given no values", "")
		}
		grown := e.exceptions[i]
		grown.values = append(append([][]tuplePart(nil), grown.values...), x.values...)
		if wrong := grown.settle(); wrong != "" {
			l.report(false, d, x.at, codeYAMLValidate, wrong, "")
			return
		}
		e.exceptions[i] = grown
		return
	}
	if wrong := x.settle(); wrong != "" {
		l.report(false, d, x.at, codeYAMLValidate, wrong, "")
		return
	}
	e.exceptions = append(e.exceptions, x)
}

// resolveLists replaces the lists in lists by their items.
func (l *library) resolveLists() map[string]*entity {
	lists := map[string]*entity{}
	for _, e := range l.order {
		if e.kind == "list" {
			lists[e.name] = e
		}
	}
	total := 0
	for _, e := range l.order {
		if e.kind == "list" {
			l.resolveList(e, lists, &total, 0)
		}
	}
	return lists
}

func (l *library) resolveList(e *entity, lists map[string]*entity, total *int, depth int) {
	if e.resolved {
		return
	}
	e.resolved = true // also while it is in progress: a list in itself is a word
	items := e.items
	e.items = nil
	for _, item := range items {
		inner := lists[item]
		if inner != nil && inner != e && inner.first < e.seen && depth < maxDepth {
			l.resolveList(inner, lists, total, depth+1)
			inner.used = true
			e.items = append(e.items, inner.items...)
			*total += len(inner.items)
		} else {
			if strings.ContainsAny(item, " \t") {
				item = quoteItem(item)
			}
			e.items = append(e.items, item)
			*total++
		}
		if *total > maxItems {
			l.report(false, e.definition, e.at, codeValidate, fmt.Sprintf("the lists have more than %d items together", maxItems), "")
			e.items = nil
			return
		}
	}
}

// Ceilings on what lists may grow to when they are put into each other.
const (
	maxItems = 4 << 20
	maxText  = 16 << 20
)

// substitute puts the items of lists where their names stand in a condition,
// as text: between blanks, parentheses, commas and equal signs. The comma
// beside an empty list goes with it.
func substitute(condition string, lists map[string]*entity, seen int) string {
	var b strings.Builder
	for i := 0; i < len(condition); {
		if isDelimiter(condition[i]) {
			b.WriteByte(condition[i])
			i++
			continue
		}
		end := i
		for end < len(condition) && !isDelimiter(condition[end]) {
			end++
		}
		word := condition[i:end]
		i = end
		list := lists[word]
		if list == nil || list.first >= seen {
			b.WriteString(word)
			continue
		}
		list.used = true
		if len(list.items) > 0 {
			for j, item := range list.items {
				if j > 0 {
					b.WriteString(", ")
				}
				b.WriteString(item)
			}
			if b.Len() > maxText {
				return b.String()
			}
			continue
		}
		before := strings.TrimRight(b.String(), " \t\r\n")
		if without, ok := strings.CutSuffix(before, ","); ok {
			b.Reset()
			b.WriteString(without)
			continue
		}
		rest := strings.TrimLeft(condition[i:], " \t\r\n")
		if strings.HasPrefix(rest, ",") {
			i = len(condition) - len(rest) + 1
		}
	}
	return b.String()
}

func isDelimiter(c byte) bool {
	switch c {
	case ' ', '\t', '\n', '\r', '(', ')', ',', '=':
		return true
	}
	return false
}

// expansion is how far a macro is.
type expansion uint8

const (
	untouched expansion = iota
	inProgress
	finished
)
