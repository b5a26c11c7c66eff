package docker

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/dnf-cache", Title: "a package manager keeps what it downloaded in the layer", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL3032", "hadolint:DL3036", "hadolint:DL3040", "trivy:DS-0015", "trivy:DS-0019", "trivy:DS-0020", "trivy:DS-0027", "semgrep:missing-dnf-clean-all", "semgrep:missing-zypper-clean"},
		Doc: `dnf, yum, microdnf and zypper keep the lists of repositories and what they downloaded below /var/cache: often a hundred megabytes that no
container needs. Clean in the same RUN, or mount a cache there.`,
	},
	Run: func(p *Pass) {
		for step := range p.shipped("RUN") {
			var last *Call
			cleaned := false
			for _, c := range step.Packages {
				switch {
				case cacheOf[c.Tool] == "":
				case c.Verb == "install" || c.Verb == "upgrade":
					last = &c
				case c.Verb == "clean":
					cleaned = true
				}
			}
			if last == nil || cleaned || removes(step, "/var/cache") || hasMount(step, cacheOf[last.Tool]) {
				continue
			}
			var fixes []boltseal.Fix
			if end, ok := chainEnd(step); ok {
				all := " && " + last.Name + " clean all"
				if last.Tool == "zypper" {
					all = " && zypper clean --all"
				}
				fixes = append(fixes, p.Insert("clean in the same layer", true, end.Span.End, all))
			}
			p.Report(last.Span, "what "+last.Name+" downloads stays in this layer", fixes...)
		}
	},
})

// cacheOf is where package managers keep what they download.
var cacheOf = map[string]string{
	"dnf": "/var/cache/dnf", "yum": "/var/cache/yum", "microdnf": "/var/cache/yum", "zypper": "/var/cache/zypp",
}
