package kube

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/missing-config", Title: "a ConfigMap or Secret, or a key of it, that is not there", Severity: boltseal.Medium,
		Aliases: aliases("kube-linter:env-value-from"),
		Doc: `The pods refer to a key that the ConfigMap or Secret of the same files does not have, or to an object that is missing beside others of its kind in the same file: they stay in
CreateContainerConfigError, or mount nothing. Objects that are made elsewhere, or by another tool, are not reported when their names are not near one that is there.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			for _, c := range w.Containers {
				p.env(c)
			}
			for i, v := range w.Spec.Volumes {
				node := w.PodNode.Get("volumes", strconv.Itoa(i))
				switch {
				case v.ConfigMap != nil && (v.ConfigMap.Optional == nil || !*v.ConfigMap.Optional):
					p.config(w, "ConfigMap", v.ConfigMap.Name, itemKeys(v.ConfigMap.Items), nearest(node, "configMap", "name"))
				case v.Secret != nil && (v.Secret.Optional == nil || !*v.Secret.Optional):
					p.config(w, "Secret", v.Secret.SecretName, itemKeys(v.Secret.Items), nearest(node, "secret", "secretName"))
				}
			}
		}
	},
})

func itemKeys(items []corev1.KeyToPath) []string {
	var keys []string
	for _, it := range items {
		keys = append(keys, it.Key)
	}
	return keys
}

// env checks what a container's variables refer to.
func (p *Pass) env(c *Container) {
	for i, e := range c.Env {
		node := c.Node.Get("env", strconv.Itoa(i), "valueFrom")
		switch from := e.ValueFrom; {
		case from == nil:
		case from.ConfigMapKeyRef != nil && (from.ConfigMapKeyRef.Optional == nil || !*from.ConfigMapKeyRef.Optional):
			p.config(c.Workload, "ConfigMap", from.ConfigMapKeyRef.Name, []string{from.ConfigMapKeyRef.Key}, nearest(node, "configMapKeyRef", "name"))
		case from.SecretKeyRef != nil && (from.SecretKeyRef.Optional == nil || !*from.SecretKeyRef.Optional):
			p.config(c.Workload, "Secret", from.SecretKeyRef.Name, []string{from.SecretKeyRef.Key}, nearest(node, "secretKeyRef", "name"))
		}
	}
	for i, from := range c.EnvFrom {
		node := c.Node.Get("envFrom", strconv.Itoa(i))
		switch {
		case from.ConfigMapRef != nil && (from.ConfigMapRef.Optional == nil || !*from.ConfigMapRef.Optional):
			p.config(c.Workload, "ConfigMap", from.ConfigMapRef.Name, nil, nearest(node, "configMapRef", "name"))
		case from.SecretRef != nil && (from.SecretRef.Optional == nil || !*from.SecretRef.Optional):
			p.config(c.Workload, "Secret", from.SecretRef.Name, nil, nearest(node, "secretRef", "name"))
		}
	}
}

// config checks one reference. An object that is not there is reported only
// when another one in the same file has nearly its name: it may be made by
// something else.
func (p *Pass) config(w *Workload, kind, n string, keys []string, at *manifest.Node) {
	o := p.Lookup("", kind, w.Namespace, n)
	if o == nil {
		if near := p.near(w.Object, kind, n); near != "" {
			p.Report(w.Object, at, fmt.Sprintf("there is no %s %q in the namespace, and there is one called %q", kind, n, near))
		}
		return
	}
	for _, key := range keys {
		if !o.holds(key) {
			p.Report(w.Object, at, fmt.Sprintf("the %s %q has no key %q", kind, n, key))
		}
	}
}

// holds tells whether a ConfigMap or Secret has a key.
func (o *Object) holds(key string) bool {
	switch v := o.Value.(type) {
	case *corev1.ConfigMap:
		_, ok := v.Data[key]
		_, binary := v.BinaryData[key]
		return ok || binary
	case *corev1.Secret:
		_, ok := v.Data[key]
		_, plain := v.StringData[key]
		return ok || plain || o.Node.Get("data", key) != nil || v.Type == corev1.SecretTypeServiceAccountToken
	}
	return true
}

// near is an object of the same file whose name is a slip of the pen away.
func (p *Pass) near(o *Object, kind, n string) string {
	others := p.inFile[o.File]
	for _, other := range others[:min(len(others), 500)] {
		if other.Kind == kind && other.Group() == "" && other.Namespace == o.Namespace && len(n) > 3 && apart(other.Object.Name, n) < 3 {
			return other.Object.Name
		}
	}
	return ""
}
