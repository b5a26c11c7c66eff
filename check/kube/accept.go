package kube

import (
	"bytes"
	"slices"
	"strings"

	"github.com/boltseal/boltseal/syntax/manifest"
)

// Annotations and comments in a file that accept a finding, in the words of
// other tools too. Annotations count on the object and on its pod template:
//
//	boltseal.dev/ignore: kube/host-pid, host-port
//	ignore-check.kube-linter.io/NAME: reason        kube-linter.io/ignore-all: reason
//	checkov.io/skip1: CKV_K8S_20=reason
//	polaris.fairwinds.com/NAME-exempt: "true"       polaris.fairwinds.com/exempt: "true"
//	kube-score/ignore: container-image-tag,pod-networkpolicy
//
// Comments count for the field, item or object directly below or beside them:
//
//	# boltseal ignore=kube/host-pid,kube/host-port
//	#trivy:ignore:KSV-0010
//	# checkov:skip=CKV_K8S_20:reason
//	# kics-scan ignore-line

// acceptance is what a comment or an annotation accepts: a check in one
// tool's words, or with an empty name all that the tool knows.
type acceptance struct{ tool, name string }

// accepted leaves out the findings that their file accepts.
func accepted(m *Model, all []*found) []*found {
	annotated := map[*Object][]acceptance{}
	for _, o := range m.Objects {
		a := annotations(o.Meta.Annotations)
		if o.Workload != nil && o.Workload.PodMeta != &o.Meta {
			a = append(a, annotations(o.Workload.PodMeta.Annotations)...)
		}
		if len(a) > 0 {
			annotated[o] = a
		}
	}
	spoken := map[*manifest.File]bool{}
	for _, f := range m.Files {
		spoken[f] = bytes.Contains(f.Source, []byte("ignore")) || bytes.Contains(f.Source, []byte("checkov:skip="))
	}
	return slices.DeleteFunc(all, func(f *found) bool {
		if slices.ContainsFunc(annotated[f.object], f.covered) {
			return true
		}
		return spoken[f.file] && slices.ContainsFunc(f.comments(), f.covered)
	})
}

// covered tells whether an acceptance speaks of the finding.
func (f *found) covered(a acceptance) bool {
	if a.tool == "boltseal" {
		return a.name == f.check.ID || a.name == strings.TrimPrefix(f.check.ID, "kube/")
	}
	if a.tool == "" {
		return true
	}
	for _, alias := range f.check.Aliases {
		tool, name, _ := strings.Cut(alias, ":")
		if tool == a.tool && (a.name == "" || sameName(name, a.name)) {
			return true
		}
	}
	return false
}

// sameName compares a check's name with one that a person wrote. Trivy has
// written one check as KSV017, AVD-KSV-0017 and KSV-0017.
func sameName(name, written string) bool {
	if strings.EqualFold(name, written) {
		return true
	}
	a, isA := ksv(name)
	b, isB := ksv(written)
	return isA && isB && a == b
}

func ksv(name string) (string, bool) {
	name = strings.TrimPrefix(strings.ToUpper(name), "AVD-")
	digits, ok := strings.CutPrefix(name, "KSV")
	return strings.TrimLeft(strings.TrimPrefix(digits, "-"), "0"), ok
}

// annotations are the acceptances that annotations hold.
func annotations(all map[string]string) []acceptance {
	var out []acceptance
	for key, value := range all {
		switch {
		case key == "boltseal.dev/ignore":
			out = append(out, list("boltseal", value)...)
		case key == "kube-score/ignore":
			out = append(out, list("kube-score", value)...)
		case key == "kube-linter.io/ignore-all":
			out = append(out, acceptance{tool: "kube-linter"})
		case key == "polaris.fairwinds.com/exempt" && value == "true":
			out = append(out, acceptance{tool: "polaris"})
		case strings.HasPrefix(key, "ignore-check.kube-linter.io/"):
			out = append(out, acceptance{"kube-linter", strings.TrimPrefix(key, "ignore-check.kube-linter.io/")})
		case strings.HasPrefix(key, "polaris.fairwinds.com/") && strings.HasSuffix(key, "-exempt") && value == "true":
			out = append(out, acceptance{"polaris", strings.TrimSuffix(strings.TrimPrefix(key, "polaris.fairwinds.com/"), "-exempt")})
		case strings.HasPrefix(key, "checkov.io/skip"):
			name, _, _ := strings.Cut(value, "=")
			out = append(out, acceptance{"checkov", strings.TrimSpace(name)})
		}
	}
	return out
}

func list(tool, value string) []acceptance {
	var out []acceptance
	for field := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
		out = append(out, acceptance{tool, field})
	}
	return out
}

// comments are the acceptances of the comments that speak of the finding's
// place, or of something around it.
func (f *found) comments() []acceptance {
	var out []acceptance
	for n := f.at; n != nil; n = n.Parent {
		at := n.Span
		if key := n.KeyOf(); key != nil {
			at = key.Span
		}
		for _, c := range f.file.About(at) {
			out = append(out, fromComment(c.Text)...)
		}
	}
	return out
}

// fromComment reads one comment's text.
func fromComment(text string) []acceptance {
	if rest, ok := strings.CutPrefix(text, "boltseal ignore="); ok {
		rest, _, _ = strings.Cut(strings.ReplaceAll(rest, ", ", ","), " ") // a sentence may follow
		return list("boltseal", rest)
	}
	if rest, ok := strings.CutPrefix(text, "checkov:skip="); ok {
		name, _, _ := strings.Cut(rest, ":")
		return []acceptance{{"checkov", strings.TrimSpace(name)}}
	}
	if strings.HasPrefix(text, "kics-scan ignore-line") || strings.HasPrefix(text, "kics-scan ignore-block") {
		return []acceptance{{}}
	}
	var out []acceptance
	for part := range strings.FieldsSeq(text) {
		if name, ok := strings.CutPrefix(strings.TrimLeft(part, "#"), "trivy:ignore:"); ok {
			name, _, _ = strings.Cut(name, ":")
			name, _, _ = strings.Cut(name, "[")
			out = append(out, acceptance{"trivy", name})
		}
	}
	return out
}
