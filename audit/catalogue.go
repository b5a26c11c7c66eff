// Package audit turns a report into a scorecard: it joins the findings with
// the controls of public standards and says which hold, which fail and which
// were not assessed. It knows no checker and looks at nothing itself; see
// [Score]. The controls are data, one table for each framework under
// controls/.
package audit

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/boltseal/boltseal"
)

//go:embed controls/*.md
var tables embed.FS

// Checklist is the name of the framework that the score is made of.
const Checklist = "checklist"

// Framework is a list of controls that somebody published.
type Framework struct {
	Name     string // of its table: "cis-docker"
	Title    string
	Prefix   string // that its controls' ids begin with: "CIS-DI-"
	Controls []Control
}

// Control is a line of a framework, and what boltseal does about it.
type Control struct {
	boltseal.Control
	Layer  string // the part of a container's life that it is about
	Weight int    // in the score
	Checks []Clause
	Also   []string // ids of controls that ask for the same
	Note   string   // why it is not covered, or how far
}

// Clause names the checks that speak about a control.
type Clause struct {
	Check    string            // an id, "family/*", or "@" and the id of a control whose checks are meant
	Severity boltseal.Severity // findings below it do not fail the control
}

// Layers are the parts of a container's life, in their order.
var Layers = []Layer{
	{"build", "Build"},
	{"image", "Image"},
	{"supply-chain", "Supply chain"},
	{"registry", "Registry"},
	{"kubernetes", "Kubernetes"},
	{"runtime", "Runtime"},
}

// Layer is a part of a container's life.
type Layer struct{ Name, Title string }

// Frameworks lists every framework: the checklist, then the others by name.
func Frameworks() []Framework { return catalogue() }

var catalogue = sync.OnceValue(func() []Framework {
	names, err := fs.Glob(tables, "controls/*.md")
	if err != nil {
		panic(err)
	}
	var all []Framework
	for _, name := range names {
		text, err := tables.ReadFile(name)
		if err != nil {
			panic(err)
		}
		f, err := parse(strings.TrimSuffix(path.Base(name), ".md"), string(text))
		if err != nil {
			panic(err) // a table in this package, which a test reads
		}
		if f.Name == Checklist {
			all = slices.Insert(all, 0, f)
			continue
		}
		all = append(all, f)
	}
	return all
})

// parse reads one framework's table. Its first column is the control's id
// without the prefix.
func parse(name, text string) (Framework, error) {
	f := Framework{Name: name}
	var columns map[string]int
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		fail := func(format string, args ...any) (Framework, error) {
			return f, fmt.Errorf("controls/%s.md:%d: "+format, append([]any{name, number}, args...)...)
		}
		if title, ok := strings.CutPrefix(line, "# "); ok {
			f.Title = title
		}
		if rest, ok := strings.CutPrefix(line, "Prefix: `"); ok {
			f.Prefix, _, _ = strings.Cut(rest, "`")
		}
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if columns == nil {
			columns = map[string]int{}
			for i, head := range cells {
				columns[head] = i
			}
			continue
		}
		if len(cells) != len(columns) {
			return fail("%d cells in %d columns", len(cells), len(columns))
		}
		cell := func(head string) string {
			if i, ok := columns[head]; ok {
				return cells[i]
			}
			return ""
		}
		c := Control{
			Control: boltseal.Control{Framework: name, ID: f.Prefix + cell("id"), Title: cell("control")},
			Layer:   cell("layer"), Weight: 1, Also: strings.Fields(cell("also")), Note: cell("note"),
		}
		if w := cell("weight"); w != "" {
			var err error
			if c.Weight, err = strconv.Atoi(w); err != nil || c.Weight < 1 {
				return fail("weight %q", w)
			}
		}
		if !slices.ContainsFunc(Layers, func(l Layer) bool { return l.Name == c.Layer }) {
			return fail("no layer %q", c.Layer)
		}
		for word := range strings.FieldsSeq(cell("checks")) {
			check, floor, limited := strings.Cut(word, ">=")
			clause := Clause{Check: check}
			if limited {
				if clause.Severity, limited = boltseal.ParseSeverity(floor); !limited {
					return fail("no severity %q", floor)
				}
			}
			c.Checks = append(c.Checks, clause)
		}
		f.Controls = append(f.Controls, c)
	}
	return f, nil
}
