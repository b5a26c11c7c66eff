package admission

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/boltseal/boltseal/policy"
)

// Webhook is what a cluster is told of the webhook.
type Webhook struct {
	Name      string // of the configuration
	URL       string // where it is outside of the cluster, or else:
	Service   string // its service's name, in the policy's own namespace
	CA        []byte // PEM; empty leaves caBundle out
	FailOpen  bool   // the API server lets in what it cannot ask about
	Timeout   int    // seconds that the API server waits
	Admission policy.Admission
}

// Manifest is a ValidatingWebhookConfiguration in YAML. What the policy passes
// over without a pattern is not even sent, so that the cluster's own
// namespaces do not hang on the webhook.
func (w *Webhook) Manifest() string {
	policyName := "Fail"
	if w.FailOpen {
		policyName = "Ignore"
	}
	var b strings.Builder
	fmt.Fprintf(&b, `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: %q
webhooks:
  - name: admission.boltseal.dev
    admissionReviewVersions: [v1]
    sideEffects: None
    matchPolicy: Equivalent
    failurePolicy: %s
    timeoutSeconds: %d
    clientConfig:
`, w.Name, policyName, w.Timeout)
	if w.URL != "" {
		fmt.Fprintf(&b, "      url: %q\n", w.URL)
	} else {
		fmt.Fprintf(&b, "      service: {name: %q, namespace: %q, path: %s, port: 443}\n", w.Service, w.Admission.Namespace, Path)
	}
	if len(w.CA) > 0 {
		fmt.Fprintf(&b, "      caBundle: %s\n", base64.StdEncoding.EncodeToString(w.CA))
	}
	var out []string
	for _, namespace := range slices.Concat([]string{"kube-system", w.Admission.Namespace}, w.Admission.Exempt) {
		if _, judged := w.Admission.In(namespace); !judged && !strings.ContainsAny(namespace, `*?[\`) {
			out = append(out, fmt.Sprintf("%q", namespace))
		}
	}
	slices.Sort(out)
	if out = slices.Compact(out); len(out) > 0 {
		fmt.Fprintf(&b, `    namespaceSelector:
      matchExpressions:
        - {key: kubernetes.io/metadata.name, operator: NotIn, values: [%s]}
`, strings.Join(out, ", "))
	}
	b.WriteString(`    rules:
      - apiGroups: [""]
        apiVersions: [v1]
        operations: [CREATE, UPDATE]
        resources: [pods, pods/ephemeralcontainers, replicationcontrollers, namespaces]
      - apiGroups: [apps]
        apiVersions: [v1]
        operations: [CREATE, UPDATE]
        resources: [deployments, daemonsets, replicasets, statefulsets]
      - apiGroups: [batch]
        apiVersions: [v1]
        operations: [CREATE, UPDATE]
        resources: [jobs, cronjobs]
`)
	return b.String()
}
