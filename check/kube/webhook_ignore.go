package kube

import (
	"fmt"
	"strconv"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/webhook-ignored", Title: "a check that is left out when it cannot be asked", Severity: boltseal.Medium,
		Controls: names("NSA/pod-security MITRE/T1562"),
		Aliases:  aliases("kubescape:C-0036"),
		Doc: `With failurePolicy: Ignore the API server lets an object in when the webhook does not answer in time. Whoever keeps it busy, or its pods from running, gets everything past it. Use
Fail for checks of security, and leave the webhook's own namespace out of its rules.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind(admissionGroup, "ValidatingWebhookConfiguration") {
			for i, hook := range o.Node.Get("webhooks").Elems() {
				if policy := hook.Get("failurePolicy"); policy.Str() == "Ignore" {
					p.Report(o, policy, fmt.Sprintf("what %s would refuse is let in when it does not answer", hookName(hook, i)))
				}
			}
		}
	},
})

const admissionGroup = "admissionregistration.k8s.io"

func hookName(n *manifest.Node, i int) string {
	if name := n.Get("name").Str(); name != "" {
		return name
	}
	return "webhook " + strconv.Itoa(i+1)
}
