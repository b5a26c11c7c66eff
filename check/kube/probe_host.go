package kube

import (
	"fmt"
	"slices"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/probe-host", Title: "a probe or hook asks another host", Severity: boltseal.Medium,
		Controls: names("PSS/baseline/host-probes NSA/no-host-access"),
		Doc: `A probe or lifecycle hook with a host makes the kubelet send requests from the node's network, to an address that the author of the pod chooses: a way
to reach the node's loop-back address, the cloud's metadata or other tenants. It also says nothing of the pod's health. Leave host out: the pod's own address is meant.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("hostProbesAndHostLifecycle") {
			for _, c := range w.Containers {
				for _, handler := range handlers {
					for _, kind := range []string{"httpGet", "tcpSocket"} {
						node := c.Node.Get(append(slices.Clone(handler), kind)...)
						if host := node.Get("host"); host.Str() != "" {
							p.Report(w.Object, host, fmt.Sprintf("%s lets the node ask %q", c.label(), host.Str()), remove(w.Object, "ask the pod itself", false, node, "host")...)
						}
					}
				}
			}
		}
	},
})

// handlers are the places of a container's probes and hooks.
var handlers = [][]string{{"livenessProbe"}, {"readinessProbe"}, {"startupProbe"}, {"lifecycle", "postStart"}, {"lifecycle", "preStop"}}
