package kube_test

import (
	"testing"

	"github.com/boltseal/boltseal/check/kube"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// A policy of a kind that is not evaluated is a gap, once for each kind, and
// not a reason to say that nothing isolates the namespace.
func TestForeignPoliciesAreGaps(t *testing.T) {
	f := manifest.Parse("a.yaml", []byte(`apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: a, namespace: shop}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: b, namespace: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: shop}
spec: {containers: [{name: c, image: "a:1"}]}
`))
	findings, gaps := kube.Run([]*manifest.File{f}, kube.Rules(), &kube.Options{})
	if len(gaps) != 1 || gaps[0].Kind != "unsupported-policy" || gaps[0].What != "2 of kind CiliumNetworkPolicy" {
		t.Errorf("gaps %+v", gaps)
	}
	for _, found := range findings {
		if found.Check == "kube/netpol-no-default-deny" {
			t.Errorf("%s: %s", found.Check, found.Message)
		}
	}
}
