package compose

import (
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// shared is a rule about a namespace of the host that a service joins.
func shared(id, field, title, control, doc string) Rule {
	return Rule{
		Check: boltseal.Check{ID: id, Title: title, Severity: boltseal.High, Controls: []string{control}, Doc: doc},
		Run: func(p *Pass) {
			for _, s := range p.Services {
				if n := s.Own(field); n.Str() == "host" {
					p.Report(s, n, field+": host shares it", p.Remove("take "+field+" away", false, n)...)
				}
			}
		},
	}
}

var (
	_ = add(shared("compose/host-network", "network_mode", "the host's network is shared", "CIS-DI-5.10",
		`The service sees all traffic of the host, binds any port, reaches what listens on 127.0.0.1 (databases, the kubelet, cloud metadata agents) and is behind
none of the networks' walls. Publish the ports that are needed instead.`))
	_ = add(shared("compose/host-pid", "pid", "the host's processes are shared", "CIS-DI-5.16",
		`The service sees every process of the host with its arguments and, as root, its environment in /proc, and may signal or trace it. Only tools that
watch the host need this.`))
	_ = add(shared("compose/host-ipc", "ipc", "the host's inter-process communication is shared", "CIS-DI-5.17",
		`Shared memory and semaphores of the host's programs can be read and written: databases and desktop sessions keep data there. Two services that talk
through shared memory use ipc: "service:name".`))
	_ = add(shared("compose/host-uts", "uts", "the host's name is shared", "CIS-DI-5.21",
		`The service can change the host's name, by which logs, certificates and clusters know it. Set hostname on the service instead.`))
	_ = add(shared("compose/host-userns", "userns_mode", "the host's user namespace is shared", "CIS-DI-5.31",
		`Where the daemon maps root in containers to a powerless user, this service opts out: its root is the host's root. Give the files the mapped owner
instead.`))
	_ = add(shared("compose/host-cgroup", "cgroup", "the host's control groups are shared", "CIS-DI-5.25",
		`The service sees, and as root changes, the control groups of everything on the host: limits of others, and on old kernels a way to run programs on the
host through release_agent. Leave the private namespace, which is the default.`))
)

// sensitive are folders of the host whose content makes somebody root there.
var sensitive = []string{
	"/", "/etc", "/root", "/boot", "/dev", "/proc", "/sys", "/lib", "/lib64", "/usr", "/bin", "/sbin", "/home", "/var", "/run", "/var/run", "/var/lib",
	"/var/lib/docker", "/var/lib/containerd", "/var/lib/kubelet", "/var/log", "/etc/kubernetes", "/etc/shadow", "/etc/passwd", "/etc/ssh", "/root/.ssh",
	"/var/spool/cron", "/etc/cron.d", "~/.ssh", "~/.aws", "~/.kube", "~/.docker", "~",
}

// sockets are those through which whoever holds them starts containers.
var sockets = []string{"docker.sock", "containerd.sock", "crio.sock", "podman.sock", "dockershim.sock", "buildkitd.sock"}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/container-socket", Title: "the socket of the container engine is mounted", Severity: boltseal.Critical,
		Controls: []string{"CIS-DI-5.32", "NIST-800-190/4.4.3"},
		Aliases:  []string{"semgrep:exposing-docker-socket-volume"},
		Doc: `Whoever can write to the engine's socket starts a privileged container with the host's disk in it: that is root, without any bug. Read-only does not
help, since requests are not writes to the file system. Put a proxy before it that lets single calls through, or do without.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			for m := range s.Mounts() {
				if slices.Contains(sockets, path.Base(m.source)) {
					p.Report(s, m.node, m.source+" gives root on the host", p.Remove("take the socket away", false, m.node)...)
				}
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/sensitive-mount", Title: "a sensitive folder of the host is mounted", Severity: boltseal.High,
		Controls: []string{"CIS-DI-5.6"},
		Doc: `With /etc, /root, /var/run or / in a container, writing there adds users, keys and jobs to the host, and reading gives passwords and tokens. Mount the
one file or folder that the program needs, read-only where it can be.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			for m := range s.Mounts() {
				source := strings.TrimSuffix(m.source, "/")
				if m.source == "/" {
					source = "/"
				}
				if !m.bind && !strings.HasPrefix(m.source, "/") && !strings.HasPrefix(m.source, "~") || !slices.Contains(sensitive, source) {
					continue
				}
				how := "writable"
				if m.readOnly {
					how = "readable"
				}
				p.Report(s, m.node, m.source+" of the host is "+how)
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/mount-propagation", Title: "mounts of the container reach the host", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-5.20"},
		Doc: `With shared propagation, what the container mounts appears on the host and in other containers: a file system laid over a folder of theirs replaces
what they read. Only storage drivers need this.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			for m := range s.Mounts() {
				if m.propagation == "shared" || m.propagation == "rshared" {
					p.Report(s, m.node, "propagation is "+m.propagation)
				}
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/device", Title: "a device of the host is handed in", Severity: boltseal.High,
		Controls: []string{"CIS-DI-5.18"},
		Doc: `Disks, memory and consoles bypass every wall between containers: /dev/sda is all files of the host, /dev/mem its kernel. Hand in only what is made
for sharing, such as /dev/dri, /dev/fuse with care, or a serial port.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			for _, item := range s.Own("devices").Elems() {
				source, _, _ := strings.Cut(strings.SplitN(item.Str()+item.Get("source").Str(), ",", 2)[0], ":")
				if isDangerousDevice(source) {
					p.Report(s, item, source+" of the host is in the container", p.Remove("take "+source+" away", false, item)...)
				}
			}
		}
	},
})

func isDangerousDevice(name string) bool {
	for _, prefix := range []string{"/dev/sd", "/dev/hd", "/dev/vd", "/dev/xvd", "/dev/nvme", "/dev/dm-", "/dev/mapper", "/dev/loop", "/dev/mem", "/dev/kmem", "/dev/port", "/dev/kmsg", "/dev/raw", "/dev/disk"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return name == "/dev"
}
