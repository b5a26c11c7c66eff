package kube

import (
	"fmt"
	"strconv"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/secret-in-env", Title: "a secret is written into the manifest", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.4.1 NSA/secrets NIST-800-190/4.1.4 MITRE/T1552.001"),
		Aliases:  aliases("kubescape:C-0012 kubescape:C-0259 kube-linter:env-var-secret polaris:sensitiveContainerEnvVar"),
		Doc: `A literal value in env is read by whoever reads the manifest: in its repository and all its history, with kubectl describe, in the audit log. Everybody who may read
pods in the namespace has it, without any right to secrets. Keep it in a Secret that a vault or a sealed form fills, mount that as a file, and change the value: it is known now.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			for i, e := range c.Env {
				what := ""
				switch {
				case e.Value == "":
				case secretName(e.Name) && literal(e.Name, e.Value):
					what = "a literal secret"
				default:
					what = secretIn(e.Value)
				}
				if what != "" {
					p.Report(c.Workload.Object, nearest(c.Node, "env", strconv.Itoa(i), "value"), fmt.Sprintf("%s of %s holds %s", e.Name, c.label(), what))
				}
			}
		}
	},
})
