package docker

import (
	"regexp"
	"sync"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/pip-cache", Title: "pip keeps what it downloaded in the layer", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL3042", "semgrep:missing-pip-no-cache-dir"},
		Doc: `pip stores every file that it downloads below ~/.cache/pip. In an image nobody will install them again. Give --no-cache-dir, set
PIP_NO_CACHE_DIR, or mount a cache there.`,
	},
	Run: func(p *Pass) {
		for step, c := range p.Commands() {
			install, ok := pipInstall(c)
			if !ok || c.Flagged(0, "--no-cache-dir") || hasMount(step, "/root/.cache/pip") || hasMount(step, "/root/.cache") {
				continue
			}
			if v, set := step.State.Vars.Get("PIP_NO_CACHE_DIR"); set && v.Value != "0" && v.Value != "off" && v.Value != "false" {
				continue
			}
			p.Report(c.Span, "what pip downloads stays in this layer",
				p.Insert("give --no-cache-dir", true, install.Span.End, " --no-cache-dir"))
		}
	},
})

var pipName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^pip[0-9.]*$`) })
var pythonName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^python[0-9.]*$`) })

// pipInstall gives the word "install" of a call of pip.
func pipInstall(c *dockerfile.Command) (dockerfile.Word, bool) {
	args := c.Args
	if pythonName().MatchString(c.Name) && len(args) > 3 && args[1].Text == "-m" && args[2].Text == "pip" {
		args = args[2:]
	} else if !pipName().MatchString(c.Name) {
		return dockerfile.Word{}, false
	}
	call := dockerfile.Command{Args: args}
	sub, _ := call.Sub()
	return sub, sub.Text == "install"
}
