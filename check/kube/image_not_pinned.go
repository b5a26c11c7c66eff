package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/image-not-pinned", Title: "an image without a digest", Severity: boltseal.Low,
		Controls: names("NIST-800-190/4.1.5 SLSA/pinned"),
		Aliases:  aliases("checkov:CKV_K8S_43 kubescape:C-0236"),
		Doc: `A tag can be moved: whoever may push to the repository, or took over the account, changes what runs without any change here. A digest names the very
bytes that were scanned and signed. Write both, name:tag@sha256:..., so that people still see the version.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			if im := imageOf(c.Image); !unfilled(c.Image) && im.digest == "" && im.tag != "" && im.tag != "latest" {
				p.At(c, names("image"), c.Image+" is a tag, which can be moved", pin(c)...)
			}
		}
	},
})
