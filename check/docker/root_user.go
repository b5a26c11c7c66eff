package docker

import (
	"bytes"
	"path"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/root-user", Title: "the container runs as root", Severity: boltseal.High,
		Controls: []string{"CIS-DI-4.1", "NIST-800-190/4.4.3"},
		Aliases:  []string{"hadolint:DL3002", "trivy:DS-0002", "trivy:AVD-DS-0002", "checkov:CKV_DOCKER_3", "checkov:CKV_DOCKER_8", "dockle:CIS-DI-0001"},
		Doc: `A process that runs as root inside a container is root to the kernel. A bug in the application, the runtime or the kernel then
gives the attacker the host, and every file of the image may be changed on the way.

Create a user with a fixed numeric id above 1000, give it the files it must write, and end the last stage with USER and that id:
Kubernetes can verify runAsNonRoot only against a number.`,
	},
	Run: func(p *Pass) {
		final := p.Final()
		if final == nil {
			return
		}
		end := final.End()
		switch {
		case end.UserAt != nil && isRoot(end.User):
			at := end.UserAt
			p.Report(at.Span, "the last USER is root",
				p.Replace("run as an unprivileged user", false, at.Args.Span(0, len(at.Args.Value)), p.someUser(final)))
		case end.UserAt == nil && final.BaseImage().User == "" && !final.Windows:
			p.Report(final.From.Span, "no USER is set, so the container runs as the base image's user, which is root",
				p.asUser(final))
		}
	},
})

// someUser is the user to run as: the one that files were given to, or the
// one that the base image made for that, or a number that nobody has.
func (p *Pass) someUser(s *Stage) string {
	for step := range p.shipped("COPY", "ADD") {
		chown, ok := step.Flag("chown")
		owner, known := step.State.Vars.Expand(chown.Value.Text, p.File.Escape)
		id, group, _ := strings.Cut(owner, ":")
		_, numeric := number(id)
		if _, groupToo := number(group); ok && known && numeric && (groupToo || group == "") && !isRoot(owner) {
			return owner
		}
	}
	base := s.BaseImage()
	for _, name := range []string{"nonroot", "node", "nginx", "app", "www-data", "bun", "deno"} {
		if id := base.Users[name]; id != "" {
			if base.Groups[name] == "" {
				return id
			}
			return id + ":" + base.Groups[name]
		}
	}
	return "65532:65532"
}

// asUser is the fix that ends a stage with USER, and gives the user the
// volumes that the image names: what it may write.
func (p *Pass) asUser(s *Stage) boltseal.Fix {
	user := p.someUser(s)
	fix := p.appendLine("run as an unprivileged user", false, s, "USER "+user)
	for step := range s.All("VOLUME") {
		var dirs []string
		words := step.Words
		if step.IsJSON() {
			words = step.JSON
		}
		for _, w := range words {
			if path.IsAbs(w.Text) && pathLike(w.Text) && path.Clean(w.Text) != "/" {
				dirs = append(dirs, w.Text)
			}
		}
		if len(dirs) != len(words) || len(dirs) == 0 || step.State.Shell == "" || step.In.BaseImage().Shell == "" {
			continue
		}
		list := strings.Join(dirs, " ")
		fix.Edits = append(fix.Edits, p.Insert("", false, step.Span.Start, "RUN mkdir -p "+list+" && chown "+user+" "+list+p.newline()).Edits...)
		break
	}
	return fix
}

// isRoot tells whether the value of USER is root.
func isRoot(user string) bool {
	user, _, _ = strings.Cut(user, ":")
	return user == "root" || user == "0"
}

// appendLine is a fix that adds an instruction to a stage, before its first
// CMD, ENTRYPOINT or HEALTHCHECK if those end the stage, or at its end.
func (p *Pass) appendLine(title string, safe bool, s *Stage, line string) boltseal.Fix {
	last := len(s.Instrs) - 1
	for last > 0 {
		if name := s.Instrs[last].Name; name != "CMD" && name != "ENTRYPOINT" && name != "HEALTHCHECK" && name != "EXPOSE" && name != "STOPSIGNAL" {
			break
		}
		last--
	}
	return p.Insert(title, safe, s.Instrs[last].Span.End, p.newline()+line)
}

// newline is the file's own line end.
func (p *Pass) newline() string {
	if i := bytes.IndexByte(p.File.Source, '\n'); i > 0 && p.File.Source[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}
