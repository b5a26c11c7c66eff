package kube

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/removed-api", Title: "an API version that clusters no longer serve", Severity: boltseal.Medium,
		Aliases: aliases("trivy:KSV-0107 kubescape:C-0253 kubescape:C-0273 kubescape:C-0294 kube-linter:no-extensions-v1beta kube-score:stable-version"),
		Doc: `Kubernetes takes beta versions of an API away some releases after the stable one is there. A manifest with such a version cannot be applied any more; what it
protects, such as an old PodSecurityPolicy, is not protected. Move to the version that the message names, and look at the fields that changed.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Objects {
			old, ok := oldVersions[o.APIVersion+" "+o.Kind]
			if !ok || p.Options.Version != "" && before(p.Options.Version, old.removed) {
				continue
			}
			message := fmt.Sprintf("%s %s is gone since Kubernetes %s", o.APIVersion, o.Kind, old.removed)
			var fixes []boltseal.Fix
			switch {
			case old.instead == "":
				message += ", without a successor"
			default:
				message += ": use " + old.instead
			}
			if old.alike || strings.HasPrefix(old.instead, "apps/") && selects(o) {
				fixes = set(o, "write "+old.instead, true, o.Node, old.instead, "apiVersion")
			}
			p.Report(o, o.Node.Get("apiVersion"), message, fixes...)
		}
	},
})

// oldVersion is a version of an API that was taken away.
type oldVersion struct {
	removed string // release
	instead string
	alike   bool // the successor reads the same fields
}

// oldVersions are from Kubernetes' deprecated API migration guide.
var oldVersions = func() map[string]oldVersion {
	all := map[string]oldVersion{}
	for line := range strings.Lines(`
1.16 extensions/v1beta1 apps/v1 Deployment DaemonSet ReplicaSet
1.16 extensions/v1beta1 networking.k8s.io/v1 NetworkPolicy =
1.16 extensions/v1beta1 - PodSecurityPolicy
1.16 apps/v1beta1 apps/v1 Deployment StatefulSet
1.16 apps/v1beta2 apps/v1 Deployment StatefulSet DaemonSet ReplicaSet
1.22 extensions/v1beta1 networking.k8s.io/v1 Ingress
1.22 networking.k8s.io/v1beta1 networking.k8s.io/v1 Ingress
1.22 networking.k8s.io/v1beta1 networking.k8s.io/v1 IngressClass =
1.22 rbac.authorization.k8s.io/v1beta1 rbac.authorization.k8s.io/v1 Role RoleBinding ClusterRole ClusterRoleBinding =
1.22 rbac.authorization.k8s.io/v1alpha1 rbac.authorization.k8s.io/v1 Role RoleBinding ClusterRole ClusterRoleBinding
1.22 admissionregistration.k8s.io/v1beta1 admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration MutatingWebhookConfiguration
1.22 apiextensions.k8s.io/v1beta1 apiextensions.k8s.io/v1 CustomResourceDefinition
1.22 apiregistration.k8s.io/v1beta1 apiregistration.k8s.io/v1 APIService =
1.22 certificates.k8s.io/v1beta1 certificates.k8s.io/v1 CertificateSigningRequest
1.22 coordination.k8s.io/v1beta1 coordination.k8s.io/v1 Lease =
1.22 scheduling.k8s.io/v1beta1 scheduling.k8s.io/v1 PriorityClass =
1.22 storage.k8s.io/v1beta1 storage.k8s.io/v1 StorageClass CSIDriver CSINode VolumeAttachment =
1.22 authentication.k8s.io/v1beta1 authentication.k8s.io/v1 TokenReview
1.22 authorization.k8s.io/v1beta1 authorization.k8s.io/v1 SubjectAccessReview LocalSubjectAccessReview SelfSubjectAccessReview
1.25 batch/v1beta1 batch/v1 CronJob =
1.25 discovery.k8s.io/v1beta1 discovery.k8s.io/v1 EndpointSlice
1.25 events.k8s.io/v1beta1 events.k8s.io/v1 Event
1.25 policy/v1beta1 policy/v1 PodDisruptionBudget
1.25 policy/v1beta1 - PodSecurityPolicy
1.25 autoscaling/v2beta1 autoscaling/v2 HorizontalPodAutoscaler
1.25 node.k8s.io/v1beta1 node.k8s.io/v1 RuntimeClass =
1.26 autoscaling/v2beta2 autoscaling/v2 HorizontalPodAutoscaler =
1.26 flowcontrol.apiserver.k8s.io/v1beta1 flowcontrol.apiserver.k8s.io/v1 FlowSchema PriorityLevelConfiguration
1.27 storage.k8s.io/v1beta1 storage.k8s.io/v1 CSIStorageCapacity =
1.29 flowcontrol.apiserver.k8s.io/v1beta2 flowcontrol.apiserver.k8s.io/v1 FlowSchema PriorityLevelConfiguration
1.32 flowcontrol.apiserver.k8s.io/v1beta3 flowcontrol.apiserver.k8s.io/v1 FlowSchema PriorityLevelConfiguration
`) {
		words := strings.Fields(line)
		if len(words) < 4 {
			continue
		}
		old := oldVersion{removed: words[0], instead: strings.Trim(words[2], "-"), alike: words[len(words)-1] == "="}
		for _, kind := range words[3:] {
			all[words[1]+" "+kind] = old
		}
	}
	return all
}()

// selects tells whether a workload of an old version has the selector that
// was optional then, and no field that is gone: the stable version reads it
// alike.
func selects(o *Object) bool {
	return o.Node.Get("spec", "selector") != nil && o.Node.Get("spec", "rollbackTo") == nil && o.Node.Get("spec", "templateGeneration") == nil
}

// before tells whether a release comes before another.
func before(a, b string) bool {
	return release(a) < release(b)
}

// release is a number that orders releases: 1.25 is 1025.
func release(s string) int {
	major, rest, _ := strings.Cut(strings.TrimPrefix(s, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	x, err := strconv.Atoi(major)
	if err != nil {
		return 1 << 30
	}
	y, err := strconv.Atoi(strings.TrimRight(minor, "+"))
	if err != nil {
		return 1 << 30
	}
	return x*1000 + y
}
