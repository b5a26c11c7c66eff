package kube

import (
	batchv1 "k8s.io/api/batch/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/cron-concurrency", Title: "runs of a CronJob that pile up", Severity: boltseal.Low,
		Controls: names("NSA/resource-policies MITRE/T1499"),
		Doc: `concurrencyPolicy is Allow unless it is said otherwise: when a run hangs or takes longer than the interval, the next one starts beside it, and so on until the namespace or the
node is full. Forbid leaves a run out while one is going.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			cron, ok := w.Value.(*batchv1.CronJob)
			if !ok || cron.Spec.ConcurrencyPolicy != "" && cron.Spec.ConcurrencyPolicy != batchv1.AllowConcurrent || cron.Spec.JobTemplate.Spec.ActiveDeadlineSeconds != nil {
				continue
			}
			p.Report(w.Object, nearest(w.Node, "spec", "concurrencyPolicy"), "a run that hangs does not keep the next from starting",
				set(w.Object, "start no run beside another", false, w.Node, "Forbid", "spec", "concurrencyPolicy")...)
		}
	},
})
