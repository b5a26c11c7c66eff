package netpol_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"

	"github.com/boltseal/boltseal/internal/netpol"
)

// read makes a cluster of YAML documents.
func read(t testing.TB, text string) *netpol.Cluster {
	t.Helper()
	c := &netpol.Cluster{}
	for doc := range strings.SplitSeq(text, "\n---\n") {
		var v map[string]any
		if err := yaml.Unmarshal([]byte(doc), &v); err != nil {
			t.Fatalf("%v in\n%s", err, doc)
		}
		if v == nil {
			continue
		}
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		meta, _ := v["metadata"].(map[string]any)
		ref := netpol.Ref{APIVersion: str(v["apiVersion"]), Kind: str(v["kind"]), Namespace: str(meta["namespace"]), Name: str(meta["name"])}
		if err := c.Add(ref, func(into any) error { return json.Unmarshal(data, into) }); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

// pods are the endpoints of the truth tables: the names in their first
// column.
const pods = `
apiVersion: v1
kind: Namespace
metadata: {name: x, labels: {ns: x, team: red}}
---
apiVersion: v1
kind: Namespace
metadata: {name: y, labels: {ns: y, team: red}}
---
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: x, labels: {pod: a}}
spec: {containers: [{name: c, ports: [{name: web, containerPort: 80}, {name: dns, containerPort: 53, protocol: UDP}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: b, namespace: x, labels: {pod: b}}
spec: {containers: [{name: c, ports: [{name: web, containerPort: 8080}, {name: s, containerPort: 90, protocol: SCTP}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: y, labels: {pod: a}}
spec: {containers: [{name: c, ports: [{name: web, containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: h, namespace: y, labels: {pod: a}}
spec: {hostNetwork: true, containers: [{name: c, ports: [{name: web, containerPort: 80}]}]}
`

var short = strings.NewReplacer("x/pod/a", "x/a", "x/pod/b", "x/b", "y/pod/a", "y/a", "y/pod/h", "y/h")

// TestTruth reads testdata/truth/*.txtar: a file of policies and the table of
// who reaches whom under them.
func TestTruth(t *testing.T) {
	names, err := filepath.Glob("testdata/truth/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no tables:", err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(archive.Files); i += 2 {
			policies, table := archive.Files[i], archive.Files[i+1]
			t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar")+"/"+policies.Name, func(t *testing.T) {
				c := read(t, strings.TrimSpace(pods)+"\n---\n"+string(policies.Data))
				got := tableOf(netpol.Evaluate(c, nil))
				if os.Getenv("UPDATE") != "" {
					archive.Files[i+1].Data = []byte(got)
				}
				if diff := cmp.Diff(string(table.Data), got); diff != "" {
					t.Errorf("want (-), got (+):\n%s", diff)
				}
			})
		}
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(name, txtar.Format(archive), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// tableOf says for each sender what it may send to whom. What all of them
// may receive is one line.
func tableOf(g *netpol.Graph) string {
	var b strings.Builder
	for i := range g.Endpoints {
		var names, ports []string
		for j := range g.Endpoints {
			if g.Endpoints[i].Kind != netpol.Pods && g.Endpoints[j].Kind != netpol.Pods {
				continue
			}
			names = append(names, short.Replace(g.Endpoints[j].Name))
			ports = append(ports, g.Allowed(i, j).String())
		}
		b.WriteString(short.Replace(g.Endpoints[i].Name) + ":")
		for len(names) > 0 {
			var same, other, otherPorts []string
			for k := range names {
				if ports[k] == ports[0] {
					same = append(same, names[k])
				} else {
					other, otherPorts = append(other, names[k]), append(otherPorts, ports[k])
				}
			}
			b.WriteString(" " + strings.Join(same, " + ") + " = " + ports[0] + ";")
			names, ports = other, otherPorts
		}
		b.WriteString("\n")
	}
	return b.String()
}
