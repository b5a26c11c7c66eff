package kubeaudit

import (
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/boltseal/boltseal/rule"
)

type extractor func(e *Event, arg rule.Arg, v *rule.Value)

// extractors are the fields that events have, by their numbers.
var extractors = sync.OnceValue(func() []extractor {
	fields := rule.Fields()
	out := make([]extractor, len(fields))
	for _, f := range fields {
		out[f.ID] = known[f.Name]
	}
	return out
})

// Knows tells whether events have a value for a field.
func Knows(field string) bool { return known[field] != nil }

// one is a field that stands at one place.
func one(keys ...string) extractor {
	return func(e *Event, _ rule.Arg, v *rule.Value) {
		if s, ok := shown(e.get(keys...)); ok {
			v.SetString(s)
		}
	}
}

func number(keys ...string) extractor {
	return func(e *Event, _ rule.Arg, v *rule.Value) {
		s, _ := shown(e.get(keys...))
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			v.SetInt(n)
		}
	}
}

// list is a field of all values that stand at a place, where "*" is every
// element of an array. With an index as its argument it is one of them.
func list(change func(string) string, keys ...string) extractor {
	return func(e *Event, arg rule.Arg, v *rule.Value) {
		fill(v, arg, change, collect(e.body, keys))
	}
}

// fill puts values into v. Values that are not there are left out, as the
// plugin does, so that a list of nothing is no value.
func fill(v *rule.Value, arg rule.Arg, change func(string) string, values []any) {
	if arg.Index >= 0 {
		if arg.Index >= len(values) {
			return
		}
		values = values[arg.Index : arg.Index+1]
	}
	for _, value := range values {
		if s, ok := shown(value); ok {
			if change != nil {
				s = change(s)
			}
			v.AddString(s)
		}
	}
}

// collect goes down by keys; "*" is every element, and missing ones stay as
// nil, so that an index means what it says.
func collect(v any, keys []string) []any {
	if len(keys) == 0 {
		return []any{v}
	}
	head, rest := keys[0], keys[1:]
	if head == "*" {
		all, _ := v.([]any)
		var out []any
		for _, each := range all {
			out = append(out, collect(each, rest)...)
		}
		return out
	}
	m, ok := v.(map[string]any)
	if !ok {
		return []any{nil}
	}
	return collect(m[head], rest)
}

// containers is a field of every container of one of the pod's lists.
func containers(of string, change func(string) string, keys ...string) extractor {
	return list(change, append([]string{"requestObject", "spec", of, "*"}, keys...)...)
}

// repository is an image's name without its tag and digest.
func repository(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if colon := strings.LastIndexByte(image, ':'); colon > strings.LastIndexByte(image, '/') {
		image = image[:colon]
	}
	return image
}

// effective is what a container runs as: its own word, else its pod's, else 0.
func effective(key string) extractor {
	return func(e *Event, arg rule.Arg, v *rule.Value) {
		pod := e.get("requestObject", "spec", "securityContext", key)
		var values []any
		for _, own := range collect(e.body, []string{"requestObject", "spec", "containers", "*", "securityContext", key}) {
			switch {
			case own != nil:
				values = append(values, own)
			case pod != nil:
				values = append(values, pod)
			default:
				values = append(values, "0")
			}
		}
		fill(v, arg, nil, values)
	}
}

const firstContainer = "0"

func first(of string, change func(string) string, keys ...string) extractor {
	get := containers(of, change, keys...)
	return func(e *Event, _ rule.Arg, v *rule.Value) { get(e, rule.Arg{Text: firstContainer, Index: 0}, v) }
}

func clock(layout string) extractor {
	return func(e *Event, _ rule.Arg, v *rule.Value) {
		if !e.at.IsZero() {
			v.SetString(e.at.UTC().Format(layout))
		}
	}
}

func rawTime(e *Event, _ rule.Arg, v *rule.Value) {
	if !e.at.IsZero() {
		v.SetString(strconv.FormatInt(e.at.UnixNano(), 10))
	}
}

func byPointer(e *Event, arg rule.Arg, v *rule.Value) {
	if s, ok := shown(e.pointer(arg.Text)); ok {
		v.SetString(s)
	}
}

func object(e *Event, _ rule.Arg, v *rule.Value) { v.SetString(string(e.raw)) }

func parameter(e *Event, arg rule.Arg, v *rule.Value) {
	u, err := url.Parse(e.text("requestURI"))
	if err == nil && u.Query().Has(arg.Text) {
		v.SetString(u.Query().Get(arg.Text))
	}
}

// volumeTypes are the keys of volumes besides their names.
func volumeTypes(e *Event, arg rule.Arg, v *rule.Value) {
	var values []any
	all, _ := e.get("requestObject", "spec", "volumes").([]any)
	for _, each := range all {
		m, _ := each.(map[string]any)
		var kinds []string
		for key := range m {
			if key != "name" {
				kinds = append(kinds, key)
			}
		}
		slices.Sort(kinds)
		for _, kind := range kinds {
			values = append(values, kind)
		}
	}
	fill(v, arg, nil, values)
}

// hostPath tells whether a volume is of a path of the host that a pattern
// matches.
func hostPath(e *Event, arg rule.Arg, v *rule.Value) {
	for _, value := range collect(e.body, []string{"requestObject", "spec", "volumes", "*", "hostPath", "path"}) {
		if s, ok := value.(string); ok {
			if match, err := path.Match(arg.Text, s); err == nil && match || strings.HasSuffix(arg.Text, "*") && strings.HasPrefix(s, strings.TrimSuffix(arg.Text, "*")) {
				v.SetString("true")
				return
			}
		}
	}
	v.SetString("false")
}

func hasSubject(e *Event, arg rule.Arg, v *rule.Value) {
	for _, name := range collect(e.body, []string{"requestObject", "subjects", "*", "name"}) {
		if name == arg.Text {
			v.SetString("true")
			return
		}
	}
	v.SetString("false")
}

func podName(e *Event, _ rule.Arg, v *rule.Value) {
	if name := e.text("objectRef", "name"); name != "" && e.text("objectRef", "resource") == "pods" {
		v.SetString(name)
	}
}

// roleRules is a list within every rule of a role, joined.
func roleRules(key string) extractor {
	return func(e *Event, arg rule.Arg, v *rule.Value) {
		var values []any
		for _, each := range collect(e.body, []string{"requestObject", "rules", "*", key}) {
			all, _ := each.([]any)
			values = append(values, all...)
		}
		fill(v, arg, nil, values)
	}
}

// inContainers is a list within every container, joined.
func inContainers(keys ...string) extractor {
	return func(e *Event, arg rule.Arg, v *rule.Value) {
		var values []any
		for _, each := range collect(e.body, append([]string{"requestObject", "spec", "containers", "*"}, keys...)) {
			all, _ := each.([]any)
			values = append(values, all...)
		}
		fill(v, arg, nil, values)
	}
}

const annotation = "authorization.k8s.io/"

// known are the fields of falcosecurity's k8s_audit plugin and of its json
// plugin.
var known = map[string]extractor{
	"jevt.value": byPointer, "json.value": byPointer, "jevt.obj": object, "json.obj": object,
	"jevt.rawtime": rawTime, "json.rawtime": rawTime, "jevt.time": clock("15:04:05.000000000"), "jevt.time.iso8601": clock(time.RFC3339Nano),

	"ka.auditid": one("auditID"), "ka.stage": one("stage"), "ka.verb": one("verb"), "ka.uri": one("requestURI"), "ka.uri.param": parameter,
	"ka.auth.decision": one("annotations", annotation+"decision"), "ka.auth.reason": one("annotations", annotation+"reason"),
	"ka.auth.openshift.decision": one("annotations", "authentication.openshift.io/decision"), "ka.auth.openshift.username": one("annotations", "authentication.openshift.io/username"),
	"ka.user.name": one("user", "username"), "ka.user.groups": list(nil, "user", "groups", "*"), "ka.impuser.name": one("impersonatedUser", "username"),
	"ka.useragent": one("userAgent"), "ka.sourceips": list(nil, "sourceIPs", "*"),
	"ka.target.name": one("objectRef", "name"), "ka.target.namespace": one("objectRef", "namespace"), "ka.target.resource": one("objectRef", "resource"),
	"ka.target.subresource": one("objectRef", "subresource"), "ka.target.pod.name": podName,
	"ka.resp.name": one("responseObject", "metadata", "name"), "ka.response.code": one("responseStatus", "code"), "ka.response.reason": one("responseStatus", "reason"),

	"ka.req.binding.subjects": list(nil, "requestObject", "subjects", "*"), "ka.req.binding.role": one("requestObject", "roleRef", "name"), "ka.req.binding.subject.has_name": hasSubject,
	"ka.req.configmap.name": one("objectRef", "name"), "ka.req.configmap.obj": one("requestObject", "data"),
	"ka.req.service.type": one("requestObject", "spec", "type"), "ka.req.service.ports": list(nil, "requestObject", "spec", "ports", "*"),
	"ka.req.role.rules": list(nil, "requestObject", "rules", "*"), "ka.req.role.rules.apiGroups": roleRules("apiGroups"), "ka.req.role.rules.verbs": roleRules("verbs"),
	"ka.req.role.rules.resources": roleRules("resources"), "ka.req.role.rules.nonResourceURLs": roleRules("nonResourceURLs"),

	"ka.req.pod.host_ipc": list(nil, "requestObject", "spec", "hostIPC"), "ka.req.pod.host_network": list(nil, "requestObject", "spec", "hostNetwork"),
	"ka.req.pod.host_pid": list(nil, "requestObject", "spec", "hostPID"), "ka.req.container.host_network": one("requestObject", "spec", "hostNetwork"),
	"ka.req.pod.run_as_user": number("requestObject", "spec", "securityContext", "runAsUser"), "ka.req.pod.run_as_group": number("requestObject", "spec", "securityContext", "runAsGroup"),
	"ka.req.pod.fs_group": number("requestObject", "spec", "securityContext", "fsGroup"), "ka.req.pod.supplemental_groups": list(nil, "requestObject", "spec", "securityContext", "supplementalGroups", "*"),
	"ka.req.pod.containers.image": containers("containers", nil, "image"), "ka.req.container.image": first("containers", nil, "image"),
	"ka.req.pod.containers.image.repository": containers("containers", repository, "image"), "ka.req.container.image.repository": first("containers", repository, "image"),
	"ka.req.pod.containers.host_port":                  containers("containers", nil, "ports", "*", "hostPort"),
	"ka.req.pod.containers.privileged":                 containers("containers", nil, "securityContext", "privileged"),
	"ka.req.container.privileged":                      first("containers", nil, "securityContext", "privileged"),
	"ka.req.pod.containers.allow_privilege_escalation": containers("containers", nil, "securityContext", "allowPrivilegeEscalation"),
	"ka.req.pod.containers.read_only_fs":               containers("containers", nil, "securityContext", "readOnlyRootFilesystem"),
	"ka.req.pod.containers.run_as_user":                containers("containers", nil, "securityContext", "runAsUser"),
	"ka.req.pod.containers.run_as_group":               containers("containers", nil, "securityContext", "runAsGroup"),
	"ka.req.pod.containers.eff_run_as_user":            effective("runAsUser"),
	"ka.req.pod.containers.eff_run_as_group":           effective("runAsGroup"),
	"ka.req.pod.containers.proc_mount":                 containers("containers", nil, "securityContext", "procMount"),
	"ka.req.pod.containers.add_capabilities":           inContainers("securityContext", "capabilities", "add"),
	"ka.req.pod.initContainers.image":                  containers("initContainers", nil, "image"),
	"ka.req.pod.initContainers.image.repository":       containers("initContainers", repository, "image"),
	"ka.req.pod.initContainers.privileged":             containers("initContainers", nil, "securityContext", "privileged"),
	"ka.req.pod.ephemeralContainers.image":             containers("ephemeralContainers", nil, "image"),
	"ka.req.pod.ephemeralContainers.image.repository":  containers("ephemeralContainers", repository, "image"),
	"ka.req.pod.ephemeralContainers.privileged":        containers("ephemeralContainers", nil, "securityContext", "privileged"),
	"ka.req.pod.volumes.hostpath":                      list(nil, "requestObject", "spec", "volumes", "*", "hostPath", "path"),
	"ka.req.pod.volumes.flexvolume_driver":             list(nil, "requestObject", "spec", "volumes", "*", "flexVolume", "driver"),
	"ka.req.pod.volumes.volume_type":                   volumeTypes,
	"ka.req.volume.hostpath":                           hostPath,
}
