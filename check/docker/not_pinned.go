package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/not-pinned", Title: "the base image is not pinned by digest", Severity: boltseal.Low,
		Controls: []string{"NIST-800-190/4.1.5"},
		Aliases:  []string{"scorecard:Pinned-Dependencies", "semgrep:dockerfile-source-not-pinned"},
		Doc: `A tag may be moved to other content, by its owner or by whoever takes over the account; a digest cannot. Write both, so that people can read
the version and machines get the content: node:22.12.0-alpine3.21@sha256:… A bot can then raise both in a change that somebody reviews.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Stages {
			if s.Base == nil {
				p.unpinnedImage(s.Image, s.Stage.Image)
			}
		}
		for step := range p.All("COPY", "ADD") {
			if flag, ok := step.Flag("from"); ok && p.origin(step) == nil && strings.ContainsAny(flag.Value.Text, "/:") {
				name, known := step.State.Vars.Expand(flag.Value.Text, p.File.Escape)
				p.unpinnedImage(parseRef(name, known), flag.Value)
			}
		}
	},
})

// unpinnedImage reports a reference with a tag and no digest. The fix holds
// the reference itself: who applies it asks a registry for the digest.
func (p *Pass) unpinnedImage(r Ref, written dockerfile.Word) {
	if !r.Known || r.Tag == "" || r.Tag == "latest" || r.Digest != "" {
		return
	}
	var fixes []boltseal.Fix
	if written.Text == r.Raw && p.File.Text(written.Span) == r.Raw {
		fix := p.Replace("pin the digest", true, written.Span, r.Raw)
		fix.Resolve = true
		fixes = append(fixes, fix)
	}
	p.Report(written.Span, r.Raw+" may be moved to other content; a digest may not", fixes...)
}
