package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/copy-context-before-deps", Title: "every change of the source installs all dependencies again", Severity: boltseal.Low,
		Doc: `A layer is built again when what it was copied from has changed. COPY . before the install makes each edit of any file download and
install everything once more. Copy the list and the lock file, install, and then copy the rest.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Stages {
			var whole *Step
			done := false
			for step := range s.All("COPY", "ADD", "RUN") {
				if step.Name != "RUN" {
					if wholeContext(step) && whole == nil {
						whole = step
					}
					continue
				}
				for i := range step.Script.Commands {
					c := &step.Script.Commands[i]
					list := manifestOf(c)
					if list == "" || c.Name == "cargo" {
						continue
					}
					if whole != nil && !done && !cached(step) {
						p.Report(whole.Span, whole.Name+" of everything comes before "+strings.TrimSpace(c.Name+" "+subText(c))+", which then runs again after every change of a file", p.manifestsFirst(whole, step)...)
					}
					done = true
				}
			}
		}
	},
})

func subText(c *dockerfile.Command) string {
	sub, _ := c.Sub()
	return sub.Text
}

// cached tells whether a RUN keeps its downloads in a mount of the builder.
func cached(step *Step) bool {
	for _, f := range step.Flags {
		if f.Name == "mount" && mountOption(f.Value.Text, "type") == "cache" {
			return true
		}
	}
	return false
}

// manifestsFirst is the fix that copies the lists alone, installs, and then
// copies the rest. The RUN must do nothing but install, and follow the COPY
// directly, so that nothing else trades places.
func (p *Pass) manifestsFirst(whole, install *Step) []boltseal.Fix {
	to := destination(whole)
	if install.at != whole.at+1 || whole.Name != "COPY" || len(whole.Flags) > 0 || whole.IsJSON() || len(install.Heredocs) > 0 || len(install.Above) > 0 || install.Script.Error != nil ||
		to != "." && to != "./" && (whole.State.Workdir == "" || whole.State.target(to, p.File.Escape) != whole.State.Workdir) {
		return nil
	}
	lists := ""
	for i := range install.Script.Commands {
		c := &install.Script.Commands[i]
		if c.Name == "npm" && c.Has("cache") || c.Name == "yarn" && c.Has("cache") {
			continue
		}
		found := listsOf(c)
		if found == "" || lists != "" && found != lists || c.Nested || c.Or {
			return nil
		}
		lists = found
	}
	if lists == "" {
		return nil
	}
	nl := p.newline()
	fix := p.Delete("copy the lists first", false, install.Instr)
	text := "COPY " + lists + " ./" + nl + p.File.Text(install.Span) + nl
	fix.Edits = append(fix.Edits, p.Insert("", false, whole.Span.Start, text).Edits...)
	return []boltseal.Fix{fix}
}

// listsOf are the files that a command installs from, as COPY takes them: a
// pattern that matches nothing is no error beside one that does.
func listsOf(c *dockerfile.Command) string {
	switch list := manifestOf(c); {
	case list == "package.json" && c.Name == "npm":
		return "package*.json"
	case list == "package.json" && c.Name == "yarn":
		return "package.json yarn.lock*"
	case list == "package.json" && c.Name == "pnpm":
		return "package.json pnpm-lock.yaml*"
	case list == "Gemfile":
		return "Gemfile Gemfile.lock*"
	case list == "go.mod":
		return "go.mod go.sum*"
	case strings.HasSuffix(list, ".txt") && pathLike(list) && !strings.Contains(list, "/"):
		return list
	}
	return ""
}
