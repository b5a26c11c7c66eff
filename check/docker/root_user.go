package docker

import (
	"bytes"
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
				p.Replace("run as an unprivileged user", false, at.Args.Span(0, len(at.Args.Value)), "65532:65532"))
		case end.UserAt == nil && final.BaseImage().User == "" && !final.Windows:
			p.Report(final.From.Span, "no USER is set, so the container runs as the base image's user, which is root",
				p.appendLine("run as an unprivileged user", false, final, "USER 65532:65532"))
		}
	},
})

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
