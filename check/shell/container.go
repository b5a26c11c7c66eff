package shell

import (
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// valued are the flags of docker run that take a value behind a blank.
var valued = []string{
	"-v", "--volume", "--mount", "-p", "--publish", "-e", "--env", "--env-file", "--name", "-w", "--workdir", "-u", "--user", "--network", "--net", "--entrypoint",
	"--cap-add", "--cap-drop", "--security-opt", "--device", "-h", "--hostname", "-l", "--label", "--platform", "--pid", "--ipc", "--uts", "--userns", "--restart",
	"-m", "--memory", "--cpus", "--tmpfs", "--add-host", "--ulimit", "--pids-limit", "--log-driver", "--log-opt", "--gpus", "--health-cmd", "--dns", "--link",
	"--memory-swap", "--cpu-shares", "--shm-size", "--sysctl", "--stop-signal", "--cgroupns", "--cidfile", "--pull", "--group-add", "--expose", "--ip", "--runtime",
}

// launch is a docker run or create, taken apart.
type launch struct {
	command *dockerfile.Command
	flags   []flag
	image   dockerfile.Word
}

type flag struct {
	name, value string
	span        boltseal.Span
}

// launches are the commands that start containers.
func (p *Pass) launches() []launch {
	var out []launch
	for i := range p.Commands {
		c := &p.Commands[i]
		if c.Name != "docker" && c.Name != "podman" && c.Name != "nerdctl" {
			continue
		}
		sub, rest := c.Sub()
		if sub.Text == "container" && len(rest) > 0 {
			sub, rest = rest[0], rest[1:]
		}
		if sub.Text != "run" && sub.Text != "create" {
			continue
		}
		l := launch{command: c}
		for j := 0; j < len(rest); j++ {
			w := rest[j]
			if !strings.HasPrefix(w.Text, "-") {
				l.image = w
				break
			}
			f := flag{span: w.Span}
			var set bool
			f.name, f.value, set = strings.Cut(w.Text, "=")
			if !set && slices.Contains(valued, f.name) && j+1 < len(rest) {
				j++
				f.value, f.span.End = rest[j].Text, rest[j].Span.End
			}
			l.flags = append(l.flags, f)
		}
		out = append(out, l)
	}
	return out
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "shell/docker-privileged", Title: "a container is started with the host's rights", Severity: boltseal.High,
		Controls: []string{"CIS-DI-5.5"},
		Doc: `--privileged gives every capability and all devices: whoever takes the container over is root on the host. Give the single capability or device that is
needed with --cap-add or --device.`,
	},
	Run: func(p *Pass) {
		for _, l := range p.launches() {
			for _, f := range l.flags {
				all := f.name == "--cap-add" && (strings.EqualFold(f.value, "ALL") || strings.HasSuffix(strings.ToUpper(f.value), "SYS_ADMIN"))
				off := f.name == "--security-opt" && (strings.HasSuffix(f.value, "unconfined") || f.value == "label=disable")
				if f.name == "--privileged" && f.value != "false" || all || off {
					p.Report(f.span, p.Script.Text[f.span.Start:f.span.End]+" leads out of the container")
				}
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "shell/docker-socket", Title: "a container gets the container engine's socket", Severity: boltseal.High,
		Controls: []string{"CIS-DI-5.32"},
		Doc: `Whoever can write to the socket starts a privileged container with the host's disk in it, which is root. An image that is pulled by a tag decides what is
done with it. Scanners can read an image from a registry or a tar instead: docker save IMAGE -o image.tar.`,
	},
	Run: func(p *Pass) {
		for _, l := range p.launches() {
			for _, f := range l.flags {
				for _, name := range []string{"docker.sock", "containerd.sock", "podman.sock", "crio.sock"} {
					if (f.name == "-v" || f.name == "--volume" || f.name == "--mount") && strings.Contains(f.value, name) {
						p.Report(f.span, l.image.Text+" gets root on the host through the socket")
					}
				}
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "shell/docker-host", Title: "a container shares the host's namespaces or folders", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-5.6", "CIS-DI-5.10", "CIS-DI-5.16"},
		Doc: `With the host's network, processes or root folder the wall between the container and the machine is gone at that place: traffic can be read, processes
signalled, files changed. Publish ports, and mount the one folder that is needed, read-only where it can be.`,
	},
	Run: func(p *Pass) {
		for _, l := range p.launches() {
			for _, f := range l.flags {
				shared := slices.Contains([]string{"--network", "--net", "--pid", "--ipc", "--uts", "--userns"}, f.name) && f.value == "host"
				source, _, _ := strings.Cut(f.value, ":")
				folder := (f.name == "-v" || f.name == "--volume") && slices.Contains([]string{"/", "/etc", "/root", "/var/run", "/proc", "/sys", "/dev"}, source)
				if shared || folder {
					p.Report(f.span, p.Script.Text[f.span.Start:f.span.End]+" opens the host to the container")
				}
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "shell/unpinned-image", Title: "a container is started from whatever was pushed last", Severity: boltseal.Low,
		Controls: []string{"NIST-800-190/4.1.5"},
		Doc: `latest, or no tag, is other content tomorrow. Of a scanner or any tool with rights that is the worst case: in March 2026 a scanner's image was replaced
by one that stole credentials. Name a version and its digest.`,
	},
	Run: func(p *Pass) {
		for _, l := range p.launches() {
			if w := l.image; loose(w.Text) {
				p.Report(w.Span, w.Text+" is whatever was pushed last")
			}
		}
		for i := range p.Commands {
			c := &p.Commands[i]
			sub, rest := c.Sub()
			if (c.Name == "docker" || c.Name == "podman") && sub.Text == "pull" {
				for _, w := range rest {
					if loose(w.Text) {
						p.Report(w.Span, w.Text+" is whatever was pushed last")
					}
				}
			}
		}
	},
})

// loose tells whether an image's name has no tag, or latest, and no digest.
// Names that hold a variable or a placeholder are none to judge.
func loose(name string) bool {
	if name == "" || strings.ContainsAny(name, "$<>{}[]_ ") || strings.HasPrefix(name, "-") || strings.Contains(name, "@") || strings.ToLower(name) != name {
		return false
	}
	_, tag, _ := strings.Cut(path.Base(name), ":")
	return tag == "" && strings.Contains(name, "/") || tag == "latest"
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "shell/secret-argument", Title: "a password stands in a command", Severity: boltseal.High,
		Controls: []string{"CIS-DI-4.10"},
		Doc: `Arguments are seen by every process of the machine, kept in the shell's history, and, as a build argument, in the image's own history for whoever can pull
it. Hand passwords over on standard input (docker login --password-stdin) or as a build secret (--secret id=name,env=NAME).`,
	},
	Run: func(p *Pass) {
		for i := range p.Commands {
			c := &p.Commands[i]
			if c.Name != "docker" && c.Name != "podman" && c.Name != "buildah" {
				continue
			}
			sub, rest := c.Sub()
			for j, w := range rest {
				value := ""
				if j+1 < len(rest) {
					value = rest[j+1].Text
				}
				switch {
				case sub.Text == "login" && (w.Text == "-p" || w.Text == "--password" || strings.HasPrefix(w.Text, "--password=")):
					p.Report(w.Span, "the password is in the list of processes and in the history")
				case w.Text == "--build-arg" && secretArgument(value):
					p.Report(rest[j+1].Span, value[:strings.IndexByte(value, '=')]+" stays in the image's history")
				case strings.HasPrefix(w.Text, "--build-arg=") && secretArgument(strings.TrimPrefix(w.Text, "--build-arg=")):
					p.Report(w.Span, "the secret stays in the image's history")
				}
			}
		}
	},
})

// secretArgument tells whether NAME=VALUE sets what its name calls a secret.
func secretArgument(s string) bool {
	name, value, ok := strings.Cut(s, "=")
	upper := strings.ToUpper(name)
	if !ok || value == "" {
		return false
	}
	for _, word := range []string{"PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY", "APIKEY", "PRIVATE_KEY", "ACCESS_KEY", "CREDENTIAL"} {
		if strings.Contains(upper, word) {
			return true
		}
	}
	return false
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "shell/secret-flag", Title: "a build secret that no builder understands", Severity: boltseal.Medium,
		Doc: `docker build --secret wants id=NAME with src=FILE or env=VARIABLE. Without an id the build fails; with a value in it, the value is on the command line, where
every process can read it.`,
	},
	Run: func(p *Pass) {
		for i := range p.Commands {
			c := &p.Commands[i]
			sub, rest := c.Sub()
			if c.Name != "docker" && c.Name != "podman" || sub.Text != "build" && sub.Text != "buildx" {
				continue
			}
			for j, w := range rest {
				value, ok := strings.CutPrefix(w.Text, "--secret=")
				span := w.Span
				if w.Text == "--secret" && j+1 < len(rest) {
					value, ok, span = rest[j+1].Text, true, rest[j+1].Span
				}
				if ok && !strings.Contains(value, "$") && wrongSecret(value) {
					p.Report(span, "--secret "+value+": want id=NAME,src=FILE or id=NAME,env=VARIABLE")
				}
			}
		}
	},
})

func wrongSecret(value string) bool {
	id := false
	for field := range strings.SplitSeq(value, ",") {
		name, _, _ := strings.Cut(field, "=")
		switch name {
		case "id":
			id = true
		case "src", "source", "env", "type":
		default:
			return true
		}
	}
	return !id
}
