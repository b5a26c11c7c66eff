package kube

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/tiller", Title: "Helm 2's server", Severity: boltseal.High,
		Controls: names("MITRE/T1610"),
		Aliases:  aliases("trivy:KSV-0102 checkov:CKV_K8S_34 checkov:CKV_K8S_44 checkov:CKV_K8S_45"),
		Doc: `Tiller takes orders from everybody who reaches its port and carries them out with its own rights, mostly cluster-admin. Helm 3 has no such part: move the releases over and
delete it.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			for _, c := range w.Containers {
				if path := imageOf(c.Image).path; path == "tiller" || strings.HasSuffix(path, "/tiller") {
					p.At(c, names("image"), c.label()+" installs what anybody asks for")
				}
			}
		}
	},
})
