package kube

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/host-path-sensitive", Title: "a folder that rules the node is mounted", Severity: boltseal.Critical,
		Controls: names("CIS-K8S-5.2.11 PSS/baseline/host-path PSS/restricted/volumes NSA/no-host-access NIST-800-190/4.5.5 MITRE/T1611"),
		Aliases:  aliases("trivy:KSV-0121 trivy:KSV-0023 kubescape:C-0048 kubescape:C-0203 kube-linter:sensitive-host-mounts polaris:hostPathSet"),
		Doc: `With the node's root, /etc, /proc, /sys, /dev, /boot, /usr, /root or the folders of the kubelet and the container runtime, a pod reads the node's keys and
every secret on it, and if it may write there it is root on the node: a line in /etc/cron.d is enough. Mount the one file that is needed, read-only, or nothing.`,
	},
	Run: func(p *Pass) {
		for _, w := range p.Workloads {
			for i, v := range w.Spec.Volumes {
				if v.HostPath == nil || socketOf(v.HostPath.Path) != "" {
					continue
				}
				if why := sensitivePath(v.HostPath.Path); why != "" {
					node := w.PodNode.Get("volumes", strconv.Itoa(i), "hostPath")
					p.Report(w.Object, nearest(node, "path"), fmt.Sprintf("volume %q is %s of the node: %s", v.Name, v.HostPath.Path, why))
				}
			}
		}
	},
})

// sensitivePath says what somebody gains with a folder of the node; empty
// when it is none of those that matter most.
func sensitivePath(path string) string {
	path = "/" + strings.Trim(path, "/")
	for _, s := range []struct{ dir, why string }{
		{"/etc", "its accounts, keys and scheduled jobs"}, {"/proc", "its processes and kernel parameters"}, {"/sys", "its kernel and devices"}, {"/dev", "its disks and memory"},
		{"/boot", "its kernel"}, {"/root", "its administrator's files"}, {"/usr", "its programs"}, {"/bin", "its programs"}, {"/sbin", "its programs"}, {"/lib", "its libraries"},
		{"/var/lib/kubelet", "the secrets of all its pods"}, {"/var/lib/etcd", "the cluster's data"}, {"/var/lib/docker", "all its containers"},
		{"/var/lib/containerd", "all its containers"}, {"/var/lib/containers", "all its containers"}, {"/run/containerd", "its container runtime"}, {"/home", "its people's files"},
	} {
		if path == "/" || path == s.dir || strings.HasPrefix(path, s.dir+"/") && s.dir != "/usr" && s.dir != "/lib" && s.dir != "/home" {
			if path == "/" {
				return "all of its disk"
			}
			return s.why
		}
		if strings.HasPrefix(s.dir, path+"/") && (path == "/var/lib" || path == "/var" || path == "/run") {
			return s.why
		}
	}
	return ""
}
