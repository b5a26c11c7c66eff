package admission

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/boltseal/boltseal/syntax/manifest"
)

// kinds are the objects that are judged, and where each has its pods.
var kinds = map[string][]string{
	"/Pod":                   {},
	"/ReplicationController": {"spec", "template"},
	"apps/Deployment":        {"spec", "template"},
	"apps/DaemonSet":         {"spec", "template"},
	"apps/ReplicaSet":        {"spec", "template"},
	"apps/StatefulSet":       {"spec", "template"},
	"batch/Job":              {"spec", "template"},
	"batch/CronJob":          {"spec", "jobTemplate", "spec", "template"},
	"/Namespace":             nil,
}

// Judged tells whether objects of a kind are judged at all.
func Judged(group, kind string) bool {
	_, ok := kinds[group+"/"+kind]
	return ok
}

// Review decides about one request. It ends with the context's deadline,
// whatever a registry does.
func (h *Handler) Review(ctx context.Context, q *admissionv1.AdmissionRequest) *Decision {
	name := q.Name
	namespace := q.Namespace
	if q.Kind.Kind == "Namespace" && q.Kind.Group == "" {
		namespace = name
	}
	d := &Decision{Allowed: true, Object: q.Kind.Kind + "/" + name}
	if q.Namespace != "" && q.Kind.Kind != "Namespace" {
		d.Object = q.Namespace + "/" + d.Object
	}
	d.Object = clip(d.Object, 300)
	mode, judged := h.admits.In(namespace)
	path, known := kinds[q.Kind.Group+"/"+q.Kind.Kind]
	switch {
	case !known:
		d.Why = "objects of this kind are not judged"
		return d
	case q.Operation != admissionv1.Create && q.Operation != admissionv1.Update:
		d.Why = "only what is made or changed is judged"
		return d
	case q.SubResource != "" && q.SubResource != "ephemeralcontainers":
		d.Why = "the subresource " + clip(q.SubResource, 40) + " runs nothing"
		return d
	case !judged:
		d.Why = "the policy passes the namespace over"
		return d
	}
	d.Mode = mode
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		d.gap("too many requests at once: no time was left", "busy")
		h.decide(d)
		return d
	}
	object, err := clean(q.Object.Raw, path)
	if err == nil && (object.kind != q.Kind.Kind || object.group != q.Kind.Group) {
		err = errKind
	}
	if err != nil {
		d.gap(err.Error(), "unreadable-object")
		h.decide(d)
		return d
	}
	if q.Operation == admissionv1.Update {
		if object.deleted {
			d.Why = "the object is being deleted"
			return d
		}
		if old, err := clean(q.OldObject.Raw, path); err == nil && bytes.Equal(object.runs, old.runs) {
			d.Why = "nothing that runs changes"
			return d
		}
	}
	if name == "" {
		d.Object += clip(object.name, 253)
	}
	h.judge(ctx, d, manifest.Parse(d.Object, object.json))
	return d
}

var errKind = errors.New("the object is not of the kind that the request names")

// object is what a request holds, without what the server keeps for itself.
type object struct {
	json    []byte
	kind    string
	group   string
	name    string
	deleted bool
	runs    []byte // what decides about security: when it stays, an update is let be
}

// clean reads an object and takes the server's own book-keeping out of it.
func clean(raw []byte, path []string) (*object, error) {
	var all map[string]any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&all); err != nil {
		return nil, fmt.Errorf("read the object: %s", clip(err.Error(), 200))
	}
	o := &object{}
	delete(all, "status")
	o.kind, _ = all["kind"].(string)
	version, _ := all["apiVersion"].(string)
	if group, _, ok := strings.Cut(version, "/"); ok {
		o.group = group
	}
	meta, _ := all["metadata"].(map[string]any)
	if meta != nil {
		delete(meta, "managedFields")
		_, o.deleted = meta["deletionTimestamp"]
		for _, field := range []string{"generateName", "name"} {
			if s, ok := meta[field].(string); ok && s != "" {
				o.name = s
			}
		}
	}
	var err error
	if o.runs, err = json.Marshal(runs(all, path)); err != nil {
		return nil, fmt.Errorf("read the object: %s", clip(err.Error(), 200))
	}
	if o.json, err = json.Marshal(all); err != nil {
		return nil, fmt.Errorf("read the object: %s", clip(err.Error(), 200))
	}
	return o, nil
}

// runs is the part of an object that says what runs and with what rights: the
// pods' specification, and annotations that profiles were once named in. Of a
// namespace, whose path is nil, it is the labels.
func runs(object map[string]any, path []string) any {
	if path == nil {
		meta, _ := object["metadata"].(map[string]any)
		return meta["labels"]
	}
	template := object
	for _, key := range path {
		template, _ = template[key].(map[string]any)
	}
	meta, _ := template["metadata"].(map[string]any)
	all, _ := meta["annotations"].(map[string]any)
	profiles := map[string]any{}
	for key, value := range all {
		if strings.HasPrefix(key, "container.apparmor.security.beta.kubernetes.io/") || strings.Contains(key, "seccomp.security.alpha.kubernetes.io/") {
			profiles[key] = value
		}
	}
	return []any{template["spec"], profiles}
}
