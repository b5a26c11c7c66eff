package kube

import (
	batchv1 "k8s.io/api/batch/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/cron-deadline", Title: "a CronJob that may stop for ever", Severity: boltseal.Negligible,
		Aliases: aliases("kube-score:cronjob-has-deadline"),
		Doc: `Without startingDeadlineSeconds the controller counts all runs that were missed; after more than a hundred it gives up, and the job does not run again until it is made anew. A
deadline bounds what it looks back at.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			if cron, ok := w.Value.(*batchv1.CronJob); ok && cron.Spec.StartingDeadlineSeconds == nil {
				p.Report(w.Object, nearest(w.Node, "spec"), "after a hundred missed runs the job never runs again: there is no startingDeadlineSeconds",
					set(w.Object, "look back at most an hour", false, w.Node, 3600, "spec", "startingDeadlineSeconds")...)
			}
		}
	},
})
