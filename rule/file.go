package rule

import (
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// File is one rule file as it was read. What it means depends on the files
// before it; see [Compile].
type File struct {
	Name  string
	items []*definition
	data  []byte
}

// definition is one item of a file: a list, a macro, a rule or a requirement.
type definition struct {
	file *File
	kind string // "list", "macro", "rule"
	name string
	at   place
	has  map[string]place // the keys that stand there

	items      []string
	condition  text
	output     text
	desc       string
	priority   string
	source     string
	enabled    bool
	tags       []string
	exceptions []exception
	appends    bool
	override   map[string]string // key: append or replace
	anyEvent   bool              // warn_evttypes: false
	skip       bool              // skip-if-unknown-filter
}

func (d *definition) item() string { return d.kind + " " + strconv.Quote(d.name) }

// The keys that an item may have; the first is its kind.
var itemKeys = map[string][]string{
	"list":  {"items", "append", "override"},
	"macro": {"condition", "append", "override"},
	"rule": {"condition", "output", "desc", "priority", "source", "enabled", "tags", "exceptions", "capture",
		"capture_duration", "warn_evttypes", "skip-if-unknown-filter", "append", "override"},
	"required_engine_version":  nil,
	"required_plugin_versions": nil,
}

// The keys that an override may name, and how.
var overridable = map[string]map[string]bool{ // true: append too
	"list":  {"items": true},
	"macro": {"condition": true},
	"rule": {"condition": true, "output": true, "desc": true, "tags": true, "exceptions": true,
		"priority": false, "enabled": false, "capture": false, "capture_duration": false,
		"warn_evttypes": false, "skip-if-unknown-filter": false},
}

// Parse reads one rule file. The file is never nil: it has the items in which
// no error was found.
func Parse(name string, data []byte) (*File, []Problem) {
	f := &File{Name: name, data: data}
	r := &reader{file: f}
	nodes, failed := readYAML(data)
	if failed != nil {
		code := codeYAMLParse
		if strings.HasPrefix(failed.msg, "rules content") {
			code = codeYAMLValidate
		}
		r.problem(failed.at, code, failed.msg, "")
		return f, r.problems
	}
	if len(nodes) == 0 {
		r.warn(place{1, 1}, codeEmpty, "the file holds no rules", "")
	}
	for _, n := range nodes {
		before := len(r.problems)
		r.now = nil
		d := r.item(n)
		if d != nil && len(Errors(r.problems[before:])) == 0 {
			f.items = append(f.items, d)
		}
	}
	return f, r.problems
}

// reader collects the problems of one file.
type reader struct {
	file     *File
	now      *definition
	problems []Problem
}

func (r *reader) problem(at place, code, message, hint string) {
	p := Problem{Code: code, File: r.file.Name, Line: at.line, Column: at.column, Message: message, Hint: hint}
	if r.now != nil {
		p.Item = r.now.item()
	}
	r.problems = append(r.problems, p)
}

func (r *reader) warn(at place, code, message, hint string) {
	r.problem(at, code, message, hint)
	r.problems[len(r.problems)-1].Warning = true
}

// item reads one item of the file, nil when it defines nothing.
func (r *reader) item(n ast.Node) *definition {
	keys := pairs(n)
	if keys == nil {
		r.problem(placeOf(n), codeYAMLValidate, "an item of the file is not an object", "want - rule:, - macro:, - list: or - required_engine_version:")
		return nil
	}
	d := &definition{file: r.file, at: placeOf(n), has: map[string]place{}, enabled: true}
	var named ast.Node
	for _, pair := range keys {
		key := keyOf(pair)
		if _, twice := d.has[key]; twice {
			r.problem(placeOf(pair), codeYAMLValidate, "key "+strconv.Quote(clip(key, 80))+" stands twice", "")
			return nil
		}
		d.has[key] = placeOf(pair)
		if _, ok := itemKeys[key]; ok && named == nil {
			d.kind, named = key, pair.Value
		}
	}
	switch d.kind {
	case "":
		r.warn(d.at, codeUnknownItem, "unknown item "+strconv.Quote(clip(keyOf(keys[0]), 80)), "want rule, macro, list, required_engine_version or required_plugin_versions")
		return nil
	case "required_engine_version":
		r.engineVersion(named)
		return nil
	case "required_plugin_versions":
		r.pluginVersions(named)
		return nil
	}
	name, ok := scalar(named)
	if !ok || name == "" {
		r.problem(d.at, codeYAMLValidate, "the name of the "+d.kind+" is not a text", "")
		return nil
	}
	d.name = name
	r.now = d
	for _, pair := range keys {
		key := keyOf(pair)
		switch {
		case key == d.kind:
		case !slices.Contains(itemKeys[d.kind], key):
			r.warn(placeOf(pair), codeUnknownKey, "unknown key "+strconv.Quote(clip(key, 80)), "")
			delete(d.has, key)
		default:
			r.key(d, key, pair.Value)
		}
	}
	r.complete(d)
	return d
}

func keyOf(pair *ast.MappingValueNode) string {
	if t := pair.Key.GetToken(); t != nil {
		return t.Value
	}
	return ""
}

// key reads the value of one key of a list, a macro or a rule.
func (r *reader) key(d *definition, key string, n ast.Node) {
	ok, want := true, "a text"
	switch key {
	case "items":
		d.items, ok = scalars(n)
		want = "a list of texts"
	case "tags":
		d.tags, ok = scalars(n)
		want = "a list of texts"
	case "condition":
		d.condition, ok = textOf(n)
		if ok {
			r.syntax(d)
		}
	case "output":
		d.output, ok = textOf(n)
	case "desc":
		d.desc, ok = scalar(n)
		ok = ok || isNull(n)
	case "priority":
		d.priority, ok = scalar(n)
		if _, known := ParsePriority(d.priority); ok && !known {
			r.problem(placeOf(n), codeYAMLValidate, "unknown priority "+strconv.Quote(clip(d.priority, 40)),
				"want one of "+strings.Join(priorityNames[:], ", "))
		}
	case "source":
		d.source, ok = scalar(n)
	case "enabled":
		d.enabled, ok = truth(n)
		want = "true or false"
	case "append":
		d.appends, ok = truth(n)
		want = "true or false"
	case "warn_evttypes":
		d.anyEvent, ok = truth(n)
		d.anyEvent, want = !d.anyEvent, "true or false"
	case "skip-if-unknown-filter":
		d.skip, ok = truth(n)
		want = "true or false"
	case "capture":
		_, ok = truth(n)
		want = "true or false"
	case "capture_duration":
		_, ok = n.(*ast.IntegerNode)
		want = "a number of milliseconds"
	case "exceptions":
		r.exceptions(d, n)
	case "override":
		r.override(d, n)
	}
	if !ok {
		r.problem(placeOf(n), codeYAMLValidate, key+" is not "+want, "")
	}
}

func truth(n ast.Node) (bool, bool) {
	s, ok := scalar(n)
	b, valid := parseBool(s)
	return b == 1, ok && valid
}

// syntax reports what is wrong with a condition before lists and macros come
// into it, where the places still are those of the file. A part that is to be
// appended begins with an operator.
func (r *reader) syntax(d *definition) {
	condition := d.condition.value
	shift := 0
	trimmed := strings.TrimLeft(condition, " \t\r\n")
	if strings.HasPrefix(trimmed, "and") || strings.HasPrefix(trimmed, "or") {
		if d.has["append"] != (place{}) || d.has["override"] != (place{}) {
			const before = "x "
			condition, shift = before+condition, len(before)
		}
	}
	if _, failed := parseCondition(condition); failed != nil {
		at := d.condition.locate(r.file.data, max(failed.pos-shift, 0))
		r.problem(at, codeCondition, failed.message, failed.hint)
	}
}

func (r *reader) override(d *definition, n ast.Node) {
	d.override = map[string]string{}
	keys := pairs(n)
	if keys == nil && !isNull(n) {
		r.problem(placeOf(n), codeYAMLValidate, "override is not an object", "want override: {condition: append}")
		return
	}
	for _, pair := range keys {
		key := keyOf(pair)
		how, _ := scalar(pair.Value)
		appendable, ok := overridable[d.kind][key]
		switch {
		case !ok:
			r.problem(placeOf(pair), codeValidate, "override of "+strconv.Quote(clip(key, 80))+", which cannot be overridden", "")
		case how != "append" && how != "replace":
			r.problem(placeOf(pair.Value), codeValidate, "override "+strconv.Quote(clip(how, 80)), "want append or replace")
		case how == "append" && !appendable:
			r.problem(placeOf(pair.Value), codeValidate, key+" cannot be appended to", "want replace")
		}
		d.override[key] = how
	}
}

// complete says what an item lacks or has too much of by itself.
func (r *reader) complete(d *definition) {
	if d.appends && d.override != nil {
		r.problem(d.at, codeValidate, "append and override stand together", "use override alone")
		return
	}
	if d.appends {
		r.warn(d.has["append"], codeDeprecated, "append is deprecated", "use override: {condition: append}")
	}
	for key := range d.override {
		if _, ok := d.has[key]; !ok {
			r.problem(d.at, codeValidate, "override names "+key+", and there is no "+key, "")
		}
	}
	if d.override != nil {
		for _, key := range itemKeys[d.kind] {
			at, stands := d.has[key]
			if _, named := d.override[key]; stands && !named && key != "override" && key != "source" {
				r.problem(at, codeValidate, key+" stands beside override, which does not name it", "add "+key+": append or replace to override")
			}
		}
		return
	}
	needs := map[string][]string{"list": {"items"}, "macro": {"condition"}, "rule": {"condition", "output", "desc", "priority"}}[d.kind]
	switch {
	case d.kind == "rule" && d.appends:
		if d.lacks("condition") && d.lacks("exceptions") {
			r.problem(d.at, codeAppendNothing, "appends neither a condition nor exceptions", "")
		}
		return
	case d.togglesOnly():
		r.warn(d.has["enabled"], codeDeprecated, "a rule with only enabled is deprecated", "use override: {enabled: replace}")
		return
	}
	for _, key := range needs {
		if d.lacks(key) {
			r.problem(d.at, codeYAMLValidate, "has no "+key, "")
		}
	}
}

func (d *definition) lacks(key string) bool {
	_, ok := d.has[key]
	return !ok
}

// togglesOnly says that a rule switches an earlier one on or off.
func (d *definition) togglesOnly() bool {
	return d.kind == "rule" && !d.lacks("enabled") && d.lacks("condition") && d.lacks("output") &&
		d.lacks("desc") && d.lacks("priority") && d.override == nil && !d.appends
}

func (r *reader) engineVersion(n ast.Node) {
	s, ok := scalar(n)
	if _, number := n.(*ast.IntegerNode); number && ok {
		s = "0." + s + ".0"
	}
	wanted, valid := parseVersion(s)
	if !ok || !valid {
		r.problem(placeOf(n), codeYAMLValidate, "required_engine_version is neither a number nor a version", "want 0.57.0")
		return
	}
	if ours, _ := parseVersion(EngineVersion); slices.Compare(wanted[:], ours[:]) > 0 {
		r.problem(placeOf(n), codeYAMLValidate, "requires engine version "+s+", this is "+EngineVersion, "update boltseal")
	}
}

func parseVersion(s string) (v [3]int, ok bool) {
	core, _, _ := strings.Cut(s, "-")
	parts := strings.Split(core, ".")
	if len(parts) != 3 {
		return v, false
	}
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return v, false
		}
		v[i] = n
	}
	return v, true
}

// provided are the plugins whose fields the field table has.
var provided = []string{"container", "k8saudit", "json"}

func (r *reader) pluginVersions(n ast.Node) {
	sequence, ok := n.(*ast.SequenceNode)
	if !ok {
		r.problem(placeOf(n), codeYAMLValidate, "required_plugin_versions is not a list", "")
		return
	}
	for _, entry := range sequence.Values {
		name, version, names := "", "", []string{}
		for _, pair := range pairs(entry) {
			switch keyOf(pair) {
			case "name":
				name, _ = scalar(pair.Value)
			case "version":
				version, _ = scalar(pair.Value)
			case "alternatives":
				if alternatives, is := pair.Value.(*ast.SequenceNode); is {
					for _, a := range alternatives.Values {
						for _, key := range pairs(a) {
							if other, _ := scalar(key.Value); keyOf(key) == "name" {
								names = append(names, other)
							}
						}
					}
				}
			}
		}
		names = append(names, name)
		if _, valid := parseVersion(version); name == "" || !valid {
			r.problem(placeOf(entry), codeYAMLValidate, "a required plugin needs a name and a version", "want {name: json, version: 0.7.0}")
			continue
		}
		if !slices.ContainsFunc(names, func(s string) bool { return slices.Contains(provided, s) }) {
			r.warn(placeOf(entry), codeExtension, "requires the plugin "+strconv.Quote(clip(name, 80))+", whose fields are not known here", "")
		}
	}
}
