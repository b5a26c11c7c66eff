package sensor

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/boltseal/boltseal"
)

// Container is what runs a process, as its engine wrote it down. The engine's
// files are read and not its socket: they are there before the first process
// starts, and nothing has to answer in time.
type Container struct {
	ID         string
	Engine     string // docker, podman, containerd, cri-o, or empty when only the id is known
	Name       string
	Image      string // as the user named it
	ImageID    boltseal.Digest
	Repository string
	Tag        string
	Digest     boltseal.Digest // of the image's manifest, where the engine says so
	Privileged bool
	Mounts     []Mount
	Labels     map[string]string
	Namespace  string // of Kubernetes
	Pod        string
	PodUID     string
	Started    time.Time
	PID        uint32 // of a process in it

	HostPID, HostNetwork, HostIPC bool
}

// Mount is a directory of the host, or another place, in a container.
type Mount struct {
	Source, Dest, Mode string
	RW                 bool
}

// Workload names the container as reports name what runs.
func (c *Container) Workload() *boltseal.Workload {
	if c == nil {
		return nil
	}
	w := &boltseal.Workload{Namespace: c.Namespace, Container: c.Name, Image: c.Image, Digest: c.Digest}
	if w.Digest == "" {
		w.Digest = c.ImageID
	}
	if c.Pod != "" {
		w.Kind, w.Name = "Pod", c.Pod
	}
	return w
}

// containers finds containers by the names of their control groups.
type containers struct {
	root string // of the host's file system, "/" but in tests

	mu   sync.Mutex
	byID map[string]*Container
}

// idIn finds a container's id in the name of a control group, in the forms of
// docker, containerd, CRI-O and podman, with systemd and without.
var idIn = regexp.MustCompile(`^(?:docker-|cri-containerd-|crio-|libpod-(?:payload-)?|nerdctl-|.*:cri-containerd:|.*:docker:)?([0-9a-f]{64})(?:\.scope)?$`)

// idOf is the container's id that a control group, or the one above it, is
// named after.
func idOf(leaf, above string) string {
	for _, name := range []string{leaf, above} {
		if strings.HasPrefix(name, "crio-conmon-") || strings.HasPrefix(name, "libpod-conmon-") {
			return "" // the container's keeper, on the host
		}
		if m := idIn.FindStringSubmatch(name); m != nil {
			return m[1]
		}
	}
	return ""
}

// find is the container of a control group, nil on the host.
func (cs *containers) find(leaf, above string, pid uint32) *Container {
	id := idOf(leaf, above)
	if id == "" {
		return nil
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if c := cs.byID[id]; c != nil && c.Engine != "" {
		return c
	}
	c := cs.read(id)
	c.PID = pid
	cs.byID[id] = c
	if len(cs.byID) > 65536 { // ids of containers that are long gone
		cs.byID = map[string]*Container{id: c}
	}
	return c
}

// read asks the engines' files, one engine after the other.
func (cs *containers) read(id string) *Container {
	for _, engine := range []func(string) *Container{cs.docker, cs.containerd, cs.podman} {
		if c := engine(id); c != nil {
			c.ID = id
			c.Repository, c.Tag, c.Digest = splitImage(c.Image, c.Digest)
			return c
		}
	}
	return &Container{ID: id}
}

// splitImage takes an image's name apart.
func splitImage(image string, digest boltseal.Digest) (repository, tag string, d boltseal.Digest) {
	repository, after, _ := strings.Cut(image, "@")
	if after != "" && digest == "" {
		digest = boltseal.Digest(after)
	}
	if colon := strings.LastIndexByte(repository, ':'); colon > strings.LastIndexByte(repository, '/') {
		repository, tag = repository[:colon], repository[colon+1:]
	}
	return repository, tag, digest
}

// maxConfig bounds an engine's file.
const maxConfig = 4 << 20

func (cs *containers) load(v any, elem ...string) bool {
	f, err := os.Open(filepath.Join(append([]string{cs.root}, elem...)...))
	if err != nil {
		return false
	}
	defer f.Close()
	return json.NewDecoder(io.LimitReader(f, maxConfig)).Decode(v) == nil
}

// docker reads what dockerd keeps of a container.
func (cs *containers) docker(id string) *Container {
	var config struct {
		Name    string
		Image   boltseal.Digest
		Created time.Time
		Config  struct {
			Image  string
			Labels map[string]string
		}
		MountPoints map[string]struct {
			Source, Destination, Mode string
			RW                        bool
		}
	}
	var host struct {
		Privileged                    bool
		PidMode, NetworkMode, IpcMode string
	}
	for _, data := range cs.dockerRoots() {
		dir := filepath.Join(data, "containers", id)
		if !cs.load(&config, dir, "config.v2.json") {
			continue
		}
		cs.load(&host, dir, "hostconfig.json")
		c := &Container{
			Engine: "docker", Name: strings.TrimPrefix(config.Name, "/"), Image: config.Config.Image, ImageID: config.Image,
			Privileged: host.Privileged, Labels: config.Config.Labels, Started: config.Created,
			HostPID: host.PidMode == "host", HostNetwork: host.NetworkMode == "host", HostIPC: host.IpcMode == "host",
		}
		for _, m := range config.MountPoints {
			c.Mounts = append(c.Mounts, Mount{m.Source, m.Destination, m.Mode, m.RW})
		}
		c.kubernetes(config.Config.Labels, "io.kubernetes.pod.namespace", "io.kubernetes.pod.name", "io.kubernetes.pod.uid")
		return c
	}
	return nil
}

// dockerRoots are where a docker engine keeps its data: the usual place, and
// those that running engines were told.
func (cs *containers) dockerRoots() []string {
	roots := []string{"var/lib/docker"}
	var daemon struct {
		DataRoot string `json:"data-root"`
	}
	if cs.load(&daemon, "etc/docker/daemon.json") && daemon.DataRoot != "" {
		roots = append(roots, daemon.DataRoot)
	}
	commands, _ := filepath.Glob(filepath.Join(cs.root, "proc/[0-9]*/comm"))
	for _, file := range commands {
		if comm, err := os.ReadFile(file); err != nil || strings.TrimSpace(string(comm)) != "dockerd" {
			continue
		}
		line, err := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		if err != nil {
			continue
		}
		args := words(line)
		for i, arg := range args {
			if root, ok := strings.CutPrefix(arg, "--data-root="); ok {
				roots = append(roots, root)
			} else if arg == "--data-root" && i+1 < len(args) {
				roots = append(roots, args[i+1])
			}
		}
	}
	return roots
}

// bundle is the part of an OCI runtime's configuration that is read.
type bundle struct {
	Annotations map[string]string `json:"annotations"`
	Mounts      []struct {
		Destination, Source, Type string
		Options                   []string
	} `json:"mounts"`
	Process struct {
		Capabilities struct {
			Bounding []string `json:"bounding"`
		} `json:"capabilities"`
	} `json:"process"`
	Linux struct {
		Namespaces []struct{ Type string } `json:"namespaces"`
	} `json:"linux"`
}

// containerd reads the bundle that its shim runs.
func (cs *containers) containerd(id string) *Container {
	found, _ := filepath.Glob(filepath.Join(cs.root, "run/containerd/io.containerd.runtime.v2.task", "*", id, "config.json"))
	for _, file := range found {
		rel, err := filepath.Rel(cs.root, file)
		var b bundle
		if err != nil || !cs.load(&b, rel) {
			continue
		}
		c := b.container("containerd")
		c.Name = b.Annotations["io.kubernetes.cri.container-name"]
		c.Image = b.Annotations["io.kubernetes.cri.image-name"]
		c.kubernetes(b.Annotations, "io.kubernetes.cri.sandbox-namespace", "io.kubernetes.cri.sandbox-name", "io.kubernetes.cri.sandbox-uid")
		return c
	}
	return nil
}

// podman reads what podman and CRI-O keep of a container.
func (cs *containers) podman(id string) *Container {
	var b bundle
	if !cs.load(&b, "var/lib/containers/storage/overlay-containers", id, "userdata/config.json") &&
		!cs.load(&b, "run/containers/storage/overlay-containers", id, "userdata/config.json") {
		return nil
	}
	c := b.container("podman")
	if name := b.Annotations["io.kubernetes.cri-o.ContainerName"]; name != "" {
		c.Engine, c.Name = "cri-o", name
		c.Image = b.Annotations["io.kubernetes.cri-o.ImageName"]
		c.kubernetes(b.Annotations, "io.kubernetes.cri-o.Namespace", "io.kubernetes.cri-o.KubeName", "io.kubernetes.pod.uid")
		return c
	}
	var list []struct {
		ID       string   `json:"id"`
		Names    []string `json:"names"`
		Image    string   `json:"image"`
		Metadata string   `json:"metadata"`
	}
	cs.load(&list, "var/lib/containers/storage/overlay-containers/containers.json")
	for _, one := range list {
		if one.ID != id {
			continue
		}
		var meta struct {
			ImageName string `json:"image-name"`
			Name      string `json:"name"`
		}
		if json.Unmarshal([]byte(one.Metadata), &meta) == nil {
			c.Name, c.Image = meta.Name, meta.ImageName
		}
		if one.Image != "" {
			c.ImageID = boltseal.Digest("sha256:" + one.Image)
		}
	}
	return c
}

func (b *bundle) container(engine string) *Container {
	c := &Container{Engine: engine, Labels: b.Annotations, HostPID: true, HostNetwork: true, HostIPC: true}
	for _, ns := range b.Linux.Namespaces {
		switch ns.Type {
		case "pid":
			c.HostPID = false
		case "network":
			c.HostNetwork = false
		case "ipc":
			c.HostIPC = false
		}
	}
	for _, m := range b.Mounts {
		if m.Type != "bind" {
			continue
		}
		mount := Mount{Source: m.Source, Dest: m.Destination, RW: true}
		for _, option := range m.Options {
			if option == "ro" {
				mount.RW = false
			}
		}
		c.Mounts = append(c.Mounts, mount)
	}
	// What --privileged means to a runtime: every capability there is.
	c.Privileged = len(b.Process.Capabilities.Bounding) >= len(capabilities.names)-3
	return c
}

func (c *Container) kubernetes(labels map[string]string, namespace, pod, uid string) {
	c.Namespace, c.Pod, c.PodUID = labels[namespace], labels[pod], labels[uid]
}
