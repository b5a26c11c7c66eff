package custom

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Limits of a file of checks.
const (
	maxFile       = 4 << 20
	maxRules      = 1_000
	maxTests      = 10_000
	maxExpression = 16 << 10 // as a cluster allows
	maxErrors     = 50
)

// Load reads a file of checks and compiles its expressions. Its error joins
// one [Error] for each mistake, so that all can be mended at once.
func Load(name string, data []byte) (*Set, error) {
	if len(data) > maxFile {
		return nil, &Error{File: name, Line: 1, Col: 1, Message: fmt.Sprintf("larger than %d bytes", maxFile)}
	}
	l := &loader{file: manifest.Parse(name, data), set: &Set{Name: name}}
	for _, e := range l.file.Errors {
		l.errors = append(l.errors, &Error{File: name, Line: e.Line, Col: e.Col, Message: e.Message})
	}
	for _, doc := range l.file.Docs {
		l.doc(doc.Root)
	}
	if len(l.errors) == 0 && len(l.set.Rules) == 0 {
		l.errors = append(l.errors, &Error{File: name, Line: 1, Col: 1, Message: "no checks: want a list under checks:"})
	}
	if len(l.errors) == 0 {
		l.compile()
	}
	if len(l.errors) > 0 {
		slices.SortStableFunc(l.errors, func(a, b *Error) int { return cmp.Or(a.Line-b.Line, a.Col-b.Col) })
		var all []error
		for _, e := range l.errors[:min(len(l.errors), maxErrors)] {
			all = append(all, e)
		}
		return nil, errors.Join(all...)
	}
	return l.set, nil
}

type loader struct {
	file   *manifest.File
	set    *Set
	errors []*Error
	places []places // of the rules' expressions
}

// places are the nodes that a rule's texts stand in.
type places struct {
	rule, when, expression, message *manifest.Node
	variables                       []*manifest.Node
}

func (l *loader) fail(at *manifest.Node, format string, args ...any) {
	place := l.file.Location(at.Span)
	l.errors = append(l.errors, &Error{File: l.file.Name, Line: place.Line, Col: place.Col, Message: fmt.Sprintf(format, args...)})
}

func (l *loader) doc(root *manifest.Node) {
	l.fields(root, "the file", map[string]func(*manifest.Node){
		"checks": func(n *manifest.Node) {
			for _, item := range l.list(n, "checks", maxRules) {
				l.rule(item)
			}
		},
		"tests": func(n *manifest.Node) {
			for _, item := range l.list(n, "tests", maxTests) {
				l.test(item)
			}
		},
	})
}

// fields hands each value of a mapping to the reader of its key; other keys
// and keys that stand there twice are mistakes.
func (l *loader) fields(n *manifest.Node, what string, readers map[string]func(*manifest.Node)) {
	if n.Resolve() == nil || n.Resolve().Kind != manifest.Mapping {
		l.fail(n, "%s: want a mapping", what)
		return
	}
	seen := map[string]bool{}
	for key, value := range n.Resolve().Entries() {
		read, ok := readers[key.Value]
		switch {
		case !ok:
			names := make([]string, 0, len(readers))
			for name := range readers {
				names = append(names, name)
			}
			slices.Sort(names)
			l.fail(key, "%s has no %q; it may have %s", what, clip(key.Value), strings.Join(names, ", "))
		case seen[key.Value]:
			l.fail(key, "%s has %q twice", what, key.Value)
		default:
			seen[key.Value] = true
			read(value)
		}
	}
}

func (l *loader) list(n *manifest.Node, what string, most int) []*manifest.Node {
	if n.Kind != manifest.Sequence {
		l.fail(n, "%s: want a list", what)
		return nil
	}
	if len(n.Items) > most {
		l.fail(n, "%s: more than %d", what, most)
		return nil
	}
	var out []*manifest.Node
	for _, item := range n.Elems() {
		out = append(out, item)
	}
	return out
}

// text reads a scalar into a string. A number or a truth value that stands
// for itself is its text.
func (l *loader) text(into *string) func(*manifest.Node) {
	return func(n *manifest.Node) {
		if n.Kind != manifest.Scalar || n.Tag == "!!null" {
			l.fail(n, "want a text")
			return
		}
		*into = strings.TrimSpace(n.Value)
	}
}

func (l *loader) texts(into *[]string) func(*manifest.Node) {
	return func(n *manifest.Node) {
		for _, item := range l.list(n, "list", 1_000) {
			s := ""
			l.text(&s)(item)
			*into = append(*into, s)
		}
	}
}

func (l *loader) rule(n *manifest.Node) {
	r := Rule{At: l.file.Location(n.Span)}
	at := places{rule: n}
	expression := func(into *string, place **manifest.Node) func(*manifest.Node) {
		return func(n *manifest.Node) {
			// An expression keeps its blanks: they count in its columns.
			if n.Kind != manifest.Scalar || strings.TrimSpace(n.Value) == "" {
				l.fail(n, "want an expression")
				return
			}
			if len(n.Value) > maxExpression {
				l.fail(n, "expression: longer than %d bytes", maxExpression)
				return
			}
			*into, *place = n.Value, n
		}
	}
	severity, over := "", ""
	l.fields(n, "a check", map[string]func(*manifest.Node){
		"id": l.text(&r.ID), "title": l.text(&r.Title), "doc": l.text(&r.Doc), "severity": l.text(&severity), "url": l.text(&r.URL),
		"controls": l.texts(&r.Controls), "aliases": l.texts(&r.Aliases), "over": l.text(&over), "fix": l.text(&r.Fix),
		"kinds": l.texts(&r.Kinds), "resources": l.texts(&r.Resources), "message": l.text(&r.Message),
		"when": expression(&r.When, &at.when), "expression": expression(&r.Expression, &at.expression),
		"messageExpression": expression(&r.MessageBy, &at.message),
		"variables": func(n *manifest.Node) {
			for _, item := range l.list(n, "variables", 100) {
				v, place := Variable{}, (*manifest.Node)(nil)
				l.fields(item, "a variable", map[string]func(*manifest.Node){"name": l.text(&v.Name), "expression": expression(&v.Expression, &place)})
				if !isName(v.Name) || place == nil {
					l.fail(item, "a variable needs a name and an expression")
					continue
				}
				r.Variables = append(r.Variables, v)
				at.variables = append(at.variables, place)
			}
		},
	})
	if wrong := checkID(r.ID); wrong != "" {
		l.fail(n, "%s", wrong)
	}
	if slices.ContainsFunc(l.set.Rules, func(have Rule) bool { return have.ID == r.ID }) {
		l.fail(n, "check %s stands there twice", r.ID)
	}
	rated, ok := boltseal.ParseSeverity(severity)
	if r.Severity = rated; !ok || severity == "" {
		l.fail(n, "check %s: severity %q: want critical, high, medium, low or negligible", clip(r.ID), clip(severity))
	}
	if r.Over = Over(over); !slices.Contains(overs, r.Over) {
		l.fail(n, "check %s: over %q: want one of %v", clip(r.ID), clip(over), overs)
	}
	if r.Title == "" {
		l.fail(n, "check %s needs a title", clip(r.ID))
	}
	if at.expression == nil {
		l.fail(n, "check %s needs an expression, which says what must hold", clip(r.ID))
	}
	if r.Over != OverManifest && len(r.Kinds)+len(r.Resources) > 0 {
		l.fail(n, "check %s: kinds and resources are for checks over manifests", clip(r.ID))
	}
	l.set.Rules = append(l.set.Rules, r)
	l.places = append(l.places, at)
}

// isName tells whether a variable can be called so in CEL.
func isName(s string) bool {
	return s != "" && len(s) <= 64 && (s[0] < '0' || s[0] > '9') &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}
