package kube

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/duplicate-name", Title: "a name is given twice in a pod", Severity: boltseal.High,
		Aliases: aliases("kube-score:container-ports-check"),
		Doc: `Containers, volumes, and the ports of a container have names of their own, and a container mounts one thing at a path. The API server refuses an object that gives one
twice; a merge by name keeps only one of them.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			seen := map[string]bool{}
			for _, c := range w.Containers {
				if c.Name != "" && seen[c.Name] {
					p.At(c, names("name"), fmt.Sprintf("two containers are called %q", c.Name))
				}
				seen[c.Name] = true
				p.doublePorts(c)
				p.doubleMounts(c)
			}
			volumes := map[string]bool{}
			for i, v := range w.Spec.Volumes {
				if volumes[v.Name] {
					p.Report(w.Object, w.PodNode.Get("volumes", strconv.Itoa(i)), fmt.Sprintf("two volumes are called %q", v.Name))
				}
				volumes[v.Name] = true
			}
		}
	},
})

func (p *Pass) doublePorts(c *Container) {
	seen := map[string]bool{}
	for i, port := range c.Ports {
		node := c.Node.Get("ports", strconv.Itoa(i))
		protocol := port.Protocol
		if protocol == "" {
			protocol = corev1.ProtocolTCP
		}
		number := fmt.Sprintf("%d/%s", port.ContainerPort, protocol)
		switch {
		case port.Name != "" && seen[port.Name]:
			p.Report(c.Workload.Object, node.Get("name"), fmt.Sprintf("%s calls two ports %q", c.label(), port.Name))
		case seen[number]:
			p.Report(c.Workload.Object, nearest(node, "containerPort"), fmt.Sprintf("%s lists the port %s twice", c.label(), number))
		}
		seen[port.Name], seen[number] = true, true
	}
}

func (p *Pass) doubleMounts(c *Container) {
	seen := map[string]bool{}
	for i, m := range c.VolumeMounts {
		path := strings.TrimRight(m.MountPath, "/")
		if seen[path] {
			p.Report(c.Workload.Object, nearest(c.Node, "volumeMounts", strconv.Itoa(i), "mountPath"), fmt.Sprintf("%s mounts two things at %s", c.label(), m.MountPath))
		}
		seen[path] = true
	}
}
