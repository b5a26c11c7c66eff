package kube

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	strictjson "sigs.k8s.io/json"

	"github.com/boltseal/boltseal/syntax/manifest"
)

// schema is the type of a kind. Versions that share its shape are read with
// it too, but what is unknown in them is not a mistake.
type schema struct {
	version string
	make    func() any
	alike   string
}

// schemas are the kinds that are read with their types.
var schemas = map[string]schema{
	"/Pod":                   {"v1", func() any { return new(corev1.Pod) }, ""},
	"/PodTemplate":           {"v1", func() any { return new(corev1.PodTemplate) }, ""},
	"/ReplicationController": {"v1", func() any { return new(corev1.ReplicationController) }, ""},
	"/Service":               {"v1", func() any { return new(corev1.Service) }, ""},
	"/ConfigMap":             {"v1", func() any { return new(corev1.ConfigMap) }, ""},
	"/Secret":                {"v1", func() any { return new(corev1.Secret) }, ""},
	"/ServiceAccount":        {"v1", func() any { return new(corev1.ServiceAccount) }, ""},
	"/Namespace":             {"v1", func() any { return new(corev1.Namespace) }, ""},
	"/Node":                  {"v1", func() any { return new(corev1.Node) }, ""},
	"/LimitRange":            {"v1", func() any { return new(corev1.LimitRange) }, ""},
	"/ResourceQuota":         {"v1", func() any { return new(corev1.ResourceQuota) }, ""},
	"/PersistentVolume":      {"v1", func() any { return new(corev1.PersistentVolume) }, ""},
	"/PersistentVolumeClaim": {"v1", func() any { return new(corev1.PersistentVolumeClaim) }, ""},

	"apps/Deployment":  {"v1", func() any { return new(appsv1.Deployment) }, "v1beta1 v1beta2"},
	"apps/DaemonSet":   {"v1", func() any { return new(appsv1.DaemonSet) }, "v1beta2"},
	"apps/ReplicaSet":  {"v1", func() any { return new(appsv1.ReplicaSet) }, "v1beta2"},
	"apps/StatefulSet": {"v1", func() any { return new(appsv1.StatefulSet) }, "v1beta1 v1beta2"},

	"extensions/Deployment": {"", func() any { return new(appsv1.Deployment) }, "v1beta1"},
	"extensions/DaemonSet":  {"", func() any { return new(appsv1.DaemonSet) }, "v1beta1"},
	"extensions/ReplicaSet": {"", func() any { return new(appsv1.ReplicaSet) }, "v1beta1"},

	"batch/Job":     {"v1", func() any { return new(batchv1.Job) }, ""},
	"batch/CronJob": {"v1", func() any { return new(batchv1.CronJob) }, "v1beta1 v2alpha1"},

	"networking.k8s.io/Ingress":       {"v1", func() any { return new(networkingv1.Ingress) }, ""},
	"networking.k8s.io/IngressClass":  {"v1", func() any { return new(networkingv1.IngressClass) }, "v1beta1"},
	"networking.k8s.io/NetworkPolicy": {"v1", func() any { return new(networkingv1.NetworkPolicy) }, ""},
	"extensions/NetworkPolicy":        {"", func() any { return new(networkingv1.NetworkPolicy) }, "v1beta1"},

	"rbac.authorization.k8s.io/Role":               {"v1", func() any { return new(rbacv1.Role) }, "v1beta1 v1alpha1"},
	"rbac.authorization.k8s.io/ClusterRole":        {"v1", func() any { return new(rbacv1.ClusterRole) }, "v1beta1 v1alpha1"},
	"rbac.authorization.k8s.io/RoleBinding":        {"v1", func() any { return new(rbacv1.RoleBinding) }, "v1beta1 v1alpha1"},
	"rbac.authorization.k8s.io/ClusterRoleBinding": {"v1", func() any { return new(rbacv1.ClusterRoleBinding) }, "v1beta1 v1alpha1"},

	"policy/PodDisruptionBudget":          {"v1", func() any { return new(policyv1.PodDisruptionBudget) }, "v1beta1"},
	"autoscaling/HorizontalPodAutoscaler": {"v2", func() any { return new(autoscalingv2.HorizontalPodAutoscaler) }, "v2beta1 v2beta2 v1"},
	"scheduling.k8s.io/PriorityClass":     {"v1", func() any { return new(schedulingv1.PriorityClass) }, "v1beta1 v1alpha1"},
	"storage.k8s.io/StorageClass":         {"v1", func() any { return new(storagev1.StorageClass) }, "v1beta1"},
	"storage.k8s.io/CSIDriver":            {"v1", func() any { return new(storagev1.CSIDriver) }, "v1beta1"},
	"coordination.k8s.io/Lease":           {"v1", func() any { return new(coordinationv1.Lease) }, "v1beta1"},
	"discovery.k8s.io/EndpointSlice":      {"v1", func() any { return new(discoveryv1.EndpointSlice) }, ""},
	"node.k8s.io/RuntimeClass":            {"v1", func() any { return new(nodev1.RuntimeClass) }, ""},

	"admissionregistration.k8s.io/ValidatingWebhookConfiguration":   {"v1", func() any { return new(admissionv1.ValidatingWebhookConfiguration) }, "v1beta1"},
	"admissionregistration.k8s.io/MutatingWebhookConfiguration":     {"v1", func() any { return new(admissionv1.MutatingWebhookConfiguration) }, "v1beta1"},
	"admissionregistration.k8s.io/ValidatingAdmissionPolicy":        {"v1", func() any { return new(admissionv1.ValidatingAdmissionPolicy) }, "v1beta1 v1alpha1"},
	"admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding": {"v1", func() any { return new(admissionv1.ValidatingAdmissionPolicyBinding) }, "v1beta1 v1alpha1"},
}

// strictHPA reads the one other version that clusters still serve.
var strictHPA = schema{"v1", func() any { return new(autoscalingv1.HorizontalPodAutoscaler) }, ""}

// problem is what keeps an object, or a part of it, from being read.
type problem struct {
	at      *manifest.Node
	field   string // not empty: a field that its type does not have
	message string
}

// decodeAll reads the objects of all files, some files at a time; their order
// stays.
func decodeAll(files []*manifest.File) []*Object {
	perFile := make([][]*Object, len(files))
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), len(files)) {
		wg.Go(func() {
			for i := range next {
				perFile[i] = decodeFile(files[i])
			}
		})
	}
	for i := range files {
		next <- i
	}
	close(next)
	wg.Wait()
	var all []*Object
	for _, objects := range perFile {
		all = append(all, objects...)
	}
	return all
}

func decodeFile(f *manifest.File) []*Object {
	if f.Kind != manifest.Kubernetes {
		return nil
	}
	var out []*Object
	for _, raw := range f.Objects() {
		o := &Object{Object: raw}
		o.decode()
		o.Workload = workloadOf(o)
		out = append(out, o)
	}
	return out
}

// An API server takes requests of 3 MiB. Types need more memory than the
// nodes that they are read from, so their number is bounded too.
const (
	maxObject = 3 << 20
	maxNodes  = 100_000
)

// nodes counts the nodes of a tree, up to a bound.
func nodes(n *manifest.Node, bound int) int {
	count := 1
	for _, pair := range n.Pairs {
		if count >= bound {
			return count
		}
		count += 1 + nodes(pair.Value, bound-count)
	}
	for _, it := range n.Items {
		if count >= bound {
			return count
		}
		count += nodes(it, bound-count)
	}
	return count
}

// decode reads the object with the type of its kind.
func (o *Object) decode() {
	if o.Node.Span.End-o.Node.Span.Start > maxObject || nodes(o.Node, maxNodes) >= maxNodes {
		o.tooLarge = true
		return
	}
	version := o.APIVersion[strings.LastIndexByte(o.APIVersion, '/')+1:]
	s, known := schemas[o.Group()+"/"+o.Kind]
	if !known || version != s.version && !strings.Contains(" "+s.alike+" ", " "+version+" ") {
		if meta := o.Node.Get("metadata"); meta != nil {
			o.read(meta, &o.Meta, false)
		}
		return
	}
	o.Value = s.make()
	o.read(o.Node, o.Value, version == s.version)
	if typed, ok := o.Value.(metav1.ObjectMetaAccessor); ok {
		if meta, ok := typed.GetObjectMeta().(*metav1.ObjectMeta); ok {
			o.Meta = *meta
		}
	}
	if version == "v1" && s.version == "v2" {
		o.read(o.Node, strictHPA.make(), true)
	}
}

// read decodes a node; what does not fit becomes a problem of the object.
func (o *Object) read(n *manifest.Node, into any, strict bool) {
	var raw json.RawMessage
	if err := n.Decode(&raw); err != nil {
		o.problems = append(o.problems, problem{at: n, message: err.Error()})
		return
	}
	unknown, err := strictjson.UnmarshalStrict(raw, into)
	for _, e := range unknown {
		var field strictjson.FieldError
		if !strict || !errors.As(e, &field) || !strings.HasPrefix(e.Error(), "unknown field") {
			continue
		}
		at, last := resolve(n, field.FieldPath())
		o.problems = append(o.problems, problem{at: at, field: last, message: field.FieldPath()})
	}
	if err != nil {
		at, message := o.mistyped(n, err)
		if found := (problem{at: at, message: message}); !slices.Contains(o.problems, found) {
			o.problems = append(o.problems, found)
		}
	}
}

// resolve follows a path such as "spec.containers[0].imag" from a node to the
// last key, whose text it gives too. Keys may hold dots themselves.
func resolve(n *manifest.Node, path string) (*manifest.Node, string) {
	last := n
	for path != "" && n != nil {
		if path[0] == '[' {
			end := strings.IndexByte(path, ']')
			i, err := strconv.Atoi(path[1:max(end, 1)])
			if end < 0 || err != nil || i >= len(n.Items) {
				break
			}
			n, path = n.Items[i].Get(), strings.TrimPrefix(path[end+1:], ".")
			continue
		}
		key, rest := longestKey(n, path)
		if key == nil {
			break
		}
		last, path = key, rest
		n = n.Get(key.Value)
	}
	return last, last.Value
}

// longestKey is the key of a mapping that a path begins with.
func longestKey(n *manifest.Node, path string) (*manifest.Node, string) {
	var best *manifest.Node
	for _, pair := range n.Pairs {
		rest, ok := strings.CutPrefix(path, pair.Key.Value)
		if ok && (rest == "" || rest[0] == '.' || rest[0] == '[') && (best == nil || len(pair.Key.Value) > len(best.Value)) {
			best = pair.Key
		}
	}
	if best == nil {
		return nil, ""
	}
	return best, strings.TrimPrefix(path[len(best.Value):], ".")
}

// typeError is how the decoder tells that a value has another type than its
// field.
var typeError = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`cannot unmarshal (\S+)(?: \S+)? into Go (?:struct field \S*?\.(\S+)|value) of type (\S+)`)
})

// mistyped finds the node that an error of the decoder speaks of.
func (o *Object) mistyped(n *manifest.Node, err error) (*manifest.Node, string) {
	if m := typeError().FindStringSubmatch(err.Error()); m != nil {
		return spoken(n, strings.Split(m[2], "."), m[1]), fmt.Sprintf("%s is %s where %s is wanted", m[2], article(m[1]), kindWord(m[3]))
	}
	if strings.Contains(err.Error(), "quantit") {
		if at := firstBadQuantity(n); at != nil {
			return at, fmt.Sprintf("%q is not a quantity", at.Value)
		}
	}
	return n, err.Error()
}

// spoken walks down a path without indices to the first value of the wrong
// form.
func spoken(n *manifest.Node, path []string, got string) *manifest.Node {
	n = n.Get()
	if n == nil {
		return nil
	}
	if len(n.Items) > 0 && len(path) > 0 {
		for _, item := range n.Items {
			if at := spoken(item, path, got); at != nil {
				return at
			}
		}
		return nil
	}
	if len(path) == 0 || path[0] == "" {
		if len(n.Items) > 0 && got != "array" {
			for _, item := range n.Items {
				if form(item) == got {
					return item
				}
			}
		}
		if form(n) == got {
			return n
		}
		return nil
	}
	return spoken(n.Get(path[0]), path[1:], got)
}

// form is a node's type in the decoder's words.
func form(n *manifest.Node) string {
	var v any
	if n.Decode(&v) != nil {
		return ""
	}
	switch v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "bool"
	case nil:
		return "null"
	}
	return "number"
}

func article(form string) string {
	if form == "object" || form == "array" {
		return "an " + form
	}
	return "a " + form
}

// kindWord says what a Go type is in the words of a manifest.
func kindWord(goType string) string {
	switch {
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case strings.HasPrefix(goType, "map["):
		return "a mapping"
	case strings.Contains(goType, "int"):
		return "a whole number"
	case goType == "bool":
		return "true or false"
	case goType == "string":
		return "a string"
	case strings.Contains(goType, "."):
		return "a mapping"
	}
	return goType
}
