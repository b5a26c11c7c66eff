package docker

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/remove-not-installed", Title: "a package is removed that was never there", Severity: boltseal.Medium,
		Doc: `apk del ends with an error for a package that is not installed, and so does the build. A virtual package such as .build-deps exists only
if this file added it with --virtual, and curl or wget may be a part of busybox and no package at all. Remove what the same RUN installed.`,
	},
	Run: func(p *Pass) {
		for step, c := range p.Calls("apk") {
			base := step.In.BaseImage()
			if c.Verb != "remove" || len(base.Packages) == 0 || c.Or || c.Nested {
				continue
			}
			for _, w := range c.Names {
				name := bareName(w.Text)
				if strings.ContainsAny(name, "$*") || slices.Contains(base.Packages, name) || step.installs(name) {
					continue
				}
				if yes, sure := installed(step, name); !yes && sure {
					p.Report(w.Span, name+" is not installed: nothing in this file adds it, and "+step.In.Root.Image.Raw+" does not have it")
				}
			}
		}
	},
})
