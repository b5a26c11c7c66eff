package kube

import (
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/unknown-field", Title: "a field that does not exist there", Severity: boltseal.High,
		Aliases: aliases("kube-linter:schema-validation"),
		Doc: `The API server drops fields that a type does not have, or refuses the object, depending on how strict the client asks it to be. A misspelt securityContext, or
one of its fields at the wrong level, then protects nothing and everybody believes that it does. Names are case-sensitive; fsGroup belongs to the pod, capabilities belong to
a container.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Objects {
			for _, problem := range o.problems {
				if problem.field != "" && !strings.HasPrefix(problem.message, "status.") {
					p.unknownField(o, problem)
				}
			}
		}
	},
})

func (p *Pass) unknownField(o *Object, problem problem) {
	message := "there is no field " + problem.field
	if i := strings.LastIndexByte(problem.message, '.'); i > 0 {
		message += " in " + problem.message[:i]
	}
	var fixes []boltseal.Fix
	where, elsewhere := strings.TrimSuffix(problem.message, problem.field), fieldLevels[problem.field]
	switch right := spelling(problem.field, where); {
	case elsewhere != "":
		message += ": it belongs to " + elsewhere
	case right != "":
		message += ": " + right + " is meant"
		if problem.at.Parent.Get(right) == nil {
			fixes = []boltseal.Fix{{Title: "write " + right, Edits: []boltseal.Edit{{File: o.File.Name, Span: problem.at.Span, New: rekey(problem.at, right)}}}}
		}
	}
	p.Report(o, problem.at, message, fixes...)
}

// rekey is a key's new text in the quotes of the old one.
func rekey(key *manifest.Node, text string) string {
	switch key.Style {
	case manifest.DoubleQuoted:
		return `"` + text + `"`
	case manifest.SingleQuoted:
		return "'" + text + "'"
	}
	return text
}

// fieldLevels say where fields belong that people write at the wrong level.
var fieldLevels = func() map[string]string {
	all := map[string]string{}
	for _, level := range []struct{ where, fields string }{
		{"the pod's securityContext", "fsGroup fsGroupChangePolicy supplementalGroups sysctls"},
		{"a container's securityContext", "capabilities privileged allowPrivilegeEscalation readOnlyRootFilesystem procMount"},
		{"a securityContext", "runAsNonRoot runAsUser runAsGroup seccompProfile"},
		{"the pod's spec", "hostNetwork hostPID hostIPC hostUsers automountServiceAccountToken serviceAccountName imagePullSecrets nodeSelector tolerations"},
		{"the pod's spec or an init container", "restartPolicy"},
		{"a container", "volumeMounts livenessProbe readinessProbe imagePullPolicy"},
		{"the spec of a policy, or a peer", "podSelector"},
		{"resources", "limits requests"},
	} {
		for _, name := range names(level.fields) {
			all[name] = level.where
		}
	}
	return all
}()

// spelling is the field that a misspelt one stands for, among those that
// matter to security.
func spelling(field, where string) string {
	best, distance := "", 3
	for _, right := range secureFields {
		d := apart(strings.ToLower(field), strings.ToLower(right))
		if d > 0 && d < distance && d < len(right)/3 {
			best, distance = right, d
		}
	}
	if best != "" && strings.HasSuffix(where, best+".") {
		return ""
	}
	return best
}

var secureFields = names(`securityContext runAsNonRoot runAsUser runAsGroup readOnlyRootFilesystem allowPrivilegeEscalation privileged capabilities seccompProfile localhostProfile
	appArmorProfile seLinuxOptions fsGroup supplementalGroups automountServiceAccountToken serviceAccountName hostNetwork hostPID hostIPC hostUsers hostPort resources limits
	requests volumeMounts mountPath readOnly volumes emptyDir configMap secretName secretKeyRef configMapKeyRef valueFrom envFrom image imagePullPolicy imagePullSecrets
	livenessProbe readinessProbe startupProbe httpGet tcpSocket containerPort targetPort nodePort policyTypes podSelector namespaceSelector matchLabels matchExpressions ingress egress
	containers initContainers template replicas selector metadata labels annotations namespace roleRef subjects rules apiGroups resourceNames verbs terminationGracePeriodSeconds
	restartPolicy command args ports name loadBalancerSourceRanges externalTrafficPolicy minAvailable maxUnavailable schedule concurrencyPolicy`)

// apart is the number of letters to change, add or take away between two
// words, up to 3.
func apart(a, b string) int {
	if len(a)-len(b) > 2 || len(b)-len(a) > 2 || len(a) > 60 {
		return 3
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left := row[0]
		row[0] = i + 1
		for j := range len(b) {
			up := row[j+1]
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(left+cost, up+1, row[j]+1)
			left = up
		}
	}
	return row[len(b)]
}
