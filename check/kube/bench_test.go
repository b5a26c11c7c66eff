package kube_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal/check/kube"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// application is what a team has in one file: a namespace's workload with its
// account, role, service and budget.
func application(i int) (string, []byte) {
	name, namespace := fmt.Sprintf("app-%d", i), fmt.Sprintf("team-%d", i%200)
	return fmt.Sprintf("team-%d/%s.yaml", i%200, name), []byte(strings.NewReplacer("NAME", name, "NAMESPACE", namespace).Replace(applicationText))
}

const applicationText = `# The application of a team.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: NAME
  namespace: NAMESPACE
  labels: {app.kubernetes.io/name: NAME, app.kubernetes.io/managed-by: team}
spec:
  replicas: 3
  selector:
    matchLabels:
      app.kubernetes.io/name: NAME
  template:
    metadata:
      labels:
        app.kubernetes.io/name: NAME
        app.kubernetes.io/managed-by: team
    spec:
      serviceAccountName: NAME
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
      containers:
        - name: app
          image: registry.example.com/team/NAME:1.2.3
          ports:
            - name: http
              containerPort: 8080
          env:
            - name: LEVEL
              value: info
            - name: DB_PASSWORD
              valueFrom:
                secretKeyRef: {name: NAME, key: password}
          resources:
            requests: {cpu: 100m, memory: 128Mi}
            limits: {memory: 256Mi}
          readinessProbe:
            httpGet: {path: /ready, port: http}
          securityContext:
            allowPrivilegeEscalation: false
            capabilities:
              drop: [ALL]
          volumeMounts:
            - name: config
              mountPath: /etc/app
      volumes:
        - name: config
          configMap:
            name: NAME
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: NAME
  namespace: NAMESPACE
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: NAME
  namespace: NAMESPACE
data:
  app.properties: |
    level=info
    db.url=jdbc:postgresql://db:5432/app
---
apiVersion: v1
kind: Service
metadata:
  name: NAME
  namespace: NAMESPACE
spec:
  selector:
    app.kubernetes.io/name: NAME
  ports:
    - name: http
      port: 80
      targetPort: http
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: NAME
  namespace: NAMESPACE
rules:
  - apiGroups: [""]
    resources: [configmaps]
    resourceNames: [NAME]
    verbs: [get, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: NAME
  namespace: NAMESPACE
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: NAME}
subjects:
  - kind: ServiceAccount
    name: NAME
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: NAME
  namespace: NAMESPACE
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: NAME
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: NAME
  namespace: NAMESPACE
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: NAME
  policyTypes: [Ingress, Egress]
  ingress:
    - ports:
        - port: http
`

// Files of eight objects each, parsed and checked by every rule.
func BenchmarkRun(b *testing.B) {
	for _, n := range []int{1, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			names, sources := make([]string, n), make([][]byte, n)
			size := 0
			for i := range n {
				names[i], sources[i] = application(i)
				size += len(sources[i])
			}
			rules := kube.Rules()
			b.SetBytes(int64(size))
			for b.Loop() {
				files := make([]*manifest.File, n)
				for i := range n {
					files[i] = manifest.Parse(names[i], sources[i])
				}
				kube.Run(files, rules, nil)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "files/s")
		})
	}
}

// One Deployment with a Service, as most files are.
func BenchmarkDeployment(b *testing.B) {
	const n = 10000
	files := make([]*manifest.File, n)
	for i := range n {
		name, text := application(i)
		docs := strings.Split(string(text), "---\n")
		files[i] = manifest.Parse(name, []byte(docs[0]+"---\n"+docs[3]))
	}
	rules := kube.Rules()
	for b.Loop() {
		kube.Run(files, rules, nil)
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "files/s")
}

// FuzzRun looks for files on which a rule fails, or reports or edits what is
// not in the file.
func FuzzRun(f *testing.F) {
	for _, dir := range []string{"testdata/", "testdata/fix/"} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			f.Fatal(err)
		}
		for _, e := range entries {
			if data, err := os.ReadFile(dir + e.Name()); err == nil && len(data) < 3000 {
				f.Add(data)
			}
		}
	}
	rules := kube.Rules()
	f.Fuzz(func(t *testing.T, source []byte) {
		file := manifest.Parse("app.yaml", source)
		findings, _ := kube.Run([]*manifest.File{file}, rules, &kube.Options{Registries: []string{"x"}})
		for _, found := range findings {
			spans := []int{found.Location.Span.Start, found.Location.Span.End}
			for _, fix := range found.Fixes {
				at := -1
				for _, e := range fix.Edits {
					if e.Span.Start < at {
						t.Fatalf("%s: edits overlap: %+v", found.Check, fix)
					}
					at = e.Span.End
					spans = append(spans, e.Span.Start, e.Span.End)
				}
			}
			for i := 0; i < len(spans); i += 2 {
				if spans[i] < 0 || spans[i] > spans[i+1] || spans[i+1] > len(source) {
					t.Fatalf("%s: the span %d to %d does not fit a file of %d bytes", found.Check, spans[i], spans[i+1], len(source))
				}
			}
		}
	})
}

// What nobody writes by hand must not take long, nor much memory.
func TestLargeObjects(t *testing.T) {
	for name, source := range map[string]string{
		"containers": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [" + strings.Repeat("{},", 1<<17) + "{}]\n",
		"mounts":     "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: c, image: a, volumeMounts: [" + strings.Repeat("{name: v, mountPath: /x},", 1<<14) + "]}]\n",
		"keys":       "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n" + manyKeys(20000),
		"services":   strings.Repeat("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {selector: {a: b}, ports: [{port: 1}]}\n---\n", 2000) + strings.Repeat("apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {a: b}}\nspec: {containers: [{name: c, image: a, ports: [{containerPort: 2}]}]}\n---\n", 2000),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			findings, gaps := kube.Run([]*manifest.File{manifest.Parse("a.yaml", []byte(source))}, kube.Rules(), nil)
			if len(findings)+len(gaps) == 0 {
				t.Error("nothing was found")
			}
			if took := time.Since(start); took > time.Minute {
				t.Errorf("%v for %d findings", took, len(findings))
			}
		})
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  password%d: hunter2\n", i)
	}
	return b.String()
}
