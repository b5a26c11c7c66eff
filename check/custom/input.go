package custom

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Input is what a run looks at: whatever there is of it.
type Input struct {
	Dockerfiles []*dockerfile.File
	Manifests   []*manifest.File
	Images      []Image
	Components  []boltseal.Component
	Findings    []boltseal.Finding
	Subject     boltseal.Subject // of components and findings
}

// Image is an image and, where it is known, its configuration as stored
// (OCI image specification, "config").
type Image struct {
	Artifact boltseal.Artifact
	Config   []byte
}

// FromReport is what a report by itself can show: images, components and
// findings.
func FromReport(r *boltseal.Report) *Input {
	in := &Input{Components: r.Components, Findings: r.Findings, Subject: boltseal.Subject{Name: r.Artifact.Name, Digest: r.Artifact.Digest}}
	for _, a := range append([]boltseal.Artifact{r.Artifact}, r.Children...) {
		if a.Kind == boltseal.KindImage {
			in.Images = append(in.Images, Image{Artifact: a})
		}
	}
	return in
}

// thing is one value of an expression's variable, with its place.
type thing struct {
	value     any
	kind      string // of a manifest's object
	title     string
	where     boltseal.Location
	subject   boltseal.Subject
	component *boltseal.Component
	evidence  []boltseal.Evidence
}

func (t *thing) name() string {
	if t.where.File != "" && t.where.Line > 0 {
		return fmt.Sprintf("%s:%d", t.where.File, t.where.Line)
	}
	if t.title != "" {
		return t.title
	}
	return t.where.File
}

// things lists what a rule looks at. What cannot be read is a gap.
func (in *Input) things(over Over) ([]thing, []boltseal.Gap) {
	var out []thing
	var gaps []boltseal.Gap
	take := func(t thing, err error) {
		if err != nil {
			gaps = append(gaps, boltseal.Gap{Kind: "unreadable-file", What: string(over) + " " + t.name(), Why: err.Error()})
			return
		}
		out = append(out, t)
	}
	switch over {
	case OverDockerfile:
		for _, f := range in.Dockerfiles {
			t := thing{value: dockerfileValue(f), where: boltseal.Location{File: f.Name, Line: 1, Col: 1}, subject: boltseal.Subject{Name: f.Name}}
			take(t, nil)
		}
	case OverInstruction:
		for _, f := range in.Dockerfiles {
			for _, i := range f.Instrs {
				take(thing{value: instructionValue(f, i), where: f.Location(i.Span), subject: boltseal.Subject{Name: f.Name},
					evidence: fileEvidence(f.Text(i.Span), i.Name+" "+i.Args.Value)}, nil)
			}
		}
	case OverManifest:
		for _, f := range in.Manifests {
			for _, o := range f.Objects() {
				t := thing{kind: o.Kind, where: f.Location(o.Node.Span), subject: boltseal.Subject{Name: f.Name}, title: o.Kind + " " + o.Name,
					evidence: fileEvidence("", strings.Join([]string{o.APIVersion, o.Kind, o.Namespace, o.Name}, "/"))}
				if name := o.Node.Get("metadata", "name"); name != nil {
					t.where = f.Location(name.Span)
				}
				data, err := o.Node.JSON()
				if err == nil {
					t.value, err = fromJSON(data)
				}
				take(t, err)
			}
		}
	case OverImage:
		for i := range in.Images {
			take(imageThing(&in.Images[i]))
		}
	case OverComponent:
		for i := range in.Components {
			c := &in.Components[i]
			t := thing{subject: in.Subject, component: c, title: c.PURL}
			if len(c.Locations) > 0 {
				t.where = c.Locations[0]
			}
			var err error
			t.value, err = asJSON(c)
			take(t, err)
		}
	case OverFinding:
		for i := range in.Findings {
			f := &in.Findings[i]
			t := thing{subject: f.Subject, component: f.Component, where: f.Location, title: f.Check, evidence: fileEvidence("", f.Key)}
			var err error
			t.value, err = asJSON(f)
			take(t, err)
		}
	}
	return out, gaps
}

func imageThing(i *Image) (thing, error) {
	t := thing{subject: boltseal.Subject{Name: i.Artifact.Name, Digest: i.Artifact.Digest}, title: "image " + i.Artifact.Name}
	if i.Artifact.Platform != nil {
		t.subject.Platform = i.Artifact.Platform.String()
	}
	value, err := asJSON(i.Artifact)
	if err != nil {
		return t, err
	}
	if len(i.Config) > 0 {
		config, err := fromJSON(i.Config)
		if err != nil {
			return t, fmt.Errorf("configuration: %w", err)
		}
		if m, ok := value.(map[string]any); ok {
			m["config"] = config
		}
	}
	t.value = value
	return t, nil
}

// fileEvidence shows a text, and tells findings at one place apart by what
// stays when lines move.
func fileEvidence(excerpt, stable string) []boltseal.Evidence {
	var out []boltseal.Evidence
	if excerpt != "" {
		out = append(out, boltseal.Evidence{Kind: boltseal.EvidenceFile, Excerpt: clip(excerpt)})
	}
	return append(out, boltseal.Evidence{Kind: boltseal.EvidenceStable, Excerpt: stable})
}

// asJSON is a value as its JSON has it: the names that docs and expressions
// share.
func asJSON(v any) (any, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return fromJSON(data)
}

// fromJSON reads JSON so that whole numbers are whole in CEL.
func fromJSON(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return numbers(v), nil
}

func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return n
		}
		f, err := v.Float64()
		if err != nil {
			return v.String()
		}
		return f
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for key := range maps.Keys(v) {
			v[key] = numbers(v[key])
		}
	}
	return v
}

// dockerfileValue is a Dockerfile as expressions see it.
func dockerfileValue(f *dockerfile.File) map[string]any {
	instructions := make([]any, 0, len(f.Instrs))
	for _, i := range f.Instrs {
		instructions = append(instructions, instructionValue(f, i))
	}
	stages := make([]any, 0, len(f.Stages))
	for _, s := range f.Stages {
		stages = append(stages, stageValue(f, s))
	}
	return map[string]any{"instructions": instructions, "stages": stages}
}

func stageValue(f *dockerfile.File, s *dockerfile.Stage) map[string]any {
	if s == nil {
		return map[string]any{"name": "", "index": int64(-1), "image": "", "final": false}
	}
	return map[string]any{"name": s.Name, "index": int64(s.Index), "image": s.Image.Text, "final": s.Index == len(f.Stages)-1}
}

// shells are the interpreters whose language RUN bodies are read in when the
// file does not say.
const defaultShell = "sh"

func instructionValue(f *dockerfile.File, i *dockerfile.Instr) map[string]any {
	line, _ := f.Line(i.Span.Start)
	flags := map[string]any{}
	for _, flag := range i.Flags {
		flags[flag.Name] = flag.Value.Text
	}
	pairs := map[string]any{}
	for _, p := range i.Pairs {
		pairs[dockerfile.Unquote(p.Key.Text, f.Escape)] = dockerfile.Unquote(p.Value.Text, f.Escape)
	}
	words := make([]any, 0, len(i.Words))
	list := i.Words
	if i.IsJSON() {
		list = i.JSON
	}
	for _, w := range list {
		words = append(words, dockerfile.Unquote(w.Text, f.Escape))
	}
	commands := []any{}
	if slices.Contains([]string{"RUN", "CMD", "ENTRYPOINT"}, i.Name) {
		if script := f.Script(i, defaultShell); script != nil {
			for _, c := range script.Commands {
				args := make([]any, 0, len(c.Args))
				for _, w := range c.Args {
					args = append(args, w.Text)
				}
				commands = append(commands, map[string]any{"name": c.Name, "args": args})
			}
		}
	}
	return map[string]any{
		"name": i.Name, "args": i.Args.Value, "text": f.Text(i.Span), "words": words, "flags": flags, "pairs": pairs, "exec": i.IsJSON(),
		"line": int64(line), "stage": stageValue(f, i.Stage), "commands": commands,
	}
}
