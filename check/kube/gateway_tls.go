package kube

import (
	"fmt"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/gateway-tls", Title: "a gateway without TLS", Severity: boltseal.Medium,
		Controls: names("MITRE/T1040 MITRE/T1557"),
		Aliases:  aliases("polaris:gatewayTLSMissing"),
		Doc: `The gateway has listeners for plain HTTP and none with TLS, or one with TLS that has no certificate: passwords and cookies can be read and changed on the way. Add a listener of
protocol HTTPS with certificateRefs, and let the plain one only redirect.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind(gatewayGroup, "Gateway") {
			p.gatewayTLS(o)
		}
	},
})

func (p *Pass) gatewayTLS(o *Object) {
	var plain *manifest.Node
	secured := false
	for _, listener := range o.Node.Get("spec", "listeners").Elems() {
		switch protocol := listener.Get("protocol"); protocol.Str() {
		case "HTTP":
			if plain == nil {
				plain = protocol
			}
		case "HTTPS", "TLS":
			secured = true
			refs := listener.Get("tls", "certificateRefs")
			if listener.Get("tls", "mode").Str() != "Passthrough" && listener.Get("tls", "options") == nil && (refs == nil || len(refs.Items) == 0) {
				p.Report(o, nearest(listener, "tls"), fmt.Sprintf("the listener %s has no certificate", listener.Get("name").Str()))
			}
		}
	}
	if plain != nil && !secured {
		p.Report(o, plain, "the gateway serves plain HTTP: no listener has TLS")
	}
}
