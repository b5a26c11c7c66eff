package kube

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/update-strategy", Title: "updates take the service away", Severity: boltseal.Negligible,
		Aliases: aliases("kube-linter:no-rolling-update-strategy"),
		Doc: `Several replicas are of no use in an update when all of them are ended before a new one starts: strategy Recreate, or a rolling update that may miss all of them. Use
RollingUpdate, and let at least one stay.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			d, ok := w.Value.(*appsv1.Deployment)
			n, _ := w.Replicas()
			if !ok || n < 2 {
				continue
			}
			switch u := d.Spec.Strategy.RollingUpdate; {
			case d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType:
				p.Report(w.Object, nearest(w.Node, "spec", "strategy", "type"), fmt.Sprintf("all %d replicas end before a new one starts", n))
			case u != nil && u.MaxUnavailable != nil:
				if missing, err := intstr.GetScaledValueFromIntOrPercent(u.MaxUnavailable, int(n), false); err == nil && missing >= int(n) {
					p.Report(w.Object, nearest(w.Node, "spec", "strategy", "rollingUpdate", "maxUnavailable"), fmt.Sprintf("an update may end all %d replicas at once", n))
				}
			}
		}
	},
})
