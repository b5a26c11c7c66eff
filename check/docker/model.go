package docker

import (
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// Model is a Dockerfile with what is known of every stage at every
// instruction.
type Model struct {
	File   *dockerfile.File
	Stages []*Stage
	Global Vars // of ARG before the first FROM
	steps  map[string][]*Step
}

// Stage is a build stage and what it becomes, instruction by instruction.
type Stage struct {
	*dockerfile.Stage
	Steps   []*Step
	Base    *Stage // the earlier stage it builds on, nil when it is an image
	Image   Ref    // the base image with variables expanded
	Final   bool   // it is what the file builds by default
	Used    bool   // the final stage needs it
	Windows bool
	Shipped bool   // its layers are in the image that the file builds by default
	Root    *Stage // the one at the bottom, whose base is an image
	known   Base   // what the data says of Image
	last    map[string]int
}

// Step is one instruction and the state before it.
type Step struct {
	*dockerfile.Instr
	In       *Stage
	State    State
	Script   *dockerfile.Script // of RUN, CMD, ENTRYPOINT and HEALTHCHECK CMD, else nil
	Packages []Call             // of RUN: its calls of package managers
	Prunes   bool               // it takes what is for development only away
	at       int                // its place among the stage's steps
	names    map[string]bool    // packages that it installs itself
	unnamed  bool               // it installs packages whose names are variables
	deleted  shelf[bool]        // words behind rm
	verified bool               // it compares checksums or signatures
	chooses  int                // its last command that chooses a revision of a repository, from 1
	undoes   map[string]int     // its last command that takes away what a program wrote, from 1
}

// State is what a stage is at one moment.
type State struct {
	User      string // as the last USER says, expanded; empty: what the base image says
	UserAt    *Step
	Workdir   string // absolute, or empty when only the base image knows
	WorkdirAt *Step  // the last WORKDIR
	Shell     string // base name of the shell of the shell form; empty when there is none
	Pipe      bool   // the shell runs with pipefail
	Vars      Vars   // ARG and ENV
	past      *past
}

// Var is one variable.
type Var struct {
	Value string
	Known bool // false: only the build tells
	Env   bool // it lives on in the image
}

func newModel(f *dockerfile.File) *Model {
	m := &Model{File: f, steps: map[string][]*Step{}}
	for _, in := range f.Global {
		if in.Name == "ARG" {
			m.Global = m.Global.assign(in, f.Escape, nil)
		}
	}
	for _, s := range f.Stages {
		m.Stages = append(m.Stages, m.stage(s))
	}
	if len(m.Stages) > 0 {
		last := m.Stages[len(m.Stages)-1]
		last.Final = true
		m.use(last)
		for s := last; s != nil; s = s.Base {
			s.Shipped = true
		}
	}
	return m
}

// use marks the stages that one needs.
func (m *Model) use(s *Stage) {
	if s == nil || s.Used {
		return
	}
	s.Used = true
	m.use(s.Base)
	for _, step := range s.Steps {
		if from, ok := step.Flag("from"); ok {
			m.use(m.Named(from.Value.Text, s.Index))
		}
		for _, f := range step.Flags {
			if f.Name == "mount" {
				m.use(m.Named(mountOption(f.Value.Text, "from"), s.Index))
			}
		}
	}
}

// Named is the stage before index that a name or number stands for.
func (m *Model) Named(name string, index int) *Stage {
	if s := m.File.StageNamed(name, index); s != nil {
		return m.Stages[s.Index]
	}
	if n, ok := number(name); ok && n < index && n < len(m.Stages) {
		return m.Stages[n]
	}
	return nil
}

func number(s string) (int, bool) {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' || n > 1<<20 {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, s != ""
}

// mountOption is the value of key in "type=cache,target=/x".
func mountOption(value, key string) string {
	for field := range strings.SplitSeq(value, ",") {
		if k, v, _ := strings.Cut(field, "="); strings.EqualFold(k, key) {
			return v
		}
	}
	return ""
}

func (m *Model) stage(s *dockerfile.Stage) *Stage {
	stage := &Stage{Stage: s, last: map[string]int{}}
	stage.Root = stage
	name, known := m.Global.Expand(dockerfile.Unquote(s.Image.Text, m.File.Escape), m.File.Escape)
	stage.Image = parseRef(name, known)
	var state State
	if base := m.Named(name, s.Index); base != nil && known && m.File.StageNamed(name, s.Index) != nil {
		stage.Base, stage.Image, stage.Windows, stage.Root = base, Ref{}, base.Windows, base.Root
		state = base.End()
		state.Vars = state.Vars.onlyEnv()
		own := *state.past
		own.modules, own.copied = shelf[*Step]{}, nil
		state.past = &own
	} else {
		stage.Windows = isWindows(stage.Image.Name)
		stage.known = baseOf(stage.Image)
		state = State{Shell: baseShell(stage), past: &past{}}
		if state.Workdir = stage.known.Workdir; stage.Image.Name == "scratch" {
			state.Workdir = "/"
		}
	}
	for _, in := range s.Instrs {
		step := &Step{Instr: in, In: stage, State: state, at: len(stage.Steps)}
		switch {
		case in.Name == "RUN", in.Name == "CMD", in.Name == "ENTRYPOINT":
			step.Script = m.File.Script(in, state.Shell)
		case in.Name == "HEALTHCHECK" && in.Trigger != nil:
			step.Script = m.File.Script(in.Trigger, state.Shell)
		}
		if step.Name == "RUN" {
			step.index()
		}
		stage.note(step)
		stage.Steps = append(stage.Steps, step)
		m.steps[step.Name] = append(m.steps[step.Name], step)
		state = m.after(state, step)
	}
	stage.Steps = append(stage.Steps, &Step{Instr: &dockerfile.Instr{}, In: stage, State: state, at: len(stage.Steps)})
	return stage
}

// index notes what rules ask of a RUN again and again.
func (s *Step) index() {
	for i := range s.Script.Commands {
		command := &s.Script.Commands[i]
		s.remember(command, i+1)
		c, ok := call(command)
		if !ok {
			continue
		}
		s.Packages = append(s.Packages, c)
		if c.Verb != "install" {
			continue
		}
		s.unnamed = s.unnamed || !c.Whole
		if s.names == nil {
			s.names = map[string]bool{}
		}
		s.names[c.virtual()] = true
		for _, w := range c.Names {
			s.names[bareName(w.Text)] = true
		}
	}
	s.Prunes = prunes(s)
}

// remember notes what a command means for those before it.
func (s *Step) remember(c *dockerfile.Command, at int) {
	switch c.Name {
	case "rm":
		for _, w := range c.Args[1:] {
			s.deleted = s.deleted.withFirst(w.Text, true)
		}
		if !strings.HasPrefix(c.Args[len(c.Args)-1].Text, "/var/") {
			s.undo("", at)
		}
		return
	case "shred":
		s.undo("", at)
		return
	case "sha256sum", "sha512sum", "sha1sum", "shasum", "gpg", "gpgv", "cosign", "minisign", "b2sum":
		s.verified = true
	case "git":
		if c.Has("checkout", "reset", "switch", "fetch") {
			s.chooses = at
		}
	}
	if text := joined(c); containsAny(text, []string{"config delete", "config rm", "logout", "unset", "--remove"}) {
		s.undo(c.Name, at)
	}
}

func (s *Step) undo(program string, at int) {
	if s.undoes == nil {
		s.undoes = map[string]int{}
	}
	s.undoes[program] = at
}

// installs tells whether the RUN itself installs a package.
func (s *Step) installs(name string) bool { return s.unnamed || name != "" && s.names[name] }

// deletes tells whether the RUN deletes a file that it names.
func (s *Step) deletes(name string) bool {
	_, ok := s.deleted.Get(name)
	return ok
}

// note remembers the last instruction that does one of the things that rules
// look for behind another one.
func (s *Stage) note(step *Step) {
	if step.Name != "RUN" {
		s.last[step.Name] = step.at
		return
	}
	if step.Prunes {
		s.last["prune"] = step.at
	}
	for i := range step.Script.Commands {
		switch c := &step.Script.Commands[i]; c.Name {
		case "npm", "pnpm":
			if c.Has("rebuild") {
				s.last["rebuild"] = step.at
			}
		case "tar":
			for _, w := range c.Args[1:] {
				name := w.Text
				if _, value, ok := strings.Cut(name, "="); ok {
					name = value
				}
				s.last["tar "+path.Base(name)] = step.at
			}
		}
	}
}

// behind tells whether the stage does one of the things of [Stage.note]
// behind a step.
func (s *Step) behind(what string) bool {
	at, ok := s.In.last[what]
	return ok && at > s.at
}

// End is what the stage is behind its last instruction.
func (s *Stage) End() State { return s.Steps[len(s.Steps)-1].State }

// All gives the stage's instructions of the given names; all without names.
func (s *Stage) All(names ...string) iter.Seq[*Step] {
	return func(yield func(*Step) bool) {
		for _, step := range s.Steps[:len(s.Steps)-1] {
			match := len(names) == 0
			for _, name := range names {
				match = match || step.Name == name
			}
			if match && !yield(step) {
				return
			}
		}
	}
}

// All gives the instructions of all stages with the given names.
func (m *Model) All(names ...string) iter.Seq[*Step] {
	if len(names) == 1 {
		return slices.Values(m.steps[names[0]])
	}
	return func(yield func(*Step) bool) {
		for _, stage := range m.Stages {
			for step := range stage.All(names...) {
				if !yield(step) {
					return
				}
			}
		}
	}
}

// Commands gives every command of every RUN with the given names.
func (m *Model) Commands(names ...string) iter.Seq2[*Step, *dockerfile.Command] {
	return func(yield func(*Step, *dockerfile.Command) bool) {
		for step := range m.All("RUN") {
			for i := range step.Script.Commands {
				c := &step.Script.Commands[i]
				match := len(names) == 0
				for _, name := range names {
					match = match || c.Name == name
				}
				if match && !yield(step, c) {
					return
				}
			}
		}
	}
}

// Final is the stage that the file builds by default, nil without any.
func (m *Model) Final() *Stage {
	if len(m.Stages) == 0 {
		return nil
	}
	return m.Stages[len(m.Stages)-1]
}

// after is the state behind an instruction.
func (m *Model) after(s State, step *Step) State {
	escape := m.File.Escape
	s.past = s.past.after(m, step)
	switch step.Name {
	case "ARG":
		s.Vars = s.Vars.assign(step.Instr, escape, &m.Global)
	case "ENV":
		s.Vars = s.Vars.assign(step.Instr, escape, nil)
	case "USER":
		s.User, _ = s.Vars.Expand(dockerfile.Unquote(step.Args.Value, escape), escape)
		s.UserAt = step
	case "WORKDIR":
		s.WorkdirAt = step
		dir, known := s.Vars.Expand(dockerfile.Unquote(step.Args.Value, escape), escape)
		switch {
		case !known:
			s.Workdir = ""
		case path.IsAbs(dir) || step.In.Windows:
			s.Workdir = dir
		case s.Workdir != "":
			s.Workdir = path.Join(s.Workdir, dir)
		}
	case "SHELL":
		s.Shell, s.Pipe = "", false
		for i, w := range step.JSON {
			if i == 0 {
				s.Shell = strings.ToLower(strings.TrimSuffix(path.Base(strings.ReplaceAll(w.Text, `\`, "/")), ".exe"))
			}
			s.Pipe = s.Pipe || w.Text == "pipefail" || strings.Contains(w.Text, "o pipefail")
		}
	}
	return s
}
