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
		ID: "seccomp/unknown-syscall", Title: "no such system call", Severity: boltseal.Medium,
		Doc: "No architecture's kernel has a system call of this name: it is a function of a library, a slip of the keyboard, or made up. " +
			"Runtimes pass over the name without a word, so that the profile does something else than it says: a call that was meant to be " +
			"allowed is refused, or one that was meant to be refused is allowed.",
	},
	Run: func(p *Pass) {
		for _, r := range p.Rules {
			for _, call := range r.Calls {
				if call.Str() == "" || seccomp.Exists(call.Str()) {
					continue
				}
				message := call.Str() + " is no system call of any architecture: runtimes pass over it"
				if near, ok := seccomp.Nearest(call.Str()); ok {
					message += "; did you mean " + near + "?"
				}
				p.Report(call, message, p.remove("take the name out", call)...)
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/foreign-syscall", Title: "a system call of another architecture", Severity: boltseal.Low,
		Doc: "The call exists, but on none of the architectures for which the profile is in force: sigreturn and sigaction, for instance, are " +
			"those of 32-bit processors; 64-bit ones have rt_sigreturn and rt_sigaction. The name does nothing, and often stands where the " +
			"one that is meant is missing.",
	},
	Run: func(p *Pass) {
		arches := p.covered()
		for _, r := range p.Rules {
			here := arches
			if r.Includes != nil && !p.Kubernetes {
				for _, name := range r.Includes.Arches {
					if arch, ok := seccomp.ParseArch(name); ok {
						here = append(slices.Clip(here), arch)
					}
				}
			}
			for _, call := range r.Calls {
				on := seccomp.On(call.Str())
				if len(on) == 0 || slices.ContainsFunc(here, func(a seccomp.Arch) bool { return !tabled(a) || slices.Contains(on, a) }) {
					continue
				}
				p.Report(call, fmt.Sprintf("%s is a call of %s alone, where the profile is not in force", call.Str(), archList(on)))
			}
		}
	},
})

func tabled(a seccomp.Arch) bool { return slices.Contains(seccomp.Tabled(), a) }

func archList(on []seccomp.Arch) string {
	var names []string
	for _, a := range on {
		names = append(names, strings.ToLower(strings.TrimPrefix(string(a), "SCMP_ARCH_")))
	}
	if len(names) > 4 {
		return strings.Join(names[:4], ", ") + " and others"
	}
	return strings.Join(names, ", ")
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/duplicate", Title: "a system call is named twice", Severity: boltseal.Low,
		Doc: "The same call stands in more than one rule with the same action and conditions, or twice in one. It does no harm, but a later " +
			"edit of one place alone changes nothing, which is how calls stay allowed that someone meant to refuse.",
	},
	Run: func(p *Pass) {
		type key struct{ name, action, args, cond string }
		seen := map[key]*manifest.Node{}
		for _, r := range p.Rules {
			for _, call := range r.Calls {
				k := key{call.Str(), string(r.Action), fmt.Sprint(r.Args), p.condition(r.Rule)}
				if first := seen[k]; first != nil {
					p.Report(call, call.Str()+" is named already in "+p.line(first), p.remove("take the second mention out", call)...)
					continue
				}
				seen[k] = call
			}
		}
	},
})

// line says where a node stands.
func (p *Pass) line(n *manifest.Node) string {
	return fmt.Sprintf("line %d", p.File.Location(n.Span).Line)
}

// condition tells rules apart that are for different containers.
func (p *Pass) condition(r *seccomp.Rule) string {
	if p.Kubernetes {
		return ""
	}
	var b strings.Builder
	for _, c := range []*seccomp.Cond{r.Includes, r.Excludes} {
		if c != nil {
			fmt.Fprintf(&b, "%v %v %v", c.Caps, c.Arches, c.MinKernel)
		}
		b.WriteByte('|')
	}
	return b.String()
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/conflict", Title: "rules for one system call contradict each other", Severity: boltseal.High,
		Doc: "Two rules without arguments give one call different actions. Which one counts depends on the runtime and its libseccomp: some " +
			"refuse the profile, others keep the first. Leave one of them.",
	},
	Run: func(p *Pass) {
		type place struct {
			node   *manifest.Node
			action seccomp.Action
		}
		seen := map[string]place{}
		for _, r := range p.Rules {
			if len(r.Args) > 0 || r.Action == p.Profile.DefaultAction {
				continue
			}
			for _, call := range r.Calls {
				k := call.Str() + "|" + p.condition(r.Rule)
				first, ok := seen[k]
				switch {
				case !ok:
					seen[k] = place{call, r.Action}
				case first.action != r.Action:
					p.Report(call, fmt.Sprintf("%s is %s here and %s in %s", call.Str(), r.Action, first.action, p.line(first.node)))
				}
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/shadowed", Title: "a rule with arguments is shadowed by one without", Severity: boltseal.Medium,
		Doc: "A rule without arguments speaks of every use of a call. Beside it, a rule of the same call with arguments has no effect: a " +
			"restriction that looks as if it held does not. Take the call out of the rule without arguments.",
	},
	Run: func(p *Pass) {
		whole := map[string]*manifest.Node{}
		for _, r := range p.Rules {
			if len(r.Args) == 0 && r.Action != p.Profile.DefaultAction {
				for _, call := range r.Calls {
					whole[call.Str()+"|"+p.condition(r.Rule)] = call
				}
			}
		}
		for _, r := range p.Rules {
			if len(r.Args) == 0 {
				continue
			}
			for _, call := range r.Calls {
				if other := whole[call.Str()+"|"+p.condition(r.Rule)]; other != nil {
					p.Report(call, fmt.Sprintf("the arguments of %s are not looked at: %s has a rule for every use of it", call.Str(), p.line(other)))
				}
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/no-effect", Title: "a rule that does nothing", Severity: boltseal.Low,
		Doc: "The rule's action is the default's, or it names no call. Runtimes pass over it. In a profile that allows by default, a list of " +
			"allowed calls is a sign that the default was meant to be SCMP_ACT_ERRNO.",
	},
	Run: func(p *Pass) {
		for _, r := range p.Rules {
			switch {
			case len(r.Calls) == 0:
				p.Report(r.Node, "the rule names no system call")
			case r.Action == p.Profile.DefaultAction && len(r.Args) == 0 && sameErrno(r.Errno, p.Profile.DefaultErrno):
				p.Report(firstOf(r.Node, "action"), fmt.Sprintf("%s is the default: the rule for %s does nothing", r.Action, r.Calls[0].Str()))
			}
		}
	},
})

// sameErrno reports whether two error numbers are one; EPERM is the default.
func sameErrno(a, b *uint) bool {
	of := func(n *uint) uint {
		if n == nil {
			return 1
		}
		return *n
	}
	return of(a) == of(b)
}
