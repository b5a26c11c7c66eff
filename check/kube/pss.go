package kube

import (
	"iter"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/boltseal/boltseal"
)

// standards are the Pod Security Standards, as the API server judges them.
type standards struct {
	version   api.Version
	evaluator policy.Evaluator
	checks    map[policy.CheckID]policy.CheckPodFn // those that hold in the version
}

// official is the evaluator of the API server, with all versions of its checks.
var official = sync.OnceValue(func() policy.Evaluator {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		panic(err) // the library's own checks contradict each other
	}
	return evaluator
})

func newStandards(m *Model, opts *Options) *standards {
	s := &standards{version: api.LatestVersion(), checks: map[policy.CheckID]policy.CheckPodFn{}}
	if opts.PodSecurity != "" {
		v, err := api.ParseVersion("v" + strings.TrimPrefix(opts.PodSecurity, "v"))
		if err != nil && opts.PodSecurity != "latest" {
			m.gaps = append(m.gaps, boltseal.Gap{
				What: "Pod Security Standards " + opts.PodSecurity, Why: err.Error(), Kind: "bad-version",
				Hint: `give a version such as v1.34; the latest was used instead`,
			})
		} else if err == nil {
			s.version = v
		}
	}
	s.evaluator = official()
	for _, c := range policy.DefaultChecks() {
		for _, v := range c.Versions {
			if !s.version.Older(v.MinimumVersion) {
				s.checks[c.ID] = v.CheckPod
			}
		}
	}
	return s
}

// Violating are the workloads that a check of the Pod Security Standards
// refuses.
func (m *Model) Violating(id policy.CheckID) iter.Seq[*Workload] {
	return func(yield func(*Workload) bool) {
		check := m.pss.checks[id]
		if check == nil {
			return
		}
		for _, w := range m.Workloads {
			if !check(w.PodMeta, w.Spec).Allowed && !yield(w) {
				return
			}
		}
	}
}

// Refusal says why a level of the standards refuses a workload's pods; empty
// when it does not.
func (m *Model) Refusal(w *Workload, level api.Level, version api.Version) string {
	results := m.pss.evaluator.EvaluatePod(api.LevelVersion{Level: level, Version: version}, w.PodMeta, w.Spec)
	all := policy.AggregateCheckResults(results)
	if all.Allowed {
		return ""
	}
	return all.ForbiddenDetail()
}

// Strictest is the strictest level that all workloads pass.
func (m *Model) Strictest(workloads []*Workload) api.Level {
	level := api.LevelRestricted
	for _, w := range workloads {
		if level == api.LevelRestricted && m.Refusal(w, level, m.pss.version) != "" {
			level = api.LevelBaseline
		}
		if level == api.LevelBaseline && m.Refusal(w, level, m.pss.version) != "" {
			return api.LevelPrivileged
		}
	}
	return level
}

// added are the capabilities that a container adds.
func (c *Container) added() []corev1.Capability {
	if s := c.SecurityContext; s != nil && s.Capabilities != nil {
		return s.Capabilities.Add
	}
	return nil
}
