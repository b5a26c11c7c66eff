package scan

import (
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Some checks of manifests look at objects of few kinds only. With none of
// them there, nothing was looked at: a folder of Deployments says nothing
// about roles, or about how the API server was started.
var objectsOf = []struct {
	prefix string // of a check's id
	kinds  []string
}{
	{"kube/rbac-", []string{"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"}},
	{"kube/apiserver-", []string{"kube-apiserver"}},
	{"kube/etcd-", []string{"etcd"}},
	{"kube/kubelet-", []string{"KubeletConfiguration"}},
	{"kube/audit-policy", []string{"Policy"}},
	{"kube/encryption-", []string{"EncryptionConfiguration"}},
	{"kube/webhook-", []string{"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"}},
	{"kube/ingress-", []string{"Ingress"}},
	{"kube/service-", []string{"Service", podKind}},
}

// podKind stands for every kind that makes pods.
const podKind = "pods"

// workloadKinds make pods.
var workloadKinds = []string{"Pod", "PodTemplate", "ReplicationController", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"}

// hadObjects tells whether a check had an object of a kind that it looks at.
func hadObjects(c boltseal.Check, kinds map[string]bool) bool {
	for _, o := range objectsOf {
		if strings.HasPrefix(c.ID, o.prefix) {
			return slices.ContainsFunc(o.kinds, func(k string) bool { return kinds[k] })
		}
	}
	return kinds[podKind] || !strings.HasPrefix(c.ID, "kube/") || !slices.ContainsFunc(c.Controls, isOfPods)
}

// isOfPods tells whether a control speaks of pods and their containers.
func isOfPods(control string) bool {
	switch control {
	case "CIS-K8S-5.2.1": // of namespaces
		return false
	case "CIS-K8S-5.6.2", "CIS-K8S-5.6.3", "NSA/immutable", "NSA/resource-policies", "NSA/non-root":
		return true
	}
	return strings.HasPrefix(control, "PSS/") || strings.HasPrefix(control, "CIS-K8S-5.2.")
}

// kindsIn notes what kinds of object manifests hold. The components of a
// control plane are known by the program that their pods start.
func kindsIn(files []*manifest.File, note func(kind, name string)) {
	for _, f := range files {
		for _, o := range f.Objects() {
			note(o.Kind, f.Name)
			if slices.Contains(workloadKinds, o.Kind) {
				note(podKind, f.Name)
			}
			if o.Kind != "Pod" {
				continue
			}
			containers := o.Node.Get("spec", "containers")
			if containers == nil || containers.Kind != manifest.Sequence {
				continue
			}
			for _, c := range containers.Elems() {
				if program := path.Base(c.Get("command", "0").Str()); program == "kube-apiserver" || program == "etcd" {
					note(program, f.Name)
				}
			}
		}
	}
}
