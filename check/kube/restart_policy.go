package kube

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/restart-policy", Title: "a restart policy that its kind cannot have", Severity: boltseal.High,
		Aliases: aliases("kube-linter:restart-policy kube-score:cronjob-restartpolicy"),
		Doc: `The pods of a job have to say OnFailure or Never, since jobs end; those of a Deployment, DaemonSet, StatefulSet or ReplicaSet may only say Always. The API server refuses
anything else.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			policy := w.Spec.RestartPolicy
			switch job := w.Kind == "Job" || w.Kind == "CronJob"; {
			case w.Value == nil:
			case job && policy != corev1.RestartPolicyNever && policy != corev1.RestartPolicyOnFailure:
				p.Pod(w, names("restartPolicy"), "the pods of a job restart OnFailure or Never",
					set(w.Object, "restart on failure", true, w.PodNode, "OnFailure", "restartPolicy")...)
			case w.selecting() && policy != "" && policy != corev1.RestartPolicyAlways:
				p.Pod(w, names("restartPolicy"), fmt.Sprintf("the pods of a %s always restart", w.Kind), remove(w.Object, "let them restart", true, w.PodNode, "restartPolicy")...)
			}
		}
	},
})
