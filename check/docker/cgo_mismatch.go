package docker

import (
	"path"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/cgo-mismatch", Title: "a Go program that was linked to a C library runs without it", Severity: boltseal.Medium,
		Doc: `Where a C compiler is installed, go build links net, os/user and whatever else uses cgo to the C library of the build stage. On scratch,
distroless static or a base of another family the program then ends with "no such file or directory", although the file is there: it is
the loader that is missing. Set CGO_ENABLED=0, or run on the family that built it.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("COPY") {
			from := p.origin(step)
			if from == nil {
				continue
			}
			there, here := from.BaseImage().Libc, step.In.BaseImage().Libc
			if there == "" || here == "" || there == here {
				continue
			}
			end := from.End()
			for _, source := range sources(step) {
				if !strings.HasPrefix(source, "/") {
					source = end.target(source, p.File.Escape)
				}
				built, ok := end.past.goBinaries.below(path.Clean(source))
				if !ok || source == "" {
					continue
				}
				lack := "this stage has " + here
				if here == "none" {
					lack = "this stage has no C library"
				}
				p.Report(step.Span, built+" may be linked to "+there+", as CGO_ENABLED is not 0, and "+lack)
				break
			}
		}
	},
})

// goBinary is the absolute path that a call of go build writes with cgo,
// empty when it writes none, links nothing, or that is not known.
func goBinary(step *Step, c *dockerfile.Command, escape byte) string {
	sub, _ := c.Sub()
	if c.Name != "go" || sub.Text != "build" || strings.Contains(joined(c), "-extldflags") {
		return ""
	}
	for _, a := range c.Assign {
		if a.Key.Text == "CGO_ENABLED" {
			if strings.Trim(a.Value.Text, `"'`) == "0" {
				return ""
			}
			return goOutput(step, c, escape)
		}
	}
	for i := range step.Script.Commands {
		for _, a := range step.Script.Commands[i].Args {
			if a.Text == "CGO_ENABLED=0" {
				return ""
			}
		}
		if step.Script.Commands[i].Name == "go" {
			break
		}
	}
	v, set := step.State.Vars.Get("CGO_ENABLED")
	if set && (!v.Known || v.Value == "0") || !set && !compiles(step) {
		return ""
	}
	return goOutput(step, c, escape)
}

// compiles tells whether the stage has a C compiler, without which go leaves
// cgo out.
func compiles(step *Step) bool {
	if step.In.BaseImage().Has("gcc") {
		return true
	}
	for _, name := range []string{"gcc", "build-base", "build-essential", "musl-dev", "clang"} {
		if yes, _ := installed(step, name); yes || step.installs(name) {
			return true
		}
	}
	return false
}

func goOutput(step *Step, c *dockerfile.Command, escape byte) string {
	for i, w := range c.Args {
		if value, ok := strings.CutPrefix(w.Text, "-o="); ok {
			return step.State.target(value, escape)
		}
		if w.Text == "-o" && i+1 < len(c.Args) {
			return step.State.target(c.Args[i+1].Text, escape)
		}
	}
	return ""
}
