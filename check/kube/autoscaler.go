package kube

import (
	"fmt"
	"strconv"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/autoscaler", Title: "an autoscaler that scales nothing", Severity: boltseal.Medium,
		Aliases: aliases("kubescape:C-0298 kube-linter:dangling-horizontalpodautoscaler kube-linter:hpa-minimum-three-replicas polaris:hpaMaxAvailability polaris:hpaMinAvailability kube-score:horizontalpodautoscaler-has-target kube-score:horizontalpodautoscaler-replicas"),
		Doc: `What the HorizontalPodAutoscaler refers to is not among the workloads of its namespace, its bounds leave no room, or it measures use of a resource that the
containers do not request, which cannot be computed. It then does nothing, and one finds out under load.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("autoscaling", "HorizontalPodAutoscaler") {
			if hpa, ok := o.Value.(*autoscalingv2.HorizontalPodAutoscaler); ok {
				p.autoscaler(o, &hpa.Spec)
			}
		}
	},
})

func (p *Pass) autoscaler(o *Object, spec *autoscalingv2.HorizontalPodAutoscalerSpec) {
	least := int32(1)
	if spec.MinReplicas != nil {
		least = *spec.MinReplicas
	}
	switch {
	case spec.MaxReplicas < least:
		p.Report(o, nearest(o.Node, "spec", "maxReplicas"), fmt.Sprintf("at most %d pods is less than at least %d", spec.MaxReplicas, least))
	case spec.MaxReplicas == least:
		p.Report(o, nearest(o.Node, "spec", "maxReplicas"), fmt.Sprintf("at least and at most %d pods leave no room", least))
	}
	ref := spec.ScaleTargetRef
	target := p.Lookup(groupOf(ref.APIVersion), ref.Kind, o.Namespace, ref.Name)
	if target == nil {
		if p.Knows(o, groupOf(ref.APIVersion), ref.Kind) {
			p.Report(o, nearest(o.Node, "spec", "scaleTargetRef", "name"), fmt.Sprintf("there is no %s %s", ref.Kind, ref.Name))
		}
		return
	}
	if target.Workload == nil {
		return
	}
	for i, metric := range spec.Metrics {
		if metric.Resource == nil || metric.Resource.Target.AverageUtilization == nil {
			continue
		}
		name := metric.Resource.Name
		for _, c := range target.Workload.Containers {
			_, asks := c.Resources.Requests[name]
			_, limited := c.Resources.Limits[name]
			if c.Runs() && !asks && !limited && !p.defaulted(target.Workload, "requests", string(name)) {
				p.Report(o, nearest(o.Node, "spec", "metrics", strconv.Itoa(i), "resource"), fmt.Sprintf("the use of %s cannot be computed: %s of %s requests none", name, c.label(), target))
				break
			}
		}
	}
}
