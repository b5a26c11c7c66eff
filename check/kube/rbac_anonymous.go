package kube

import (
	"fmt"
	"strconv"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/rbac-anonymous", Title: "rights for everybody who can reach the API server", Severity: boltseal.Critical,
		Controls: names("CIS-K8S-5.1.1 NSA/rbac NSA/authentication MITRE/T1078"),
		Aliases:  aliases("trivy:KSV-0122 kubescape:C-0262"),
		Doc: `system:anonymous and system:unauthenticated are requests without any credentials: whoever can open a connection to the API server has the role. Leave
only the cluster's own system:public-info-viewer bound to them.`,
	},
	Run: func(p *Pass) {
		p.boundTo(func(s rbacv1.Subject) bool { return s.Name == "system:anonymous" || s.Name == "system:unauthenticated" },
			"%s, which is everybody without credentials, has the role %s")
	},
})

// boundTo reports the subjects of bindings that a rule means.
func (p *Pass) boundTo(means func(rbacv1.Subject) bool, format string) {
	for b := range p.Bindings() {
		for i, s := range b.Subjects {
			if means(s) && (b.Ref.Name != "system:public-info-viewer" || b.Ref.Kind != "ClusterRole") {
				p.Report(b.Object, b.Node.Get("subjects", strconv.Itoa(i), "name"), fmt.Sprintf(format, s.Name, b.Ref.Name))
			}
		}
	}
}
