package docker

import (
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/dependencies-missing", Title: "nothing installs what the application depends on", Severity: boltseal.Low,
		Doc: `The sources are copied to an image of a language, and no step installs what package.json, requirements.txt or the Gemfile lists. The
application then has only what the build's own machine had lying in its folder, compiled for that system and in no lock file, or ends
at its first import. Install in a build stage and copy the result; an application without dependencies needs nothing of that.`,
	},
	Run: func(p *Pass) {
		final := p.Final()
		if final == nil || final.Windows || final.End().past.brings(final) {
			return
		}
		list := listOf(final)
		if list == "" || p.Options.Context != nil && !slices.Contains(p.Options.Context, list) {
			return
		}
		for step := range p.shipped("COPY", "ADD") {
			if wholeContext(step) {
				p.Report(step.Span, "nothing installs what "+list+" lists: the image has what the build's own machine had, or nothing")
				return
			}
		}
	},
})

// brings tells whether anything may have installed or brought dependencies.
func (p *past) brings(s *Stage) bool {
	if p.worked || p.copied != nil {
		return true
	}
	for step := range s.history("COPY", "ADD") {
		if _, from := step.Flag("from"); from {
			return true
		}
	}
	return false
}

// listOf is the file that lists what applications of an image's language
// depend on, where a stage starts a script in that language.
func listOf(s *Stage) string {
	starts := false
	for step := range s.All("CMD", "ENTRYPOINT") {
		starts = starts || step.Script != nil && len(step.Script.Commands) > 0
	}
	name := s.Root.Image.Name
	switch base := path.Base(name); {
	case !starts || !s.BaseImage().Found:
		return ""
	case base == "node", strings.HasPrefix(base, "nodejs"):
		return "package.json"
	case base == "python", strings.HasPrefix(base, "python3"):
		return "requirements.txt"
	case base == "ruby":
		return "Gemfile"
	}
	return ""
}
