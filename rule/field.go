package rule

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
)

// FieldID is the number of a field in the table of [Fields].
type FieldID uint16

// Type is what sort of values a field has.
type Type uint8

// The types of fields.
const (
	String Type = iota // also paths, flags by name, lists of names
	Bytes              // raw bytes, in a Go string
	Int                // numbers of every width, times in nanoseconds, ports
	Bool
	Addr // an IP address
	Net  // an IP address that is compared with networks
)

var typeNames = map[string]Type{"string": String, "bytes": Bytes, "int": Int, "bool": Bool, "addr": Addr, "net": Net}

// String is the type's name in the field table.
func (t Type) String() string {
	for name, u := range typeNames {
		if t == u {
			return name
		}
	}
	return "type " + strconv.Itoa(int(t))
}

func (t Type) kind() kind {
	switch t {
	case Int:
		return kindInt
	case Bool:
		return kindBool
	case Addr, Net:
		return kindAddr
	}
	return kindString
}

// Field is one thing that a condition can ask of an event.
type Field struct {
	ID     FieldID
	Name   string
	Type   Type
	Source string // the source that has it; empty: every source
	Arg    string // "none", "optional" or "required"

	Dotted    bool // the argument may follow a dot: evt.arg.path
	List      bool // has several values: only in, intersects and exists
	Either    bool // both ends of a connection: one of them decides
	Ancestors bool // without an index it is any ancestor
}

//go:embed fields.txt
var fieldTable string

//go:embed events.txt
var eventTable string

type table struct {
	fields []Field
	byName map[string]*Field
}

// fields reads the table once.
var fields = sync.OnceValue(func() *table {
	t := &table{byName: map[string]*Field{}}
	source := ""
	for line := range strings.Lines(fieldTable) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		if words[0] == "source" {
			if source = words[1]; source == "any" {
				source = ""
			}
			continue
		}
		f := Field{ID: FieldID(len(t.fields)), Name: words[0], Type: typeNames[words[1]], Source: source, Arg: "none"}
		for _, flag := range words[2:] {
			switch flag {
			case "optional", "required":
				f.Arg = flag
			case "dotted":
				f.Dotted = true
			case "list":
				f.List = true
			case "either":
				f.Either = true
			case "ancestors":
				f.Ancestors = true
			}
		}
		t.fields = append(t.fields, f)
	}
	for i := range t.fields {
		t.byName[t.fields[i].Name] = &t.fields[i]
	}
	return t
})

// Fields is the table of all fields that rules can use, by id.
func Fields() []Field { return append([]Field(nil), fields().fields...) }

// LookupField finds the field and the argument that text names, as a
// condition would write it: proc.aname[2], evt.arg.path.
func LookupField(text string) (Field, Arg, bool) {
	name, rest, bracket := strings.Cut(text, "[")
	arg, closed := strings.CutSuffix(rest, "]")
	if bracket && !closed {
		return Field{}, Arg{}, false
	}
	f, a, err := resolveField(name, arg, bracket, "")
	if err != "" {
		return Field{}, Arg{}, false
	}
	return *f, a, true
}

// resolveField finds a field of a source. The error is a phrase, with the
// nearest name there is.
func resolveField(name, arg string, hasArg bool, source string) (*Field, Arg, string) {
	f, ok := fields().byName[name]
	if !ok && !hasArg {
		f, arg, ok = dotted(name)
		hasArg = ok
	}
	if !ok || f.Source != "" && source != "" && f.Source != source {
		why := "unknown field " + strconv.Quote(clip(name, 80))
		if ok {
			why = name + " is no field of source " + source
		} else if near := nearestField(name); near != "" {
			why += ": did you mean " + near + "?"
		}
		return nil, Arg{}, why
	}
	switch {
	case f.Arg == "none" && hasArg:
		return nil, Arg{}, f.Name + " takes no argument"
	case f.Arg == "required" && !hasArg:
		return nil, Arg{}, f.Name + " needs an argument: " + f.Name + "[...]"
	}
	return f, makeArg(arg, hasArg), ""
}

func dotted(name string) (*Field, string, bool) {
	for i := len(name) - 1; i > 0; i-- {
		if name[i] != '.' {
			continue
		}
		if f, ok := fields().byName[name[:i]]; ok && f.Dotted && i+1 < len(name) {
			return f, name[i+1:], true
		}
	}
	return nil, "", false
}

func makeArg(text string, has bool) Arg {
	if !has {
		return Arg{Index: -1}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		n = -1
	}
	return Arg{Text: text, Index: n}
}

func nearestField(name string) string {
	best, distance := "", 3
	for i := range fields().fields {
		candidate := fields().fields[i].Name
		if d := edits(name, candidate, distance); d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

// edits is how many letters must change to make b of a, or limit.
func edits(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return min(row[len(b)], limit)
}

// events are the names that evt.type can have.
var events = sync.OnceValue(func() map[string]bool {
	known := map[string]bool{}
	for name := range strings.FieldsSeq(eventTable) {
		known[name] = true
	}
	return known
})

// KnownEvent says whether evt.type can be name for the syscall source.
func KnownEvent(name string) bool { return events()[name] }

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}
