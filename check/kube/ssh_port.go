package kube

import (
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/ssh-port", Title: "a container with an SSH server", Severity: boltseal.Medium,
		Controls: names("CIS-DI-5.6 MITRE/T1021.004"),
		Aliases:  aliases("kubescape:C-0042 kube-linter:ssh-port"),
		Doc:      `Port 22 is that of an SSH server: a second way in with keys of its own, past the API server's rights and its audit log. Use kubectl exec, or an ephemeral container.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			for i, port := range c.Ports {
				if port.ContainerPort == 22 || port.ContainerPort == 2222 && strings.Contains(strings.ToLower(port.Name), "ssh") {
					p.Report(c.Workload.Object, nearest(c.Node, "ports", strconv.Itoa(i), "containerPort"), c.label()+" opens the port of an SSH server")
				}
			}
		}
	},
})
