package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/audit-policy", Title: "an audit policy that logs too little or too much", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-3.2.2 NSA/audit-log"),
		Aliases:  aliases("kubescape:C-0161"),
		Doc: `The first rule that matches a request decides. A rule without conditions and with level None, anywhere but at the end, leaves what follows without effect; Request or RequestResponse for secrets
writes their content into the log. Log secrets and tokens as Metadata, and end with a rule for everything else.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("audit.k8s.io", "Policy") {
			p.auditRules(o)
		}
	},
})

func (p *Pass) auditRules(o *Object) {
	rules := o.Node.Get("rules")
	guarded := false // secrets are dealt with
	for i, rule := range rules.Elems() {
		level := rule.Get("level")
		all := true
		for _, condition := range names("users userGroups verbs resources namespaces nonResourceURLs") {
			all = all && (rule.Get(condition) == nil || len(rule.Get(condition).Items) == 0)
		}
		secrets := all
		for _, r := range rule.Get("resources").Elems() {
			named := r.Get("resources")
			secrets = secrets || r.Get("group").Str() == "" && (named == nil || len(named.Items) == 0)
			for _, name := range named.Elems() {
				secrets = secrets || name.Str() == "secrets" || name.Str() == "serviceaccounts/token"
			}
		}
		switch bodies := level.Str() == "Request" || level.Str() == "RequestResponse"; {
		case all && level.Str() == "None":
			p.Report(o, level, "nothing is logged from here on")
		case bodies && secrets && !guarded:
			p.Report(o, level, "the content of secrets is written to the log")
		}
		guarded = guarded || secrets && level.Str() == "Metadata" && rule.Get("users") == nil && rule.Get("namespaces") == nil && rule.Get("verbs") == nil
		if all && i+1 < len(rules.Items) {
			p.Report(o, rule, "no rule behind this one has an effect: it matches everything")
			return
		}
	}
}
