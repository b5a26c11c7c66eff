package custom

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// VAPOptions are the choices of [Set.VAP]. The zero value denies, and leaves
// the namespaces of the cluster's own components alone.
type VAPOptions struct {
	Actions []string // "Deny", "Warn", "Audit"; empty: Deny
	Exempt  []string // namespaces; nil: kube-system and kube-node-lease
}

// resource is where the API server keeps a kind.
type resource struct{ group, version, plural string }

// resources are the kinds whose place is known; others are named by
// Rule.Resources.
var resources = map[string]resource{
	"Pod": {"", "v1", "pods"}, "Service": {"", "v1", "services"}, "ConfigMap": {"", "v1", "configmaps"}, "Secret": {"", "v1", "secrets"},
	"Namespace": {"", "v1", "namespaces"}, "ServiceAccount": {"", "v1", "serviceaccounts"}, "PersistentVolume": {"", "v1", "persistentvolumes"},
	"PersistentVolumeClaim": {"", "v1", "persistentvolumeclaims"}, "ReplicationController": {"", "v1", "replicationcontrollers"},
	"LimitRange": {"", "v1", "limitranges"}, "ResourceQuota": {"", "v1", "resourcequotas"},
	"Deployment": {"apps", "v1", "deployments"}, "StatefulSet": {"apps", "v1", "statefulsets"}, "DaemonSet": {"apps", "v1", "daemonsets"},
	"ReplicaSet": {"apps", "v1", "replicasets"}, "Job": {"batch", "v1", "jobs"}, "CronJob": {"batch", "v1", "cronjobs"},
	"Ingress": {"networking.k8s.io", "v1", "ingresses"}, "NetworkPolicy": {"networking.k8s.io", "v1", "networkpolicies"},
	"Role": {"rbac.authorization.k8s.io", "v1", "roles"}, "ClusterRole": {"rbac.authorization.k8s.io", "v1", "clusterroles"},
	"RoleBinding":             {"rbac.authorization.k8s.io", "v1", "rolebindings"},
	"ClusterRoleBinding":      {"rbac.authorization.k8s.io", "v1", "clusterrolebindings"},
	"PodDisruptionBudget":     {"policy", "v1", "poddisruptionbudgets"},
	"HorizontalPodAutoscaler": {"autoscaling", "v2", "horizontalpodautoscalers"},
	"StorageClass":            {"storage.k8s.io", "v1", "storageclasses"},
}

// VAP writes each check over manifests as a ValidatingAdmissionPolicy of
// admissionregistration.k8s.io/v1 (Kubernetes 1.30 and later) and its
// binding. Checks over other things stay out, and are named; one that a
// cluster cannot know, because it asks for a file's name or for a kind whose
// resource is not known, is an error.
func (s *Set) VAP(opts *VAPOptions) (text []byte, left []string, err error) {
	o := VAPOptions{}
	if opts != nil {
		o = *opts
	}
	if len(o.Actions) == 0 {
		o.Actions = []string{"Deny"}
	}
	if o.Exempt == nil {
		o.Exempt = []string{"kube-system", "kube-node-lease"}
	}
	var b bytes.Buffer
	for i := range s.Rules {
		r := &s.Rules[i]
		if r.Over != OverManifest {
			left = append(left, r.ID)
			continue
		}
		if b.Len() > 0 {
			b.WriteString("---\n")
		}
		if err := r.writeVAP(&b, &o); err != nil {
			return nil, nil, &Error{File: s.Name, Line: r.At.Line, Col: r.At.Col, Message: err.Error()}
		}
	}
	return b.Bytes(), left, nil
}

// rules are the resources that a check's kinds live in, by group and version.
func (r *Rule) resourceRules() ([]resource, error) {
	var out []resource
	for _, kind := range r.Kinds {
		at, ok := resources[kind]
		if !ok {
			if len(r.Resources) == 0 {
				return nil, fmt.Errorf("check %s: the resource of kind %s is not known; name it under resources, such as widgets.v1.example.com", r.ID, clip(kind))
			}
			continue
		}
		out = append(out, at)
	}
	for _, name := range r.Resources {
		plural, rest, ok := strings.Cut(name, ".")
		version, group, _ := strings.Cut(rest, ".")
		if !ok || plural == "" || !isDNS(plural) || !isDNS(version) || group != "" && !isDNS(group) {
			return nil, fmt.Errorf("check %s: resource %q: want plural.version.group, such as deployments.v1.apps", r.ID, clip(name))
		}
		out = append(out, resource{group, version, plural})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("check %s names no kinds: a cluster must be told which objects to ask about", r.ID)
	}
	slices.SortFunc(out, func(a, b resource) int {
		return strings.Compare(a.group+"/"+a.version+"/"+a.plural, b.group+"/"+b.version+"/"+b.plural)
	})
	return slices.Compact(out), nil
}

func isDNS(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-.") == ""
}

func (r *Rule) writeVAP(b *bytes.Buffer, o *VAPOptions) error {
	places, err := r.resourceRules()
	if err != nil {
		return err
	}
	if mentions(r, "file") {
		return fmt.Errorf("check %s asks for a file, and a cluster has none", r.ID)
	}
	name := strings.ReplaceAll(r.ID, "/", "-")
	line := func(depth int, format string, args ...any) {
		b.WriteString(strings.Repeat("  ", depth))
		fmt.Fprintf(b, format, args...)
		b.WriteByte('\n')
	}
	line(0, "apiVersion: admissionregistration.k8s.io/v1")
	line(0, "kind: ValidatingAdmissionPolicy")
	line(0, "metadata:")
	line(1, "name: %s", name)
	line(1, "annotations:")
	line(2, "boltseal.dev/check: %s", quoted(r.ID))
	line(2, "boltseal.dev/title: %s", quoted(r.Title))
	line(0, "spec:")
	line(1, "failurePolicy: Fail")
	line(1, "matchConstraints:")
	line(2, "resourceRules:")
	for _, p := range places {
		line(2, "- apiGroups: [%s]", quoted(p.group))
		line(2, "  apiVersions: [%s]", quoted(p.version))
		line(2, "  operations: [CREATE, UPDATE]")
		line(2, "  resources: [%s]", quoted(p.plural))
	}
	variables := slices.Clone(r.Variables)
	if mentions(r, "variables."+podSpecName) {
		variables = slices.Insert(variables, 0, Variable{Name: podSpecName, Expression: podSpecExpression})
	}
	if len(variables) > 0 {
		line(1, "variables:")
		for _, v := range variables {
			line(1, "- name: %s", v.Name)
			line(1, "  expression: %s", quoted(strings.TrimSpace(v.Expression)))
		}
	}
	line(1, "validations:")
	// A match condition cannot use variables, so that "when" is part of the
	// validation.
	expression := strings.TrimSpace(r.Expression)
	if r.When != "" {
		expression = "!(" + strings.TrimSpace(r.When) + "\n) || (" + expression + "\n)"
	}
	line(1, "- expression: %s", quoted(expression))
	message := r.Message
	if message == "" {
		message = r.Title
	}
	line(1, "  message: %s", quoted(r.ID+": "+strings.Join(strings.Fields(message), " ")))
	if r.MessageBy != "" {
		line(1, "  messageExpression: %s", quoted(strings.TrimSpace(r.MessageBy)))
	}
	line(1, "  reason: Forbidden")
	line(0, "---")
	line(0, "apiVersion: admissionregistration.k8s.io/v1")
	line(0, "kind: ValidatingAdmissionPolicyBinding")
	line(0, "metadata:")
	line(1, "name: %s", name)
	line(0, "spec:")
	line(1, "policyName: %s", name)
	line(1, "validationActions: [%s]", strings.Join(o.Actions, ", "))
	if len(o.Exempt) > 0 {
		line(1, "matchResources:")
		line(2, "namespaceSelector:")
		line(3, "matchExpressions:")
		line(3, "- key: kubernetes.io/metadata.name")
		line(3, "  operator: NotIn")
		line(3, "  values: [%s]", strings.Join(o.Exempt, ", "))
	}
	return nil
}

// quoted is a text as a double-quoted scalar, which JSON's strings are in
// YAML too.
func quoted(s string) string { return strconv.QuoteToASCII(strings.ToValidUTF8(s, "\uFFFD")) }
