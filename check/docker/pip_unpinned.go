package docker

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/pip-unpinned", Title: "pip takes whatever version there is", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL3013"},
		Doc: `Without a version two builds of one commit install different code, and a release that an attacker has taken over arrives by itself. Name
the version with ==, or keep a requirements file with hashes.`,
	},
	Run: func(p *Pass) {
		for _, c := range p.Commands() {
			at, ok := pipInstall(c)
			if !ok || c.Flagged('r', "--requirement", "-c", "--constraint", "--require-hashes") {
				continue
			}
			skip := false
			for i, w := range c.Args {
				switch {
				case w.Span.Start <= at.Span.Start || skip:
					skip = false
					continue
				case strings.HasPrefix(w.Text, "-"):
					skip = slices.Contains(pipValued, w.Text)
					continue
				case !c.Const[i] || pinnedPython(w.Text):
					continue
				}
				p.Report(c.Span, "the version of "+w.Text+" is left open")
				break
			}
		}
	},
})

// pinnedPython tells whether a requirement names a version, or is a file or an
// address. pip, setuptools and wheel are the tools that read the rest.
func pinnedPython(s string) bool {
	if strings.Contains(s, "==") || strings.Contains(s, "~=") || strings.ContainsAny(s, "/@") || strings.HasSuffix(s, ".whl") || strings.HasSuffix(s, ".gz") {
		return true
	}
	return strings.HasPrefix(s, ".") || s == "pip" || s == "setuptools" || s == "wheel"
}

// pipValued are the options of pip install that take the next word.
var pipValued = []string{
	"-e", "--editable", "-i", "--index-url", "--extra-index-url", "-t", "--target", "--prefix",
	"--root", "-f", "--find-links", "--trusted-host", "--timeout", "--proxy", "--platform", "--python-version",
}
