package kube

import (
	"fmt"

	"k8s.io/pod-security-admission/api"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Labels of a namespace that say which standard holds in it.
const (
	enforceLabel = "pod-security.kubernetes.io/enforce"
	auditLabel   = "pod-security.kubernetes.io/audit"
	warnLabel    = "pod-security.kubernetes.io/warn"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/pss-not-enforced", Title: "a namespace without a Pod Security Standard", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.2.1 NSA/pod-security"),
		Aliases:  aliases("kubescape:C-0192 kubescape:C-0194 kubescape:C-0195"),
		Doc: `Without the label pod-security.kubernetes.io/enforce, whoever may make a pod in the namespace may make a privileged one and take the node. The API server enforces a standard by
the label alone, without anything to install. The fix sets the strictest level that all workloads of the namespace in the given files pass, and warns of what misses restricted.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("", "Namespace") {
			if systemNamespaces[o.Object.Name] || o.Meta.Labels[enforceLabel] != "" {
				continue
			}
			workloads := p.Namespace(o.Object.Name)
			level := p.Strictest(workloads)
			at := nearest(o.Node, "metadata", "labels")
			if level == api.LevelPrivileged {
				p.Report(o, at, "no Pod Security Standard is enforced; "+p.obstacle(workloads)+" has to change first")
				continue
			}
			if len(workloads) == 0 {
				p.Report(o, at, "no Pod Security Standard is enforced") // what runs there is not known
				continue
			}
			p.Report(o, at, fmt.Sprintf("no Pod Security Standard is enforced: %s %s", passing(workloads), level), enforce(o, level)...)
		}
	},
})

var systemNamespaces = map[string]bool{"kube-system": true, "kube-public": true, "kube-node-lease": true}

// enforce is the fix that has a level enforced, and what is stricter
// reported.
func enforce(o *Object, level api.Level) []boltseal.Fix {
	labels := manifest.Fields{{Name: enforceLabel, Value: string(level)}}
	for _, mode := range []string{auditLabel, warnLabel} {
		if o.Meta.Labels[mode] == "" {
			labels = append(labels, manifest.Field{Name: mode, Value: string(api.LevelRestricted)})
		}
	}
	return edit(o).merge(o.Node.Get("metadata"), "labels", labels).fix("enforce "+string(level), true)
}

// obstacle is the first workload that not even baseline lets in.
func (p *Pass) obstacle(workloads []*Workload) string {
	for _, w := range workloads {
		if why := p.Refusal(w, api.LevelBaseline, p.pss.version); why != "" {
			return w.Object.Kind + "/" + w.Object.Object.Name + " (" + why + ")"
		}
	}
	return "a workload"
}

// passing is the beginning of a sentence about the workloads that pass.
func passing(workloads []*Workload) string {
	if len(workloads) == 1 {
		return "the one workload passes"
	}
	return fmt.Sprintf("all %d workloads pass", len(workloads))
}
