package seccomp

import (
	"bytes"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal/internal/seccomp"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Model is one profile: as written, and what it means.
type Model struct {
	File       *manifest.File
	Name       string         // of the profile: the file, or the object and key that hold it
	Root       *manifest.Node // its mapping
	Profile    *seccomp.Profile
	Kubernetes bool // a kubelet hands it to the runtime: the OCI dialect alone is read
	Rules      []ruleNode
	Err        error // why the profile cannot be read

	filters map[seccomp.Arch]*seccomp.Filter
}

// ruleNode is a rule as written.
type ruleNode struct {
	*seccomp.Rule
	Node  *manifest.Node
	Calls []*manifest.Node // the names, one by one
}

// maxProfiles bounds how many profiles are read of one file.
const maxProfiles = 64

// modelsOf reads the profiles of a file. left is how many were too many.
func modelsOf(f *manifest.File) (models []*Model, left int) {
	if f.Kind == manifest.Seccomp {
		if len(f.Docs) == 0 {
			return []*Model{{File: f, Name: f.Name, Err: errors.New("it holds no document")}}, 0
		}
		return []*Model{newModel(f, f.Name, f.Docs[0].Root.Resolve(), false)}, 0
	}
	if f.Kind != manifest.Kubernetes {
		return nil, 0
	}
	for _, o := range f.Objects() {
		switch {
		case o.Kind == "SeccompProfile" && strings.HasPrefix(o.APIVersion, "security-profiles-operator.x-k8s.io/"):
			if spec := o.Node.Get("spec").Resolve(); spec != nil {
				models = append(models, newModel(f, o.Kind+"/"+o.Name, spec, true))
			}
		case o.Kind == "ConfigMap" && o.APIVersion == "v1":
			for key, value := range o.Node.Get("data").Entries() {
				if !looksLikeProfile(value) {
					continue
				}
				if len(models) == maxProfiles {
					left++
					continue
				}
				models = append(models, embedded(f, "ConfigMap/"+o.Name+" "+path.Base(key.Value), value))
			}
		}
	}
	return models, left
}

func looksLikeProfile(value *manifest.Node) bool {
	text := value.Resolve().Str()
	return strings.HasPrefix(strings.TrimSpace(text), "{") && strings.Contains(text, `"defaultAction"`) && strings.Contains(text, "SCMP_ACT_")
}

// embedded reads a profile out of a ConfigMap. Everything around a literal
// block is blanked, so that what is read of it stands where it is in the
// file; other scalars are read as they are, and findings point to them whole.
func embedded(f *manifest.File, name string, value *manifest.Node) *Model {
	value = value.Resolve()
	if value.Style == manifest.Literal {
		blank := bytes.Clone(f.Source)
		start, end := value.Span.Start, min(value.Span.End, len(blank))
		if brk := bytes.IndexByte(blank[start:end], '\n'); brk >= 0 {
			start += brk
		}
		for i := range blank {
			if (i < start || i >= end) && blank[i] != '\n' && blank[i] != '\r' {
				blank[i] = ' '
			}
		}
		inner := manifest.Parse(f.Name, blank)
		if len(inner.Docs) == 1 {
			return newModel(inner, name, inner.Docs[0].Root.Resolve(), true)
		}
		m := &Model{File: f, Name: name, Root: value, Kubernetes: true, Err: errors.New("it is no JSON document")}
		if len(inner.Errors) > 0 {
			m.Err = inner.Errors[0]
		}
		return m
	}
	inner := manifest.Parse(f.Name, []byte(value.Value))
	if len(inner.Docs) != 1 {
		return &Model{File: f, Name: name, Root: value, Kubernetes: true, Err: errors.New("it is no JSON document")}
	}
	m := newModel(inner, name, inner.Docs[0].Root.Resolve(), true)
	m.File, m.Root = f, value
	for i := range m.Rules {
		m.Rules[i].Node = value
		for j := range m.Rules[i].Calls {
			call := *m.Rules[i].Calls[j]
			call.Span, call.Parent = value.Span, nil
			m.Rules[i].Calls[j] = &call
		}
	}
	return m
}

func newModel(f *manifest.File, name string, root *manifest.Node, kubernetes bool) *Model {
	m := &Model{File: f, Name: name, Root: root, Kubernetes: kubernetes, filters: map[seccomp.Arch]*seccomp.Filter{}}
	if lost := slices.IndexFunc(f.Errors, func(e manifest.Error) bool { return e.Lost }); lost >= 0 && !kubernetes {
		m.Err = f.Errors[lost]
		return m
	}
	data, err := root.JSON()
	if err != nil {
		m.Err = err
		return m
	}
	if m.Profile, m.Err = seccomp.Parse(data); m.Err != nil {
		return m
	}
	for i, node := range root.Get("syscalls").Elems() {
		if i >= len(m.Profile.Rules) {
			break
		}
		r := ruleNode{Rule: &m.Profile.Rules[i], Node: node.Resolve()}
		for _, call := range r.Node.Get("names").Elems() {
			r.Calls = append(r.Calls, call.Resolve())
		}
		if call := r.Node.Get("name"); call != nil && call.Str() != "" {
			r.Calls = append(r.Calls, call.Resolve())
		}
		m.Rules = append(m.Rules, r)
	}
	return m
}

// anchor is where findings about the whole profile stand.
func (m *Model) anchor() *manifest.Node {
	if at := m.Root.Get("defaultAction"); at != nil {
		return at
	}
	return m.Root
}

// primary are the architectures that the profile is meant for, without
// those that their processors run besides. Without a word on it, that is the
// commonest.
func (m *Model) primary() []seccomp.Arch {
	var out []seccomp.Arch
	if !m.Kubernetes {
		for _, a := range m.Profile.ArchMap {
			out = append(out, a.Arch)
		}
	}
	sub := map[seccomp.Arch]bool{}
	for _, a := range m.Profile.Architectures {
		for _, s := range a.Sub() {
			sub[s] = true
		}
	}
	for _, a := range m.Profile.Architectures {
		if !sub[a] {
			out = append(out, a)
		}
	}
	tabled := seccomp.Tabled()
	out = slices.DeleteFunc(out, func(a seccomp.Arch) bool { return !slices.Contains(tabled, a) })
	if len(out) == 0 {
		return []seccomp.Arch{seccomp.X8664}
	}
	return out
}

// covered are all architectures on which the profile may be in force. One
// that names none is loaded for the machine's own.
func (m *Model) covered() []seccomp.Arch {
	out := slices.Clone(m.Profile.Architectures)
	if !m.Kubernetes {
		for _, a := range m.Profile.ArchMap {
			out = append(append(out, a.Arch), a.SubArches...)
		}
	}
	if len(out) == 0 {
		return []seccomp.Arch{seccomp.X8664, seccomp.AArch64}
	}
	return out
}

// filter is what the profile does on an architecture in a container with no
// capability that changes it.
func (m *Model) filter(arch seccomp.Arch) *seccomp.Filter {
	if f := m.filters[arch]; f != nil {
		return f
	}
	f := m.Profile.Apply(&seccomp.Target{Arch: arch, OCI: m.Kubernetes})
	m.filters[arch] = f
	return f
}

// denies reports whether what no rule names is refused.
func (m *Model) denies() bool { return !m.Profile.DefaultAction.Lets() }

// Load is the one profile that a file holds.
func Load(f *manifest.File) (*seccomp.Profile, error) {
	models, left := modelsOf(f)
	switch {
	case len(models) == 0 && len(f.Errors) > 0:
		return nil, f.Errors[0]
	case len(models) == 0:
		return nil, errors.New("it holds no seccomp profile")
	case len(models)+left > 1:
		return nil, errors.New("it holds several profiles")
	}
	return models[0].Profile, models[0].Err
}
