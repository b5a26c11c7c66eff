package docker

import "github.com/boltseal/boltseal"

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/repeated-cmd", Title: "a stage has several CMD instructions", Severity: boltseal.Medium,
		Aliases: []string{"hadolint:DL4003", "buildkit:MultipleInstructionsDisallowed", "trivy:DS-0016", "trivy:AVD-DS-0016"},
		Doc:     `Only the last CMD of a stage counts; the others do nothing and mislead whoever reads the file. Remove them.`,
	},
	Run: func(p *Pass) {
		p.shadowed("CMD")
	},
})

// shadowed reports the instructions of that name that a later one of the
// same stage makes void.
func (p *Pass) shadowed(name string) {
	for _, s := range p.Stages {
		var last *Step
		for step := range s.All(name) {
			if last != nil {
				p.Report(last.Span, "a later "+name+" makes this one void",
					p.Delete("remove it", true, last.Instr))
			}
			last = step
		}
	}
}
