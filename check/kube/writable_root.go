package kube

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/writable-root", Title: "the root file system can be written", Severity: boltseal.High,
		Controls: names("NSA/immutable CIS-K8S-5.6.3 MITRE/T1105"),
		Aliases: aliases("trivy:KSV-0014 checkov:CKV_K8S_22 kubescape:C-0017 kube-linter:no-read-only-root-fs polaris:notReadOnlyRootFilesystem " +
			"kube-score:container-security-context-readonlyrootfilesystem"),
		Doc: `Whoever gets a command to run in a container first writes a tool, a web shell or a changed script to its disk. With readOnlyRootFilesystem there is no
place for it, and what runs is what was scanned. Paths that a program must write get an emptyDir: the fix mounts one at /tmp and at the paths that the image is
known to write. Try the result, other programs may write elsewhere.`,
	},
	Run: func(p *Pass) {
		for c := range p.All() {
			if s := c.SecurityContext; s != nil && s.ReadOnlyRootFilesystem != nil && *s.ReadOnlyRootFilesystem || c.Workload.Windows() {
				continue
			}
			var fixes []boltseal.Fix
			if !c.Ephemeral && len(c.Workload.Spec.Volumes)+len(c.VolumeMounts) < 1000 {
				fixes = readOnlyRoot(c)
			}
			p.At(c, names("securityContext readOnlyRootFilesystem"), c.label()+" can write to its root file system", fixes...)
		}
	},
})

// readOnlyRoot makes the root file system read-only, and mounts an emptyDir
// at every path that the container is known to write.
func readOnlyRoot(c *Container) []boltseal.Fix {
	e := edit(c.Workload.Object)
	var mounts, volumes []any
	var where []string
	for _, dir := range append([]string{"/tmp"}, imageOf(c.Image).writes()...) {
		if c.mounted(dir) {
			continue
		}
		volume := c.volumeName(dir, len(volumes))
		mounts = append(mounts, manifest.Fields{{Name: "name", Value: volume}, {Name: "mountPath", Value: dir}})
		volumes = append(volumes, manifest.Fields{{Name: "name", Value: volume}, {Name: "emptyDir", Value: manifest.Fields{}}})
		where = append(where, dir)
	}
	title := "make the root file system read-only"
	e.set(c.Node, true, "securityContext", "readOnlyRootFilesystem")
	if len(mounts) > 0 {
		e.appendAll(c.Node, "volumeMounts", mounts).appendAll(c.Workload.PodNode, "volumes", volumes)
		title += ", with an emptyDir at " + strings.Join(where, ", ")
	}
	return e.fix(title, true)
}

// mounted tells whether something is mounted at a path, or around it.
func (c *Container) mounted(dir string) bool {
	return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool {
		at := "/" + strings.Trim(m.MountPath, "/")
		return at == dir || strings.HasPrefix(dir, at+"/")
	})
}

// volumeName is a free name for the volume that a path of the container gets.
func (c *Container) volumeName(dir string, n int) string {
	label := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(strings.Trim(dir, "/")))
	if len(c.Workload.Containers) > 1 && c.Name != "" {
		label = c.Name + "-" + label
	}
	label = strings.Trim(label[:min(len(label), 50)], "-")
	for i := 1; ; i++ {
		candidate := label
		if i > 1 {
			candidate += "-" + strconv.Itoa(i+n)
		}
		if !slices.ContainsFunc(c.Workload.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == candidate }) {
			return candidate
		}
	}
}
