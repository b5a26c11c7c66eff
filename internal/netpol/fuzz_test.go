package netpol_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/internal/netpol"
)

// FuzzEvaluate reads objects, one JSON text a line, and holds the graph to
// what is true of every graph.
func FuzzEvaluate(f *testing.F) {
	f.Add([]byte(`{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","labels":{"a":"b"}},"spec":{"containers":[{"ports":[{"name":"p","containerPort":80}],"env":[{"name":"X","value":"http://s:80"}]}]}}
{"kind":"Service","apiVersion":"v1","metadata":{"name":"s"},"spec":{"selector":{"a":"b"},"ports":[{"port":80,"targetPort":"p"}]}}
{"kind":"NetworkPolicy","apiVersion":"networking.k8s.io/v1","spec":{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}},{"namespaceSelector":{"matchExpressions":[{"key":"a","operator":"NotIn","values":["b"]}]}}],"ports":[{"port":"p"},{"port":1,"endPort":70000}]}]}}`))
	f.Add([]byte(`{"kind":"AdminNetworkPolicy","apiVersion":"policy.networking.k8s.io/v1alpha1","spec":{"subject":{"namespaces":{}},"egress":[{"action":"Deny","to":[{"networks":["::/0"]},{"nodes":{}}],"ports":[{"namedPort":"x"}]}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := &netpol.Cluster{}
		for line := range bytes.Lines(data) {
			var ref struct {
				APIVersion, Kind string
				Metadata         struct{ Name, Namespace string }
			}
			if json.Unmarshal(line, &ref) != nil {
				continue
			}
			_ = c.Add(netpol.Ref{APIVersion: ref.APIVersion, Kind: ref.Kind, Namespace: ref.Metadata.Namespace, Name: ref.Metadata.Name},
				func(into any) error { return json.Unmarshal(line, into) })
		}
		g := netpol.Evaluate(c, nil)
		for i := range g.Endpoints {
			for j := range g.Endpoints {
				if g.Endpoints[i].Kind == netpol.Outside && g.Endpoints[j].Kind == netpol.Outside {
					continue
				}
				both := g.Granted(i, j, netpol.Outbound).Intersect(g.Granted(i, j, netpol.Inbound))
				if !g.Allowed(i, j).Equal(both) {
					t.Fatalf("%s to %s: %s passes, %s is granted on both sides", g.Endpoints[i].Name, g.Endpoints[j].Name, g.Allowed(i, j), both)
				}
			}
		}
		if changes := netpol.Compare(c, c, nil); len(changes) > 0 && unique(g) {
			t.Fatalf("it differs from itself: %+v", changes)
		}
		wellFormed(t, g.SVG())
		if made, err := netpol.Generate(c, nil); err == nil {
			_ = made.YAML()
		}
		if g.Mermaid() == "" || g.DOT() == "" || g.WriteJSON(io.Discard, nil) != nil || g.WriteText(io.Discard, nil) != nil {
			t.Fatal("nothing was written")
		}
	})
}

// unique tells whether all endpoints have names of their own: two objects of
// one name are one in a cluster, and cannot be told apart.
func unique(g *netpol.Graph) bool {
	seen := map[string]bool{}
	for i := range g.Endpoints {
		if seen[g.Endpoints[i].Name] {
			return false
		}
		seen[g.Endpoints[i].Name] = true
	}
	return true
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("the picture is no XML: %v", err)
		}
	}
}
