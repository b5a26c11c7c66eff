package kube

import (
	"fmt"
	"strconv"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/secret-env-ref", Title: "a secret in the environment", Severity: boltseal.Low,
		Controls: names("CIS-K8S-5.4.1 NSA/secrets"),
		Aliases:  aliases("checkov:CKV_K8S_35 kubescape:C-0207 kube-linter:read-secret-from-env-var"),
		Doc: `Variables are inherited by every program that the container starts, show up in crash reports and debug pages, and stay as they were when the secret changes. A
mounted Secret is a file with a mode, and follows changes. Many programs read NAME_FILE instead of NAME.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			for i, e := range c.Env {
				if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
					p.Report(c.Workload.Object, nearest(c.Node, "env", strconv.Itoa(i), "name"), fmt.Sprintf("%s of %s is a secret", e.Name, c.label()))
				}
			}
			for i, from := range c.EnvFrom {
				if from.SecretRef != nil {
					p.Report(c.Workload.Object, nearest(c.Node, "envFrom", strconv.Itoa(i), "secretRef"),
						fmt.Sprintf("%s gets all of the secret %q as variables", c.label(), from.SecretRef.Name))
				}
			}
		}
	},
})
