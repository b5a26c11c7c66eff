package kube

import (
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/ruleset"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/invalid", Title: "the API server cannot read the object", Severity: boltseal.High,
		Aliases: aliases("kube-linter:schema-validation"),
		Doc: `The document is no YAML or JSON, a value has another type than its field, or what every object needs is missing. The API server refuses such an
object; until then nothing of what it says holds. Whatever could be read was checked all the same.`,
	},
	Run: func(p *Pass) {
		for _, f := range p.Files {
			if f.Kind == manifest.Kubernetes {
				for _, e := range f.Errors {
					p.broken(f, e)
				}
			}
		}
		for _, o := range p.Objects {
			for _, problem := range o.problems {
				if problem.field == "" {
					p.Report(o, problem.at, problem.message)
				}
			}
			p.incomplete(o)
		}
	},
})

// broken reports an error of the file's syntax.
func (p *Pass) broken(f *manifest.File, e manifest.Error) {
	*p.found = append(*p.found, &found{
		Finding: ruleset.Finding(&p.rule.Check, f.Location(e.Span), e.Message, e.Message, nil),
		file:    f, check: &p.rule.Check, object: &Object{},
	})
}

// incomplete reports what every object needs and this one lacks.
func (p *Pass) incomplete(o *Object) {
	meta := o.Node.Get("metadata")
	_, known := schemas[o.Group()+"/"+o.Kind]
	switch {
	case nameless[o.Kind], !known && !strings.Contains(o.APIVersion, "/"):
	case meta.Get("name").Str() == "" && meta.Get("generateName").Str() == "":
		p.Report(o, nearest(o.Node, "metadata"), o.Kind+" has no name")
	}
	if known && o.Workload == nil && o.Node.Get("spec") == nil && runsPods[o.Kind] {
		p.Report(o, nil, o.Kind+" has no spec")
	}
	if w := o.Workload; w != nil && len(w.Spec.Containers) == 0 {
		p.Pod(w, names("containers"), "the pods have no containers")
	}
	for _, c := range containersOf(o) {
		if c.Name == "" {
			p.At(c, nil, "a container has no name")
		}
	}
}

func containersOf(o *Object) []*Container {
	if o.Workload == nil {
		return nil
	}
	return o.Workload.Containers
}

// nameless are kinds of requests and settings, which have no name.
var nameless = map[string]bool{
	"List": true, "TokenReview": true, "SubjectAccessReview": true, "SelfSubjectAccessReview": true, "AdmissionReview": true, "Policy": true, "Config": true,
	"KubeletConfiguration": true, "ClusterConfiguration": true, "InitConfiguration": true, "JoinConfiguration": true, "KubeProxyConfiguration": true,
	"EncryptionConfiguration": true, "AdmissionConfiguration": true, "PodSecurityConfiguration": true, "Cluster": true, "Kustomization": true, "Component": true,
	"ImagePolicyWebhook": true, "EventRateLimit": true, "Configuration": true, "CredentialProviderConfig": true, "TracingConfiguration": true,
	"AuthenticationConfiguration": true, "AuthorizationConfiguration": true, "EgressSelectorConfiguration": true, "KubeSchedulerConfiguration": true,
}

var runsPods = map[string]bool{
	"Pod": true, "Deployment": true, "DaemonSet": true, "StatefulSet": true, "ReplicaSet": true, "ReplicationController": true, "Job": true, "CronJob": true,
}

// firstBadQuantity is the first value below the keys that hold quantities
// which is none.
func firstBadQuantity(n *manifest.Node) *manifest.Node {
	for key, value := range n.Entries() {
		switch key.Value {
		case "limits", "requests", "capacity", "hard", "default", "defaultRequest", "max", "min", "overhead", "podFixed":
			for _, q := range value.Entries() {
				if _, err := resource.ParseQuantity(q.Str()); q != nil && q.Kind == manifest.Scalar && err != nil {
					return q
				}
			}
		case "sizeLimit", "averageValue", "divisor":
			if _, err := resource.ParseQuantity(value.Str()); value != nil && value.Kind == manifest.Scalar && err != nil {
				return value
			}
		}
		if at := firstBadQuantity(value); at != nil {
			return at
		}
	}
	if n.Resolve() != nil && n.Resolve().Kind == manifest.Sequence {
		for _, it := range n.Elems() {
			if at := firstBadQuantity(it); at != nil {
				return at
			}
		}
	}
	return nil
}
