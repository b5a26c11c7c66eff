package docker

import (
	"path"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/libc-mismatch", Title: "compiled files cross from one C library to another", Severity: boltseal.Medium,
		Doc: `Alpine has musl, Debian and distroless have glibc: modules and programs that were compiled against one do not load under the other, and
fail with "not found" or "invalid ELF header" only when they are used. Build in a stage of the same family as the one that runs.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("COPY") {
			from := p.origin(step)
			there, here := p.sourceBase(step).Libc, step.In.BaseImage().Libc
			if step.behind("rebuild") || there == "" || here == "" || there == here || there == "none" || here == "none" {
				continue
			}
			for _, source := range sources(step) {
				what := compiled(from, source)
				if dir := path.Dir(source); what == "" && (dir == "/usr/local/bin" || dir == "/usr/bin" || dir == "/bin") && p.sourceBase(step).Has(path.Base(source)) {
					what = "the program"
				}
				if what != "" {
					p.Report(step.Span, what+" in "+source+" was built for "+there+", and this stage has "+here)
					break
				}
			}
		}
	},
})

// sourceBase is what is known of the image that COPY --from takes files of.
func (p *Pass) sourceBase(step *Step) Base {
	if from := p.origin(step); from != nil {
		return from.BaseImage()
	}
	flag, ok := step.Flag("from")
	if !ok {
		return Base{}
	}
	ref := parseRef(step.State.Vars.Expand(flag.Value.Text, p.File.Escape))
	if ref.Name == "busybox" {
		return Base{} // its programs need no library
	}
	return baseOf(ref)
}

// compiled says what below a path of a stage was compiled for its C library,
// as far as the path and the stage's commands tell; empty when nothing.
func compiled(s *Stage, source string) string {
	for segment := range strings.SplitSeq(source, "/") {
		switch segment {
		case "node_modules":
			return "what npm compiled"
		case "site-packages", "dist-packages", "venv", ".venv":
			return "what pip compiled"
		}
	}
	if strings.HasSuffix(source, ".so") || strings.Contains(source, ".so.") || within(source, "/usr/lib") || within(source, "/lib") {
		return "a library"
	}
	if s == nil {
		return ""
	}
	end := s.End().past
	if strings.HasPrefix(source, "/") {
		if _, ok := end.installed.below(path.Clean(source)); ok {
			return "what npm compiled"
		}
		if _, ok := end.venvs.below(path.Clean(source)); ok {
			return "what pip compiled"
		}
	}
	if end.cargo && strings.Contains(source, "/target/") {
		return "what cargo compiled"
	}
	return ""
}

// venvDir is the folder of the virtual environment that a command makes.
func venvDir(c *dockerfile.Command, s *State, escape byte) string {
	if c.Name != "virtualenv" && (!pythonName().MatchString(c.Name) || !c.Has("venv")) {
		return ""
	}
	last := c.Args[len(c.Args)-1].Text
	if strings.HasPrefix(last, "-") {
		return ""
	}
	return s.target(last, escape)
}
