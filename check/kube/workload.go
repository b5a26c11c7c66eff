package kube

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/boltseal/boltseal/syntax/manifest"
)

// templatePaths are the places at which custom resources keep a pod
// template: rollouts, clone sets, Knative services and deployment
// configurations have it where Deployments do.
var templatePaths = [][]string{
	{"spec", "template"},
	{"spec", "jobTemplate", "spec", "template"},
	{"spec", "jobTargetRef", "template"},
	{"spec", "podTemplate"},
}

// workloadOf finds the pods that an object makes; nil when it makes none.
func workloadOf(o *Object) *Workload {
	if o.tooLarge {
		return nil
	}
	w := &Workload{Object: o}
	path := []string{"spec", "template"}
	switch v := o.Value.(type) {
	case *corev1.Pod:
		w.PodMeta, w.Spec, path = &o.Meta, &v.Spec, nil
	case *corev1.PodTemplate:
		w.template(&v.Template)
		path = []string{"template"}
	case *corev1.ReplicationController:
		if v.Spec.Template != nil {
			w.template(v.Spec.Template)
		}
	case *appsv1.Deployment:
		w.template(&v.Spec.Template)
	case *appsv1.DaemonSet:
		w.template(&v.Spec.Template)
	case *appsv1.ReplicaSet:
		w.template(&v.Spec.Template)
	case *appsv1.StatefulSet:
		w.template(&v.Spec.Template)
	case *batchv1.Job:
		w.template(&v.Spec.Template)
	case *batchv1.CronJob:
		w.template(&v.Spec.JobTemplate.Spec.Template)
		path = []string{"spec", "jobTemplate", "spec", "template"}
	case nil:
		path = w.custom()
	}
	if w.Spec == nil {
		return nil
	}
	w.Template = o.Node.Get(path...)
	w.PodNode = w.Template.Get("spec")
	if w.PodNode == nil || w.PodNode.Kind != manifest.Mapping {
		return nil
	}
	w.defaults()
	w.containers()
	return w
}

// defaults fills in what the API server does before it judges a pod.
func (w *Workload) defaults() {
	for i := range w.Spec.Volumes {
		if v := &w.Spec.Volumes[i]; v.VolumeSource == (corev1.VolumeSource{}) {
			v.EmptyDir = &corev1.EmptyDirVolumeSource{}
		}
	}
}

func (w *Workload) template(t *corev1.PodTemplateSpec) {
	w.PodMeta, w.Spec = &t.ObjectMeta, &t.Spec
}

// custom reads the pod template of a resource whose type is not known.
func (w *Workload) custom() []string {
	if w.APIVersion == "" || w.Kind == "" {
		return nil
	}
	for _, path := range templatePaths {
		t := w.Node.Get(path...)
		pod := t.Get("spec")
		if list := pod.Get("containers"); list == nil || list.Kind != manifest.Sequence {
			continue
		}
		w.Spec = &corev1.PodSpec{}
		w.PodMeta = &metav1.ObjectMeta{}
		if meta := t.Get("metadata"); meta != nil {
			w.read(meta, w.PodMeta, false)
		}
		w.read(pod, w.Spec, w.Group() != "serving.knative.dev") // its pods' spec has fields of its own
		return path
	}
	return nil
}

// containers joins the containers with the nodes they were read from.
func (w *Workload) containers() {
	init, normal := w.PodNode.Get("initContainers"), w.PodNode.Get("containers")
	ephemeral := w.PodNode.Get("ephemeralContainers")
	for i := range w.Spec.InitContainers {
		w.container(Container{Container: &w.Spec.InitContainers[i], Init: true}, init, i)
	}
	for i := range w.Spec.Containers {
		w.container(Container{Container: &w.Spec.Containers[i]}, normal, i)
	}
	for i := range w.Spec.EphemeralContainers {
		common := corev1.Container(w.Spec.EphemeralContainers[i].EphemeralContainerCommon)
		w.container(Container{Container: &common, Ephemeral: true}, ephemeral, i)
	}
}

func (w *Workload) container(c Container, list *manifest.Node, i int) {
	if list == nil || i >= len(list.Items) {
		return
	}
	c.Node = list.Items[i].Get()
	if c.Node == nil || c.Node.Kind != manifest.Mapping {
		return
	}
	c.Workload = w
	w.Containers = append(w.Containers, &c)
}

// Replicas is how many pods a workload keeps, and where it says so.
func (w *Workload) Replicas() (n int32, at *manifest.Node) {
	var replicas *int32
	switch v := w.Value.(type) {
	case *corev1.ReplicationController:
		replicas = v.Spec.Replicas
	case *appsv1.Deployment:
		replicas = v.Spec.Replicas
	case *appsv1.ReplicaSet:
		replicas = v.Spec.Replicas
	case *appsv1.StatefulSet:
		replicas = v.Spec.Replicas
	}
	if replicas == nil {
		return 1, nil
	}
	return *replicas, w.Node.Get("spec", "replicas")
}

// Replicated tells whether the workload keeps a number of equal pods.
func (w *Workload) Replicated() bool {
	switch w.Value.(type) {
	case *corev1.ReplicationController, *appsv1.Deployment, *appsv1.ReplicaSet, *appsv1.StatefulSet:
		return true
	}
	return false
}

// Selector is the label selector by which a workload knows its pods.
func (w *Workload) Selector() *metav1.LabelSelector {
	switch v := w.Value.(type) {
	case *corev1.ReplicationController:
		if len(v.Spec.Selector) > 0 {
			return &metav1.LabelSelector{MatchLabels: v.Spec.Selector}
		}
	case *appsv1.Deployment:
		return v.Spec.Selector
	case *appsv1.DaemonSet:
		return v.Spec.Selector
	case *appsv1.ReplicaSet:
		return v.Spec.Selector
	case *appsv1.StatefulSet:
		return v.Spec.Selector
	}
	return nil
}

// UID is the user that a container is told to run as.
func (c *Container) UID() (int64, bool) {
	if s := c.SecurityContext; s != nil && s.RunAsUser != nil {
		return *s.RunAsUser, true
	}
	if s := c.Workload.Spec.SecurityContext; s != nil && s.RunAsUser != nil {
		return *s.RunAsUser, true
	}
	return 0, false
}

// GID is the primary group that a container is told to run with.
func (c *Container) GID() (int64, bool) {
	if s := c.SecurityContext; s != nil && s.RunAsGroup != nil {
		return *s.RunAsGroup, true
	}
	if s := c.Workload.Spec.SecurityContext; s != nil && s.RunAsGroup != nil {
		return *s.RunAsGroup, true
	}
	return 0, false
}

// NonRoot tells whether the kubelet refuses to run the container as root.
func (c *Container) NonRoot() bool {
	if s := c.SecurityContext; s != nil && s.RunAsNonRoot != nil {
		return *s.RunAsNonRoot
	}
	s := c.Workload.Spec.SecurityContext
	return s != nil && s.RunAsNonRoot != nil && *s.RunAsNonRoot
}

// Privileged tells whether the container is privileged.
func (c *Container) Privileged() bool {
	s := c.SecurityContext
	return s != nil && s.Privileged != nil && *s.Privileged
}
