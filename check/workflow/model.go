package workflow

import (
	"iter"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Model is one workflow or action: what starts it, and what it does.
type Model struct {
	File     *manifest.File
	Root     *manifest.Node
	Jobs     []*Job
	Triggers map[string]*manifest.Node // by event; the node is the event's settings, its name when there are none
}

// Job is one job. A composite action is a job without a key.
type Job struct {
	ID    string
	Key   *manifest.Node
	Node  *manifest.Node
	Steps []*Step
}

// Step is one step of a job.
type Step struct {
	Node *manifest.Node
	Job  *Job
	Uses Action         // zero for one that runs a script
	Run  *manifest.Node // the script, or nil
	At   int            // its index in the job
}

// Action is what "uses" names.
type Action struct {
	Node   *manifest.Node
	Raw    string
	Name   string // "owner/repo/path" in lower case, or the image of docker://
	Ref    string // what stands behind "@"
	Docker bool
	Local  bool
}

func newModel(f *manifest.File) *Model {
	m := &Model{File: f, Root: &manifest.Node{Kind: manifest.Mapping}, Triggers: map[string]*manifest.Node{}}
	if len(f.Docs) > 0 {
		m.Root = f.Docs[0].Root.Resolve()
	}
	m.triggers()
	for key, node := range m.Root.Get("jobs").Entries() {
		if node == nil || node.Kind != manifest.Mapping {
			continue
		}
		j := &Job{ID: key.Value, Key: key, Node: node}
		j.read(node.Get("steps"))
		m.Jobs = append(m.Jobs, j)
	}
	if runs := m.Root.Get("runs"); runs != nil && runs.Kind == manifest.Mapping {
		j := &Job{Node: runs, Key: runs.KeyOf()}
		j.read(runs.Get("steps"))
		m.Jobs = append(m.Jobs, j)
	}
	return m
}

func (m *Model) triggers() {
	on := m.Root.Get("on")
	switch {
	case on == nil:
	case on.Kind == manifest.Scalar:
		m.Triggers[on.Value] = on
	case on.Kind == manifest.Sequence:
		for _, item := range on.Elems() {
			m.Triggers[item.Str()] = item
		}
	default:
		for key, value := range on.Entries() {
			if value.IsNull() {
				value = key
			}
			m.Triggers[key.Value] = value
		}
	}
}

func (j *Job) read(steps *manifest.Node) {
	for i, node := range steps.Elems() {
		s := &Step{Node: node, Job: j, At: i}
		if uses := node.Get("uses"); uses.Str() != "" {
			s.Uses = parseAction(uses)
		}
		if run := node.Get("run"); run.Str() != "" {
			s.Run = run
		}
		j.Steps = append(j.Steps, s)
	}
}

func parseAction(n *manifest.Node) Action {
	a := Action{Node: n, Raw: n.Str()}
	switch {
	case strings.HasPrefix(a.Raw, "docker://"):
		a.Docker, a.Name = true, strings.TrimPrefix(a.Raw, "docker://")
	case strings.HasPrefix(a.Raw, "./"), strings.HasPrefix(a.Raw, "../"):
		a.Local, a.Name = true, a.Raw
	default:
		name, ref, _ := strings.Cut(a.Raw, "@")
		a.Name, a.Ref = strings.ToLower(name), ref
	}
	return a
}

// On tells whether one of the events starts the workflow.
func (m *Model) On(events ...string) bool {
	for _, e := range events {
		if m.Triggers[e] != nil {
			return true
		}
	}
	return false
}

// Steps are all steps of all jobs.
func (m *Model) Steps() iter.Seq[*Step] {
	return func(yield func(*Step) bool) {
		for _, j := range m.Jobs {
			for _, s := range j.Steps {
				if !yield(s) {
					return
				}
			}
		}
	}
}

// Actions are all that the file uses: in steps, and reusable workflows.
func (m *Model) Actions() iter.Seq[Action] {
	return func(yield func(Action) bool) {
		for _, j := range m.Jobs {
			if uses := j.Node.Get("uses"); uses.Str() != "" && !yield(parseAction(uses)) {
				return
			}
			for _, s := range j.Steps {
				if s.Uses.Node != nil && !yield(s.Uses) {
					return
				}
			}
		}
	}
}

// Is tells whether the step uses one of the actions, or one in its folders.
func (s *Step) Is(names ...string) bool {
	for _, name := range names {
		if s.Uses.Name == name || strings.HasPrefix(s.Uses.Name, name+"/") {
			return true
		}
	}
	return false
}

// With is an input of the action that the step uses.
func (s *Step) With(name string) *manifest.Node { return s.Node.Get("with", name) }

// jobOf is the id of the job that a node stands in.
func (m *Model) jobOf(n *manifest.Node) string {
	for _, j := range m.Jobs {
		if j.Key != nil && n.Span.Start >= j.Key.Span.Start && n.Span.End <= j.Node.Span.End {
			return j.ID
		}
	}
	return ""
}

// permission is what a job may do with a scope: "write", "read", "none", or
// "" when nothing is said.
func (m *Model) permission(j *Job, scope string) string {
	n := j.Node.Get("permissions")
	if n == nil {
		n = m.Root.Get("permissions")
	}
	switch {
	case n == nil:
		return ""
	case n.Kind == manifest.Scalar:
		switch n.Str() {
		case "write-all":
			return "write"
		case "read-all":
			return "read"
		}
		return "none"
	}
	if v := n.Get(scope).Str(); v != "" {
		return v
	}
	return "none"
}

// expression is "${{ … }}" in a scalar.
type expression struct {
	text       string // what stands inside, trimmed
	start, end int    // in the scalar's value
}

// expressions finds the expressions of a text.
func expressions(s string) iter.Seq[expression] {
	return func(yield func(expression) bool) {
		for at := 0; ; {
			i := strings.Index(s[at:], "${{")
			if i < 0 {
				return
			}
			i += at
			n := strings.Index(s[i:], "}}")
			if n < 0 {
				return
			}
			if !yield(expression{strings.TrimSpace(s[i+3 : i+n]), i, i + n + 2}) {
				return
			}
			at = i + n + 2
		}
	}
}

// Script is a script that a step runs, for rules about shells.
type Script struct {
	Node  *manifest.Node
	Text  string // expressions are replaced by as many underscores
	Shell string
}

// Scripts lists the scripts of a workflow that a POSIX shell or bash reads.
func Scripts(f *manifest.File) []Script {
	var out []Script
	m := newModel(f)
	for s := range m.Steps() {
		if s.Run == nil {
			continue
		}
		if shell := m.shell(s); shell == "bash" || shell == "sh" {
			out = append(out, Script{Node: s.Run, Text: masked(s.Run.Value), Shell: shell})
		}
	}
	return out
}

// masked replaces expressions by as many letters, so that a shell's parser
// sees words.
func masked(s string) string {
	var b strings.Builder
	at := 0
	for e := range expressions(s) {
		b.WriteString(s[at:e.start])
		for range e.end - e.start {
			b.WriteByte('_')
		}
		at = e.end
	}
	return b.String() + s[at:]
}

// shell is the name of the shell that runs a step's script.
func (m *Model) shell(s *Step) string {
	for _, n := range []*manifest.Node{s.Node.Get("shell"), s.Job.Node.Get("defaults", "run", "shell"), m.Root.Get("defaults", "run", "shell")} {
		if word, _, _ := strings.Cut(n.Str(), " "); word != "" {
			return word
		}
	}
	if strings.Contains(s.Job.Node.Get("runs-on").Str(), "windows") {
		return "pwsh"
	}
	return "bash"
}

// spanIn is where an expression stands in the source.
func (p *Pass) spanIn(n *manifest.Node, start, end int) boltseal.Span {
	return p.File.Place(n, start, end)
}
