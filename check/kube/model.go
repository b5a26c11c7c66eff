package kube

import (
	"iter"
	"slices"
	"strconv"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Model is every object of a run, indexed once.
type Model struct {
	Files     []*manifest.File
	Objects   []*Object
	Workloads []*Workload

	byName   map[name]*Object
	byKind   map[string][]*Object
	inside   map[string]*space          // by namespace
	known    map[name]bool              // kinds of a namespace in a folder
	scalers  map[name]*Object           // by what they scale
	limited  map[string]map[string]bool // by namespace: "limits/cpu" that a LimitRange gives
	inFile   map[*manifest.File][]*Object
	profiles map[string]string // what is missing to deliver a Localhost seccomp profile
	gaps     []boltseal.Gap
	access   *access
	pss      *standards
	net      *network
}

// name is what tells objects apart: two of one name are one object.
type name struct{ group, kind, namespace, name string }

// Object is one Kubernetes object with its type, as far as its kind is known.
type Object struct {
	*manifest.Object
	Meta     metav1.ObjectMeta
	Value    any // of k8s.io/api; nil when the kind is not known
	Workload *Workload

	problems []problem
	tooLarge bool
}

// Workload is an object that runs pods, or makes others that do.
type Workload struct {
	*Object
	PodMeta    *metav1.ObjectMeta // of the pods
	Spec       *corev1.PodSpec
	PodNode    *manifest.Node // the pods' spec
	Template   *manifest.Node // holds metadata and spec of the pods
	Containers []*Container   // those that start first come first
}

// Container is one container of a workload.
type Container struct {
	*corev1.Container
	Workload  *Workload
	Node      *manifest.Node
	Init      bool // runs before the others; a sidecar when it restarts always
	Ephemeral bool
}

// Group is the API group of the object, empty for the core.
func (o *Object) Group() string { return groupOf(o.APIVersion) }

// groupOf is the group of an apiVersion.
func groupOf(apiVersion string) string {
	group, _, ok := strings.Cut(apiVersion, "/")
	if !ok {
		return ""
	}
	return group
}

// String names the object as kubectl does, with its namespace.
func (o *Object) String() string {
	s := o.Kind + "/" + o.Object.Name
	if o.Namespace != "" {
		s = o.Namespace + "/" + s
	}
	return s
}

// Sidecar tells whether an init container keeps running beside the others.
func (c *Container) Sidecar() bool {
	return c.Init && c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// Runs tells whether the container runs as long as its pod.
func (c *Container) Runs() bool { return !c.Ephemeral && (!c.Init || c.Sidecar()) }

// Windows tells whether the pods say that they run on Windows.
func (w *Workload) Windows() bool { return w.Spec.OS != nil && w.Spec.OS.Name == corev1.Windows }

// Daemon tells whether the workload stays up: it is no job.
func (w *Workload) Daemon() bool {
	return w.Kind != "Job" && w.Kind != "CronJob" && w.Kind != "ScaledJob"
}

// All are the containers of all workloads.
func (m *Model) All() iter.Seq[*Container] {
	return func(yield func(*Container) bool) {
		for _, w := range m.Workloads {
			for _, c := range w.Containers {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// Kind are the objects of a kind, in any version of its group.
func (m *Model) Kind(group, kind string) []*Object { return m.byKind[group+"/"+kind] }

// Lookup finds an object by its name.
func (m *Model) Lookup(group, kind, namespace, n string) *Object {
	return m.byName[name{group, kind, namespace, n}]
}

// Namespace are the workloads of a namespace.
func (m *Model) Namespace(namespace string) []*Workload {
	if in := m.inside[namespace]; in != nil {
		return in.workloads
	}
	return nil
}

// space is a namespace's workloads, by the labels of their pods too: a
// selector is looked up by the label that the fewest have.
type space struct {
	workloads []*Workload
	labelled  map[string][]*Workload
}

func (s *space) add(w *Workload) {
	s.workloads = append(s.workloads, w)
	for key, value := range w.PodMeta.Labels {
		pair := key + "=" + value
		s.labelled[pair] = append(s.labelled[pair], w)
	}
}

// maxSelected bounds how many workloads one selector is held against, since
// many objects with the same labels would be compared with each other.
const maxSelected = 5000

// Selected are the workloads of a namespace whose pods a selector matches.
// An empty selector matches all of them.
func (m *Model) Selected(namespace string, selector *metav1.LabelSelector) []*Workload {
	in := m.inside[namespace]
	match, err := metav1.LabelSelectorAsSelector(selector)
	if in == nil || err != nil {
		return nil
	}
	candidates := in.workloads
	for key, value := range selector.MatchLabels {
		if list := in.labelled[key+"="+value]; len(list) < len(candidates) {
			candidates = list
		}
	}
	var out []*Workload
	for _, w := range candidates[:min(len(candidates), maxSelected)] {
		if match.Matches(labels.Set(w.PodMeta.Labels)) {
			out = append(out, w)
		}
	}
	return out
}

// Knows tells whether the files evidently hold a namespace's objects of a
// kind: one of them lies in the same folder as the object that asks. Only
// then is one that is not there missing, and not merely elsewhere.
func (m *Model) Knows(o *Object, group, kind string) bool {
	return m.known[name{group, kind, o.Namespace, folder(o.File.Name)}]
}

func folder(file string) string {
	return file[:strings.LastIndexByte(file, '/')+1]
}

// Scaler is the autoscaler of a workload.
func (m *Model) Scaler(w *Workload) *autoscalingv2.HorizontalPodAutoscaler {
	o := m.scalers[name{w.Group(), w.Kind, w.Namespace, w.Object.Name}]
	if o == nil {
		return nil
	}
	return o.Value.(*autoscalingv2.HorizontalPodAutoscaler)
}

func newModel(files []*manifest.File, opts *Options) *Model {
	m := &Model{
		Files: files, byName: map[name]*Object{}, byKind: map[string][]*Object{}, inside: map[string]*space{},
		limited: map[string]map[string]bool{}, inFile: map[*manifest.File][]*Object{}, profiles: map[string]string{}, known: map[name]bool{}, scalers: map[name]*Object{},
	}
	for _, o := range decodeAll(files) {
		m.index(o)
	}
	m.pss = newStandards(m, opts)
	return m
}

func (m *Model) index(o *Object) {
	m.Objects = append(m.Objects, o)
	if o.tooLarge {
		m.gaps = append(m.gaps, boltseal.Gap{
			What: o.String() + " in " + o.File.Name, Why: "the object is larger than an API server takes", Kind: "limit", Hint: "it is not read with its type, and most rules pass it over",
		})
	}
	m.inFile[o.File] = append(m.inFile[o.File], o)
	group := o.Group()
	key := name{group, o.Kind, o.Namespace, o.Object.Name}
	if m.byName[key] == nil {
		m.byName[key] = o
	}
	m.known[name{group, o.Kind, o.Namespace, folder(o.File.Name)}] = true
	kind := group + "/" + o.Kind
	m.byKind[kind] = append(m.byKind[kind], o)
	if w := o.Workload; w != nil {
		m.Workloads = append(m.Workloads, w)
		m.known[name{"", "workload", o.Namespace, folder(o.File.Name)}] = true
		in := m.inside[o.Namespace]
		if in == nil {
			in = &space{labelled: map[string][]*Workload{}}
			m.inside[o.Namespace] = in
		}
		in.add(w)
	}
	if l, ok := o.Value.(*corev1.LimitRange); ok {
		m.limitRange(o, l)
	}
	if hpa, ok := o.Value.(*autoscalingv2.HorizontalPodAutoscaler); ok {
		target := hpa.Spec.ScaleTargetRef
		m.scalers[name{groupOf(target.APIVersion), target.Kind, o.Namespace, target.Name}] = o
	}
}

// placeOf is where a finding about a node is shown: the key or the name that
// introduces it, since what is below may be long.
func placeOf(f *manifest.File, n *manifest.Node) boltseal.Span {
	at := n.Span
	switch {
	case len(n.Pairs) > 0 && n.Get("name") != nil && n.Parent != nil && len(n.Parent.Items) > 0:
		at = n.Get("name").Span
	case len(n.Pairs) > 0 || len(n.Items) > 0:
		if key := n.KeyOf(); key != nil {
			at = key.Span
		} else if len(n.Pairs) > 0 {
			at = n.Pairs[0].Key.Span
		}
	}
	if line, _, ok := strings.Cut(f.Text(at), "\n"); ok {
		at.End = at.Start + len(strings.TrimRight(line, "\r"))
	}
	return at
}

// pathOf is where a node is in its object: items of lists go by their name
// when they have one, so that the path stays when others come or go.
func (p *Pass) pathOf(root, n *manifest.Node) string {
	var parts []string
	for ; n != nil && n != root && n.Parent != nil; n = n.Parent {
		parts = append(parts, p.label(n))
	}
	var b strings.Builder
	for _, part := range slices.Backward(parts) {
		if b.Len() > 0 && part != "" && part[0] != '[' {
			b.WriteByte('.')
		}
		b.WriteString(part)
	}
	return b.String()
}

// large is the size from which on a collection's entries are looked up in a
// table.
const large = 64

// label is a node's part of its path.
func (p *Pass) label(n *manifest.Node) string {
	parent := n.Parent
	if len(parent.Pairs)+len(parent.Items) < large {
		return labelOf(n)
	}
	table := p.tables[parent]
	if table == nil {
		table = make(map[*manifest.Node]string, len(parent.Pairs)+len(parent.Items))
		for _, pair := range parent.Pairs {
			table[pair.Value] = pair.Key.Value
		}
		for i, it := range parent.Items {
			table[it] = itemLabel(it, i)
		}
		if p.tables == nil {
			p.tables = map[*manifest.Node]map[*manifest.Node]string{}
		}
		p.tables[parent] = table
	}
	return table[n]
}

func labelOf(n *manifest.Node) string {
	if key := n.KeyOf(); key != nil {
		return key.Value
	}
	return itemLabel(n, slices.Index(n.Parent.Items, n))
}

// itemLabel names an item: by its name, as a capability, or by its place.
// Other values may be secrets.
func itemLabel(n *manifest.Node, i int) string {
	switch named := n.Get("name"); {
	case named.Str() != "":
		return "[" + named.Str() + "]"
	case n.Kind == manifest.Scalar && capabilities[n.Value]:
		return "[" + n.Value + "]"
	}
	return "[" + strconv.Itoa(i) + "]"
}
