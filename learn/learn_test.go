package learn_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/seccomp"
	"github.com/boltseal/boltseal/learn"
)

func recording(start int, calls ...string) *learn.Recording {
	r := &learn.Recording{
		Schema: learn.Schema, Arch: "amd64", Confined: true, Command: []string{"docker", "run", "web"},
		Workload: &boltseal.Workload{Namespace: "shop", Kind: "Pod", Name: "web-1", Container: "web", Image: "web:1"},
		Runs:     []learn.Run{{Start: time.Unix(int64(start), 0).UTC(), Seconds: 30, LastNew: 2, Processes: 3}},
	}
	for _, name := range calls {
		r.Calls = append(r.Calls, learn.Count{Name: name, Runs: 1})
	}
	return r
}

func TestMerge(t *testing.T) {
	a, b := recording(100, "openat", "read"), recording(50, "openat", "write")
	a.Files = []learn.File{{Path: "/x", Read: true, Runs: 1}}
	b.Files = []learn.File{{Path: "/x", Write: true, Runs: 1}}
	got, err := learn.Merge([]*learn.Recording{a, b})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]learn.Count{{Name: "openat", Runs: 2}, {Name: "read", Runs: 1}, {Name: "write", Runs: 1}}, got.Calls); diff != "" {
		t.Error(diff)
	}
	if len(got.Runs) != 2 || got.Runs[0].Start.Unix() != 50 || got.Runs[1].Added != 1 {
		t.Errorf("%+v", got.Runs)
	}
	if diff := cmp.Diff([]learn.File{{Path: "/x", Read: true, Write: true, Runs: 2}}, got.Files); diff != "" {
		t.Error(diff)
	}
	data, err := got.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := learn.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, back); diff != "" {
		t.Error(diff)
	}
	b.Arch = "arm64"
	if _, err := learn.Merge([]*learn.Recording{a, b}); err == nil {
		t.Error("recordings of two architectures were merged")
	}
}

func TestConfidence(t *testing.T) {
	one := recording(1, "read")
	if c, _ := one.Confidence(); c != learn.Low {
		t.Errorf("one short run: %s", c)
	}
	three, err := learn.Merge([]*learn.Recording{one, recording(2, "read"), recording(3, "read")})
	if err != nil {
		t.Fatal(err)
	}
	if c, why := three.Confidence(); c != learn.High {
		t.Errorf("three equal runs: %s: %q", c, why)
	}
	more, err := learn.Merge([]*learn.Recording{one, recording(2, "read"), recording(3, "write")})
	if err != nil {
		t.Fatal(err)
	}
	if c, why := more.Confidence(); c != learn.Low {
		t.Errorf("the last run shows something new: %s: %q", c, why)
	}
	three.Gaps = []boltseal.Gap{{What: "x"}}
	if c, _ := three.Confidence(); c != learn.Low {
		t.Errorf("with a gap: %s", c)
	}
}

func TestSeccomp(t *testing.T) {
	r := recording(1, "read", "write", "clone3")
	data, err := r.Seccomp()
	if err != nil {
		t.Fatal(err)
	}
	p, err := seccomp.Parse(data)
	if err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	f := p.Apply(&seccomp.Target{Arch: seccomp.X8664, OCI: true})
	for name, want := range map[string]seccomp.Action{"read": seccomp.ActAllow, "clone3": seccomp.ActAllow, "mount": "SCMP_ACT_ERRNO", "statx": "SCMP_ACT_ERRNO", "execve": "SCMP_ACT_ERRNO"} {
		if d := f.Decide(name); d.Action != want {
			t.Errorf("%s: %s, want %s", name, d.Action, want)
		}
	}
	if d := f.Decide("statx"); d.Errno == nil || *d.Errno != 38 {
		t.Errorf("statx, which C libraries do without, is not said to be unknown: %+v", d)
	}
	if !slices.Contains(r.Refused(), "openat") || slices.Contains(r.Refused(), "read") {
		t.Errorf("refused: %q", r.Refused())
	}
	r.Confined = false // no filter was on: what a runtime does before the program was not seen
	if names := learn.Names(r.Calls); slices.Contains(names, "execve") {
		t.Fatal("the recording has execve")
	}
	if d := r.Profile().Apply(&seccomp.Target{Arch: seccomp.X8664}).Decide("execve"); d.Action != seccomp.ActAllow {
		t.Error("a profile without a filter's view refuses what every container needs")
	}
}

func TestWritable(t *testing.T) {
	r := recording(1)
	r.Files = []learn.File{
		{Path: "/srv/app/state", Write: true, Image: true},
		{Path: "/srv/app/deep/state", Write: true, Image: true},
		{Path: "/data/x", Write: true, Volume: true},
		{Path: "/data/y", Write: true}, // removed: only its path is known, and it lies on the volume
		{Path: "/dev/null", Write: true},
		{Path: "/proc/self/oom_score_adj", Write: true},
		{Path: "/etc/app/conf", Write: true, Image: true},
		{Path: "/etc/app/defaults", Read: true, Image: true},
	}
	want := []learn.Writable{
		{Dir: "/etc/app", Files: []string{"/etc/app/conf"}, Hides: []string{"/etc/app/defaults"}},
		{Dir: "/srv/app", Files: []string{"/srv/app/deep/state", "/srv/app/state"}},
	}
	if diff := cmp.Diff(want, r.Writable()); diff != "" {
		t.Error(diff)
	}
	patch, err := r.PodPatch("boltseal/web.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"readOnlyRootFilesystem: false", "mountPath: /srv/app", "# /etc/app is written to", "localhostProfile: boltseal/web.json"} {
		if !strings.Contains(string(patch), s) {
			t.Errorf("no %q in %s", s, patch)
		}
	}
	if strings.Contains(string(patch), "mountPath: /etc/app") {
		t.Errorf("an empty volume would hide files: %s", patch)
	}
}

const cluster = `{"items": [
 {"kind": "Pod", "metadata": {"namespace": "shop", "labels": {"app": "db", "pod-template-hash": "77"}}, "status": {"podIP": "10.1.0.5", "podIPs": [{"ip": "10.1.0.5"}]}},
 {"kind": "Pod", "metadata": {"namespace": "edge", "labels": {"app": "proxy"}}, "status": {"podIP": "10.1.0.9"}},
 {"kind": "Service", "metadata": {"namespace": "shop"}, "spec": {"selector": {"app": "api"}, "clusterIP": "10.96.0.7", "ports": [{"port": 80, "targetPort": "http"}]}},
 {"kind": "Service", "metadata": {"namespace": "kube-system"}, "spec": {"selector": {"k8s-app": "kube-dns"}, "clusterIP": "10.96.0.10", "ports": [{"port": 53, "protocol": "UDP", "targetPort": 53}]}}
]}`

const wantPolicy = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector:
    matchLabels:
      app: web
  policyTypes:
  - Ingress
  - Egress
  ingress:
  - from:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: edge
      podSelector:
        matchLabels:
          app: proxy
    ports:
    - protocol: TCP
      port: 8080
  - ports:
    - protocol: TCP
      port: 9090
  egress:
  - to:
    - ipBlock:
        cidr: 203.0.113.7/32
    ports:
    - protocol: TCP
      port: 443
  - to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
      podSelector:
        matchLabels:
          k8s-app: kube-dns
    ports:
    - protocol: TCP
      port: 53
    - protocol: UDP
      port: 53
  - to:
    - podSelector:
        matchLabels:
          app: api
    ports:
    - protocol: TCP
      port: http
  - to:
    - podSelector:
        matchLabels:
          app: db
    ports:
    - protocol: TCP
      port: 5432
`

func TestPolicy(t *testing.T) {
	d, err := learn.ReadDirectory([]byte(cluster))
	if err != nil {
		t.Fatal(err)
	}
	r := recording(1)
	r.Flows = []learn.Flow{
		{Protocol: "TCP", Remote: "10.1.0.5", Port: 5432}, {Protocol: "TCP", Remote: "10.96.0.7", Port: 80}, {Protocol: "UDP", Remote: "10.96.0.10", Port: 53},
		{Protocol: "TCP", Remote: "203.0.113.7", Port: 443, Name: "api.example.com"},
		{Inbound: true, Protocol: "TCP", Port: 8080}, {Inbound: true, Protocol: "TCP", Remote: "10.1.0.9", Port: 8080}, {Inbound: true, Protocol: "TCP", Port: 9090},
	}
	got, gaps, err := r.Policy(map[string]string{"app": "web", "pod-template-hash": "1"}, d)
	if err != nil {
		t.Fatal(err)
	}
	body := got[strings.Index(string(got), "apiVersion"):]
	if diff := cmp.Diff(wantPolicy, string(body)); diff != "" {
		t.Error(diff)
	}
	if len(gaps) != 1 || !strings.Contains(gaps[0].What, "203.0.113.7") {
		t.Errorf("%+v", gaps)
	}
	if !strings.Contains(string(got), "# api.example.com was asked of DNS and is 203.0.113.7/32") {
		t.Errorf("%s", got)
	}
}

// Names that a workload chooses leave no comment and no rule.
func TestNamesStayInside(t *testing.T) {
	r := recording(1)
	r.Workload.Name = "x\nkind: Pod"
	r.Files = []learn.File{{Path: "/tmp/a\n  capability sys_admin,\n#", Read: true}, {Path: "/srv/a b*,{x}", Read: true}, {Path: "/proc/123/stat", Read: true}}
	r.Executables = []learn.Executable{{Path: "/bin/x\x00"}}
	armor := string(r.AppArmor())
	if strings.Contains(armor, "\n  capability sys_admin") {
		t.Error(armor)
	}
	for _, want := range []string{`"/srv/a b\*\,\{x\}" r,`, "@{PROC}/[0-9]*/stat r,"} {
		if !strings.Contains(armor, want) {
			t.Errorf("no %s in %s", want, armor)
		}
	}
	policy, _, err := r.Policy(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := yaml.Unmarshal(policy, &doc); err != nil || doc["kind"] != "NetworkPolicy" {
		t.Errorf("%v: %s", err, policy)
	}
	parser, err := exec.LookPath("apparmor_parser")
	if err != nil {
		t.Skip("apparmor_parser is not installed")
	}
	name := filepath.Join(t.TempDir(), "profile")
	if err := os.WriteFile(name, []byte(armor), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(parser, "-Q", "-K", name).CombinedOutput(); err != nil {
		t.Errorf("%v: %s\n%s", err, out, armor)
	}
}

func FuzzDecode(f *testing.F) {
	data, _ := recording(1, "read").Encode()
	f.Add(data)
	f.Add([]byte(`{"schema":"boltseal-recording/1","runs":[{}],"flows":[{"remote":"::1%x","port":0}],"files":[{"path":""}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := learn.Decode(data)
		if err != nil {
			return
		}
		if _, err := learn.Merge([]*learn.Recording{r, r}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Seccomp(); err != nil {
			t.Fatal(err)
		}
		if _, err := r.PodPatch("x"); err != nil {
			t.Fatal(err)
		}
		policy, _, err := r.Policy(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if err := yaml.Unmarshal(policy, &doc); err != nil {
			t.Fatalf("%v: %s", err, policy)
		}
		r.AppArmor()
		r.Confidence()
	})
}
