package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/apt-lists-kept", Title: "package lists stay in the layer", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL3009", "dockle:DKL-DI-0005", "semgrep:remove-package-lists"},
		Doc: `apt-get update leaves some 20 MB of lists in /var/lib/apt/lists. They are out of date when the image is used, and deleting them in a later
layer frees nothing. Delete them in the same RUN, or mount a cache there.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("RUN") {
			var install *dockerfile.Command
			installs := false
			cleaned := hasMount(step, "/var/lib/apt/lists") || hasMount(step, "/var/lib/apt")
			for i := range step.Script.Commands {
				c := &step.Script.Commands[i]
				sub, _ := c.Sub()
				switch {
				case (c.Name == "apt-get" || c.Name == "apt") && sub.Text == "update":
					install = c
				case (c.Name == "apt-get" || c.Name == "apt") && sub.Text == "install" && install != nil:
					install, installs = c, true
				case c.Name == "rm" && mentions(c, "/var/lib/apt/lists"), c.Name == "apt-get" && sub.Text == "dist-clean":
					cleaned = true
				}
			}
			if install == nil || cleaned || !step.In.Used {
				continue
			}
			var fixes []boltseal.Fix
			if last, ok := chainEnd(step); ok && installs { // an install in a later RUN would miss them
				fixes = append(fixes, p.Insert("delete the lists in the same layer", true, last.Span.End, " && rm -rf /var/lib/apt/lists/*"))
			}
			p.Report(install.Span, "the package lists stay in this layer", fixes...)
		}
	},
})

// chainEnd is the last command of a RUN that is a plain chain, to which
// "&& more" may be added without another meaning.
func chainEnd(step *Step) (*dockerfile.Command, bool) {
	if step.Script.Error != nil || step.Script.Exec || len(step.Heredocs) > 0 || len(step.Script.Commands) == 0 {
		return nil, false
	}
	for i := range step.Script.Commands {
		if step.Script.Commands[i].Or {
			return nil, false
		}
	}
	last := &step.Script.Commands[len(step.Script.Commands)-1]
	return last, !last.Nested && !last.Pipes && !last.Piped && len(last.Writes) == 0
}

// hasMount tells whether a RUN mounts a cache or a tmpfs on target or above.
func hasMount(step *Step, target string) bool {
	for _, f := range step.Flags {
		if f.Name != "mount" {
			continue
		}
		kind := mountOption(f.Value.Text, "type")
		at := mountOption(f.Value.Text, "target")
		for _, other := range []string{"dst", "destination"} {
			if at == "" {
				at = mountOption(f.Value.Text, other)
			}
		}
		at = strings.TrimSuffix(at, "/")
		if (kind == "cache" || kind == "tmpfs") && (at == target || strings.HasPrefix(target, at+"/")) {
			return true
		}
	}
	return false
}

// mentions tells whether an argument begins with the path.
func mentions(c *dockerfile.Command, path string) bool {
	for _, w := range c.Args[min(1, len(c.Args)):] {
		if strings.HasPrefix(w.Text, path) {
			return true
		}
	}
	return false
}
