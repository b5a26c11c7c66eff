package kube_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/kube"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// pod is a file with places for an annotation, and for comments above the
// document, above the field and behind it.
const acceptedPod = `%s
apiVersion: v1
kind: Pod
metadata:
  name: a
  annotations:
    note: x
%s
spec:
%s
  hostPID: true%s
  hostIPC: true
  containers:
  - name: c
    image: nginx:1.27
`

func TestAcceptance(t *testing.T) {
	for _, c := range []struct{ name, above, annotation, field, behind, gone string }{
		{name: "nothing"},
		{name: "our annotation", annotation: "boltseal.dev/ignore: kube/host-pid, host-ipc", gone: "host-pid host-ipc"},
		{name: "kube-linter", annotation: `ignore-check.kube-linter.io/host-pid: "it needs it"`, gone: "host-pid"},
		{name: "kube-linter, another check", annotation: `ignore-check.kube-linter.io/host-network: x`},
		{name: "kube-linter, all", annotation: `kube-linter.io/ignore-all: x`, gone: "host-pid host-ipc"},
		{name: "checkov", annotation: "checkov.io/skip1: CKV_K8S_17=it needs it", gone: "host-pid"},
		{name: "polaris", annotation: `polaris.fairwinds.com/hostPIDSet-exempt: "true"`, gone: "host-pid"},
		{name: "polaris, not true", annotation: `polaris.fairwinds.com/hostPIDSet-exempt: "false"`},
		{name: "polaris, all", annotation: `polaris.fairwinds.com/exempt: "true"`, gone: "host-pid host-ipc"},
		{name: "kube-score", annotation: "kube-score/ignore: container-image-tag"},
		{name: "our comment above", field: "  # boltseal ignore=kube/host-pid it needs it", gone: "host-pid"},
		{name: "our comment behind", behind: " # boltseal ignore=host-pid", gone: "host-pid"},
		{name: "our comment about the document", above: "# boltseal ignore=host-pid,host-ipc", gone: "host-pid host-ipc"},
		{name: "another document's comment", above: "# boltseal ignore=host-pid\n---"},
		{name: "trivy", field: "  #trivy:ignore:KSV-0010", gone: "host-pid"},
		{name: "trivy, old id", field: "  # trivy:ignore:AVD-KSV-0010 #trivy:ignore:KSV008", gone: "host-pid"},
		{name: "trivy, the document", above: "#trivy:ignore:KSV010 #trivy:ignore:KSV008", gone: "host-pid host-ipc"},
		{name: "checkov comment", above: "# checkov:skip=CKV_K8S_17:it needs it", gone: "host-pid"},
		{name: "kics", behind: " # kics-scan ignore-line", gone: "host-pid"},
		{name: "a word in passing", field: "  # do not ignore host-pid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			annotation := c.annotation
			if annotation != "" {
				annotation = "    " + annotation
			}
			source := fmt.Sprintf(acceptedPod, c.above, annotation, c.field, c.behind)
			findings, _ := kube.Run([]*manifest.File{manifest.Parse("a.yaml", []byte(source))}, kube.Rules(), nil)
			for _, slug := range []string{"host-pid", "host-ipc"} {
				found := slices.ContainsFunc(findings, func(f boltseal.Finding) bool { return f.Check == "kube/"+slug && f.Waived == nil })
				if gone := slices.Contains(strings.Fields(c.gone), slug); found == gone {
					t.Errorf("%s: found %v\n%s", slug, found, source)
				}
			}
		})
	}
}

func TestAnnotationOfTheTemplate(t *testing.T) {
	source := `apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  selector: {matchLabels: {app: a}}
  template:
    metadata:
      labels: {app: a}
      annotations: {boltseal.dev/ignore: latest-tag}
    spec:
      containers: [{name: c, image: nginx}]
`
	findings, _ := kube.Run([]*manifest.File{manifest.Parse("a.yaml", []byte(source))}, kube.Rules(), nil)
	for _, f := range findings {
		if f.Check == "kube/latest-tag" && f.Waived == nil {
			t.Errorf("%+v", f)
		}
	}
}

// Objects of several files are one set: roles, bindings, accounts and
// namespaces are joined, and folders tell what is missing from what is
// elsewhere.
func TestAcrossFiles(t *testing.T) {
	files := []*manifest.File{
		manifest.Parse("app/pod.yaml", []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: x}\nspec:\n  serviceAccountName: app\n  containers: [{name: c, image: \"a:1\"}]\n")),
		manifest.Parse("rbac/role.yaml", []byte("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\nrules:\n- apiGroups: [\"\"]\n  resources: [secrets]\n  verbs: [get]\n")),
		manifest.Parse("rbac/binding.yaml", []byte("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}\nsubjects:\n- {kind: ServiceAccount, name: app, namespace: x}\n")),
		manifest.Parse("ns.yaml", []byte("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: x\n  labels: {pod-security.kubernetes.io/enforce: restricted}\n")),
		manifest.Parse("other/account.yaml", []byte("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: other, namespace: x}\n")),
		manifest.Parse("svc/service.yaml", []byte("apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: x}\nspec:\n  selector: {app: none}\n  ports: [{port: 80}]\n")),
	}
	findings, gaps := kube.Run(files, kube.Rules(), nil)
	if len(gaps) > 0 {
		t.Errorf("gaps: %+v", gaps)
	}
	got := map[string]string{}
	for _, f := range findings {
		got[f.Check] = f.Location.File + ": " + f.Message
	}
	for check, want := range map[string]string{
		"kube/workload-escalates":      "app/pod.yaml: the pods may read the secrets of all namespaces, by ClusterRoleBinding/b and the role r",
		"kube/rbac-secrets":            "rbac/role.yaml: may get secrets: it reads every password and token there; held by the service account x/app",
		"kube/missing-service-account": "", // the accounts that are there lie elsewhere
		"kube/service-selects-nothing": "",
	} {
		if got[check] != want {
			t.Errorf("%s: want %q, got %q", check, want, got[check])
		}
	}
	if !strings.HasPrefix(got["kube/pss-refused"], "app/pod.yaml: the namespace x enforces restricted") {
		t.Errorf("got %q", got["kube/pss-refused"])
	}
}

func TestVersionsThatAreNone(t *testing.T) {
	_, gaps := kube.Run(nil, kube.Rules(), &kube.Options{PodSecurity: "soon"})
	if len(gaps) != 1 || gaps[0].Kind != "bad-version" {
		t.Errorf("got %+v", gaps)
	}
}

// A secret never gets into a report.
func TestSecretsStayWhereTheyAre(t *testing.T) {
	source := `apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers:
  - name: c
    image: a:1
    args: [--password=hunter2hunter2, postgres://u:hunter2hunter2@h/]
    env: [{name: PASSWORD, value: hunter2hunter2}]
---
apiVersion: v1
kind: Secret
metadata: {name: b}
stringData: {password: hunter2hunter2}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: b}
data: {password: hunter2hunter2}
`
	findings, _ := kube.Run([]*manifest.File{manifest.Parse("a.yaml", []byte(source))}, kube.Rules(), nil)
	for _, f := range findings {
		if text := fmt.Sprintf("%+v", f); strings.Contains(text, "hunter2hunter2") {
			t.Errorf("%s", text)
		}
	}
}
