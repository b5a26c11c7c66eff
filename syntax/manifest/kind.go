package manifest

import (
	"path"
	"slices"
	"strings"
)

// Kind says what a file is for, by its content.
type Kind string

// The kinds of file. Those that nobody here checks are Unknown.
const (
	Unknown       Kind = ""
	Kubernetes    Kind = "kubernetes"
	Compose       Kind = "compose"
	Workflow      Kind = "workflow" // of GitHub Actions
	Action        Kind = "action"   // a GitHub action's own description
	Seccomp       Kind = "seccomp"
	Falco         Kind = "falco" // rules
	Template      Kind = "template"
	Kustomization Kind = "kustomization"
	Chart         Kind = "chart" // a Helm chart's description
)

// Classify tells what a file is for.
func Classify(name string, content []byte) Kind { return Parse(name, content).Kind }

// classify looks at what was parsed. A file with template actions that is no
// YAML before it is rendered is a template.
func (f *File) classify() Kind {
	base := strings.ToLower(path.Base(f.Name))
	if strings.Contains(f.src, "{{") && strings.Contains(f.src, "}}") {
		lost := slices.ContainsFunc(f.Errors, func(e Error) bool { return e.Lost })
		if lost || slices.Contains(strings.Split(path.Dir(f.Name), "/"), "templates") {
			return Template
		}
	}
	for _, d := range f.Docs {
		if kind := f.classifyRoot(base, d.Root.Resolve()); kind != Unknown {
			return kind
		}
	}
	return Unknown
}

func (f *File) classifyRoot(base string, root *Node) Kind {
	if root == nil {
		return Unknown
	}
	if root.Kind == Sequence {
		if isFalco(root) {
			return Falco
		}
		return Unknown
	}
	apiVersion, kind := root.Get("apiVersion").Str(), root.Get("kind").Str()
	switch {
	case strings.HasPrefix(apiVersion, "kustomize.config.k8s.io/"),
		(base == "kustomization.yaml" || base == "kustomization.yml") && kind == "":
		return Kustomization
	case base == "chart.yaml" && kind == "" && apiVersion != "":
		return Chart
	case apiVersion != "" && kind != "":
		return Kubernetes
	case isSeccomp(root):
		return Seccomp
	case isWorkflow(root):
		return Workflow
	case root.Get("runs", "using").Str() != "":
		return Action
	case isCompose(base, root):
		return Compose
	}
	return Unknown
}

func isWorkflow(root *Node) bool {
	jobs := root.Get("jobs")
	return jobs != nil && jobs.Kind == Mapping && root.Get("on") != nil
}

func isSeccomp(root *Node) bool {
	action := root.Get("defaultAction")
	return strings.HasPrefix(action.Str(), "SCMP_ACT_") || action != nil && root.Get("syscalls") != nil
}

func isCompose(base string, root *Node) bool {
	services := root.Get("services")
	if services == nil || services.Kind != Mapping {
		return false
	}
	for _, s := range services.Entries() {
		for _, key := range []string{"image", "build", "extends"} {
			if s.Get(key) != nil {
				return true
			}
		}
	}
	return strings.Contains(base, "compose")
}

func isFalco(root *Node) bool {
	for _, item := range root.Elems() {
		switch {
		case item.Get("rule") != nil && (item.Get("condition") != nil || item.Get("desc") != nil),
			item.Get("macro") != nil && item.Get("condition") != nil,
			item.Get("list") != nil && item.Get("items") != nil,
			item.Get("required_engine_version") != nil:
			return true
		}
	}
	return false
}
