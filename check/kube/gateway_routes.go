package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/gateway-all-namespaces", Title: "a gateway for routes of every namespace", Severity: boltseal.Medium,
		Controls: names("NSA/namespaces MITRE/T1557"),
		Aliases:  aliases("polaris:gatewayAllowedRoutesAll"),
		Doc: `With allowedRoutes from All, whoever may make a route in any namespace publishes his program under the gateway's address and certificate, and takes requests for paths and hosts that
nobody else has. Let routes of the same namespace in, or of those with a label.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind(gatewayGroup, "Gateway") {
			for _, listener := range o.Node.Get("spec", "listeners").Elems() {
				if from := listener.Get("allowedRoutes", "namespaces", "from"); from.Str() == "All" {
					p.Report(o, from, "routes of every namespace may use the listener "+listener.Get("name").Str())
				}
			}
		}
	},
})

const gatewayGroup = "gateway.networking.k8s.io"
