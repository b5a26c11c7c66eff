package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/policy-unbound", Title: "an admission policy that is not in force", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-5.2.1 NSA/pod-security"),
		Doc: `A ValidatingAdmissionPolicy does nothing by itself: a ValidatingAdmissionPolicyBinding says where it holds and whether it denies. Without a binding in the same folder, or with one that
only warns and audits, what the policy forbids is let in.`,
	},
	Run: func(p *Pass) {
		denied, bound := map[string]bool{}, map[string]bool{}
		for _, o := range p.Kind(admissionGroup, "ValidatingAdmissionPolicyBinding") {
			policy := o.Node.Get("spec", "policyName").Str()
			bound[policy] = true
			for _, action := range o.Node.Get("spec", "validationActions").Elems() {
				denied[policy] = denied[policy] || action.Str() == "Deny"
			}
		}
		for _, o := range p.Kind(admissionGroup, "ValidatingAdmissionPolicy") {
			switch n := o.Object.Name; {
			case !bound[n]:
				p.Report(o, nearest(o.Node, "metadata", "name"), "nothing binds the policy: it is not in force")
			case !denied[n]:
				p.Report(o, nearest(o.Node, "metadata", "name"), "the policy denies nothing: its bindings only warn and audit")
			}
		}
	},
})
