package kube

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/container-socket", Title: "the container runtime's socket is mounted", Severity: boltseal.Critical,
		Controls: names("CIS-K8S-5.2.11 PSS/baseline/host-path PSS/restricted/volumes NSA/no-host-access MITRE/T1610 MITRE/T1611"),
		Aliases:  aliases("trivy:KSV-0006 checkov:CKV_K8S_27 kubescape:C-0074 kube-linter:docker-sock polaris:hostPathSet"),
		Doc: `Who may talk to the container runtime starts a privileged container with the node's disk in it: the socket is root on the node, read-only mounts included.
Build images with a rootless builder, and ask the kubelet or the API server for what runs.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			for i, v := range w.Spec.Volumes {
				if v.HostPath == nil {
					continue
				}
				if runtime := socketOf(v.HostPath.Path); runtime != "" {
					node := w.PodNode.Get("volumes", strconv.Itoa(i), "hostPath")
					p.Report(w.Object, nearest(node, "path"), fmt.Sprintf("volume %q is the socket of %s: it is root on the node", v.Name, runtime))
				}
			}
		}
	},
})

// socketOf is the container runtime whose socket a path is.
func socketOf(path string) string {
	for name, runtime := range map[string]string{
		"docker.sock": "Docker", "containerd.sock": "containerd", "crio.sock": "CRI-O", "podman.sock": "Podman", "dockershim.sock": "Docker",
		"cri-dockerd.sock": "Docker", "buildkitd.sock": "BuildKit",
	} {
		if strings.HasSuffix(strings.TrimRight(path, "/"), "/"+name) {
			return runtime
		}
	}
	return ""
}
