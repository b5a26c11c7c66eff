package kube

import (
	batchv1 "k8s.io/api/batch/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/job-cleanup", Title: "finished jobs stay", Severity: boltseal.Negligible,
		Aliases: aliases("kube-linter:job-ttl-seconds-after-finished"),
		Doc: `A Job that is done stays with its pods, their logs and their environment, until somebody deletes it. ttlSecondsAfterFinished has the cluster do it; those of a CronJob are
bounded by its history limits.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			if job, ok := w.Value.(*batchv1.Job); ok && job.Spec.TTLSecondsAfterFinished == nil {
				p.Report(w.Object, nearest(w.Node, "spec"), "the job stays when it is done: there is no ttlSecondsAfterFinished",
					set(w.Object, "delete it an hour after", false, w.Node, 3600, "spec", "ttlSecondsAfterFinished")...)
			}
		}
	},
})
