package scan

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/tool"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// rendered is what a program made of templates: one file for each that it
// came from, and the text of that.
type rendered struct {
	file   *manifest.File
	source []byte // of the template or the base; nil when it is not known

	ours, theirs []outlined // of both, once they are asked for
}

// render puts what helm and kustomize make of the charts and kustomizations
// among the parts in their place, where the user asked for it. What cannot be
// rendered is a gap.
func (l *linter) render(ctx context.Context, parts []linted) ([]linted, error) {
	if !l.o.Render {
		return parts, nil
	}
	t := &tree{files: map[string]*manifest.File{}, gone: map[string]bool{}}
	for _, p := range parts {
		for _, f := range p.manifests {
			t.files[f.Name] = f
		}
	}
	l.rendered = map[string]*rendered{}
	var extra linted
	for _, dir := range l.charts {
		if !slices.ContainsFunc(l.charts, func(other string) bool {
			return strings.HasPrefix(dir, other+"/charts/") || other == "." && strings.HasPrefix(dir, "charts/")
		}) {
			if err := l.chart(ctx, t, dir, &extra); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range t.tops() {
		if err := l.kustomization(ctx, t, name, &extra); err != nil {
			return nil, err
		}
	}
	out := make([]linted, len(parts), len(parts)+1)
	for i, p := range parts {
		p.manifests = slices.DeleteFunc(slices.Clone(p.manifests), func(f *manifest.File) bool { return t.gone[f.Name] })
		out[i] = p
	}
	return append(out, extra), nil
}

// chart renders one chart with its default values and those of the user.
func (l *linter) chart(ctx context.Context, t *tree, dir string, extra *linted) error {
	args := []string{"template", "--skip-tests"}
	for _, values := range l.o.Values {
		args = append(args, "--values", values)
	}
	out, err := l.run(ctx, []tool.Command{{Name: "helm", Args: append(args, "release", argument(dir))}})
	for name, f := range t.files {
		if of := l.chartOf(name); f.Kind == manifest.Template && (of == dir || strings.HasPrefix(of, path.Join(dir, "charts")+"/")) {
			t.gone[name] = true
		}
	}
	if err != nil || ctx.Err() != nil {
		extra.gaps = append(extra.gaps, unrendered("chart "+dir, err,
			"helm dependency build "+dir+" if it needs others; values that it cannot do without: --values FILE"))
		return ctx.Err()
	}
	pieces := map[string][]string{}
	for doc := range strings.SplitSeq("\n"+string(out), "\n---\n") {
		name := path.Join(dir, "templates")
		if _, rest, ok := strings.Cut(doc, "# Source: "); ok {
			from, _, _ := strings.Cut(rest, "\n")
			_, from, _ = strings.Cut(from, "/") // the chart's own name
			name = path.Join(dir, path.Clean("/"+from))
		}
		if strings.TrimSpace(doc) != "" {
			pieces[name] = append(pieces[name], doc)
		}
	}
	l.keepRendered(t, pieces, extra)
	return nil
}

// kustomization renders one that no other builds on.
func (l *linter) kustomization(ctx context.Context, t *tree, name string, extra *linted) error {
	dir := path.Dir(name)
	out, err := l.run(ctx, []tool.Command{{Name: "kustomize", Args: []string{"build", argument(dir)}}, {Name: "kubectl", Args: []string{"kustomize", argument(dir)}}})
	if err != nil || ctx.Err() != nil {
		extra.gaps = append(extra.gaps, unrendered("kustomization "+name, err, ""))
		return ctx.Err()
	}
	below := t.below(name, map[string]bool{})
	for file := range below {
		t.gone[file] = true
	}
	pieces := map[string][]string{}
	for doc := range strings.SplitSeq("\n"+string(out), "\n---\n") {
		if strings.TrimSpace(doc) == "" {
			continue
		}
		origin := name
		for _, o := range manifest.Parse(name, []byte(doc)).Objects() {
			origin = t.origin(o, below, name)
		}
		pieces[origin] = append(pieces[origin], doc)
	}
	l.keepRendered(t, pieces, extra)
	return nil
}

// keepRendered makes files of what was rendered, under the names of what it
// came from.
func (l *linter) keepRendered(t *tree, pieces map[string][]string, extra *linted) {
	for _, name := range slices.Sorted(maps.Keys(pieces)) {
		f := manifest.Parse(name, []byte(strings.Join(pieces[name], "\n---\n")+"\n"))
		r := &rendered{file: f}
		if of := t.files[name]; of != nil {
			r.source = of.Source
		}
		// Two overlays of one base come one after the other.
		if first, ok := l.rendered[name]; ok {
			f = manifest.Parse(name, slices.Concat(first.file.Source, []byte("---\n"), f.Source))
			r.file = f
			extra.manifests = slices.DeleteFunc(extra.manifests, func(g *manifest.File) bool { return g == first.file })
		}
		l.rendered[name] = r
		extra.manifests = append(extra.manifests, f)
	}
}

// run starts the first of some programs that is there.
func (l *linter) run(ctx context.Context, programs []tool.Command) ([]byte, error) {
	var names []string
	for _, c := range programs {
		c.Limit = maxManifest
		result, err := tool.Run(ctx, c)
		if errors.Is(err, tool.ErrMissing) {
			names = append(names, c.Name)
			continue
		}
		if err != nil {
			return nil, err
		}
		if result.Status != 0 {
			text := strings.TrimSpace(strings.ToValidUTF8(string(result.Stderr), ""))
			return nil, fmt.Errorf("%s: %s", c.Name, text[:min(len(text), 500)])
		}
		return result.Stdout, nil
	}
	return nil, fmt.Errorf("%s is not installed: %w", strings.Join(names, " or "), tool.ErrMissing)
}

// argument is a folder as a program takes it: not for a flag.
func argument(dir string) string {
	dir = filepath.FromSlash(dir)
	if strings.HasPrefix(dir, "-") {
		return "." + string(filepath.Separator) + dir
	}
	return dir
}

func unrendered(what string, err error, hint string) boltseal.Gap {
	why := "it was not rendered"
	if err != nil {
		why = "it cannot be rendered: " + err.Error()
	}
	if errors.Is(err, tool.ErrMissing) {
		hint = "install it, or lint what it prints elsewhere"
	}
	return boltseal.Gap{Kind: "template", What: what, Why: why, Hint: hint}
}

// inSources puts findings in what was rendered where they come from: at the
// line of the template or base that reads the same, when there is one such.
// They have no fixes, whose edits would be of what was rendered.
func (l *linter) inSources(findings []boltseal.Finding) {
	for i := range findings {
		f := &findings[i]
		r, ok := l.rendered[f.Location.File]
		if !ok {
			continue
		}
		for _, o := range r.file.Objects() {
			if at := o.Node.Span; at.Start <= f.Location.Span.Start && f.Location.Span.Start < max(at.End, at.Start+1) {
				f.Message += fmt.Sprintf(" (rendered %s %s)", o.Kind, path.Join(o.Namespace, o.Name))
				break
			}
		}
		f.Fixes = nil
		f.Location = r.place(f.Location)
		for j := range f.Locations {
			if f.Locations[j].File == f.Location.File {
				f.Locations[j] = r.place(f.Locations[j])
			}
		}
		f.Seal()
	}
}

// place is where the line of a location stands in the source, or the source
// as a whole when that cannot be told.
func (r *rendered) place(at boltseal.Location) boltseal.Location {
	out := boltseal.Location{File: at.File}
	if r.ours == nil {
		r.ours, r.theirs = outline(r.file.Source), outline(r.source)
	}
	ours, theirs := r.ours, r.theirs
	if at.Line < 1 || at.Line > len(ours) || ours[at.Line-1].path == "" {
		return out
	}
	path, line := ours[at.Line-1].path, ours[at.Line-1]
	if n := pick(theirs, line, func(o outlined) bool { return o.path == path && o.text == line.text }, nil); n >= 0 {
		return theirs[n].location(at.File, n)
	}
	// What a patch added stands below something that is in the source.
	for path != "" {
		means := func(o outlined) bool { return o.path == path }
		if n := pick(theirs, line, means, ours); n >= 0 {
			return theirs[n].location(at.File, n)
		}
		if slices.ContainsFunc(theirs, means) {
			return out
		}
		path = path[:max(strings.LastIndexByte(path, '/'), 0)]
	}
	return out
}

// pick is the one line that is meant. Of several it is the one that stands in
// the same place of the order, if there are as many in what was rendered.
func pick(lines []outlined, line outlined, means func(outlined) bool, ours []outlined) int {
	var all []int
	for i, o := range lines {
		if means(o) {
			all = append(all, i)
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	nth, same := -1, 0
	for _, o := range ours {
		if means(o) {
			if o == line {
				nth = same
			}
			same++
		}
	}
	if same == len(all) && nth >= 0 {
		return all[nth]
	}
	return -1
}

// outlined is a line of YAML, or of a template of it, with the keys above it.
type outlined struct {
	path       string // "Deployment/spec/replicas"; empty of a line without a key
	text       string
	start, end int
	column     int
}

func (o outlined) location(file string, n int) boltseal.Location {
	return boltseal.Location{File: file, Line: n + 1, Col: o.column, Span: boltseal.Span{Start: o.start, End: o.end}}
}

// outline goes by how lines are indented, which templates keep to as well.
func outline(source []byte) []outlined {
	type level struct {
		indent int
		path   string
	}
	var out []outlined
	var stack []level
	at := 0
	kinds := documentKinds(string(source))
	doc := 0
	for raw := range strings.Lines(string(source)) {
		text := strings.TrimSpace(raw)
		indent := len(raw) - len(strings.TrimLeft(raw, " "))
		o := outlined{start: at + indent, end: at + len(strings.TrimRight(raw, " \t\r\n")), column: indent + 1}
		at += len(raw)
		if text == "---" {
			stack = nil
			doc++
		}
		for strings.HasPrefix(text, "- ") {
			inner := strings.TrimLeft(text[2:], " ")
			indent += len(text) - len(inner)
			text = inner
		}
		key, _, isPair := strings.Cut(text, ":")
		if isPair && key != "" && !strings.HasPrefix(text, "{{") && text[0] != '#' && !strings.ContainsAny(key, " ") {
			for len(stack) > 0 && stack[len(stack)-1].indent >= indent {
				stack = stack[:len(stack)-1]
			}
			above := kinds[doc]
			if len(stack) > 0 {
				above = stack[len(stack)-1].path
			}
			o.path, o.text = above+"/"+strings.Trim(key, "\"'"), text
			stack = append(stack, level{indent, o.path})
		}
		o.end = max(o.start, o.end)
		out = append(out, o)
	}
	return out
}

// documentKinds are the kinds of a stream's documents, in order.
func documentKinds(source string) []string {
	kinds := []string{""}
	for line := range strings.Lines(source) {
		if strings.TrimSpace(line) == "---" {
			kinds = append(kinds, "")
		} else if kind, ok := strings.CutPrefix(line, "kind:"); ok {
			kinds[len(kinds)-1] = strings.TrimSpace(kind)
		}
	}
	return kinds
}

// tree are the manifests of a run by name, for what refers to others.
type tree struct {
	files map[string]*manifest.File
	gone  map[string]bool // in whose place there is what was rendered
}

// tops are the kustomizations that no other takes in, in order. A component
// is none by itself.
func (t *tree) tops() []string {
	inner := map[string]bool{}
	var all []string
	for name, f := range t.files {
		if f.Kind != manifest.Kustomization {
			continue
		}
		all = append(all, name)
		for _, next := range t.named(f) {
			if next != name {
				inner[next] = true
			}
		}
		for _, d := range f.Docs {
			inner[name] = inner[name] || d.Root.Get("kind").Str() == "Component"
		}
	}
	slices.Sort(all)
	return slices.DeleteFunc(all, func(name string) bool { return inner[name] })
}

// named are the files that a kustomization names itself: of a folder, its
// kustomization.
func (t *tree) named(f *manifest.File) []string {
	var out []string
	add := func(entry string) {
		name := path.Join(path.Dir(f.Name), entry)
		if t.files[name] != nil {
			out = append(out, name)
			return
		}
		for _, base := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization"} {
			if inner := path.Join(name, base); t.files[inner] != nil {
				out = append(out, inner)
			}
		}
	}
	for _, d := range f.Docs {
		for _, field := range []string{"resources", "bases", "components", "crds", "patches", "patchesStrategicMerge", "patchesJson6902", "transformers", "generators", "replacements"} {
			for _, item := range d.Root.Get(field).Elems() {
				if entry := item.Str(); entry != "" && !strings.Contains(entry, "\n") {
					add(entry)
				}
				if entry := item.Get("path").Str(); entry != "" {
					add(entry)
				}
			}
		}
	}
	return out
}

// below are a kustomization and all files that it takes in.
func (t *tree) below(name string, seen map[string]bool) map[string]bool {
	if f := t.files[name]; f != nil && !seen[name] {
		seen[name] = true
		if f.Kind == manifest.Kustomization {
			for _, next := range t.named(f) {
				t.below(next, seen)
			}
		}
	}
	return seen
}

// origin is the file of the object that one was made from: of the same kind,
// with the same name or one that was lengthened.
func (t *tree) origin(o *manifest.Object, below map[string]bool, otherwise string) string {
	best, length := otherwise, 0
	for _, name := range slices.Sorted(maps.Keys(below)) {
		f := t.files[name]
		if f.Kind != manifest.Kubernetes {
			continue
		}
		for _, from := range f.Objects() {
			complete := from.Node.Get("spec") != nil || from.Node.Get("data") != nil || from.Node.Get("metadata", "labels") != nil
			if from.Kind == o.Kind && from.Name != "" && strings.Contains(o.Name, from.Name) && complete && len(from.Name) > length {
				best, length = name, len(from.Name)
			}
		}
	}
	return best
}
