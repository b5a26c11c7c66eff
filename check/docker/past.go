package docker

import (
	"path"
	"strings"

	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// past is what the instructions before one have done, those of the stages
// below included. It is kept for every instruction and never changed, so
// that a rule looks things up instead of walking back.
type past struct {
	packages   shelf[*Step] // the first to install a package, or to give a virtual one its name
	unnamed    bool         // an install names variables
	files      shelf[*Step] // the first that is known to write a path
	code       shelf[*Step] // where COPY and ADD put programs
	modules    shelf[*Step] // the last of this stage to copy node_modules to a folder; "" where that is not known
	copied     *Step        // the last of this stage to copy node_modules anywhere
	installed  shelf[*Step] // every node_modules that was installed
	dev        shelf[*Step] // those with what is for development
	venvs      shelf[*Step] // virtual environments
	goBinaries shelf[*Step] // what go built with cgo
	said       shelf[*Step] // the first RUN that speaks of one of the probes
	cargo      bool         // cargo built for the stage's own C library
	bundles    bool         // a bundle was made with nothing left external
	context    string       // where all of the build context was copied to last
	worked     bool         // a RUN was carried out
	brought    bool         // the application's files may be in the image
	accounts   bool         // the users of the base image were changed
	programs   bool         // files were put where programs are looked for
	entry      bool         // an ENTRYPOINT was set
	lean       bool         // apt was told to leave recommended packages out
}

// probes are the programs that health checks call and that images often
// lack.
var probes = []string{"curl", "wget", "nc", "netcat", "python", "python3", "node", "php", "pg_isready", "redis-cli", "mysqladmin", "ruby", "java", "bash", "jq", "perl"}

// after is the past behind an instruction.
func (p *past) after(m *Model, step *Step) *past {
	next := *p
	switch step.Name {
	case "COPY", "ADD":
		next.copies(m, step)
	case "RUN":
		next.runs(m, step)
	case "ENTRYPOINT":
		next.entry = true
	default:
		return p
	}
	return &next
}

func (p *past) copies(m *Model, step *Step) {
	p.brought = true
	lands := m.lands(step)
	to := destination(step)
	for i, land := range lands {
		if land != "/" && (i > 0 || !strings.HasSuffix(to, "/") && to != ".") {
			p.files = p.files.withFirst(land, step)
		}
	}
	if codeIn(step) && len(lands) > 0 {
		p.code = p.code.withFirst(lands[0], step)
	}
	if wholeContext(step) {
		p.context = step.State.target(to, m.File.Escape)
	}
	for _, source := range sources(step) {
		if path.Base(source) == "node_modules" {
			dir := strings.TrimSuffix(step.State.target(to, m.File.Escape), "/node_modules")
			p.modules, p.copied = p.modules.with(dir, step), step
		}
	}
	p.programs = p.programs || putsPrograms(step, lands)
}

// putsPrograms tells whether COPY or ADD puts files where programs are
// looked for, so that the base image alone says little.
func putsPrograms(step *Step, lands []string) bool {
	if len(lands) == 0 {
		return true
	}
	switch at := lands[0]; {
	case at == "/" && bringsTree(step), strings.HasSuffix(path.Dir(at), "/bin"), strings.HasSuffix(at, "/bin"), strings.HasSuffix(at, "/sbin"), at == "/usr", at == "/usr/local", path.Dir(at) == "/usr/sbin", path.Dir(at) == "/sbin":
		return true
	}
	return false
}

func (p *past) runs(m *Model, step *Step) {
	p.worked = true
	p.brought = p.brought || len(step.Heredocs) > 0
	for _, c := range step.Packages {
		if c.Verb != "install" && c.Verb != "build-dep" {
			continue
		}
		for _, w := range c.Names {
			p.packages = p.packages.withFirst(bareName(w.Text), step)
		}
		if name := c.virtual(); name != "" {
			p.packages = p.packages.withFirst(name, step)
		}
		p.unnamed = p.unnamed || !c.Whole
	}
	text := step.Args.Value
	for _, name := range probes {
		if _, ok := p.said.Get(name); !ok && strings.Contains(text, name) {
			p.said = p.said.with(name, step)
		}
	}
	p.lean = p.lean || strings.Contains(text, "APT::Install-Recommends")
	for n := range nodeInstalls(step) {
		if n.Dir == "" {
			continue
		}
		dir := path.Join(n.Dir, "node_modules")
		p.installed = p.installed.withFirst(dir, step)
		if !n.Prod && len(n.Args) == 0 {
			p.dev = p.dev.withFirst(dir, step)
		}
	}
	if step.Prunes {
		p.dev = shelf[*Step]{}
	}
	for i := range step.Script.Commands {
		p.command(m, step, &step.Script.Commands[i])
	}
}

func (p *past) command(m *Model, step *Step, c *dockerfile.Command) {
	if fetches(c) && c.Name != "cd" {
		p.brought = true
	}
	p.accounts = p.accounts || changesAccounts(c)
	if to := download(c); to != "" && !step.deletes(to) {
		if at := step.State.target(to, m.File.Escape); at != "" && at != "/" {
			p.files = p.files.withFirst(at, step)
		}
	}
	if dir := venvDir(c, &step.State, m.File.Escape); dir != "" {
		p.venvs = p.venvs.withFirst(dir, step)
	}
	if at := goBinary(step, c, m.File.Escape); at != "" {
		p.goBinaries = p.goBinaries.withFirst(at, step)
	}
	switch c.Name {
	case "cargo":
		p.cargo = p.cargo || c.Has("build") && !strings.Contains(joined(c), "musl")
	case "esbuild", "npx", "npm", "yarn", "pnpm", "ncc", "node":
		text := " " + joined(c) + " "
		p.bundles = p.bundles || strings.Contains(text, "esbuild ") && strings.Contains(text, " --bundle") && !strings.Contains(text, "external") || strings.Contains(text, "ncc build")
	}
}

// changesAccounts tells whether a command takes users of the base image away
// or alters them.
func changesAccounts(c *dockerfile.Command) bool {
	switch c.Name {
	case "deluser", "userdel", "delgroup", "groupdel", "usermod", "groupmod":
		return true
	}
	return false
}
