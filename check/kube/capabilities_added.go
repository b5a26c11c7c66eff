package kube

import (
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/capabilities-added", Title: "a capability besides NET_BIND_SERVICE is added", Severity: boltseal.Medium,
		Controls: names("CIS-K8S-5.2.9 PSS/restricted/capabilities NSA/no-escalation"),
		Aliases:  aliases("trivy:KSV-0022 checkov:CKV_K8S_25 kubescape:C-0046 kubescape:C-0200 polaris:insecureCapabilities"),
		Doc: `The capability is one of those that runtimes give by default, so it is not the worst; but of these only NET_BIND_SERVICE is harmless. CHOWN, FOWNER and
DAC_OVERRIDE make file permissions meaningless, SETUID and SETGID undo a USER. They are mostly added for an entrypoint that starts as root and then gives root
up: run the pod as the final user with an fsGroup and leave them out.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("capabilities_restricted") {
			p.addedCapabilities(w, func(name string) bool { return defaultCapabilities[name] && name != "NET_BIND_SERVICE" }, "which restricted pods may not")
		}
	},
})

// defaultCapabilities are those that the baseline standard lets pods add.
var defaultCapabilities = map[string]bool{
	"AUDIT_WRITE": true, "CHOWN": true, "DAC_OVERRIDE": true, "FOWNER": true, "FSETID": true, "KILL": true, "MKNOD": true, "NET_BIND_SERVICE": true,
	"SETFCAP": true, "SETGID": true, "SETPCAP": true, "SETUID": true, "SYS_CHROOT": true,
}

// addedCapabilities reports each capability that containers add and that a
// rule means.
func (p *Pass) addedCapabilities(w *Workload, means func(string) bool, why string) {
	for _, c := range w.Containers {
		list := c.Node.Get("securityContext", "capabilities", "add")
		for i, name := range c.added() {
			if !means(strings.TrimPrefix(strings.ToUpper(string(name)), "CAP_")) {
				continue
			}
			var fixes []boltseal.Fix
			if len(c.added()) == 1 {
				fixes = remove(w.Object, "do not add "+string(name), false, c.Node, "securityContext", "capabilities", "add")
			} else {
				fixes = remove(w.Object, "do not add "+string(name), false, list, strconv.Itoa(i))
			}
			p.Report(w.Object, at(list, i), c.label()+" adds "+string(name)+", "+why, fixes...)
		}
	}
}
