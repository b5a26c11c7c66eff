package scan_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/remedy"
	"github.com/boltseal/boltseal/scan"
)

// unpack writes the files of an archive below a new folder.
func unpack(t testing.TB, archive string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

func lint(t testing.TB, paths ...string) *boltseal.Report {
	t.Helper()
	p := policy.Default()
	p.AllowGaps = []string{"*"}
	r, err := scan.Lint(t.Context(), paths, &scan.Options{Now: clock, IsFile: isFile, Policy: p, Jobs: 2})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// files lists which files have findings, relative to a folder, with the
// families of checks.
func files(r *boltseal.Report, dir string) map[string]string {
	out := map[string]string{}
	for _, f := range r.Findings {
		name := strings.TrimPrefix(f.Location.File, filepath.ToSlash(dir)+"/")
		family, _, _ := strings.Cut(f.Check, "/")
		if !slices.Contains(strings.Fields(out[name]), family) {
			words := append(strings.Fields(out[name]), family)
			slices.Sort(words)
			out[name] = strings.Join(words, " ")
		}
	}
	return out
}

const tree = `
-- Dockerfile --
FROM alpine
-- deploy/pod.yaml --
apiVersion: v1
kind: Pod
metadata: {name: x}
spec:
  containers:
  - name: a
    image: nginx
-- deploy/pod.json --
{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "y"}, "spec": {"containers": [{"name": "a", "image": "nginx"}]}}
-- compose.yaml --
services:
  a:
    image: nginx
-- .github/workflows/ci.yml --
on: push
jobs:
  a:
    runs-on: x
    steps:
    - run: docker run --privileged x
-- action.yml --
runs:
  using: composite
  steps:
  - uses: a/b@main
-- profile.json --
{"defaultAction": "SCMP_ACT_ALLOW"}
-- package.json --
{"name": "x"}
-- openapi.yaml --
openapi: 3.0.0
paths: {}
-- .gitignore --
/generated
*.secret.yaml
-- generated/pod.yaml --
apiVersion: v1
kind: Pod
-- deploy/x.secret.yaml --
apiVersion: v1
kind: Pod
-- node_modules/x/Dockerfile --
FROM alpine
-- docs/readme.md --
Text.

   ~~~dockerfile
   FROM alpine
   USER root
   ~~~

` + "```yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: z}\nspec:\n  containers:\n  - name: a\n    image: nginx\n```\n\n```\n$ curl -k https://x | sh\n```\n```sh\ncurl -k https://x\n```\n"

func TestLintFindsAndTellsApart(t *testing.T) {
	dir := unpack(t, tree)
	r := lint(t, dir)
	want := map[string]string{
		"Dockerfile": "docker", "deploy/pod.yaml": "kube", "deploy/pod.json": "kube", "compose.yaml": "compose", ".github/workflows/ci.yml": "shell workflow",
		"action.yml": "workflow", "profile.json": "seccomp", "docs/readme.md": "docker kube shell",
	}
	if diff := cmp.Diff(want, files(r, dir)); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	if len(r.Gaps) > 0 {
		t.Errorf("gaps: %v", r.Gaps)
	}
}

// Findings stand where the text is, whatever it is embedded in.
func TestLocationsAreExact(t *testing.T) {
	dir := unpack(t, tree)
	for _, f := range lint(t, dir).Findings {
		data, err := os.ReadFile(filepath.FromSlash(f.Location.File))
		if err != nil {
			t.Fatal(err)
		}
		at := f.Location
		if at.Span.End > len(data) || at.Span.Start > at.Span.End {
			t.Fatalf("%s: %+v of %d bytes", f.Check, at, len(data))
		}
		before := string(data[:at.Span.Start])
		if line := strings.Count(before, "\n") + 1; line != at.Line || at.Col != at.Span.Start-strings.LastIndexByte(before, '\n') {
			t.Errorf("%s at %+v: it is line %d", f.Check, at, line)
		}
		for _, fix := range f.Fixes {
			for _, e := range fix.Edits {
				if e.Span.Start < 0 || e.Span.End < e.Span.Start || e.Span.End > len(data) {
					t.Errorf("%s: edit %+v of %d bytes", f.Check, e, len(data))
				}
			}
		}
	}
}

func TestWhatCannotBeReadIsAGap(t *testing.T) {
	dir := unpack(t, `
-- ok/Dockerfile --
FROM alpine
-- bad.yaml --
apiVersion: v1
kind: Pod
metadata: [
-- half.yaml --
apiVersion: v1
kind: Pod
metadata: {name: a}
spec: {containers: [{name: a, image: b}]}
---
apiVersion: v1
kind: "Pod
-- other.yaml --
just: [wrong
-- chart/Chart.yaml --
apiVersion: v2
name: x
version: 1.0.0
-- chart/templates/pod.yaml --
apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}
-- chart/templates/quoted.yaml --
apiVersion: v1
kind: Pod
metadata:
  name: "{{ .Release.Name }}"
-- k/kustomization.yaml --
resources: [pod.yaml]
patches:
- path: patch.yaml
-- k/pod.yaml --
apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {containers: [{name: a, image: b}]}
-- k/patch.yaml --
apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {hostPID: true}
`)
	write := func(name string, data []byte, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), data, mode); err != nil {
			t.Fatal(err)
		}
	}
	write("Containerfile", []byte("\x7fELF\x00\x01"), 0o600)
	write("huge.yaml", append([]byte("apiVersion: v1\nkind: List\n#"), make([]byte, 17<<20)...), 0o600)
	write("utf8.yaml", []byte("apiVersion: v1\nkind: Pod\nx: \xff\n"), 0o600)
	if err := os.Symlink("/etc/hostname", filepath.Join(dir, "Dockerfile")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..", filepath.Join(dir, "ok", "loop")); err != nil {
		t.Fatal(err)
	}
	r := lint(t, dir)
	var gaps []string
	for _, g := range r.Gaps {
		gaps = append(gaps, g.Kind+" "+strings.ReplaceAll(strings.ReplaceAll(g.What, filepath.ToSlash(dir)+"/", ""), "file ", ""))
	}
	slices.Sort(gaps)
	want := []string{
		"template chart chart", "template kustomization k/kustomization.yaml", "unreadable-file Containerfile", "unreadable-file Dockerfile",
		"unreadable-file bad.yaml", "unreadable-file huge.yaml", "unreadable-file utf8.yaml",
	}
	if diff := cmp.Diff(want, gaps); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	got := files(r, dir)
	for _, name := range []string{"ok/Dockerfile", "half.yaml", "k/pod.yaml"} {
		if got[name] == "" {
			t.Errorf("%s was not checked: %v", name, got)
		}
	}
	for _, name := range []string{"k/patch.yaml", "other.yaml"} {
		if got[name] != "" {
			t.Errorf("%s was checked: %s", name, got[name])
		}
	}
}

func TestNamedFilesAreAlwaysRead(t *testing.T) {
	dir := unpack(t, "-- .gitignore --\n*\n-- build.txt --\nFROM alpine\n-- notes.txt --\nhello\n-- pod.yaml --\napiVersion: v1\nkind: Pod\n-- values.yaml --\na: b\n-- broken.yaml --\na: [b\n")
	for name, want := range map[string]string{
		"build.txt": "docker", "pod.yaml": "kube", "notes.txt": "unsupported-file", "values.yaml": "unsupported-file", "broken.yaml": "unreadable-file",
	} {
		r := lint(t, filepath.Join(dir, name))
		got := files(r, dir)[name]
		for _, g := range r.Gaps {
			got += g.Kind
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestDockerfilesKnowTheirFolder(t *testing.T) {
	dir := unpack(t, "-- a/Dockerfile --\nFROM alpine:3.22\nCOPY . /app\n-- a/.env --\nX=1\n-- b/Dockerfile --\nFROM alpine:3.22\nCOPY . /app\nCOPY x.txt /\n-- b/.env --\nX=1\n-- b/x.txt --\n-- b/.dockerignore --\n.env\n*.txt\n")
	got := map[string][]string{}
	for _, f := range lint(t, dir).Findings {
		if f.Check == "docker/dockerignore-missing" || f.Check == "docker/copy-ignored" {
			name := strings.TrimPrefix(f.Location.File, filepath.ToSlash(dir)+"/")
			got[name] = append(got[name], f.Check)
		}
	}
	want := map[string][]string{"a/Dockerfile": {"docker/dockerignore-missing"}, "b/Dockerfile": {"docker/copy-ignored"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

// A fix in a block of Markdown changes that block alone, and keeps its
// indentation.
func TestFixesInMarkdown(t *testing.T) {
	source := "1. First:\n\n   ```dockerfile\n   FROM alpine:3.22\n   RUN apk add curl\n   CMD node x.js\n   ```\n\n2. Then:\n   ```yaml\n   services:\n     a:\n       image: x:1\n       privileged: true\n   ```\nCMD node x.js\n"
	check := func(data []byte) ([]boltseal.Finding, error) { return scan.LintFile("README.md", data, nil), nil }
	done, err := remedy.Apply([]byte(source), check, &remedy.Options{Unsafe: true, Accept: func(f boltseal.Finding) bool {
		return slices.Contains([]string{"docker/apk-cache", "docker/shell-form", "docker/root-user", "compose/privileged", "compose/capabilities-kept"}, f.Check)
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := "1. First:\n\n   ```dockerfile\n   FROM alpine:3.22\n   RUN apk add --no-cache curl\n   USER 65532:65532\n   CMD [\"node\", \"x.js\"]\n   ```\n\n2. Then:\n   ```yaml\n   services:\n     a:\n       image: x:1\n       cap_drop:\n         - ALL\n   ```\nCMD node x.js\n"
	if diff := cmp.Diff(want, string(done.Content)); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func BenchmarkLint(b *testing.B) {
	dir := b.TempDir()
	for i := range 10_000 {
		text := fmt.Sprintf(deployment, i)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("m%d.yaml", i)), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for i := range 1000 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.Dockerfile", i)), fmt.Appendf(nil, image, i), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		lint(b, dir)
	}
	b.ReportMetric(float64(11_000*b.N)/b.Elapsed().Seconds(), "files/s")
}

const image = `FROM node:24.3.0-alpine3.22 AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build
FROM node:24.3.0-alpine3.22
WORKDIR /app
COPY --from=build /app/dist /app/dist
USER 65532:65532
EXPOSE %d
CMD ["node", "dist/server.js"]
`

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-%[1]d
  namespace: team
  labels:
    app: app-%[1]d
spec:
  replicas: 2
  selector:
    matchLabels:
      app: app-%[1]d
  template:
    metadata:
      labels:
        app: app-%[1]d
    spec:
      automountServiceAccountToken: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: app
          image: registry.example.com/app:1.2.3
          ports:
            - containerPort: 8080
          securityContext:
            allowPrivilegeEscalation: false
            capabilities:
              drop: [ALL]
          resources:
            limits:
              memory: 256Mi
              cpu: 500m
`

func TestThePolicyNamesRegistriesAndLabels(t *testing.T) {
	dir := unpack(t, "-- Dockerfile --\nFROM docker.io/library/alpine:3.22\n-- pod.yaml --\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: \"quay.io/x/y:1\"}]}\n")
	p, err := policy.Load("boltseal.yaml", []byte("registries: [ghcr.io]\nlabels: [org.opencontainers.image.source]\n"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := scan.Lint(t.Context(), []string{dir}, &scan.Options{Now: clock, IsFile: isFile, Policy: p})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range r.Findings {
		if slices.Contains([]string{"docker/base-registry", "docker/label-missing", "kube/image-registry"}, f.Check) {
			got = append(got, f.Check)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"docker/base-registry", "docker/label-missing", "kube/image-registry"}, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	if p.Registries == nil || r.Verdict.Policy == lint(t, dir).Verdict.Policy {
		t.Error("the policy's digest does not tell it apart")
	}
}

func TestIgnoreFilesOfTheFoldersAbove(t *testing.T) {
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostPID: true, containers: [{name: a, image: b}]}\n"
	dir := unpack(t, "-- .git/HEAD --\nx\n-- .git/info/exclude --\nexcluded.yaml\n-- .gitignore --\n/a/b/out.yaml\nc.yaml\n-- a/.gitignore --\n!c.yaml\n-- a/b/out.yaml --\n"+pod+
		"-- a/b/c.yaml --\n"+pod+"-- a/b/d.yaml --\n"+pod+"-- a/b/excluded.yaml --\n"+pod)
	want := map[string]string{"a/b/c.yaml": "kube", "a/b/d.yaml": "kube"}
	for _, at := range []string{"", "a", "a/b"} {
		if diff := cmp.Diff(want, files(lint(t, filepath.Join(dir, at)), dir)); diff != "" {
			t.Errorf("from %q: want (-), got (+):\n%s", at, diff)
		}
	}
}

func TestPermissionDeniedIsAGap(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := unpack(t, "-- Dockerfile --\nFROM alpine:3.22\n-- closed/x --\n-- pod.yaml --\nx\n")
	for _, name := range []string{"closed", "pod.yaml"} {
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "closed"), 0o700) })
	if r := lint(t, dir); len(r.Gaps) != 2 || len(r.Findings) == 0 {
		t.Errorf("got %v and %d findings", r.Gaps, len(r.Findings))
	}
}
