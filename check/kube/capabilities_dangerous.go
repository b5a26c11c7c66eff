package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/capabilities-dangerous", Title: "a capability that leads out of the container", Severity: boltseal.Critical,
		Controls: names("CIS-K8S-5.2.9 PSS/baseline/capabilities PSS/restricted/capabilities NSA/no-escalation NSA/no-privileged MITRE/T1611"),
		Aliases:  aliases("trivy:KSV-0005 trivy:KSV-0120 trivy:KSV-0022 checkov:CKV_K8S_39 checkov:CKV_K8S_25 kubescape:C-0046 kubescape:C-0200 polaris:dangerousCapabilities"),
		Doc: `With one of these a process that is root in the container takes the node: SYS_ADMIN mounts file systems, SYS_MODULE loads kernel modules, SYS_PTRACE
and SYS_RAWIO read other processes' and the machine's memory, DAC_READ_SEARCH opens the node's files by handle (the "shocker" exploit), BPF and PERFMON read the kernel's. ALL is all
of them. Find out what the program really does and give it a device plug-in, an init container of the platform or a narrower capability.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("capabilities_baseline") {
			p.addedCapabilities(w, func(name string) bool { return escapes[name] }, "which leads out of the container")
		}
	},
})

// escapes are the capabilities with which a container's root becomes the
// node's.
var escapes = map[string]bool{
	"ALL": true, "SYS_ADMIN": true, "SYS_MODULE": true, "SYS_PTRACE": true, "SYS_RAWIO": true, "DAC_READ_SEARCH": true, "BPF": true, "PERFMON": true,
	"SYS_BOOT": true, "MAC_ADMIN": true, "MAC_OVERRIDE": true,
}
