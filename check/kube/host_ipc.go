package kube

import (
	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/host-ipc", Title: "the node's shared memory is shared", Severity: boltseal.High,
		Controls: names("CIS-K8S-5.2.4 PSS/baseline/host-namespaces NSA/no-host-access MITRE/T1611"),
		Aliases:  aliases("trivy:KSV-0008 checkov:CKV_K8S_18 kubescape:C-0038 kubescape:C-0276 kube-linter:host-ipc polaris:hostIPCSet"),
		Doc: `With hostIPC the container reads and writes the shared memory, semaphores and message queues of the node's processes, which databases and
desktop services trust to be private. Programs of one pod share memory without it.`,
	},
	Run: func(p *Pass) {
		for w := range p.Violating("hostNamespaces") {
			if w.Spec.HostIPC {
				p.Pod(w, names("hostIPC"), "the pods share memory with the node",
					remove(w.Object, "do not share the node's memory", false, w.PodNode, "hostIPC")...)
			}
		}
	},
})
