package compose

import "github.com/boltseal/boltseal"

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/version", Title: "the version key is obsolete", Severity: boltseal.Negligible,
		Doc: `Compose reads files by what is in them; the version at the top is passed over with a warning (Compose specification, "version and name top-level
elements"). It suggests to readers that older rules hold. Take it away.`,
	},
	Run: func(p *Pass) {
		if n := p.Root.Get("version"); n != nil {
			p.Report(nil, n, "Compose passes over the version", p.Remove("take the version away", true, n)...)
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/duplicate-key", Title: "a key stands twice in one mapping", Severity: boltseal.High,
		Doc: `Compose refuses the file, and tools that take it use one of the two values and drop the other without a word: a hardening that stands first may be
overwritten by a line further down. Keep one.`,
	},
	Run: func(p *Pass) {
		for _, e := range p.File.Errors {
			if !e.Lost {
				p.report(p.Root, e.Span, e.Message, e.Message)
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/container-name", Title: "a fixed container name keeps the service single", Severity: boltseal.Negligible,
		Doc: `A name of its own makes the service impossible to scale, lets two projects on one machine collide, and gives whoever starts a container of that name
first its place. Services reach each other by the service's name; take container_name away.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			if n := s.Own("deploy", "replicas"); n != nil && s.Own("container_name") != nil {
				if count, _ := n.Int(); count > 1 {
					p.Report(s, s.Own("container_name"), "several replicas cannot have one name", p.Remove("take the name away", false, s.Own("container_name"))...)
				}
			}
		}
	},
})
