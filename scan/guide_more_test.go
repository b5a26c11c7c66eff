package scan_test

import (
	"slices"
	"testing"
	"time"

	"github.com/boltseal/boltseal/scan"
)

func inNovember() time.Time { return time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC) }

// The Dockerfiles, manifests and rules of the guides, with what is wrong in
// each. The indentation that one of the guides has lost is put back here.
func TestGuidesSources(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"Dockerfile.root": {guide(t, "000", "# ❌ BAD: Runs as root", "# ✓ GOOD"), []string{
			"docker/root-user", "docker/base-eol", "docker/npm-deprecated-flag", "docker/npm-install", "docker/npm-cache", "docker/copy-context-before-deps", "docker/no-healthcheck", "docker/not-pinned",
		}},
		"Dockerfile.user": {guide(t, "000", "# ✓ GOOD: Runs", "Kubernetes enforcement"), []string{"docker/base-eol", "docker/user-not-numeric", "docker/app-code-writable", "docker/npm-deprecated-flag"}},
		"Dockerfile.distroless": {guide(t, "000", "# Distroless image: ~150MB", "Distroless tradeoffs"), []string{
			"docker/entrypoint-base-mismatch", "docker/base-gone", "docker/copy-build-tree", "docker/libc-version-mismatch", "docker/root-user", "docker/no-tag",
		}},
		"Dockerfile.stages": {guide(t, "000", "# Multi-stage Node.js", "Multi-stage benefits"), []string{
			"docker/libc-mismatch", "docker/devdeps-in-final-stage", "docker/bundle-plus-modules", "docker/chown-without-user", "docker/entrypoint-base-mismatch", "docker/base-gone",
		}},
		"Dockerfile.secret": {guide(t, "000", "# ✓ GOOD: Use Docker", "Runtime secrets"), []string{
			"docker/secret-persisted", "docker/install-before-manifest", "docker/workdir-missing", "docker/secret-flag-syntax",
		}},
		"Dockerfile.apt": {guide(t, "000", "# Traditional image", "# Distroless image"), []string{"docker/apt-lists-kept", "docker/apt-recommends", "docker/apt-unpinned", "docker/root-user"}},
		"pod.yaml": {guide(t, "000", "# k8s-deployment.yaml", "Distroless Base"), []string{
			"kube/invalid", "kube/missing-image", "kube/capability-no-effect", "kube/memory-limit", "kube/service-account-token", "kube/naked-pod",
		}},
		"seccomp.yaml": {guide(t, "000", "# k8s-deployment.yaml with", "Network Policies"), []string{
			"kube/setting-overridden", "kube/latest-tag", "kube/capabilities-kept", "kube/profile-not-delivered", "seccomp/docker-dialect", "seccomp/unknown-syscall",
			"seccomp/foreign-syscall", "seccomp/cannot-start", "seccomp/missing-common",
		}},
		"netpol.yaml": {guide(t, "000", "# Default deny all", "Image Scanning"), []string{
			"kube/netpol-assumed-label", "kube/netpol-dns-one-protocol", "kube/netpol-dns-anywhere", "kube/netpol-external-by-namespace",
		}},
		"secure-pod.yaml": {securePod, []string{"kube/capability-no-effect", "kube/setting-repeated", "kube/latest-tag", "kube/memory-limit"}},
		"ns.yaml": {"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: production\n  labels:\n    pod-security.kubernetes.io/enforce: restricted\n", []string{
			"kube/pss-version",
		}},
		"egress.yaml": {openEgress, []string{"kube/netpol-allow-all", "kube/netpol-plaintext", "kube/netpol-no-dns"}},
		"rules.yaml":  {falcoRules, []string{"falco/error", "falco/needs-other-file", "falco/deprecated-field", "falco/any-socket"}},
		"cosign.md": {"```sh\n" + "cosign sign user/image:tag\ncosign verify user/image:tag\nnpm install -g snyk\n```\n", []string{
			"shell/sign-by-tag", "shell/sign-asks", "shell/verify-anyone", "shell/unpinned-install",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range scan.LintFile(name, []byte(c.text), &scan.Options{Now: inNovember}) {
				got = append(got, f.Check)
			}
			for _, want := range c.want {
				if !slices.Contains(got, want) {
					t.Errorf("%s is not found; got %v in\n%s", want, got, c.text)
				}
			}
		})
	}
}

const securePod = `apiVersion: v1
kind: Pod
metadata:
  name: secure-pod
spec:
  securityContext:
    runAsNonRoot: true
    runAsUser: 1000
    seccompProfile:
      type: RuntimeDefault
  containers:
  - name: app
    image: myapp:latest
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities:
        drop: [ALL]
        add: [NET_BIND_SERVICE]
      runAsNonRoot: true
      runAsUser: 1000
`

const openEgress = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: app
spec:
  podSelector:
    matchLabels: {app: api}
  policyTypes: [Ingress, Egress]
  egress:
  - to: []
    ports:
    - protocol: TCP
      port: 443
    - protocol: TCP
      port: 80
`

const falcoRules = `- rule: Write below binary dir
  desc: d
  condition: >
    bin_dir and evt.dir = < and open_write
  output: o
  priority: ERROR
- rule: Unexpected network activity
  desc: d
  condition: >
    evt.type = connect and
    container.id != host and
    not fd.sip in (10.0.0.0/8, 172.16.0.0/12)
  output: o
  priority: WARNING
`
