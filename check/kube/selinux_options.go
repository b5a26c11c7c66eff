package kube

import (
	"fmt"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/selinux-options", Title: "SELinux labels of one's own", Severity: boltseal.Medium,
		Controls: names("PSS/baseline/selinux NSA/hardened-applications"),
		Aliases:  aliases("trivy:KSV-0025"),
		Doc: `SELinux keeps a container away from the node's files by the type of its process. A type such as spc_t, or a user or role of one's own, turns that off for
the container. Leave the labels to the runtime, or use container_t, container_init_t, container_kvm_t or container_engine_t.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("seLinuxOptions") {
			before := len(*p.found)
			p.selinux(w, w.PodNode, "the pods have")
			for _, c := range w.Containers {
				p.selinux(w, c.Node, c.label()+" has")
			}
			if len(*p.found) == before {
				p.Pod(w, names("securityContext seLinuxOptions"), "SELinux options that the standard refuses")
			}
		}
	},
})

func (p *Pass) selinux(w *Workload, n *manifest.Node, who string) {
	options := n.Get("securityContext", "seLinuxOptions")
	if kind := options.Get("type"); kind.Str() != "" && !selinuxTypes[kind.Str()] {
		p.Report(w.Object, kind, fmt.Sprintf("%s the SELinux type %s", who, kind.Str()), remove(w.Object, "leave the type to the runtime", false, options, "type")...)
	}
	for _, field := range []string{"user", "role"} {
		if value := options.Get(field); value.Str() != "" {
			p.Report(w.Object, value, fmt.Sprintf("%s an SELinux %s of its own: %s", who, field, value.Str()),
				remove(w.Object, "leave the "+field+" to the runtime", false, options, field)...)
		}
	}
}

var selinuxTypes = map[string]bool{"container_t": true, "container_init_t": true, "container_kvm_t": true, "container_engine_t": true}
