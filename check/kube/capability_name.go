package kube

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/capability-name", Title: "a capability that does not exist", Severity: boltseal.Medium,
		Controls: names("PSS/baseline/capabilities"),
		Doc: `Kubernetes writes capabilities in capitals and without the prefix CAP_. Under another name a container does not start, or what was meant to be dropped
stays: admission compares names letter by letter, and takes "all" or CAP_NET_RAW for something else.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			if c.SecurityContext == nil || c.SecurityContext.Capabilities == nil {
				continue
			}
			p.capabilityNames(c, "add", c.SecurityContext.Capabilities.Add)
			p.capabilityNames(c, "drop", c.SecurityContext.Capabilities.Drop)
		}
	},
})

func (p *Pass) capabilityNames(c *Container, field string, list []corev1.Capability) {
	for i, name := range list {
		if capabilities[string(name)] {
			continue
		}
		node := c.Node.Get("securityContext", "capabilities", field, strconv.Itoa(i))
		right := strings.TrimPrefix(strings.ToUpper(string(name)), "CAP_")
		if !capabilities[right] {
			p.Report(c.Workload.Object, node, strconv.Quote(string(name))+" is no capability")
			continue
		}
		p.Report(c.Workload.Object, node, strconv.Quote(string(name))+" is written "+right,
			set(c.Workload.Object, "write "+right, true, c.Node, right, "securityContext", "capabilities", field, strconv.Itoa(i))...)
	}
}

// capabilities are the kernel's (capabilities(7)), and ALL.
var capabilities = func() map[string]bool {
	all := map[string]bool{}
	for _, name := range names(`ALL AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID
		IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP
		SETUID SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG SYSLOG WAKE_ALARM`) {
		all[name] = true
	}
	return all
}()
