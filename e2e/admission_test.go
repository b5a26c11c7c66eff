package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal/e2e/kubetest"
)

const admissionPolicy = `admission:
  namespaces:
    - {name: adm-warn, mode: warn}
    - {name: adm-audit, mode: audit}
  exempt: ["kube-*", default]
images:
  - {image: "registry.k8s.io/**", unsigned: true}
  - {image: "docker.io/evil/**", deny: nobody may run these}
  - image: "localhost:1/**"
    signed-by: [{key: k.pub}]
`

const pause = "registry.k8s.io/pause@sha256:ee6521f290b2168b6e0935a181d4cff9be1ac3f505666ef0e3c98fae8199917a"

const goodPod = `apiVersion: v1
kind: Pod
metadata: {name: NAME, namespace: SPACE}
spec:
  automountServiceAccountToken: false
  securityContext: {runAsNonRoot: true, runAsUser: 10001, seccompProfile: {type: RuntimeDefault}}
  containers:
    - name: app
      image: IMAGE
      securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
      resources: {limits: {memory: 64Mi, cpu: "1"}, requests: {memory: 64Mi, cpu: 100m}}
`

func admissionPod(name, namespace, image string, privileged bool) string {
	text := strings.NewReplacer("NAME", name, "SPACE", namespace, "IMAGE", image).Replace(goodPod)
	if privileged {
		text = strings.Replace(text, "allowPrivilegeEscalation: false", "privileged: true", 1)
	}
	return text
}

// serveAdmission starts the webhook and returns its URL, and how to end it.
func serveAdmission(t *testing.T, dir, listen string) (string, func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, binary, "admission", "serve", "--listen", listen, "--self-signed", filepath.Join(dir, "certs"), "--policy", filepath.Join(dir, "boltseal.yaml"))
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	cmd.Env = append(os.Environ(), "HOME="+dir)
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	ended := false
	stop := func() {
		if !ended {
			ended = true
			cancel()
			if err := cmd.Wait(); t.Failed() {
				t.Logf("the webhook ended: %v\n%s", err, log.String())
			}
		}
	}
	t.Cleanup(stop)
	return strings.TrimSpace(line[strings.Index(line, "https://"):]), stop
}

// create sends an object for good, and returns what kubectl says.
func create(t *testing.T, c *kubetest.Cluster, object string, flags ...string) (said string, ok bool) {
	t.Helper()
	out, errs, err := c.Kubectl(t.Context(), strings.NewReader(object), append([]string{"create", "-f", "-"}, flags...)...)
	return string(out) + string(errs), err == nil
}

// TestAdmission has the API server ask boltseal.
func TestAdmission(t *testing.T) {
	c := cluster(t)
	dir := t.TempDir()
	write(t, dir, "boltseal.yaml", admissionPolicy)
	for _, name := range []string{"adm-shop", "adm-warn", "adm-audit"} {
		if err := c.Namespace(t.Context(), name, nil); err != nil {
			t.Fatal(err)
		}
	}
	url, stop := serveAdmission(t, dir, "127.0.0.1:0")
	register := func(more ...string) {
		t.Helper()
		out := boltseal(t, append([]string{"admission", "manifest", "--policy", filepath.Join(dir, "boltseal.yaml"), "--url", url, "--ca", filepath.Join(dir, "certs", "ca.crt"), "--timeout-seconds", "5"}, more...)...).ok(t)
		apply(t, c, string(out.stdout), "-f", "-")
	}
	register()
	t.Cleanup(func() {
		_, errs, err := c.Kubectl(context.Background(), nil, "delete", "validatingwebhookconfiguration", "boltseal")
		if err != nil {
			t.Errorf("%v %s", err, errs)
		}
	})
	bad := admissionPod("bad", "adm-shop", pause, true)
	wait := time.Now().Add(30 * time.Second) // the server learns of a configuration within seconds
	for {
		if _, ok := create(t, c, bad, "--dry-run=server"); !ok {
			break
		}
		if time.Now().After(wait) {
			t.Fatal("the API server does not ask")
		}
		time.Sleep(200 * time.Millisecond)
	}

	for _, test := range []struct {
		name, object string
		ok           bool
		says         []string
	}{
		{"privileged", bad, false, []string{"boltseal refuses adm-shop/Pod/bad", "[kube/privileged]", "[admission/pod-security] baseline refuses the pods", "(fix: "}},
		{"good", admissionPod("good", "adm-shop", pause, false), true, nil},
		{"warn", admissionPod("warned", "adm-warn", pause, true), true, []string{"Warning: boltseal: [kube/privileged]"}},
		{"audit", admissionPod("noted", "adm-audit", pause, true), true, nil},
		{"deployment", deployment(standard{check: "bad", source: bad}, "adm-shop"), false, []string{"boltseal refuses adm-shop/Deployment/bad", "[kube/privileged]"}},
		{"good deployment", deployment(standard{check: "web", source: admissionPod("web", "adm-shop", pause, false)}, "adm-shop"), true, nil},
		{"forbidden image", admissionPod("evil", "adm-shop", "evil/app@sha256:"+strings.Repeat("a", 64), false), false, []string{"[trust/denied] nobody may run these"}},
		{"registry is down", admissionPod("unasked", "adm-shop", "localhost:1/app@sha256:"+strings.Repeat("a", 64), false), false, []string{"could not look at image localhost:1/app"}},
		{"open namespace", "apiVersion: v1\nkind: Namespace\nmetadata: {name: adm-open}\n", false, []string{"[kube/pss-not-enforced]"}},
	} {
		said, ok := create(t, c, test.object)
		if ok != test.ok {
			t.Errorf("%s: let in %v, want %v: %s", test.name, ok, test.ok, said)
		}
		for _, want := range test.says {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %q is not in: %s", test.name, want, said)
			}
		}
		if test.name == "audit" && strings.Contains(said, "Warning") {
			t.Errorf("a warning in the mode audit: %s", said)
		}
	}

	// What runs already may be changed where nothing that runs changes.
	if out, errs, err := c.Kubectl(t.Context(), nil, "label", "pod", "-n", "adm-warn", "warned", "a=b"); err != nil {
		t.Errorf("label: %v %s%s", err, out, errs)
	}
	// A debug container with more rights than the policy lets be.
	debug := `{"spec":{"ephemeralContainers":[{"name":"debug","image":"` + pause + `","securityContext":{"privileged":true}}]}}`
	status, body, err := c.Do(t.Context(), "PATCH", "/api/v1/namespaces/adm-shop/pods/good/ephemeralcontainers", "application/strategic-merge-patch+json", []byte(debug))
	if err != nil || status != 403 || !strings.Contains(string(body), "debug") {
		t.Errorf("the debug container: %d %s %v", status, body, err)
	}
	latency(t, c)

	// boltseal is down: the failure policy holds, and the cluster's own
	// namespaces do not hang on it.
	stop()
	good := admissionPod("later", "adm-shop", pause, false)
	if said, ok := create(t, c, good, "--dry-run=server"); ok || !strings.Contains(said, "failed calling webhook") {
		t.Errorf("down, Fail: let in %v: %s", ok, said)
	}
	if said, ok := create(t, c, "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default, namespace: kube-system}\n"); !ok && !strings.Contains(said, "AlreadyExists") {
		t.Fatal(said)
	}
	if said, ok := create(t, c, admissionPod("system", "kube-system", pause, true), "--dry-run=server"); !ok {
		t.Errorf("kube-system hangs on the webhook: %s", said)
	}
	register("--fail-open")
	wait = time.Now().Add(30 * time.Second)
	for {
		said, ok := create(t, c, good, "--dry-run=server")
		if ok {
			break
		}
		if time.Now().After(wait) {
			t.Fatalf("down, Ignore: %s", said)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// latency says how long the API server takes with the webhook in its way.
func latency(t *testing.T, c *kubetest.Cluster) {
	t.Helper()
	pod := []byte(admissionPod("timed", "adm-shop", pause, false))
	const n = 200
	start := time.Now()
	var most time.Duration
	for range n {
		one := time.Now()
		status, body, err := c.Do(t.Context(), "POST", "/api/v1/namespaces/adm-shop/pods?dryRun=All", "application/yaml", pod)
		if err != nil || status != 201 {
			t.Fatalf("%d %s %v", status, body, err)
		}
		most = max(most, time.Since(one))
	}
	t.Logf("%d pods, one after the other: %v each, %v at most, the API server's own work included", n, time.Since(start)/n, most)
}
