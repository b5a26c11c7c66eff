package kube

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/pull-policy", Title: "an image that is on the node is not asked for again", Severity: boltseal.Low,
		Aliases: aliases("checkov:CKV_K8S_15 kubescape:C-0075 polaris:pullPolicyNotAlways kube-score:container-image-pull-policy"),
		Doc: `With IfNotPresent, the default for a tag other than latest, a node runs whatever it once pulled under that tag: an old build after the tag moved, or a private image
for a pod whose owner has no right to pull it. Always asks the registry, and downloads nothing when the digest is the same. An image with a digest needs no such care.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			im := imageOf(c.Image)
			if unfilled(c.Image) || im.digest != "" || c.ImagePullPolicy == corev1.PullAlways || c.ImagePullPolicy == "" && (im.tag == "" || im.tag == "latest") {
				continue
			}
			policy := "the default is IfNotPresent"
			if c.ImagePullPolicy != "" {
				policy = "the policy is " + string(c.ImagePullPolicy)
			}
			p.At(c, names("imagePullPolicy"), c.label()+" may run an old "+c.Image+": "+policy,
				set(c.Workload.Object, "always ask the registry", true, c.Node, "Always", "imagePullPolicy")...)
		}
	},
})
