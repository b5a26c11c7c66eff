package netpol_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/boltseal/boltseal/internal/netpol"
)

// TestGenerate reads testdata/generate/*.txtar: manifests, the policies that
// are made of them, and what is left to say.
func TestGenerate(t *testing.T) {
	names, err := filepath.Glob("testdata/generate/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no cases:", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			c := read(t, string(archive.Files[0].Data))
			g, err := netpol.Generate(c, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{g.YAML(), strings.Join(append(g.Notes, ""), "\n")}
			for i, text := range got {
				if os.Getenv("UPDATE") != "" {
					archive.Files[i+1].Data = []byte(text)
				}
				if diff := cmp.Diff(string(archive.Files[i+1].Data), text); diff != "" {
					t.Errorf("%s: want (-), got (+):\n%s", archive.Files[i+1].Name, diff)
				}
			}
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(name, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			proven(t, c, g)
		})
	}
}

// proven reads the policies back and tries them: all flows pass, and without
// any one rule some flow does not.
func proven(t *testing.T, c *netpol.Cluster, g *netpol.Generated) {
	t.Helper()
	back := read(t, strings.ReplaceAll(g.YAML(), "\n---\n", "\n---\n"))
	after := *c
	after.Policies = back.Policies
	if diff := cmp.Diff(g.Policies, back.Policies); diff != "" {
		t.Errorf("what was written is read as something else:\n%s", diff)
	}
	graph := netpol.Evaluate(&after, nil)
	for i := range graph.Endpoints {
		e := &graph.Endpoints[i]
		if e.Kind == netpol.Pods && !e.Workload.HostNetwork && (!graph.Isolated(i, netpol.Inbound) || !graph.Isolated(i, netpol.Outbound)) {
			t.Errorf("%s is not isolated", e.Name)
		}
	}
	for i := range after.Policies {
		p := &after.Policies[i]
		for _, rules := range []*[]netpol.Rule{&p.Ingress, &p.Egress} {
			all := *rules
			for k := range all {
				*rules = append(append([]netpol.Rule{}, all[:k]...), all[k+1:]...)
				if len(netpol.Compare(c, c, nil)) != 0 {
					t.Fatal("a cluster differs from itself")
				}
				full := after
				full.Policies = g.Policies
				if len(netpol.Compare(&full, &after, nil)) == 0 {
					t.Errorf("%s: rule %d allows nothing", p.Name, k)
				}
				*rules = all
			}
		}
	}
}

func TestCompare(t *testing.T) {
	before := read(t, strings.TrimSpace(pods)+"\n---\n"+deny)
	after := read(t, strings.TrimSpace(pods)+"\n---\n"+deny+"\n---\n"+allow)
	got := netpol.Compare(before, after, nil)
	if len(got) != 1 || got[0].From != "x/pod/b" || got[0].To != "x/pod/a" || got[0].Opened.String() != "TCP 80" || !got[0].Closed.Empty() {
		t.Errorf("got %+v", got)
	}
	got = netpol.Compare(after, before, nil)
	if len(got) != 1 || got[0].Closed.String() != "TCP 80" || !got[0].Opened.Empty() {
		t.Errorf("got %+v", got)
	}
	fewer := *after
	fewer.Workloads = fewer.Workloads[1:]
	for _, c := range netpol.Compare(after, &fewer, nil) {
		if !c.Gone || c.New {
			t.Errorf("got %+v, want it gone", c)
		}
	}
}

const deny = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: x}
spec: {podSelector: {}, policyTypes: [Ingress]}`

const allow = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow, namespace: x}
spec: {podSelector: {matchLabels: {pod: a}}, ingress: [{from: [{podSelector: {matchLabels: {pod: b}}}], ports: [{port: 80}]}]}`

func TestWriters(t *testing.T) {
	c := read(t, strings.TrimSpace(pods)+"\n---\n"+deny+"\n---\n"+allow)
	g := netpol.Evaluate(c, nil)
	var text, table, js bytes.Buffer
	for _, err := range []error{g.WriteText(&text, nil), g.WriteTable(&table, nil), g.WriteJSON(&js, nil)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got := txtar.Format(&txtar.Archive{Files: []txtar.File{
		{Name: "text", Data: text.Bytes()}, {Name: "table", Data: table.Bytes()}, {Name: "json", Data: js.Bytes()},
		{Name: "mermaid", Data: []byte(g.Mermaid())}, {Name: "dot", Data: []byte(g.DOT())}, {Name: "svg", Data: []byte(g.SVG())},
	}})
	const name = "testdata/writers.golden"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(name, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	for range 5 {
		if again := netpol.Evaluate(c, nil); again.SVG() != g.SVG() || again.DOT() != g.DOT() || again.Mermaid() != g.Mermaid() {
			t.Fatal("drawn twice, it differs")
		}
	}
}
