package vuln_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/vuln"
)

// TestKubernetes compares programs with advisories about programs, and leaves
// libraries of the same name alone. The compiler GHC has an ecosystem, too.
func TestKubernetes(t *testing.T) {
	db := database(t, map[string][]byte{"advisories.json": []byte(`[
{"id": "CVE-2024-0001", "modified": "2024-01-01T00:00:00Z", "affected": [{"package": {"ecosystem": "Kubernetes", "name": "k8s.io/kubelet"},
  "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.27.9"}]}]}]},
{"id": "CVE-2024-0002", "modified": "2024-01-01T00:00:00Z", "affected": [{"package": {"ecosystem": "Kubernetes", "name": "k8s.io/ingress-nginx"},
  "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.12.1"}]}]}]},
{"id": "CVE-2024-0003", "modified": "2024-01-01T00:00:00Z", "affected": [{"package": {"ecosystem": "Kubernetes", "name": "sigs.k8s.io/secrets-store-csi-driver"},
  "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "0.3.0"}]}]}]},
{"id": "GO-2024-0004", "modified": "2024-01-01T00:00:00Z", "affected": [{"package": {"ecosystem": "Go", "name": "k8s.io/kubernetes"},
  "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.20.0"}]}]}]},
{"id": "HSEC-2024-0007", "modified": "2024-01-01T00:00:00Z", "affected": [{"package": {"ecosystem": "GHC", "name": "ghc"},
  "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "9.2.4"}, {"fixed": "9.2.5"}]}]}]}
]`)})
	for _, c := range []struct {
		purl, file string
		want       []string
	}{
		{"pkg:golang/k8s.io/kubernetes@v1.27.3", "usr/bin/kubelet", []string{"CVE-2024-0001"}},
		{"pkg:golang/k8s.io/kubernetes@v1.27.9", "usr/bin/kubelet", nil},
		{"pkg:golang/k8s.io/kubernetes@v1.27.3", "usr/bin/kube-scheduler", nil},
		{"pkg:golang/k8s.io/kubernetes@v1.19.0", "usr/bin/e2e.test", []string{"GO-2024-0004"}},
		{"pkg:golang/k8s.io/kubelet@v0.27.3", "usr/bin/operator", nil},
		{"pkg:golang/k8s.io/ingress-nginx@v1.11.0", "nginx-ingress-controller", []string{"CVE-2024-0002"}},
		{"pkg:golang/sigs.k8s.io/secrets-store-csi-driver@v0.2.0", "secrets-store-csi", []string{"CVE-2024-0003"}},
		{"pkg:golang/example.com/kubelet@v1.0.0", "usr/bin/kubelet", nil},
		{"pkg:generic/haskell/ghc@9.2.4", "opt/ghc/bin/ghc", []string{"HSEC-2024-0007"}},
		{"pkg:generic/ghc@9.2.5", "opt/ghc/bin/ghc", nil},
		{"pkg:generic/myapp@1.0", "opt/myapp", nil},
	} {
		p, err := boltseal.ParsePURL(c.purl)
		if err != nil {
			t.Fatal(err)
		}
		component := boltseal.Component{PURL: c.purl, Name: p.FullName(), Version: p.Version, Basis: boltseal.Embedded, Locations: []boltseal.Location{{File: c.file}}}
		findings, gaps, err := vuln.Match(t.Context(), []boltseal.Component{component}, &vuln.Options{DB: db})
		if err != nil || len(gaps) > 0 {
			t.Fatal(err, gaps)
		}
		var got []string
		for i := range findings {
			got = append(got, findings[i].Advisory.ID)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s in %s (-want +got):\n%s", c.purl, c.file, diff)
		}
	}
}
