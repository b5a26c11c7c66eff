package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/latest-tag", Title: "an image without a version", Severity: boltseal.Medium,
		Controls: names("NIST-800-190/4.1.5 NSA/image-building"),
		Aliases:  aliases("trivy:KSV-0013 checkov:CKV_K8S_14 kubescape:C-0075 kubescape:C-0306 kube-linter:latest-tag polaris:tagNotSpecified kube-score:container-image-tag"),
		Doc: `Without a tag, or with latest, each start may run another program: pods of one deployment differ, a roll-back brings back nothing, and nobody can
say which version was scanned. Write the version, and better the digest with it.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			im := imageOf(c.Image)
			switch {
			case unfilled(c.Image) || im.digest != "":
			case im.tag == "":
				p.At(c, names("image"), c.Image+" has no tag: it means latest, whatever that is today", pin(c)...)
			case im.tag == "latest":
				p.At(c, names("image"), c.Image+" is another program from time to time", pin(c)...)
			}
		}
	},
})
