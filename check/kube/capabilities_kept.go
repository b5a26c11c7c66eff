package kube

import (
	"slices"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/capabilities-kept", Title: "capabilities are not dropped", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.2.8 CIS-K8S-5.2.9 PSS/restricted/capabilities NSA/no-escalation MITRE/T1611"),
		Aliases:  aliases("trivy:KSV-0003 trivy:KSV-0004 trivy:KSV-0106 checkov:CKV_K8S_37 checkov:CKV_K8S_28 kubescape:C-0046 kubescape:C-0055 kubescape:C-0199 kubescape:C-0201 kube-linter:drop-net-raw-capability polaris:insecureCapabilities"),
		Doc: `Container runtimes leave a root process fourteen capabilities, among them NET_RAW (spoofs ARP and DNS answers inside the node), SETUID, CHOWN and
DAC_OVERRIDE (reads every file of the container and its volumes). Few programs use any. Drop ALL, and add back by name what is missed; a program that only
binds a port below 1024 needs NET_BIND_SERVICE.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("capabilities_restricted") {
			for _, c := range w.Containers {
				s := c.SecurityContext
				if s != nil && s.Capabilities != nil && slices.Contains(s.Capabilities.Drop, "ALL") {
					continue
				}
				what := " keeps the default capabilities: it does not drop ALL"
				if s != nil && s.Capabilities != nil && len(s.Capabilities.Drop) > 0 {
					what = " keeps capabilities: it drops some, and not ALL"
				}
				p.At(c, names("securityContext capabilities drop"), c.label()+what,
					set(w.Object, "drop all capabilities", true, c.Node, []string{"ALL"}, "securityContext", "capabilities", "drop")...)
			}
		}
	},
})
