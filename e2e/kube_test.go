package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/boltseal/boltseal/e2e/kubetest"
)

// controlPlane is started by the first test that needs it, and stopped when
// all have ended.
var controlPlane struct {
	once sync.Once
	at   *kubetest.Cluster
	err  error
}

func cluster(t *testing.T) *kubetest.Cluster {
	t.Helper()
	controlPlane.once.Do(func() {
		begin := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), 25*time.Minute)
		defer cancel()
		controlPlane.at, controlPlane.err = kubetest.Start(ctx, nil)
		fmt.Fprintf(os.Stderr, "e2e: the API server was ready after %v\n", time.Since(begin).Round(100*time.Millisecond))
	})
	if controlPlane.err != nil {
		t.Fatal(controlPlane.err)
	}
	return controlPlane.at
}

func stopCluster() error {
	if controlPlane.at == nil {
		return nil
	}
	return controlPlane.at.Stop()
}

// standard is one pod with which Kubernetes tests its own admission.
type standard struct {
	level, version, verdict, check string // "restricted", "v1.24", "fail", "runasnonroot0"
	source                         string
}

// standards are the pods for every version that the server knows.
func standards(t *testing.T) []standard {
	t.Helper()
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/pod-security-admission")
	list.Dir = ".."
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "test", "testdata", "*", "v*", "*", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var all []standard
	for _, file := range files {
		parts := strings.Split(file, "/")
		n := len(parts)
		var minor int
		if _, err := fmt.Sscanf(parts[n-3], "v1.%d", &minor); err != nil || minor > 36 {
			continue // newer than the server
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, standard{parts[n-4], parts[n-3], parts[n-2], strings.TrimSuffix(parts[n-1], ".yaml"), string(content)})
	}
	if len(all) < 1000 {
		t.Fatalf("only %d pods", len(all))
	}
	return all
}

func (s standard) namespace() string { return s.level + "-" + strings.ReplaceAll(s.version, ".", "-") }

// pod is the pod in a namespace, under a name of its own.
func (s standard) pod(namespace string) string {
	text := strings.Replace(s.source, "\nmetadata:\n", "\nmetadata:\n  namespace: "+namespace+"\n", 1)
	return strings.Replace(text, "\n  name: "+s.check+"\n", "\n  name: "+strings.ReplaceAll(s.check, "_", "-")+"-"+s.verdict+"\n", 1)
}

// decide asks the server whether it would take an object in, and returns why
// not: "" when it would.
func decide(t *testing.T, c *kubetest.Cluster, path, object string) (status int, why string) {
	t.Helper()
	status, body, err := c.Do(t.Context(), "POST", path+"?dryRun=All&fieldValidation=Strict", "application/yaml", []byte(object))
	if err != nil {
		t.Fatal(err)
	}
	if status == http.StatusCreated {
		return status, ""
	}
	var said struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		t.Fatalf("%d %s", status, body)
	}
	return status, said.Message
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func namespaceOf(name, level, version string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: %s\n  labels:\n    pod-security.kubernetes.io/enforce: %s\n    pod-security.kubernetes.io/enforce-version: %s\n", name, level, version)
}

// lintReport is what the tests ask of a report.
type lintReport struct {
	Findings []struct {
		Check, Message string
		Location       struct{ File string }
	}
}

func lint(t *testing.T, codes []int, args ...string) lintReport {
	t.Helper()
	var r lintReport
	out := boltseal(t, append([]string{"lint", "-o", "json", "--fail-on", "none"}, args...)...).ok(t, codes...)
	if err := json.Unmarshal(out.stdout, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// The API server and boltseal give one verdict, in the same words, on every
// pod that Kubernetes' own tests hold, for each level in each version.
func TestKubePodSecurity(t *testing.T) {
	c := cluster(t)
	all := standards(t)
	dir := t.TempDir()
	made := map[string]bool{}
	for _, s := range all {
		if ns := s.namespace(); !made[ns] {
			made[ns] = true
			write(t, dir, ns+"/namespace.yaml", namespaceOf(ns, s.level, s.version))
			if err := c.Namespace(t.Context(), ns, map[string]string{
				"pod-security.kubernetes.io/enforce": s.level, "pod-security.kubernetes.io/enforce-version": s.version,
			}); err != nil {
				t.Fatal(err)
			}
		}
		write(t, dir, s.namespace()+"/"+s.check+"-"+s.verdict+".yaml", s.pod(s.namespace()))
	}
	refused := map[string]string{} // by file
	for _, f := range lint(t, []int{0}, dir).Findings {
		if f.Check == "kube/pss-refused" {
			_, why, _ := strings.Cut(f.Message, " refuses the pods: ")
			refused[strings.TrimPrefix(f.Location.File, dir+"/")] = why
		}
	}
	asked, invalid := 0, map[string]string{}
	for _, s := range all {
		file := s.namespace() + "/" + s.check + "-" + s.verdict + ".yaml"
		status, why := decide(t, c, "/api/v1/namespaces/"+s.namespace()+"/pods", s.pod(s.namespace()))
		ours, isRefused := refused[file]
		switch {
		case status == http.StatusCreated && isRefused:
			t.Errorf("%s is taken in, and boltseal says that it is refused: %s", file, ours)
		case status == http.StatusForbidden && strings.Contains(why, "violates PodSecurity"):
			// The server writes annotations of old into fields first, and speaks of both.
			_, theirs, _ := strings.Cut(why, fmt.Sprintf("violates PodSecurity \"%s:%s\": ", s.level, s.version))
			if !isRefused || theirs != ours && !strings.Contains(s.source, "annotations:") {
				t.Errorf("%s is refused: %s\nboltseal says %q", file, why, ours)
			}
		case status == http.StatusUnprocessableEntity || status == http.StatusBadRequest:
			invalid[s.check] = why // for another reason than its security: no verdict
			continue
		case status != http.StatusCreated:
			t.Errorf("%s: %d %s", file, status, why)
		}
		asked++
	}
	t.Logf("%d pods judged alike, %d of them refused; no pods for this server: %v", asked, len(refused), invalid)
	if asked < len(all)*19/20 {
		t.Errorf("the server judged %d of %d pods", asked, len(all))
	}
}

// What the restricted level refuses is taken in after lint --fix. The volumes
// that it refuses are mounted nowhere in these pods.
func TestKubeFixes(t *testing.T) {
	c := cluster(t)
	const ns = "fixed"
	if err := c.Namespace(t.Context(), ns, map[string]string{"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "v1.36"}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, "namespace.yaml", namespaceOf(ns, "restricted", "v1.36"))
	var pods []standard
	for _, s := range standards(t) {
		if s.verdict == "fail" && s.version == "v1.36" {
			s.check += "-" + s.level
			s.source = strings.Replace(s.source, "\n  name: "+strings.TrimSuffix(s.check, "-"+s.level)+"\n", "\n  name: "+s.check+"\n", 1)
			if status, why := decide(t, c, "/api/v1/namespaces/"+ns+"/pods", s.pod(ns)); status != http.StatusForbidden {
				if status != http.StatusUnprocessableEntity {
					t.Errorf("%s is not refused: %d %s", s.check, status, why)
				}
				continue
			}
			pods = append(pods, s)
			write(t, dir, s.check+".yaml", s.pod(ns))
			write(t, dir, s.check+"-deployment.yaml", deployment(s, ns))
		}
	}
	boltseal(t, "lint", "--fix", "--unsafe", "--fail-on", "none", dir).ok(t)
	fixed := 0
	for _, s := range pods {
		content, err := os.ReadFile(filepath.Join(dir, s.check+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		status, why := decide(t, c, "/api/v1/namespaces/"+ns+"/pods", string(content))
		if status == http.StatusCreated {
			fixed++
		} else {
			t.Errorf("%s is refused after its fix: %d %s\n%s", s.check, status, why, content)
		}
		// The same in a workload's template: the server takes the workload in
		// whatever its pods are, and warns.
		out, errs, err := c.Kubectl(t.Context(), nil, "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", filepath.Join(dir, s.check+"-deployment.yaml"))
		if err != nil {
			t.Errorf("apply the deployment of %s: %v\n%s%s", s.check, err, out, errs)
		}
		if strings.Contains(string(errs), "would violate PodSecurity") {
			t.Errorf("the pods of the deployment of %s are refused: %s", s.check, errs)
		}
	}
	t.Logf("%d of %d pods are taken in after their fix", fixed, len(pods))
}

var podSpec = regexp.MustCompile(`(?s)\nspec:\n(.*)$`)

// deployment is a workload with a pod's specification.
func deployment(s standard, ns string) string {
	spec := podSpec.FindStringSubmatch(s.source)[1]
	var body strings.Builder
	for line := range strings.Lines(spec) {
		body.WriteString("    " + line)
	}
	annotations := ""
	if _, rest, ok := strings.Cut(s.source, "\n  annotations:\n"); ok {
		annotations = "      annotations:\n"
		for line := range strings.Lines(rest) {
			if !strings.HasPrefix(line, "    ") {
				break
			}
			annotations += "    " + line
		}
	}
	name := strings.ReplaceAll(s.check, "_", "-")
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: " + name + "\n  namespace: " + ns + "\nspec:\n  selector:\n    matchLabels: {app: " + name +
		"}\n  template:\n    metadata:\n      labels: {app: " + name + "}\n" + annotations + "    spec:\n" + strings.ReplaceAll(body.String(), "restartPolicy: Never", "restartPolicy: Always")
}

// apply applies what a folder or file holds, for good, and returns what was
// warned about.
func apply(t *testing.T, c *kubetest.Cluster, stdin string, args ...string) string {
	t.Helper()
	out, errs, err := c.Kubectl(t.Context(), strings.NewReader(stdin), append([]string{"apply", "--server-side", "--validate=strict"}, args...)...)
	if err != nil {
		t.Fatalf("kubectl apply %v: %v\n%s%s", args, err, out, errs)
	}
	return string(errs)
}

const shop = `apiVersion: v1
kind: Namespace
metadata:
  name: shop
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: registry.k8s.io/pause@sha256:ee6521f290b2168b6e0935a181d4cff9be1ac3f505666ef0e3c98fae8199917a
          env:
            - {name: API, value: "http://api:80"}
          ports: [{containerPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  namespace: shop
spec:
  selector:
    matchLabels: {app: api}
  template:
    metadata:
      labels: {app: api}
    spec:
      containers:
        - name: api
          image: registry.k8s.io/pause@sha256:ee6521f290b2168b6e0935a181d4cff9be1ac3f505666ef0e3c98fae8199917a
          env:
            - {name: DB, value: "postgres://db.data.svc.cluster.local:5432/x"}
          ports: [{name: http, containerPort: 9090}]
---
apiVersion: v1
kind: Service
metadata:
  name: api
  namespace: shop
spec:
  selector: {app: api}
  ports: [{port: 80, targetPort: http}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  rules:
    - host: shop.example
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: web, port: {number: 80}}}
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
`

// Namespaces get their labels and policies, and what was fixed passes what it
// now enforces.
func TestKubeNamespaceFixes(t *testing.T) {
	c := cluster(t)
	dir := t.TempDir()
	write(t, dir, "shop.yaml", shop)
	boltseal(t, "lint", "--fix", "--unsafe", "--fail-on", "none", dir).ok(t, 0)
	fixed, err := os.ReadFile(filepath.Join(dir, "shop.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"pod-security.kubernetes.io/enforce: restricted", "kind: NetworkPolicy"} {
		if !strings.Contains(string(fixed), want) {
			t.Errorf("the fix brought no %q:\n%s", want, fixed)
		}
	}
	if warned := apply(t, c, "", "-f", dir); strings.Contains(warned, "Warning") {
		t.Errorf("the server warns: %s\n%s", warned, fixed)
	}
	out, _, err := c.Kubectl(t.Context(), nil, "get", "networkpolicies,deployments", "-n", "shop", "-o", "name")
	if err != nil || !strings.Contains(string(out), "networkpolicy") || !strings.Contains(string(out), "deployment.apps/api") {
		t.Errorf("%v: %s", err, out)
	}
}

// Policies that are generated are what the server takes in.
func TestKubeNetworkPolicies(t *testing.T) {
	c := cluster(t)
	dir := t.TempDir()
	write(t, dir, "shop.yaml", strings.ReplaceAll(shop, "shop", "bazaar"))
	apply(t, c, "", "-f", dir)
	policies := boltseal(t, "netpol", "generate", dir).ok(t)
	if warned := apply(t, c, string(policies.stdout), "-f", "-"); strings.Contains(warned, "Warning") {
		t.Errorf("the server warns: %s\n%s", warned, policies.stdout)
	}
	out, _, err := c.Kubectl(t.Context(), nil, "get", "networkpolicies", "-n", "bazaar", "-o", "name")
	if err != nil || strings.Count(string(out), "networkpolicy") < 4 {
		t.Errorf("%v: %s\n%s", err, out, policies.stdout)
	}
}

// What init writes for a project is valid to the last field.
func TestKubeInit(t *testing.T) {
	c := cluster(t)
	for name, files := range map[string]map[string]string{
		"node":   {"package.json": `{"name":"web","version":"1.0.0","main":"index.js","scripts":{"start":"node index.js"}}`, "package-lock.json": `{"name":"web","lockfileVersion":3,"packages":{}}`, "index.js": "require('http').createServer().listen(3000)\n"},
		"go":     {"go.mod": "module example.com/app\n\ngo 1.26\n", "main.go": "package main\n\nfunc main() {}\n"},
		"python": {"requirements.txt": "flask==3.1.0\n", "app.py": "from flask import Flask\napp = Flask(__name__)\n"},
		"java":   {"pom.xml": "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>app</artifactId><version>1</version></project>\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, content := range files {
				write(t, dir, file, content)
			}
			boltseal(t, "init", dir).ok(t)
			var manifests []string
			err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
				if err == nil && strings.HasSuffix(path, ".yaml") && !strings.Contains(path, ".github") {
					if content, err := os.ReadFile(path); err == nil && strings.Contains(string(content), "apiVersion:") && !strings.Contains(string(content), "kustomize.config.k8s.io") {
						manifests = append(manifests, path)
					}
				}
				return err
			})
			if err != nil || len(manifests) == 0 {
				t.Fatalf("no manifests: %v", err)
			}
			slices.Sort(manifests)
			var args []string
			for _, m := range manifests {
				args = append(args, "-f", m)
			}
			if warned := apply(t, c, "", args...); strings.Contains(warned, "Warning") {
				t.Errorf("the server warns: %s", warned)
			}
		})
	}
}

const checksOfOurs = `checks:
  - id: acme/digest-only
    title: images are named by digest
    severity: high
    over: manifest
    kinds: [Pod]
    expression: variables.podSpec.containers.all(c, c.image.contains('@sha256:'))
  - id: acme/no-host-network
    title: pods have a network of their own
    severity: high
    over: manifest
    kinds: [Pod]
    expression: "!variables.podSpec.?hostNetwork.orValue(false)"
  - id: acme/owner
    title: pods have an owner
    severity: medium
    over: manifest
    kinds: [Pod]
    expression: "'owner' in object.metadata.?labels.orValue({})"
`

// A policy that is exported refuses in the cluster what the check finds in
// the files, and nothing else.
func TestKubeExportedPolicy(t *testing.T) {
	c := cluster(t)
	const ns = "policed"
	if err := c.Namespace(t.Context(), ns, nil); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, "checks.yaml", checksOfOurs)
	exported := boltseal(t, "policy", "export", "vap", filepath.Join(dir, "checks.yaml")).ok(t)
	apply(t, c, string(exported.stdout), "-f", "-")

	pods := map[string]string{}
	for _, image := range []string{"nginx:1.29", "nginx@sha256:" + strings.Repeat("0", 64)} {
		for _, host := range []string{"", "  hostNetwork: true\n", "  hostNetwork: false\n"} {
			for _, labels := range []string{"", "  labels: {owner: me}\n", "  labels: {app: x}\n"} {
				name := fmt.Sprintf("p%d", len(pods))
				pods[name] = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: " + name + "\n  namespace: " + ns + "\n" + labels +
					"spec:\n" + host + "  containers:\n    - name: a\n      image: " + image + "\n"
				write(t, dir, "pods/"+name+".yaml", pods[name])
			}
		}
	}
	ours := map[string][]string{}
	for _, f := range lint(t, []int{0}, filepath.Join(dir, "pods"), "--check-file", filepath.Join(dir, "checks.yaml")).Findings {
		if strings.HasPrefix(f.Check, "acme/") {
			name := strings.TrimSuffix(filepath.Base(f.Location.File), ".yaml")
			ours[name] = append(ours[name], f.Check)
		}
	}
	if len(ours) == 0 || len(ours) == len(pods) {
		t.Fatalf("%d of %d pods fail a check", len(ours), len(pods))
	}
	path := "/api/v1/namespaces/" + ns + "/pods"
	bad := "p0" // a tag, and no owner
	for begin := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		if status, _ := decide(t, c, path, pods[bad]); status == http.StatusUnprocessableEntity || status == http.StatusForbidden {
			break
		}
		if time.Since(begin) > time.Minute {
			t.Fatal("the policy does not come into force")
		}
	}
	time.Sleep(2 * time.Second) // one policy is in force; the others come with it
	for name, text := range pods {
		status, why := decide(t, c, path, text)
		switch refused := status != http.StatusCreated; {
		case refused != (len(ours[name]) > 0):
			t.Errorf("%s: the server says %d %s, boltseal finds %v\n%s", name, status, why, ours[name], text)
		case refused && !strings.Contains(why, "ValidatingAdmissionPolicy"):
			t.Errorf("%s is refused for another reason: %s", name, why)
		}
	}
	for _, name := range []string{"validatingadmissionpolicybindings", "validatingadmissionpolicies"} {
		if out, errs, err := c.Kubectl(t.Context(), nil, "delete", name, "--all"); err != nil {
			t.Errorf("%v: %s%s", err, out, errs)
		}
	}
}
