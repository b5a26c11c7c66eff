package kube

import (
	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/webhook-lockout", Title: "a webhook that can lock itself out", Severity: boltseal.Medium,
		Doc: `The webhook is asked about pods of every namespace, its own and kube-system too, and everything is refused when it does not answer: once its pods are gone, they cannot be
made again, nor DNS or the network. Leave its namespace and kube-system out with a namespaceSelector or matchConditions.`,
	},
	Run: func(p *Pass) {
		for _, kind := range []string{"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"} {
			for _, o := range p.Kind(admissionGroup, kind) {
				for i, hook := range o.Node.Get("webhooks").Elems() {
					p.lockout(o, hook, hookName(hook, i))
				}
			}
		}
	},
})

func (p *Pass) lockout(o *Object, hook *manifest.Node, name string) {
	policy := hook.Get("failurePolicy").Str()
	selective := func(field string) bool {
		n := hook.Get(field)
		return n != nil && len(n.Pairs)+len(n.Items) > 0
	}
	if policy == "Ignore" || hook.Get("clientConfig", "service") == nil || selective("namespaceSelector") || selective("objectSelector") || selective("matchConditions") {
		return
	}
	for _, rule := range hook.Get("rules").Elems() {
		for _, r := range rule.Get("resources").Elems() {
			if r.Str() == "pods" || r.Str() == "*" || r.Str() == "*/*" {
				p.Report(o, r, name+" is asked about its own pods too, and nothing starts while it does not answer")
				return
			}
		}
	}
}
