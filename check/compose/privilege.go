package compose

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/privileged", Title: "a privileged container is root on the host", Severity: boltseal.Critical,
		Controls: []string{"CIS-DI-5.5", "NIST-800-190/4.4.3"},
		Aliases:  []string{"semgrep:privileged-service"},
		Doc: `A privileged container has every capability, sees all devices and is under no seccomp or AppArmor profile: whoever takes it over mounts the
host's disk and is root there. Take privileged away, and give the one capability or device that the program needs.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			if on, _ := s.Own("privileged").Bool(); on {
				p.Report(s, s.Own("privileged"), "the container is privileged", p.Remove("take privileged away", false, s.Own("privileged"))...)
			}
		}
	},
})

// dangerous are the capabilities that lead out of a container or past what
// guards other containers.
var dangerous = []string{
	"ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "SYS_BOOT", "SYS_TIME", "DAC_READ_SEARCH", "NET_ADMIN", "BPF", "PERFMON", "MAC_ADMIN",
	"MAC_OVERRIDE", "SYSLOG", "LINUX_IMMUTABLE", "AUDIT_CONTROL", "CHECKPOINT_RESTORE",
}

func capability(n *manifest.Node) string { return strings.TrimPrefix(strings.ToUpper(n.Str()), "CAP_") }

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/dangerous-capability", Title: "a capability that leads out of the container is added", Severity: boltseal.High,
		Controls: []string{"CIS-DI-5.4", "NIST-800-190/4.4.3"},
		Doc: `SYS_ADMIN mounts file systems, SYS_PTRACE and SYS_MODULE reach other processes and the kernel, NET_ADMIN rewrites the network, and
DAC_READ_SEARCH reads any file of the host. Programs seldom need them: name what really is refused and add that one alone.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			for _, item := range s.Own("cap_add").Elems() {
				if slices.Contains(dangerous, capability(item)) {
					p.Report(s, item, capability(item)+" is added", p.Remove("take "+capability(item)+" away", false, item)...)
				}
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/capabilities-kept", Title: "the capabilities that Docker grants by default are kept", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-5.4"},
		Doc: `A container has fourteen capabilities that hardly any service uses, among them NET_RAW to forge packets, MKNOD, SETUID and DAC_OVERRIDE. After
a break-in each is one more way on. Drop ALL, and add those that the program turns out to need.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			if !s.Complete || s.Has("cap_drop", "ALL") {
				continue
			}
			if on, _ := s.Get("privileged").Bool(); on {
				continue // dropping would change nothing
			}
			p.Report(s, s.Own("cap_drop"), "cap_drop does not name ALL", p.Append(s, "drop ALL", false, "ALL", "cap_drop")...)
		}
	},
})

// options are the values of security_opt as name and value; older files part
// them by a colon.
func options(item *manifest.Node) (name, value string) {
	text := item.Str()
	if name, value, ok := strings.Cut(text, "="); ok {
		return name, value
	}
	name, value, _ = strings.Cut(text, ":")
	return name, value
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/new-privileges", Title: "processes may gain privileges", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-5.26"},
		Aliases:  []string{"semgrep:no-new-privileges"},
		Doc: `Without no-new-privileges a setuid program, such as su or a forgotten helper, makes root of a service that was started as another user. With it the
kernel grants nothing on execve. Only programs that rely on setuid (sudo, old mail servers) break.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			set := false
			for item := range s.All("security_opt") {
				name, value := options(item)
				set = set || name == "no-new-privileges" && value != "false"
			}
			if !set && s.Complete {
				p.Report(s, s.Own("security_opt"), "no-new-privileges is not set", p.Append(s, "set no-new-privileges", false, "no-new-privileges:true", "security_opt")...)
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/unconfined", Title: "a profile that confines the container is switched off", Severity: boltseal.High,
		Controls: []string{"CIS-DI-5.22", "CIS-DI-5.2", "CIS-DI-5.3"},
		Aliases:  []string{"semgrep:seccomp-confinement-disabled"},
		Doc: `The default seccomp profile refuses some forty system calls through which containers were left, AppArmor and SELinux keep the host's files and
other containers apart. "unconfined" and "label:disable" switch them off for everything that runs in the container. Name a profile of your own instead.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			for _, item := range s.Own("security_opt").Elems() {
				name, value := options(item)
				off := value == "unconfined" && (name == "seccomp" || name == "apparmor") || name == "label" && value == "disable" ||
					name == "no-new-privileges" && value == "false" || name == "systempaths" && value == "unconfined"
				if off {
					p.Report(s, item, item.Str()+" switches it off", p.Remove("take "+item.Str()+" away", false, item)...)
				}
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/root-user", Title: "the service is run as root", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-4.1"},
		Doc: `user: root or 0 overrides whatever user the image was built for. Root in a container is root on the host as soon as one wall falls: a mounted
folder, a kernel bug, a leaked socket. Take the line away if the image has a user, or name a number from 1000 on.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			value, known := expand(s.Own("user").Str())
			name, _, _ := strings.Cut(value, ":")
			if known && (name == "root" || name == "0") {
				p.Report(s, s.Own("user"), "it runs as "+value, p.Replace("run as 65532", false, s.Own("user"), "65532:65532")...)
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/root-filesystem-writable", Title: "the root file system is writable", Severity: boltseal.Low,
		Controls: []string{"CIS-DI-5.13"},
		Aliases:  []string{"semgrep:writable-filesystem-service"},
		Doc: `Who breaks in writes a tool, changes the program or leaves a start script. With read_only: true that fails; folders that the program does write
to are given as tmpfs or as volumes.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			if on, _ := s.Get("read_only").Bool(); s.Complete && !on {
				p.Report(s, s.Own("read_only"), "read_only is not set", p.Set(s, "make the root file system read-only", false, true, "read_only")...)
			}
		}
	},
})
