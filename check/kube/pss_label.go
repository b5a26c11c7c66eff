package kube

import (
	"fmt"
	"strings"

	"k8s.io/pod-security-admission/api"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/pss-label", Title: "a Pod Security label that means nothing", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.2.1 NSA/pod-security"),
		Doc: `Levels are privileged, baseline and restricted, versions are latest or like v1.34, and modes are enforce, audit and warn. The API server takes a label that it does not understand for
privileged (or, for the version, for latest) when it came in before the label was checked, and ignores names that it does not know.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("", "Namespace") {
			for key, value := range o.Node.Get("metadata", "labels").Entries() {
				mode, ok := strings.CutPrefix(key.Value, "pod-security.kubernetes.io/")
				if !ok {
					continue
				}
				switch mode {
				case "enforce", "audit", "warn":
					if _, err := api.ParseLevel(value.Str()); err != nil {
						p.Report(o, value, fmt.Sprintf("%q is no level: privileged, baseline and restricted are", value.Str()))
					}
				case "enforce-version", "audit-version", "warn-version":
					if _, err := api.ParseVersion(value.Str()); err != nil {
						p.Report(o, value, fmt.Sprintf("%q is no version: latest and such as v1.34 are", value.Str()))
					}
				default:
					p.Report(o, key, fmt.Sprintf("there is no mode %q: enforce, audit and warn are", mode))
				}
			}
		}
	},
})
