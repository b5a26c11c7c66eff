package kube

import (
	"fmt"
	"strconv"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/port-name", Title: "a port with a name or number that cannot be", Severity: boltseal.High,
		Aliases: aliases("kube-linter:invalid-target-ports kube-score:container-ports-check"),
		Doc:     `A container's port is from 1 to 65535; its name has at most 15 lower-case letters, digits and dashes, with a letter among them. The API server refuses anything else.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			for i, port := range c.Ports {
				node := c.Node.Get("ports", strconv.Itoa(i))
				if port.Name != "" && len(validation.IsValidPortName(port.Name)) > 0 {
					p.Report(c.Workload.Object, node.Get("name"), fmt.Sprintf("%q cannot be the name of a port", port.Name))
				}
				if port.ContainerPort < 1 || port.ContainerPort > 65535 {
					p.Report(c.Workload.Object, nearest(node, "containerPort"), fmt.Sprintf("%d is no port", port.ContainerPort))
				}
			}
		}
	},
})
