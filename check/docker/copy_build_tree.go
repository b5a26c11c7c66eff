package docker

import (
	"path"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/copy-build-tree", Title: "the whole build tree goes into the image", Severity: boltseal.Medium,
		Doc: `The folder that was built in holds the sources, the tests, lock files, and often .npmrc or .git. Copying all of it undoes what the second
stage is for. Copy only what runs: the binary, dist/, the modules for production.`,
	},
	Run: func(p *Pass) {
		for step := range p.shipped("COPY") {
			from := p.origin(step)
			if from == nil {
				continue
			}
			for _, source := range sources(step) {
				if dir := contextFolder(from); dir != "" && within(dir, path.Join("/", source)) && path.Join("/", source) != "/" {
					p.Report(step.Span, source+" of "+from.label()+" is all that the build context was copied to, sources included")
					break
				}
			}
		}
	},
})

// contextFolder is where a stage copies all of the build context to and then
// works on it.
func contextFolder(s *Stage) string {
	end := s.End().past
	if !end.worked {
		return ""
	}
	return end.context
}
