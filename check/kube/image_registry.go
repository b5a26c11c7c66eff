package kube

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/image-registry", Title: "an image from a registry that is not allowed", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.5.1 NIST-800-190/4.2.1"),
		Aliases:  aliases("trivy:KSV-0125 trivy:KSV-0032 trivy:KSV-0033 trivy:KSV-0034 trivy:KSV-0035 kubescape:C-0001 kubescape:C-0078"),
		Doc: `The settings name the registries, or the repositories in them, that images may come from, and this one is not among them. Mirror the image into a
registry that is scanned and whose publishers are known.`,
	},
	Run: func(p *Pass) {
		if p.Options.Registries == nil {
			return
		}
		for c := range p.All() {
			im := imageOf(c.Image)
			if unfilled(c.Image) {
				continue
			}
			full := im.registry + "/" + im.path
			allowed := slices.ContainsFunc(p.Options.Registries, func(r string) bool {
				r = strings.TrimSuffix(r, "/")
				return full == r || strings.HasPrefix(full, r+"/")
			})
			if !allowed {
				p.At(c, names("image"), c.Image+" comes from "+im.registry+", which is not one of the allowed places")
			}
		}
	},
})
