package kube

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/rbac-system-config", Title: "a role that may change kube-system's settings", Severity: boltseal.High,
		Controls: names("NSA/rbac MITRE/T1565"),
		Aliases:  aliases("trivy:KSV-0049 kubescape:C-0037"),
		Doc: `The ConfigMaps of kube-system hold the settings of DNS, of the proxy and, on some clouds, who is an administrator (aws-auth). Who may change coredns sends the names
of every service to his own address. Name the ConfigMap in resourceNames.`,
	},
	Run: func(p *Pass) {
		for r := range p.Roles() {
			if !r.Cluster && r.Namespace != "kube-system" {
				continue
			}
			for i := range r.Rules {
				rule := &r.Rules[i]
				may := allowed(rule, "", "configmaps", names("create update patch delete deletecollection"))
				if everything(rule) || len(may) == 0 || len(rule.ResourceNames) > 0 {
					continue
				}
				p.Report(r.Object, r.Node.Get("rules", strconv.Itoa(i), "resources"), fmt.Sprintf("may %s configmaps of kube-system%s", strings.Join(may, ", "), p.powers().holders(r)))
			}
		}
	},
})
