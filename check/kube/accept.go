package kube

import (
	"maps"
	"slices"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/accept"
	"github.com/boltseal/boltseal/internal/ruleset"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// annotation is one that accepts findings of its object, in the words of some
// tool (internal/accept). Those of a pod template count as well.
type annotation struct {
	text string
	says []accept.Acceptance
}

// accepted marks the findings that an annotation of their object accepts, or a
// comment about the field, item or object that they stand at.
func accepted(m *Model, all []*found) {
	annotated := map[*Object][]annotation{}
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
		spoken[f] = ruleset.MayAccept(f.Source)
	}
	for _, f := range all {
		f.Waived = f.annotated(annotated[f.object])
		if f.Waived == nil && spoken[f.file] {
			f.Waived = ruleset.Accepted(f.check, f.file.Name, f.file.Around(f.at))
		}
	}
}

func (f *found) annotated(all []annotation) *boltseal.Waiver {
	for _, a := range all {
		if ruleset.Covers(a.says, f.check) {
			return ruleset.Waiver(f.file.Name, a.text)
		}
	}
	return nil
}

// annotations are those that accept something, in order.
func annotations(all map[string]string) []annotation {
	var out []annotation
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if says := accept.Annotation(key, all[key]); len(says) > 0 {
			out = append(out, annotation{key + ": " + all[key], says})
		}
	}
	return out
}
