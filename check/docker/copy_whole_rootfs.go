package docker

import (
	"path"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/copy-whole-rootfs", Title: "a whole file system is copied from another stage", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL3067"},
		Doc: `COPY --from=… / / takes everything: package caches, build tools, shells, and the users of another image over those of this one. Name the
files that are needed. To get a single layer, scratch as the base is the place for it.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("COPY") {
			from := p.origin(step)
			if from == nil || step.In.Root.Image.Name == "scratch" || from.BaseImage().PM == "" || from.BaseImage().PM == "none" {
				continue // what is made for copying has no system of its own
			}
			for _, source := range sources(step) {
				if source == "/" && path.Clean(destination(step)) == "/" {
					p.Report(step.Span, "all of another stage's file system is copied over this one's")
				}
			}
		}
	},
})
