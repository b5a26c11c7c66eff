package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// renderers is a PATH with helm and kubectl in front, which are built once.
func renderers(t *testing.T) string {
	t.Helper()
	path := os.Getenv("PATH")
	for _, module := range []string{"kube", "helm"} {
		cmd := exec.Command(filepath.Join(module, "build.sh"))
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("build %s: %v", module, err)
		}
		path = strings.TrimSpace(string(out)) + ":" + path
	}
	return path
}

const webTemplate = `{{- if .Values.enabled }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-web
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      securityContext:
        runAsNonRoot: {{ .Values.nonRoot }}
      {{- with .Values.network }}
      hostNetwork: {{ . }}
      {{- end }}
      containers:
        - name: web
          image: "nginx:{{ .Values.tag }}"
{{- end }}
`

// What helm and kustomize make of charts and overlays is judged, with values
// and patches, and found where it was written.
func TestRender(t *testing.T) {
	path := renderers(t)
	dir := t.TempDir()
	for name, content := range map[string]string{
		"chart/Chart.yaml":                    "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
		"chart/values.yaml":                   "enabled: true\nnonRoot: false\nnetwork: true\ntag: latest\n",
		"chart/templates/web.yaml":            webTemplate,
		"chart/charts/sub/Chart.yaml":         "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
		"chart/charts/sub/templates/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: sub\nspec:\n  hostIPC: {{ true }}\n  containers: [{name: a, image: a}]\n",
		"production.yaml":                     "nonRoot: true\nnetwork: false\ntag: \"1.29\"\n",
		"k/base/kustomization.yaml":           "resources: [web.yaml]\n",
		"k/base/web.yaml":                     "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  hostPID: true\n  containers:\n  - name: web\n    image: nginx:1.29\n",
		"k/over/kustomization.yaml":           "namePrefix: prod-\nresources: [../base]\npatches:\n- path: patch.yaml\n",
		"k/over/patch.yaml":                   "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  hostPID: false\n",
		"broken/Chart.yaml":                   "apiVersion: v2\nname: broken\nversion: 1.0.0\n",
		"broken/templates/a.yaml":             "a: {{ required \"a name is needed\" .Values.name }}\n",
	} {
		write(t, dir, name, content)
	}
	type finding struct {
		Check    string
		Location struct {
			File string
			Line int
		}
	}
	lintIn := func(code int, args ...string) (found map[finding]bool, gaps string) {
		c := command{args: append([]string{"lint", "-o", "json", "--fail-on", "none"}, args...), env: []string{"PATH=" + path}}
		out := c.run(t).ok(t, code)
		var r struct {
			Findings []finding
			Gaps     []struct{ What, Why string }
		}
		if err := json.Unmarshal(out.stdout, &r); err != nil {
			t.Fatal(err)
		}
		found = map[finding]bool{}
		for _, f := range r.Findings {
			f.Location.File = strings.TrimPrefix(f.Location.File, dir+"/")
			found[f] = true
		}
		for _, g := range r.Gaps {
			gaps += g.What + ": " + g.Why + "\n"
		}
		return found, gaps
	}
	at := func(check, file string, line int) finding {
		f := finding{Check: check}
		f.Location.File, f.Location.Line = file, line
		return f
	}
	found, _ := lintIn(0, "--render", filepath.Join(dir, "chart"), filepath.Join(dir, "k"))
	for _, want := range []finding{
		at("kube/run-as-non-root", "chart/templates/web.yaml", 14), at("kube/host-network", "chart/templates/web.yaml", 16),
		at("kube/latest-tag", "chart/templates/web.yaml", 20), at("kube/host-ipc", "chart/charts/sub/templates/pod.yaml", 6),
		at("kube/image-not-pinned", "k/base/web.yaml", 9),
	} {
		if !found[want] {
			t.Errorf("no %+v in %v", want, found)
		}
	}
	for f := range found {
		if f.Check == "kube/host-pid" {
			t.Errorf("the patch was not seen: %+v", f)
		}
	}
	found, _ = lintIn(0, "--render", "--values", filepath.Join(dir, "production.yaml"), filepath.Join(dir, "chart"))
	for f := range found {
		if f.Location.File == "chart/templates/web.yaml" && (f.Check == "kube/run-as-non-root" || f.Check == "kube/host-network" || f.Check == "kube/latest-tag") {
			t.Errorf("the values were not seen: %+v", f)
		}
	}
	if _, gaps := lintIn(3, "--render", filepath.Join(dir, "broken")); !strings.Contains(gaps, "a name is needed") {
		t.Errorf("gaps: %s", gaps)
	}
	if _, gaps := lintIn(3, filepath.Join(dir, "chart")); !strings.Contains(gaps, "its templates") {
		t.Errorf("gaps: %s", gaps)
	}
}
