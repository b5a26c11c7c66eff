package seccomp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/seccomp"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/default-allows", Title: "what no rule names is allowed", Severity: boltseal.High,
		Doc: "A list of forbidden calls misses those it does not know: the next kernel's, another architecture's, and the forgotten ones. With " +
			"SCMP_ACT_LOG as default everything is allowed too, and only written down. Make the default SCMP_ACT_ERRNO and list what is needed.",
		Controls: []string{"CIS-K8S-5.6.2", "PSS/baseline"},
	},
	Run: func(p *Pass) {
		switch p.Profile.DefaultAction {
		case seccomp.ActAllow:
			p.Report(nil, fmt.Sprintf("the default allows: only %s refused", countRefused(p.Model)))
		case seccomp.ActLog:
			p.Report(nil, "the default SCMP_ACT_LOG allows every call, and only logs it: it is for finding out, not for production")
		}
	},
})

func countRefused(m *Model) string {
	n := 0
	for _, r := range m.Rules {
		if !r.Action.Lets() {
			n += len(r.Calls)
		}
	}
	if n == 1 {
		return "1 call is"
	}
	return fmt.Sprintf("%d calls are", n)
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/dangerous-syscall", Title: "a dangerous system call is allowed", Severity: boltseal.High,
		Doc: "The default profiles of Docker, containerd and Podman refuse the call, or allow it with certain arguments alone, because it leads " +
			"out of containers or into other processes. A profile of one's own should not be wider than the default it replaces. Where a program " +
			"does need the call, restrict its arguments and accept this finding with the reason.",
		Controls: []string{"CIS-K8S-5.6.2"},
	},
	Run: func(p *Pass) {
		if !p.denies() {
			return // said once, by default-allows
		}
		seen := map[string]bool{}
		for _, arch := range p.primary() {
			f, normal := p.filter(arch), defaultFilter(arch)
			for _, name := range seccomp.Dangerous() {
				d, usual := f.Decide(name), normal.Decide(name)
				if _, ok := seccomp.Number(arch, name); !ok || seen[name] || d.Verdict() <= usual.Verdict() {
					continue
				}
				seen[name] = true
				p.Report(p.allowing(name), dangerText(name, usual.Verdict()))
			}
		}
	},
})

func dangerText(name string, usual seccomp.Verdict) string {
	danger, _ := seccomp.DangerOf(name)
	text := name + " is allowed: it " + danger.Why
	if usual == seccomp.Sometimes {
		text = name + " is allowed with any arguments: " + danger.Why
	}
	if danger.Cap != "" {
		text += "; the kernel asks for " + danger.Cap + " besides"
	}
	return text
}

// defaultFilter is what runtimes do by default.
func defaultFilter(arch seccomp.Arch) *seccomp.Filter {
	p, _ := seccomp.Default("docker")
	return p.Apply(&seccomp.Target{Arch: arch})
}

// allowing is where a call is allowed.
func (p *Pass) allowing(name string) *manifest.Node {
	for _, r := range p.Rules {
		if !r.Action.Lets() {
			continue
		}
		for _, call := range r.Calls {
			if call.Str() == name {
				return call
			}
		}
	}
	return nil
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/wider-than-default", Title: "the profile allows more than the runtime's default", Severity: boltseal.Low,
		Doc: "A profile of one's own replaces the default, it is not added to it. Calls that the default refuses and this one allows are listed; " +
			"those that are dangerous are findings of their own. See all of it with: boltseal seccomp diff default FILE.",
	},
	Run: func(p *Pass) {
		if !p.denies() {
			return
		}
		arch := p.primary()[0]
		var more []string
		for _, d := range seccomp.Compare(defaultFilter(arch), p.filter(arch)) {
			if _, known := seccomp.DangerOf(d.Name); d.More() && !known {
				more = append(more, d.Name)
			}
		}
		if len(more) > 0 {
			p.Report(p.allowing(more[0]), fmt.Sprintf("%d calls are allowed that the default refuses: %s", len(more), clip(more, 12)))
		}
	},
})

func clip(names []string, n int) string {
	if len(names) <= n {
		return strings.Join(names, " ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:n], " "), len(names)-n)
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/log-allows", Title: "SCMP_ACT_LOG allows what it logs", Severity: boltseal.Medium,
		Doc: "SCMP_ACT_LOG does not refuse: the call is carried out and a line goes to the audit log. Use SCMP_ACT_ERRNO to refuse; with " +
			"the flag SECCOMP_FILTER_FLAG_LOG refusals are logged too.",
	},
	Run: func(p *Pass) {
		for _, r := range p.Rules {
			if r.Action == seccomp.ActLog && len(r.Calls) > 0 && p.Profile.DefaultAction != seccomp.ActLog {
				p.Report(r.Node.Get("action"), r.Calls[0].Str()+" and whatever else the rule names is allowed, and only logged")
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/needs-supervisor", Title: "an action that waits for a program which is not there", Severity: boltseal.High,
		Doc: "SCMP_ACT_TRACE asks a tracer and SCMP_ACT_NOTIFY a listener what to do. A container has neither unless the runtime is told of " +
			"one: the calls then fail with ENOSYS, and a profile with SCMP_ACT_NOTIFY and no listenerPath is refused by runc. TRACE does " +
			"not write a trace of anything.",
	},
	Run: func(p *Pass) {
		check := func(at *manifest.Node, a seccomp.Action) {
			switch {
			case a == seccomp.ActTrace:
				p.Report(at, "SCMP_ACT_TRACE asks a tracer, which a container does not have: the calls fail with ENOSYS")
			case a == seccomp.ActNotify && p.Profile.ListenerPath == "":
				p.Report(at, "SCMP_ACT_NOTIFY without a listenerPath: no program answers, and runc refuses the profile")
			}
		}
		check(p.Root.Get("defaultAction"), p.Profile.DefaultAction)
		for _, r := range p.Rules {
			check(r.Node.Get("action"), r.Action)
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/kill-thread", Title: "a refused call kills one thread and leaves the process hanging", Severity: boltseal.Low,
		Doc: "SCMP_ACT_KILL is SCMP_ACT_KILL_THREAD: the thread is gone, its locks are not, and the rest of the process waits for ever while " +
			"its liveness looks fine. Use SCMP_ACT_KILL_PROCESS, or SCMP_ACT_ERRNO to let the program go on.",
	},
	Run: func(p *Pass) {
		bad := []seccomp.Action{seccomp.ActKill, seccomp.ActKillThread}
		if slices.Contains(bad, p.Profile.DefaultAction) {
			p.Report(nil, string(p.Profile.DefaultAction)+" kills one thread of a process: use SCMP_ACT_KILL_PROCESS or SCMP_ACT_ERRNO")
		}
		for _, r := range p.Rules {
			if slices.Contains(bad, r.Action) {
				p.Report(r.Node.Get("action"), string(r.Action)+" kills one thread of a process: use SCMP_ACT_KILL_PROCESS or SCMP_ACT_ERRNO")
			}
		}
	},
})
