package kube_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/check/kube"
	"github.com/boltseal/boltseal/internal/netpol"
	"github.com/boltseal/boltseal/syntax/manifest"
)

func netpolRules() []kube.Rule {
	var out []kube.Rule
	for _, r := range kube.Rules() {
		if strings.HasPrefix(r.ID, "kube/netpol-") {
			out = append(out, r)
		}
	}
	return out
}

// TestGuideNetpol: what is wrong with the policies of the guide is found by
// general rules.
func TestGuideNetpol(t *testing.T) {
	data, err := os.ReadFile("../../../shared/guide/000_b59fd971675cf45a.txt")
	if err != nil {
		t.Skip("the guides are not here: ../shared/guide")
	}
	start := bytes.Index(data, []byte("# Default deny all ingress"))
	end := bytes.Index(data, []byte("Image Scanning With Trivy in CI"))
	found, gaps := kube.Run([]*manifest.File{manifest.Parse("guide.yaml", data[start:end])}, netpolRules(), nil)
	got := map[string]int{}
	for _, f := range found {
		got[f.Check]++
		t.Logf("%d:%d %s %s", f.Location.Line, f.Location.Col, f.Check, f.Message)
	}
	want := map[string]int{
		"kube/netpol-assumed-label": 1, "kube/netpol-dns-anywhere": 1, "kube/netpol-dns-one-protocol": 1, "kube/netpol-external-by-namespace": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" || len(gaps) > 0 {
		t.Errorf("gaps %v; want (-), got (+):\n%s", gaps, diff)
	}
}

// TestGenerated: what "netpol generate" writes passes the rules.
func TestGenerated(t *testing.T) {
	app, err := os.ReadFile("testdata/netpol.app")
	if err != nil {
		t.Fatal(err)
	}
	c := &netpol.Cluster{}
	for _, o := range manifest.Parse("app.yaml", app).Objects() {
		ref := netpol.Ref{APIVersion: o.APIVersion, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name}
		if err := c.Add(ref, o.Node.Decode); err != nil {
			t.Fatal(err)
		}
	}
	g, err := netpol.Generate(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	files := []*manifest.File{manifest.Parse("app.yaml", app), manifest.Parse("policies.yaml", []byte(g.YAML()))}
	found, gaps := kube.Run(files, netpolRules(), nil)
	for _, f := range found {
		t.Errorf("%s:%d %s %s", f.Location.File, f.Location.Line, f.Check, f.Message)
	}
	if len(gaps) > 0 || len(g.Flows) < 5 {
		t.Errorf("gaps %v, %d flows", gaps, len(g.Flows))
	}
}

// TestNetpolJSON: the rules and their fixes work on JSON too.
func TestNetpolJSON(t *testing.T) {
	source := []byte(`{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "p"},
  "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [{"podSelector": {}}], "ports": [{"port": 53, "protocol": "UDP"}]}]}}
`)
	found, _ := kube.Run([]*manifest.File{manifest.Parse("p.json", source)}, netpolRules(), nil)
	if len(found) != 1 || found[0].Check != "kube/netpol-dns-one-protocol" || len(found[0].Fixes) != 1 {
		t.Fatalf("got %+v", found)
	}
	e := found[0].Fixes[0].Edits[0]
	fixed := bytes.Join([][]byte{source[:e.Span.Start], []byte(e.New), source[e.Span.End:]}, nil)
	var v any
	if err := json.Unmarshal(fixed, &v); err != nil {
		t.Errorf("%v in\n%s", err, fixed)
	}
	if found, _ = kube.Run([]*manifest.File{manifest.Parse("p.json", fixed)}, netpolRules(), nil); len(found) > 0 {
		t.Errorf("after the fix: %+v", found)
	}
}

func FuzzNetpol(f *testing.F) {
	f.Add([]byte("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nspec:\n  egress:\n    - to: [{ipBlock: {cidr: ::/0, except: [x]}}, {}]\n      ports: [{port: 53, endPort: 1}]\n"))
	f.Add([]byte("apiVersion: v1\nkind: Pod\nmetadata: {labels: {a: b}}\nspec: {hostNetwork: true}\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nspec: {podSelector: {matchLabels: {a: b}}, ingress: [null, {from: [null]}]}\n"))
	rules := netpolRules()
	f.Fuzz(func(t *testing.T, data []byte) {
		found, _ := kube.Run([]*manifest.File{manifest.Parse("x.yaml", data)}, rules, nil)
		for _, got := range found {
			if at := got.Location.Span; at.Start < 0 || at.Start > at.End || at.End > len(data) {
				t.Fatalf("%s at %v of %d bytes", got.Check, at, len(data))
			}
		}
	})
}

func BenchmarkNetpol(b *testing.B) {
	for _, spaces := range []int{40, 1} {
		b.Run(fmt.Sprintf("namespaces=%d", spaces), func(b *testing.B) {
			var text strings.Builder
			for i := range 1000 {
				space := fmt.Sprintf("ns%d", i%spaces)
				fmt.Fprintf(&text, "apiVersion: v1\nkind: Pod\nmetadata: {name: p%d, namespace: %s, labels: {app: a%d}}\nspec: {containers: [{name: c, image: x, ports: [{containerPort: 8080}]}]}\n---\n", i, space, i)
				if i%3 == 0 {
					selector := fmt.Sprintf("{matchLabels: {app: a%d}}", i)
					if i%2 == 0 {
						selector = "{}"
					}
					fmt.Fprintf(&text, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n%d, namespace: %s}\nspec: {podSelector: %s, policyTypes: [Ingress, Egress], "+
						"ingress: [{from: [{podSelector: {matchLabels: {app: a%d}}}], ports: [{port: 8080}]}], egress: [{to: [{podSelector: {matchLabels: {app: a%d}}}], ports: [{port: 8080}]}]}\n---\n", i, space, selector, i+spaces, i+spaces)
				}
			}
			files := []*manifest.File{manifest.Parse("x.yaml", []byte(text.String()))}
			rules := netpolRules()
			for b.Loop() {
				if found, _ := kube.Run(files, rules, nil); len(found) == 0 {
					b.Fatal("nothing found")
				}
			}
		})
	}
}
