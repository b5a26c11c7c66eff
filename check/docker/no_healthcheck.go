package docker

import (
	"path"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/no-healthcheck", Title: "the image has no HEALTHCHECK", Severity: boltseal.Low,
		Controls: []string{"CIS-DI-4.6"},
		Aliases:  []string{"hadolint:DL3057", "trivy:DS-0026", "trivy:AVD-DS-0026", "checkov:CKV_DOCKER_2", "dockle:CIS-DI-0006"},
		Doc: `Without a HEALTHCHECK the engine takes a process that runs for one that works. Kubernetes ignores the instruction and has probes of its own;
where containers run under Docker, Compose or Swarm, say how to ask the application whether it is well.`,
	},
	Run: func(p *Pass) {
		final := p.Final()
		if final == nil || final.BaseImage().Entrypoint != "" && final.BaseImage().Shell != "none" {
			return
		}
		serves := false
		for s := final; s != nil; s = s.Base {
			for step := range s.All() {
				if step.Name == "HEALTHCHECK" {
					return
				}
				serves = serves || step.Name == "EXPOSE" || servesByName(step)
			}
		}
		if serves {
			p.Report(final.From.Span, "the image serves, and nothing says how to tell whether it works", p.askItself(final)...)
		}
	},
})

// servesByName tells by what a CMD or ENTRYPOINT starts whether it is a
// server: its own name, or that of the script.
func servesByName(step *Step) bool {
	if step.Name != "CMD" && step.Name != "ENTRYPOINT" || step.Script == nil {
		return false
	}
	for i := range step.Script.Commands {
		for _, w := range step.Script.Commands[i].Args {
			name, _, _ := strings.Cut(path.Base(w.Text), ".")
			switch name {
			case "server", "serve", "runserver", "app", "index", "wsgi", "asgi", "api", "web", "http-server", "gunicorn", "uvicorn", "hypercorn", "puma", "nginx", "httpd", "caddy", "php-fpm":
				return true
			}
		}
	}
	return false
}

// askItself is the fix that asks the one port that a stage names, with a
// program that the base image is known to have.
func (p *Pass) askItself(s *Stage) []boltseal.Fix {
	var port string
	var at *Step
	for step := range s.All("EXPOSE") {
		for _, w := range step.Words {
			text, known := step.State.Vars.Expand(w.Text, p.File.Escape)
			text = strings.TrimSuffix(text, "/tcp")
			if _, ok := number(text); !ok || !known || at != nil {
				return nil
			}
			port, at = text, step
		}
	}
	if at == nil {
		return nil
	}
	base := s.BaseImage()
	node := `"-e", "require('net').connect(` + port + `).on('connect', () => process.exit(0)).on('error', () => process.exit(1))"`
	python := `"-c", "import socket; socket.create_connection(('127.0.0.1', ` + port + `), 2).close()"`
	var command string
	switch {
	case path.Base(base.Entrypoint) == "node":
		command = `"` + base.Entrypoint + `", ` + node
	case strings.HasPrefix(path.Base(base.Entrypoint), "python"):
		command = `"` + base.Entrypoint + `", ` + python
	case base.Entrypoint != "":
		return nil
	case base.Has("node"):
		command = `"node", ` + node
	case base.Has("python"):
		command = `"python", ` + python
	case base.Has("wget"):
		command = `"wget", "-q", "-O", "/dev/null", "http://127.0.0.1:` + port + `/"`
	case base.Has("curl"):
		command = `"curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:` + port + `/"`
	default:
		return nil
	}
	return []boltseal.Fix{p.Insert("ask the port from time to time", false, at.Span.End,
		p.newline()+"HEALTHCHECK --start-period=10s --interval=30s --timeout=3s CMD ["+command+"]")}
}
