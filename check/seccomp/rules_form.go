package seccomp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/seccomp"
	"github.com/boltseal/boltseal/syntax/manifest"
)

const unreadableID = "seccomp/unreadable"

var _ = add(Rule{
	Check: boltseal.Check{
		ID: unreadableID, Title: "the profile cannot be read", Severity: boltseal.High,
		Doc: "A runtime that cannot read a profile does not start the container, and one that is started without it runs unconfined. " +
			"The profile has to be a JSON object with a defaultAction, whose fields have the types of the OCI runtime specification.",
	},
	Run: func(p *Pass) {
		if p.Err != nil {
			at := p.Root
			if at == nil {
				at = &manifest.Node{Kind: manifest.Scalar}
			}
			p.Report(at, "the profile cannot be read: "+p.Err.Error())
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/unknown-action", Title: "no such action", Severity: boltseal.High,
		Doc: "The actions are those of libseccomp, such as SCMP_ACT_ALLOW and SCMP_ACT_ERRNO. Runtimes refuse a profile with any other " +
			"word, and no container starts. SCMP_ACT_BLOCK, SCMP_ACT_DENY and the like do not exist: use SCMP_ACT_ERRNO.",
	},
	Run: func(p *Pass) {
		check := func(at *manifest.Node, a seccomp.Action) {
			if !slices.Contains(seccomp.Actions(), a) {
				p.Report(at, fmt.Sprintf("%q is no action: use SCMP_ACT_ALLOW, SCMP_ACT_ERRNO or another of libseccomp's", a))
			}
		}
		check(p.Root.Get("defaultAction"), p.Profile.DefaultAction)
		for _, r := range p.Rules {
			if at := r.Node.Get("action"); at != nil {
				check(at, r.Action)
			} else {
				p.Report(r.Node, "the rule has no action")
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/unknown-arch", Title: "no such architecture", Severity: boltseal.High,
		Doc: "Architectures are written as libseccomp does, such as SCMP_ARCH_X86_64 and SCMP_ARCH_AARCH64. Runtimes refuse a profile with " +
			"any other word. Only the conditions of Docker's dialect use the short names, amd64 and arm64.",
	},
	Run: func(p *Pass) {
		check := func(at *manifest.Node) {
			if at = at.Resolve(); at == nil || seccomp.Arch(at.Str()).Valid() {
				return
			}
			hint := ""
			if arch, ok := seccomp.ParseArch(strings.TrimPrefix(at.Str(), "SCMP_ARCH_")); ok {
				hint = ": write " + string(arch)
			}
			p.Report(at, fmt.Sprintf("%q is no architecture%s", at.Str(), hint))
		}
		for _, at := range p.Root.Get("architectures").Elems() {
			check(at)
		}
		for _, m := range p.Root.Get("archMap").Elems() {
			check(m.Get("architecture"))
			for _, at := range m.Get("subArchitectures").Elems() {
				check(at)
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/both-forms", Title: "the same thing is said in two forms", Severity: boltseal.High,
		Doc: "Docker refuses a profile that has both architectures and archMap, or a rule that has both name and names. Keep archMap and " +
			"names for Docker and Podman, architectures and names for containerd and CRI-O.",
	},
	Run: func(p *Pass) {
		if at := p.Root.Get("archMap"); len(p.Profile.ArchMap) > 0 && len(p.Profile.Architectures) > 0 {
			p.Report(at, "archMap beside architectures: Docker refuses the profile")
		}
		for _, r := range p.Rules {
			if r.Name != "" && len(r.Names) > 0 {
				p.Report(r.Node.Get("name"), "name beside names: Docker refuses the profile, and others pass over "+r.Name)
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/bad-argument", Title: "a comparison of arguments that cannot be made", Severity: boltseal.High,
		Doc: "A system call has six arguments, counted from 0. A comparison is one of SCMP_CMP_NE, LT, LE, EQ, GE, GT or MASKED_EQ; " +
			"MASKED_EQ takes its mask from value and what is compared from valueTwo. Runtimes refuse a profile with anything else, and a " +
			"mask that can never give the value makes a rule that never holds.",
	},
	Run: func(p *Pass) {
		for _, r := range p.Rules {
			for i, at := range r.Node.Get("args").Elems() {
				if i >= len(r.Args) {
					break
				}
				if message := badArg(&r.Args[i]); message != "" {
					p.Report(firstOf(at, badField(&r.Args[i])), message)
				}
			}
		}
	},
})

func badArg(a *seccomp.Arg) string {
	switch {
	case a.Index > 5:
		return fmt.Sprintf("index %d: a system call has the arguments 0 to 5", a.Index)
	case !slices.Contains(seccomp.Operators(), a.Op):
		return fmt.Sprintf("%q is no comparison: use SCMP_CMP_EQ or another of libseccomp's", a.Op)
	case a.Op == "SCMP_CMP_MASKED_EQ" && a.Value&a.ValueTwo != a.ValueTwo:
		return fmt.Sprintf("the mask %#x never gives %#x: the rule never holds", a.Value, a.ValueTwo)
	case a.Op == "SCMP_CMP_LT" && a.Value == 0:
		return "no argument is less than 0: the rule never holds"
	}
	return ""
}

func badField(a *seccomp.Arg) string {
	switch {
	case a.Index > 5:
		return "index"
	case !slices.Contains(seccomp.Operators(), a.Op):
		return "op"
	}
	return "value"
}

// firstOf is a field of a node, or the node itself when it has none.
func firstOf(n *manifest.Node, field string) *manifest.Node {
	if at := n.Get(field); at != nil {
		return at
	}
	return n
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/bad-errno", Title: "an error number that cannot be returned", Severity: boltseal.Medium,
		Doc: "errnoRet is what SCMP_ACT_ERRNO returns and what SCMP_ACT_TRACE tells the tracer. Other actions have no use for it and some " +
			"runtimes refuse it there. Error numbers go to 4095; 0 makes a refused call look as if it had worked.",
	},
	Run: func(p *Pass) {
		check := func(at *manifest.Node, a seccomp.Action, n *uint) {
			switch {
			case n == nil || at == nil:
			case a != seccomp.ActErrno && a != seccomp.ActTrace:
				p.Report(at, "errnoRet has no meaning with "+string(a))
			case *n > 4095:
				p.Report(at, fmt.Sprintf("%d is no error number: they go to 4095", *n))
			case *n == 0 && a == seccomp.ActErrno:
				p.Report(at, "errnoRet 0 makes a refused call look as if it had worked")
			}
		}
		check(p.Root.Get("defaultErrnoRet"), p.Profile.DefaultAction, p.Profile.DefaultErrno)
		for _, r := range p.Rules {
			check(r.Node.Get("errnoRet"), r.Action, r.Errno)
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/docker-dialect", Title: "words of Docker's dialect that Kubernetes passes over", Severity: boltseal.High,
		Doc: "containerd reads a Localhost profile as the OCI specification has it: archMap, name, includes and excludes are not in it and are " +
			"passed over without a word. A rule that Docker would apply only with CAP_SYS_ADMIN then holds for every container, and 32-bit " +
			"calls are killed for want of their architectures. Write architectures, and leave out the rules whose condition does not hold.",
	},
	Run: func(p *Pass) {
		if !p.Kubernetes {
			return
		}
		if at := p.Root.Get("archMap"); at != nil {
			p.Report(at, "archMap is Docker's: containerd passes over it; write architectures: "+architectures(p.Profile.ArchMap))
		}
		for _, r := range p.Rules {
			switch {
			case r.Includes != nil && r.Action.Lets():
				p.Report(r.Node.Get("includes"), "includes is Docker's: containerd passes over it, and the rule holds for every container")
			case r.Excludes != nil:
				p.Report(r.Node.Get("excludes"), "excludes is Docker's: containerd passes over it, and the rule holds for every container")
			case r.Name != "" && len(r.Names) == 0:
				p.Report(r.Node.Get("name"), "name is Docker's: containerd passes over the rule; write names")
			}
		}
	},
})

func architectures(maps []seccomp.ArchMap) string {
	var all []string
	for _, m := range maps {
		all = append(all, string(m.Arch))
		for _, s := range m.SubArches {
			all = append(all, string(s))
		}
	}
	return strings.Join(all, ", ")
}
