package seccomp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/seccomp"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/cannot-start", Title: "no container can start or end under the profile", Severity: boltseal.High,
		Doc: "The runtime loads the profile and then executes the container's program: without execve nothing starts. Without exit_group " +
			"nothing ends, and without rt_sigreturn the first signal kills. A profile of which this is true was never in force anywhere, and " +
			"its users have most likely gone back to unconfined. Begin with the runtime's default and narrow it with what was recorded.",
	},
	Run: func(p *Pass) { p.needs("start", "memory") },
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/cannot-load", Title: "dynamically linked programs cannot start under the profile", Severity: boltseal.High,
		Doc: "Before a program's first line, its loader opens, measures and maps libraries: openat, newfstatat, pread64 and others. Where they " +
			"are refused, every program but static ones ends with \"cannot stat shared object\". Static Go programs do without.",
	},
	Run: func(p *Pass) { p.needs("loader") },
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/missing-common", Title: "system calls that common programs need are refused", Severity: boltseal.Medium,
		Doc: "The profile refuses calls that whole families of programs do not do without: the C library, threads, servers, the runtimes of Go, " +
			"Java and Node.js. Failures of this sort are hard to tell from bugs, since a refused call looks like a missing permission. A " +
			"profile that was recorded for one program may rightly refuse what others need; then accept this finding.",
	},
	Run: func(p *Pass) {
		if !p.denies() {
			return
		}
		var kinds []string
		all := map[string]bool{}
		for _, n := range seccomp.Needs() {
			if slices.Contains([]string{"start", "memory", "loader"}, n.Slug) {
				continue
			}
			missing := p.missing(&n)
			if len(missing) == 0 {
				continue
			}
			for _, name := range missing {
				all[name] = true
			}
			kinds = append(kinds, fmt.Sprintf("%s (%s)", n.Title, strings.Join(missing, " ")))
		}
		if len(kinds) > 0 {
			p.Report(p.Root.Get("syscalls"), fmt.Sprintf("refused are %d calls that are needed by %s", len(all), strings.Join(kinds, "; ")))
		}
	},
})

// needs reports what the profile refuses of some needs.
func (p *Pass) needs(slugs ...string) {
	if !p.denies() {
		return
	}
	for _, n := range seccomp.Needs() {
		if !slices.Contains(slugs, n.Slug) {
			continue
		}
		if missing := p.missing(&n); len(missing) > 0 {
			p.Report(p.Root.Get("syscalls"), fmt.Sprintf("%s, which %s needs, refused: %s",
				strings.Join(missing, " "), n.Title, n.Fails))
		}
	}
}

// missing is what the profile refuses of a need on one of its architectures.
func (p *Pass) missing(n *seccomp.Need) []string {
	var out []string
	for _, arch := range p.primary() {
		for _, name := range n.Missing(p.filter(arch)) {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/clone3-errno", Title: "clone3 is refused in a way that stops programs", Severity: boltseal.Medium,
		Doc: "A filter cannot look at clone3's flags, so default profiles refuse it - with ENOSYS, errnoRet 38, upon which the C library goes " +
			"back to clone. With EPERM it does not: since glibc 2.34 no thread is made and programs fail with \"Operation not permitted\". " +
			"Add a rule {\"names\": [\"clone3\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38}.",
	},
	Run: func(p *Pass) {
		for _, arch := range p.primary() {
			f := p.filter(arch)
			clone, clone3 := f.Decide("clone"), f.Decide("clone3")
			if clone.Verdict() == seccomp.Never || clone3.Verdict() != seccomp.Never {
				continue
			}
			errno := clone3.Errno
			if !clone3.Listed {
				errno = p.Profile.DefaultErrno
			}
			if clone3.Action == seccomp.ActErrno && errno != nil && *errno == 38 {
				continue
			}
			p.Report(p.Root.Get("syscalls"), "clone is allowed and clone3 refused with another answer than ENOSYS (errnoRet 38): glibc 2.34 and later make no threads")
			return
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "seccomp/missing-subarch", Title: "an architecture's 32-bit relatives are left out", Severity: boltseal.Low,
		Doc: "A 64-bit kernel runs 32-bit programs too. When the profile names architectures without those, every 32-bit call kills the process, " +
			"whatever the rules say. Where 32-bit programs are not wanted that is right and this finding can be accepted; where the rules name " +
			"32-bit calls it is an oversight.",
	},
	Run: func(p *Pass) {
		if len(p.Profile.Architectures) == 0 {
			return
		}
		for _, arch := range p.Profile.Architectures {
			var left []string
			for _, sub := range arch.Sub() {
				if !slices.Contains(p.Profile.Architectures, sub) && tabled(sub) {
					left = append(left, string(sub))
				}
			}
			if len(left) > 0 && p.namesCallsOf(arch.Sub(), arch) {
				p.Report(p.Root.Get("architectures"), fmt.Sprintf("%s without %s: the rules name calls of theirs, and any of them kills the process", arch, strings.Join(left, " and ")))
			}
		}
	},
})

// namesCallsOf reports whether rules name calls that only the relatives of
// an architecture have.
func (p *Pass) namesCallsOf(subs []seccomp.Arch, arch seccomp.Arch) bool {
	for _, r := range p.Rules {
		for _, call := range r.Calls {
			if _, own := seccomp.Number(arch, call.Str()); own {
				continue
			}
			if slices.ContainsFunc(subs, func(s seccomp.Arch) bool { _, ok := seccomp.Number(s, call.Str()); return ok }) {
				return true
			}
		}
	}
	return false
}
