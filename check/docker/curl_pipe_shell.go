package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/curl-pipe-shell", Title: "a script from the network is run unseen", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-4.11"},
		Doc: `Whoever controls the address, or the way to it, decides what runs in the build, and may serve something else tomorrow or to you alone; a
download that breaks off runs half a script. Fetch the file, compare its checksum, and then run it.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("RUN") {
			var fetch *dockerfile.Command
			for i := range step.Script.Commands {
				c := &step.Script.Commands[i]
				if c.Name == "curl" || c.Name == "wget" {
					fetch = c
					if !c.Pipes {
						fetch = nil
					}
					continue
				}
				if fetch != nil && c.Piped && (isInterpreterName(c.Name)) {
					p.Report(boltseal.Span{Start: fetch.Span.Start, End: c.Span.End}, "what "+fetch.Name+" fetches is run by "+c.Name+" unseen")
					fetch = nil
					continue
				}
				if !c.Piped {
					fetch = nil
				}
				if isInterpreterName(c.Name) && !c.Piped && fetchedInside(p.File.Text(c.Span)) {
					p.Report(c.Span, "what is fetched is run by "+c.Name+" unseen")
				}
			}
		}
	},
})

func isInterpreterName(name string) bool {
	switch name {
	case "sh", "bash", "ash", "dash", "zsh", "ksh", "node", "perl", "ruby", "php":
		return true
	}
	return pythonName().MatchString(name)
}

// fetchedInside tells whether a command's own text is a download.
func fetchedInside(text string) bool {
	for _, open := range []string{"$(curl ", "$(wget ", "<(curl ", "<(wget ", "`curl ", "`wget "} {
		if strings.Contains(text, open) {
			return true
		}
	}
	return false
}
