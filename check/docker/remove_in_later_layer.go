package docker

import (
	"path"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/remove-in-later-layer", Title: "what is removed stays in an earlier layer", Severity: boltseal.Low,
		Doc: `A layer only ever adds: deleting a file or a package that an earlier instruction brought hides it and frees nothing, and whoever has the
image can still take it out. Remove it in the RUN that made it, or leave it in a stage that is thrown away.`,
	},
	Run: func(p *Pass) {
		for step := range p.shipped("RUN") {
			for _, c := range step.Packages {
				if c.Verb != "remove" {
					continue
				}
				for _, w := range c.Names {
					name := bareName(w.Text)
					if yes, _ := installed(step, name); yes && !step.installs(name) {
						p.Report(c.Span, name+" was installed by an earlier instruction, whose layer keeps it")
						break
					}
				}
			}
			p.lateDeletions(step)
		}
	},
})

// lateDeletions reports the files that a RUN deletes although another
// instruction of the image wrote them.
func (p *Pass) lateDeletions(step *Step) {
	for i := range step.Script.Commands {
		c := &step.Script.Commands[i]
		if c.Name != "rm" || c.Nested {
			continue
		}
		for j, w := range c.Args[1:] {
			if strings.HasPrefix(w.Text, "-") || !c.Const[j+1] || strings.ContainsAny(w.Text, "*?") {
				continue
			}
			at := step.State.target(w.Text, p.File.Escape)
			if by := writer(step, at); by != nil {
				line, _ := p.File.Line(by.Span.Start)
				p.Report(c.Span, w.Text+" stays in the layer of "+by.Name+" in line "+strconv.Itoa(line))
				break
			}
		}
	}
}

// writer is the earlier instruction that is known to have put a path into
// the image: a COPY or ADD of that name, or a download to it.
func writer(before *Step, at string) *Step {
	by, _ := before.State.past.files.Get(at)
	return by
}

// download is the file that curl or wget is told to write.
func download(c *dockerfile.Command) string {
	flag := map[string]string{"curl": "-o", "wget": "-O"}[c.Name]
	if flag == "" {
		return ""
	}
	named := ""
	if last := c.Args[len(c.Args)-1].Text; isRemote(last) && (c.Name == "wget" || c.Has("-O", "-LO", "-fsSLO", "-sSLO", "-sLO")) && !strings.ContainsAny(last, "?$") {
		named = path.Base(last)
	}
	for i, w := range c.Args {
		if (w.Text == flag || w.Text == "--output" || w.Text == "--output-document") && i+1 < len(c.Args) && c.Const[i+1] {
			return c.Args[i+1].Text
		}
		if w.Text == "-fsSLo" || w.Text == "-sSLo" || w.Text == "-Lo" || w.Text == "-sLo" {
			if i+1 < len(c.Args) && c.Const[i+1] {
				return c.Args[i+1].Text
			}
		}
	}
	return named
}
