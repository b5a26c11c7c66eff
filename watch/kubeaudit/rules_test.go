package kubeaudit_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/boltseal/boltseal/rule"
	"github.com/boltseal/boltseal/watch/kubeaudit"
)

// event is an audit event as kube-apiserver writes it, of a request that
// alice made, with some of its places set to other values; nil removes one.
func event(t testing.TB, set map[string]any) *kubeaudit.Event {
	t.Helper()
	doc := map[string]any{
		"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": "7ad4c9a4-6b0b-4bd5-9a0a-6a6f2c2d3e11", "stage": "ResponseComplete",
		"requestURI": "/api/v1/namespaces/shop/pods?fieldManager=kubectl-client-side-apply", "verb": "create",
		"user":      map[string]any{"username": "alice", "groups": []any{"dev", "system:authenticated"}},
		"sourceIPs": []any{"203.0.113.4"}, "userAgent": "kubectl/v1.35.0 (linux/amd64) kubernetes/abc",
		"objectRef":      map[string]any{"resource": "pods", "namespace": "shop", "name": "web", "apiVersion": "v1"},
		"responseStatus": map[string]any{"metadata": map[string]any{}, "code": 201},
		"requestObject": map[string]any{"kind": "Pod", "apiVersion": "v1", "metadata": map[string]any{"name": "web"}, "spec": map[string]any{
			"containers": []any{map[string]any{"name": "web", "image": "registry.example/web:1", "securityContext": map[string]any{"privileged": false}}},
		}},
		"responseObject":           map[string]any{"metadata": map[string]any{"name": "web"}},
		"requestReceivedTimestamp": "2026-11-20T10:00:00.000001Z", "stageTimestamp": "2026-11-20T10:00:00.120000Z",
		"annotations": map[string]any{"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "RBAC: allowed by RoleBinding"},
	}
	for _, path := range slices.Sorted(maps.Keys(set)) {
		put(doc, path, set[path])
	}
	data, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	events, err := kubeaudit.Parse(data)
	if err != nil || len(events) != 1 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	return events[0]
}

// put sets a place: keys with slashes between.
func put(doc map[string]any, path string, value any) {
	dir, base := filepath.Split(path)
	if dir != "" {
		for part := range filepathParts(dir) {
			next, ok := doc[part].(map[string]any)
			if !ok {
				next = map[string]any{}
				doc[part] = next
			}
			doc = next
		}
	}
	if value == nil {
		delete(doc, base)
		return
	}
	doc[base] = value
}

func filepathParts(dir string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for len(dir) > 0 {
			i := 0
			for i < len(dir) && dir[i] != '/' {
				i++
			}
			if !yield(dir[:i]) {
				return
			}
			dir = dir[min(i+1, len(dir)):]
		}
	}
}

type set = map[string]any

func with(base set, more set) set {
	out := set{}
	maps.Copy(out, base)
	maps.Copy(out, more)
	return out
}

func of(resource, verb string) set {
	return set{"objectRef/resource": resource, "verb": verb, "requestURI": "/api/v1/namespaces/shop/" + resource, "responseStatus/code": 200}
}

func one(key string, value any) set { return set{key: value} }

func spec(more set) []any {
	return []any{with(set{"name": "c", "image": "registry.example/web:1"}, more)}
}

func privileged() []any { return spec(set{"securityContext": set{"privileged": true}}) }

func rules(verbs, resources []any) set {
	return with(of("clusterroles", "create"), set{"requestObject": set{"rules": []any{set{"apiGroups": []any{""}, "verbs": verbs, "resources": resources}}}})
}

// An act for every rule of the published file, and something that is nearly
// it.
var acts = map[string][2]set{
	"Disallowed K8s User":   {set{}, one("user/username", "system:serviceaccount:kube-system:coredns")},
	"Create Disallowed Pod": {one("requestObject/spec/containers", []any{set{"name": "c", "image": "evil/x:1"}}), set{}},
	"Create Privileged Pod": {one("requestObject/spec/initContainers", privileged()), one("stage", "ResponseStarted")},
	"Create Sensitive Mount Pod": {one("requestObject/spec/volumes", []any{set{"name": "a", "emptyDir": set{}}, set{"name": "h", "hostPath": set{"path": "/etc"}}}),
		one("requestObject/spec/volumes", []any{set{"name": "h", "hostPath": set{"path": "/srv/data"}}})},
	"Create HostNetwork Pod":  {one("requestObject/spec/hostNetwork", true), one("requestObject/spec/hostNetwork", false)},
	"Create HostPid Pod":      {one("requestObject/spec/hostPID", true), one("requestObject/spec/hostIPC", true)},
	"Create HostIPC Pod":      {one("requestObject/spec/hostIPC", true), one("requestObject/spec/hostPID", true)},
	"Create NodePort Service": {with(of("services", "create"), one("requestObject/spec/type", "NodePort")), with(of("services", "create"), one("requestObject/spec/type", "ClusterIP"))},
	"Create/Modify Configmap With Private Credentials": {with(of("configmaps", "patch"), one("requestObject", set{"data": set{"conf": "password = x"}})),
		with(of("configmaps", "patch"), one("requestObject", set{"data": set{"conf": "colour = x"}}))},
	"Anonymous Request Allowed": {one("user/username", "system:anonymous"), set{"user/username": "system:anonymous", "requestURI": "/healthz?verbose"}},
	"Attach/Exec Pod": {set{"stage": "ResponseStarted", "verb": "get", "objectRef/subresource": "exec", "requestURI": "/api/v1/namespaces/shop/pods/web/exec?command=sh&stdin=true"},
		set{"stage": "ResponseStarted", "verb": "get", "objectRef/subresource": "log"}},
	"port-forward":                  {one("objectRef/subresource", "portforward"), one("objectRef/subresource", "proxy")},
	"EphemeralContainers Created":   {set{"verb": "patch", "objectRef/subresource": "ephemeralcontainers"}, set{"verb": "get", "objectRef/subresource": "ephemeralcontainers"}},
	"Create Disallowed Namespace":   {with(of("namespaces", "create"), one("objectRef/name", "mine")), with(of("namespaces", "create"), one("objectRef/name", "default"))},
	"Pod Created in Kube Namespace": {one("objectRef/namespace", "kube-system"), set{"objectRef/namespace": "kube-system", "requestObject/spec/containers": []any{set{"image": "registry.k8s.io/kube-apiserver:v1"}}}},
	"Service Account Created in Kube Namespace": {with(of("serviceaccounts", "create"), one("objectRef/namespace", "kube-system")),
		with(of("serviceaccounts", "create"), set{"objectRef/namespace": "kube-system", "objectRef/name": "coredns"})},
	"System ClusterRole Modified/Deleted":       {with(of("clusterroles", "delete"), one("objectRef/name", "system:node")), with(of("clusterroles", "delete"), one("objectRef/name", "system:coredns"))},
	"Attach to cluster-admin Role":              {with(of("clusterrolebindings", "create"), one("requestObject/roleRef", set{"name": "cluster-admin"})), with(of("clusterrolebindings", "create"), one("requestObject/roleRef", set{"name": "view"}))},
	"ClusterRole With Wildcard Created":         {rules([]any{"get"}, []any{"*"}), rules([]any{"get"}, []any{"pods"})},
	"ClusterRole With Write Privileges Created": {rules([]any{"get", "patch"}, []any{"pods"}), rules([]any{"get", "list", "watch"}, []any{"pods"})},
	"ClusterRole With Pod Exec Created":         {rules([]any{"get"}, []any{"pods", "pods/exec"}), rules([]any{"get"}, []any{"pods", "pods/log"})},
	"K8s Secret Get Successfully":               {of("secrets", "get"), with(of("secrets", "get"), one("responseStatus/code", 403))},
	"K8s Secret Get Unsuccessfully Tried":       {with(of("secrets", "get"), one("responseStatus/code", 403)), of("secrets", "get")},
	"K8s Secret Created":                        {of("secrets", "create"), with(of("secrets", "create"), one("objectRef/namespace", "kube-system"))},
	"K8s Secret Deleted":                        {of("secrets", "delete"), with(of("secrets", "delete"), one("user/username", "system:serviceaccount:x"))},
	"K8s Namespace Deleted":                     {of("namespaces", "delete"), with(of("namespaces", "delete"), one("user/username", "system:x"))},
	"All K8s Audit Events":                      {set{}, one("stage", "RequestReceived")},
	"Full K8s Administrative Access":            {one("user/username", "kubernetes-admin"), set{}},
	"Ingress Object without TLS Certificate Created": {with(of("ingresses", "create"), one("requestObject/spec", set{"rules": []any{}})),
		with(of("ingresses", "create"), one("requestObject/spec", set{"tls": []any{set{"hosts": []any{"x"}}}}))},
	"Untrusted Node Successfully Joined the Cluster":          {of("nodes", "create"), with(of("nodes", "create"), one("responseStatus/code", 409))},
	"Untrusted Node Unsuccessfully Tried to Join the Cluster": {with(of("nodes", "create"), one("responseStatus/code", 409)), of("nodes", "create")},
}

// activity are the rules about things that are made and deleted, all alike.
var activity = map[string]string{
	"Deployment": "deployments", "Service": "services", "ConfigMap": "configmaps", "Namespace": "namespaces", "Serviceaccount": "serviceaccounts",
	"Role": "roles", "ClusterRole": "clusterroles", "RoleBinding": "rolebindings", "ClusterRoleBinding": "clusterrolebindings",
}

// switched turns on what the published file leaves to its users.
const switched = `
- macro: allowed_k8s_containers
  condition: (ka.req.pod.containers.image.repository in (registry.example/web))
  override: {condition: replace}
- macro: consider_all_events
  condition: (jevt.rawtime exists)
  override: {condition: replace}
- macro: allowed_full_admin_users
  condition: (jevt.rawtime=0)
  override: {condition: replace}
- macro: allow_all_k8s_nodes
  condition: (jevt.rawtime=0)
  override: {condition: replace}
`

func TestPublishedRulesFire(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "falco-rules", "k8s_audit_rules.yaml"))
	if err != nil {
		t.Skip("the published rule files are not beside the checkout:", err)
	}
	file, problems := rule.Parse("k8s_audit_rules.yaml", data)
	own, more := rule.Parse("switched.yaml", []byte(switched))
	compiled, last := rule.Compile([]*rule.File{file, own}, &rule.Options{All: true})
	for _, p := range rule.Errors(slices.Concat(problems, more, last)) {
		t.Fatal(p)
	}
	all := map[string][2]set{}
	maps.Copy(all, acts)
	for kind, resource := range activity {
		if kind != "Namespace" {
			all["K8s "+kind+" Deleted"] = [2]set{of(resource, "delete"), with(of(resource, "delete"), one("responseStatus/code", 404))}
		}
		all["K8s "+kind+" Created"] = [2]set{of(resource, "create"), with(of(resource, "create"), one("responseStatus/code", 409))}
	}
	for _, r := range compiled.Rules() {
		pair, ok := all[r.Name]
		if !ok {
			t.Errorf("%s has no act", r.Name)
			continue
		}
		if got := match(compiled, event(t, pair[0])); !slices.Contains(got, r.Name) {
			t.Errorf("%s did not fire; fired: %q", r.Name, got)
		}
		if got := match(compiled, event(t, pair[1])); slices.Contains(got, r.Name) {
			t.Errorf("%s fired for what is nearly it", r.Name)
		}
		delete(all, r.Name)
	}
	for name := range all {
		t.Errorf("no rule %q", name)
	}
	for _, u := range compiled.Fields() {
		if f, _, ok := rule.LookupField(u.Field); ok && f.Source == kubeaudit.Source && !kubeaudit.Knows(f.Name) {
			t.Errorf("field %s has no value", u.Field)
		}
	}
}

func match(compiled *rule.Set, e *kubeaudit.Event) (names []string) {
	compiled.Eval(e, func(m *rule.Match) bool {
		names = append(names, m.Rule.Name)
		_ = m.Rule.Text(e)
		return true
	})
	return names
}

func TestFields(t *testing.T) {
	e := event(t, with(rules([]any{"get", "list"}, []any{"pods"}), set{
		"requestURI": "/api/v1/namespaces/shop/pods/web/exec?command=sh&command=-c",
		"requestObject/spec": set{
			"securityContext": set{"runAsUser": 1000},
			"containers": []any{set{"image": "r.example:5000/a/b:1@sha256:aa", "securityContext": set{"capabilities": set{"add": []any{"NET_ADMIN"}}}},
				set{"image": "c", "securityContext": set{"runAsUser": 0}, "ports": []any{set{"hostPort": 80}}}},
			"volumes": []any{set{"name": "h", "hostPath": set{"path": "/var/lib/x"}}, set{"name": "e", "emptyDir": set{}}},
		},
	}))
	for field, want := range map[string]string{
		"ka.req.pod.containers.image": "r.example:5000/a/b:1@sha256:aa,c", "ka.req.pod.containers.image.repository": "r.example:5000/a/b,c", "ka.req.pod.containers.image[1]": "c",
		"ka.req.pod.containers.image[2]": "", "ka.req.pod.containers.host_port": "80", "ka.req.pod.run_as_user": "1000", "ka.req.pod.containers.eff_run_as_user": "1000,0",
		"ka.req.pod.containers.add_capabilities": "NET_ADMIN", "ka.req.role.rules.verbs": "get,list", "ka.req.pod.volumes.volume_type": "hostPath,emptyDir",
		"ka.req.volume.hostpath[/var/lib/*]": "true", "ka.req.volume.hostpath[/etc]": "false", "ka.uri.param[command]": "sh", "ka.uri.param[none]": "",
		"jevt.value[/user/groups/1]": "system:authenticated", "jevt.value[/user/groups/7]": "", "jevt.value[/annotations/authorization.k8s.io~1decision]": "allow",
		"jevt.value[/requestObject/spec/containers/1/ports]": `[{"hostPort":80}]`, "ka.response.code": "200", "jevt.rawtime": "1795168800120000000", "ka.sourceips": "203.0.113.4",
		"ka.req.pod.host_ipc": "", "ka.req.container.image": "r.example:5000/a/b:1@sha256:aa",
	} {
		f, arg, ok := rule.LookupField(field)
		if !ok {
			t.Errorf("no field %s", field)
			continue
		}
		var v rule.Value
		e.Field(f.ID, arg, &v)
		if got := v.String(); got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"kind":"Event","auditID":"a","verb":"get","requestObject":{"spec":{"containers":[null,1,{"image":7}]}}}`))
	f.Add([]byte(`{"kind":"EventList","items":[{"auditID":"x"},{}]}`))
	f.Add([]byte(`{"kind":"Event","auditID":"a","requestObject":{"rules":[{"verbs":"x"}],"subjects":{}},"requestURI":"%zz?x"}`))
	fields := rule.Fields()
	f.Fuzz(func(t *testing.T, data []byte) {
		events, _ := kubeaudit.Parse(data)
		for _, e := range events {
			for _, field := range fields {
				var v rule.Value
				for _, arg := range []rule.Arg{{Index: -1}, {Text: "1", Index: 1}, {Text: "/requestObject/spec/containers/0", Index: -1}} {
					e.Field(field.ID, arg, &v)
				}
			}
			if r := e.Report(map[string]any{"x": 1}); r.Source != kubeaudit.Source {
				t.Error(fmt.Sprint(r))
			}
		}
	})
}
