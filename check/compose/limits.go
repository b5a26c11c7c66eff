package compose

import (
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

// lacksAll tells whether none of several settings is there.
func (s *Service) lacksAll(paths ...string) bool {
	for _, path := range paths {
		if !s.Lacks(strings.Split(path, ".")...) {
			return false
		}
	}
	return true
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/no-memory-limit", Title: "the service may take all memory", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-5.11"},
		Doc: `One leak, or one request made to cause it, and the kernel ends processes of other services or of the host. Set deploy.resources.limits.memory (or
mem_limit) to what the program needs at its worst and a little more.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			if s.lacksAll("deploy.resources.limits.memory", "mem_limit") {
				p.Report(s, nil, "memory is not limited")
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/no-cpu-limit", Title: "the service may take all processors", Severity: boltseal.Low,
		Controls: []string{"CIS-DI-5.12"},
		Doc:      `A miner that somebody planted, or an endless loop, starves everything else on the machine. Set deploy.resources.limits.cpus, or cpus or cpu_shares.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			if s.lacksAll("deploy.resources.limits.cpus", "cpus", "cpu_shares", "cpu_quota", "cpuset") {
				p.Report(s, nil, "processors are not limited")
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/no-pids-limit", Title: "the service may start processes without end", Severity: boltseal.Low,
		Controls: []string{"CIS-DI-5.29"},
		Doc: `A fork bomb inside the container uses up the process numbers of the host, after which nobody can log in to stop it. Set
deploy.resources.limits.pids, or pids_limit, to a few hundred.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			at := s.Own("pids_limit")
			if n, ok := s.Get("pids_limit").Int(); ok && n <= 0 && s.Get("deploy", "resources", "limits", "pids") == nil {
				p.Report(s, at, "pids_limit "+strconv.FormatInt(n, 10)+" is no limit", p.Set(s, "limit processes to 200", false, 200, "pids_limit")...)
			} else if s.lacksAll("deploy.resources.limits.pids", "pids_limit") {
				p.Report(s, nil, "the number of processes is not limited", p.Set(s, "limit processes to 200", false, 200, "pids_limit")...)
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/restart-storm", Title: "a service that fails is restarted for ever", Severity: boltseal.Low,
		Controls: []string{"CIS-DI-5.15"},
		Doc: `With restart: always a service that ends at once is started again and again: it fills the log, loads what it depends on, and comes back even after
somebody stopped it to keep an intruder out. Use on-failure:5, or unless-stopped where people rather than a machine decide.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			if n := s.Own("restart"); n.Str() == "always" {
				p.Report(s, n, "it is restarted without end, even after it was stopped", p.Replace("restart five times", false, n, "on-failure:5")...)
			}
			if n := s.Own("deploy", "restart_policy"); n.Get("condition").Str() == "any" && n.Get("max_attempts").IsNull() {
				p.Report(s, n, "it is restarted without end")
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/ulimits-raised", Title: "the limit on processes or locked memory is lifted", Severity: boltseal.Low,
		Controls: []string{"CIS-DI-5.19"},
		Doc: `ulimits of -1 take away the walls against a fork bomb (nproc) or against a service that locks all memory (memlock). Some data stores do ask for
memlock; then limit the memory of the service as a whole and accept this finding.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			for key, value := range s.Own("ulimits").Entries() {
				if key.Value != "nproc" && key.Value != "memlock" {
					continue
				}
				soft, _ := value.Int()
				hard, _ := value.Get("hard").Int()
				limited := !s.lacksAll("deploy.resources.limits.memory", "mem_limit") && key.Value == "memlock"
				if (soft < 0 || hard < 0) && !limited {
					p.Report(s, value, key.Value+" is without limit")
				}
			}
		}
	},
})
