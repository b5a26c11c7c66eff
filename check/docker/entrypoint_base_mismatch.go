package docker

import (
	"path"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/entrypoint-base-mismatch", Title: "the start command does not fit the base image", Severity: boltseal.High,
		Doc: `An image may bring an ENTRYPOINT that is the interpreter itself, as the distroless and Chainguard language images do. Naming the
interpreter again makes it take its own name for a script, or looks on a PATH that does not have it: the container never starts. Give the
script alone in CMD, or the interpreter's whole path in ENTRYPOINT.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Stages {
			base := s.BaseImage()
			if base.Entrypoint == "" || !interpreter(strings.Fields(base.Entrypoint)[0]) {
				continue
			}
			brought := strings.Fields(base.Entrypoint)
			program := brought[0]
			name := path.Base(program)
			for step := range s.All("ENTRYPOINT", "CMD") {
				own := step.State.past.entry
				if !step.IsJSON() || len(step.JSON) == 0 {
					continue
				}
				first := step.JSON[0].Text
				rest := make([]string, 0, len(step.JSON))
				for _, w := range step.JSON[1:] {
					rest = append(rest, w.Text)
				}
				for _, w := range brought[1:] {
					if len(rest) > 0 && rest[0] == w {
						rest = rest[1:]
					}
				}
				switch {
				case step.Name == "CMD" && !own && unversioned(path.Base(first)) == unversioned(name) && !step.behind("ENTRYPOINT"):
					p.Report(step.Span, "the base image runs "+base.Entrypoint+" already, which would take "+strconv.Quote(first)+" for a script",
						p.Replace("give the arguments alone", false, step.Args.Span(0, len(step.Args.Value)), jsonArray(rest)))
				case step.Name == "ENTRYPOINT" && first == name && !p.onPath(path.Dir(program), step):
					p.Report(step.Span, name+" is not on the PATH of the base image: it is "+program+", which is the ENTRYPOINT there already",
						p.Replace("write the interpreter's whole path", false, step.JSON[0].Span, strconv.Quote(program)))
				}
			}
		}
	},
})

// unversioned is a program's name without the version behind it: python3.13
// is python.
func unversioned(name string) string { return strings.TrimRight(name, "0123456789.") }

// interpreter tells whether an ENTRYPOINT is a language's interpreter and not
// a script that prepares things.
func interpreter(entrypoint string) bool {
	return !strings.HasSuffix(entrypoint, ".sh") && !strings.Contains(path.Base(entrypoint), "entrypoint")
}

// onPath tells whether programs of a folder can be called by their names
// alone; a PATH that only the build knows may hold anything.
func (p *Pass) onPath(dir string, step *Step) bool {
	switch dir {
	case "/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin":
		return true
	}
	v, ok := step.State.Vars.Get("PATH")
	return ok && (!v.Known && !strings.Contains(v.Value, "$PATH") || strings.Contains(v.Value, dir)) || step.State.past.programs
}
