package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/user-not-numeric", Title: "USER is a name", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL3066"},
		Doc: `Kubernetes cannot look into the image's /etc/passwd: with runAsNonRoot it refuses a container whose user is a name, because that might be
root by another name. Write the numeric id; the name still shows in the container.`,
	},
	Run: func(p *Pass) {
		final := p.Final()
		if final == nil || final.Windows {
			return
		}
		end := final.End()
		if end.UserAt == nil || end.User == "" || strings.HasPrefix(end.User, "Container") || isRoot(end.User) || strings.Contains(end.User, "$") {
			return
		}
		name, group, _ := strings.Cut(end.User, ":")
		if _, numeric := number(name); numeric {
			return
		}
		var fixes []boltseal.Fix
		if id := p.uidOf(end.UserAt, name); id != "" && group == "" && !givenAway(final, name, id) {
			fixes = append(fixes, p.Replace("write the user's id", true, end.UserAt.Args.Span(0, len(end.UserAt.Args.Value)), id))
		}
		p.Report(end.UserAt.Span, "USER "+end.User+" is a name, which Kubernetes cannot tell from root", fixes...)
	},
})

// uidOf is the id of a user that the base image or a command before a step
// made, empty when it is not known.
func (p *Pass) uidOf(before *Step, name string) string {
	found := before.In.BaseImage().Users[name]
	for step := range before.earlier() {
		if step.Name != "RUN" {
			continue
		}
		for i := range step.Script.Commands {
			c := &step.Script.Commands[i]
			switch c.Name {
			case "useradd", "adduser":
				if id, user := account(c); user.Text == name {
					if _, ok := number(id.Text); !ok {
						return ""
					}
					found = id.Text
				}
			case "usermod", "userdel", "deluser":
				return ""
			}
		}
	}
	return found
}

// givenAway tells whether the base image has another user of that id: the
// build ends before this one gets it.
func givenAway(s *Stage, name, id string) bool {
	for other, taken := range s.BaseImage().Users {
		if taken == id && other != name {
			return true
		}
	}
	return false
}
