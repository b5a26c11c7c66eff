package kube_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/boltseal/boltseal/check/kube"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// standardRules are the rules that report what each check of the Pod Security
// Standards refuses.
var standardRules = map[policy.CheckID][]string{
	"allowPrivilegeEscalation":   {"privilege-escalation"},
	"appArmorProfile":            {"apparmor-off"},
	"capabilities_baseline":      {"capabilities-dangerous", "capabilities-beyond-default", "capability-name"},
	"capabilities_restricted":    {"capabilities-kept", "capabilities-added", "capabilities-dangerous", "capabilities-beyond-default", "capability-name"},
	"hostNamespaces":             {"host-pid", "host-ipc", "host-network"},
	"hostPathVolumes":            {"host-path", "host-path-sensitive", "container-socket"},
	"hostPorts":                  {"host-port"},
	"hostProbesAndHostLifecycle": {"probe-host"},
	"privileged":                 {"privileged"},
	"procMount":                  {"proc-mount"},
	"procMount_restricted":       {"proc-mount", "proc-mount-restricted"},
	"restrictedVolumes":          {"volume-type", "host-path", "host-path-sensitive", "container-socket"},
	"runAsNonRoot":               {"run-as-non-root"},
	"runAsUser":                  {"root-user"},
	"seLinuxOptions":             {"selinux-options"},
	"seccompProfile_baseline":    {"unconfined-system-calls"},
	"seccompProfile_restricted":  {"no-seccomp-profile", "unconfined-system-calls"},
	"sysctls":                    {"unsafe-sysctl"},
	"windowsHostProcess":         {"windows-host-process"},
}

// For pods made at random, and every version of the standards: a check of
// Kubernetes' own evaluator refuses a pod exactly when one of the rules that
// stand for it finds something.
func TestRulesAgreeWithTheStandards(t *testing.T) {
	checks := policy.DefaultChecks()
	for _, c := range checks {
		if len(standardRules[c.ID]) == 0 {
			t.Errorf("no rule stands for %s", c.ID)
		}
	}
	var rules []kube.Rule
	for _, r := range kube.Rules() {
		for _, slugs := range standardRules {
			if slices.Contains(slugs, r.ID[len("kube/"):]) {
				rules = append(rules, r)
				break
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 3000 {
		pod := randomPod(r)
		data, err := json.Marshal(pod)
		if err != nil {
			t.Fatal(err)
		}
		version := api.MajorMinorVersion(1, r.IntN(40))
		findings, _ := kube.Run([]*manifest.File{manifest.Parse("pod.json", data)}, rules, &kube.Options{PodSecurity: version.String()})
		found := map[string]bool{}
		for _, f := range findings {
			found[f.Check[len("kube/"):]] = true
		}
		for _, c := range checks {
			var check policy.CheckPodFn
			for _, v := range c.Versions {
				if !version.Older(v.MinimumVersion) {
					check = v.CheckPod
				}
			}
			refused := check != nil && !check(&pod.ObjectMeta, &pod.Spec).Allowed
			reported := slices.ContainsFunc(standardRules[c.ID], func(slug string) bool { return found[slug] })
			if refused && !reported || reported && !refused && len(standardRules[c.ID]) == 1 {
				t.Fatalf("pod %d, %s, %s: refused %v, reported %v\n%s", i, version, c.ID, refused, reported, data)
			}
		}
	}
}

// pick takes one of some values; the zero value is one of them.
func pick[T any](r *rand.Rand, all ...T) (v T) {
	if i := r.IntN(len(all) + 1); i < len(all) {
		v = all[i]
	}
	return v
}

func randomPod(r *rand.Rand) *corev1.Pod {
	pod := &corev1.Pod{}
	pod.APIVersion, pod.Kind, pod.Name = "v1", "Pod", "p"
	yes, no := true, false
	root, user := int64(0), int64(1000)
	apparmor := pick(r, &corev1.AppArmorProfile{Type: "Unconfined"}, &corev1.AppArmorProfile{Type: "RuntimeDefault"})
	seccomp := pick(r, &corev1.SeccompProfile{Type: "Unconfined"}, &corev1.SeccompProfile{Type: "RuntimeDefault"})
	selinux := pick(r, &corev1.SELinuxOptions{Type: "spc_t"}, &corev1.SELinuxOptions{User: "u"}, &corev1.SELinuxOptions{Level: "s0"})
	windows := pick(r, &corev1.WindowsSecurityContextOptions{HostProcess: &yes}, &corev1.WindowsSecurityContextOptions{HostProcess: &no})
	s := &pod.Spec
	s.OS = pick(r, &corev1.PodOS{Name: "windows"}, &corev1.PodOS{Name: "linux"}, nil, nil)
	s.HostUsers = pick(r, &no, &yes)
	s.HostPID, s.HostIPC, s.HostNetwork = r.IntN(4) == 0, r.IntN(4) == 0, r.IntN(4) == 0
	if r.IntN(3) > 0 {
		s.SecurityContext = &corev1.PodSecurityContext{
			RunAsNonRoot: pick(r, &yes, &no), RunAsUser: pick(r, &root, &user), AppArmorProfile: apparmor, SeccompProfile: seccomp, SELinuxOptions: selinux, WindowsOptions: windows,
		}
		for _, name := range []string{"kernel.shm_rmid_forced", "net.core.somaxconn", "net.ipv4.tcp_rmem", "net.ipv4.ip_local_reserved_ports"} {
			if r.IntN(4) == 0 {
				s.SecurityContext.Sysctls = append(s.SecurityContext.Sysctls, corev1.Sysctl{Name: name, Value: "1"})
			}
		}
	}
	for i := range r.IntN(3) {
		if r.IntN(4) == 0 {
			s.Volumes = append(s.Volumes, corev1.Volume{Name: fmt.Sprint("v", i), VolumeSource: corev1.VolumeSource{CSI: &corev1.CSIVolumeSource{Driver: "d"}}})
			continue
		}
		s.Volumes = append(s.Volumes, corev1.Volume{Name: fmt.Sprint("v", i), VolumeSource: pick(r,
			corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: pick(r, "/etc", "/data", "/run/docker.sock")}},
			corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}, corev1.VolumeSource{NFS: &corev1.NFSVolumeSource{Server: "s", Path: "/"}})})
		if v := &s.Volumes[len(s.Volumes)-1]; v.VolumeSource == (corev1.VolumeSource{}) {
			v.EmptyDir = &corev1.EmptyDirVolumeSource{} // as the API server does
		}
	}
	for i := range 1 + r.IntN(3) {
		c := randomContainer(r, i)
		switch {
		case i == 2:
			s.EphemeralContainers = append(s.EphemeralContainers, corev1.EphemeralContainer{EphemeralContainerCommon: corev1.EphemeralContainerCommon(c)})
		case i == 1 && r.IntN(2) == 0:
			s.InitContainers = append(s.InitContainers, c)
		default:
			s.Containers = append(s.Containers, c)
		}
		if r.IntN(6) == 0 {
			pod.Annotations = map[string]string{
				corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix + c.Name: pick(r, "unconfined", "runtime/default", "localhost/x"),
				"seccomp.security.alpha.kubernetes.io/pod":                         pick(r, "unconfined", "runtime/default"),
			}
		}
	}
	return pod
}

func randomContainer(r *rand.Rand, i int) corev1.Container {
	yes, no := true, false
	root, user := int64(0), int64(1000)
	unmasked := corev1.UnmaskedProcMount
	c := corev1.Container{Name: fmt.Sprint("c", i), Image: "app:1"}
	if r.IntN(4) > 0 {
		c.SecurityContext = &corev1.SecurityContext{
			Privileged: pick(r, &yes, &no), AllowPrivilegeEscalation: pick(r, &yes, &no, &no), RunAsNonRoot: pick(r, &yes, &no), RunAsUser: pick(r, &root, &user),
			AppArmorProfile: pick(r, &corev1.AppArmorProfile{Type: "Unconfined"}, nil, nil), SeccompProfile: pick(r, &corev1.SeccompProfile{Type: "Unconfined"}, &corev1.SeccompProfile{Type: "RuntimeDefault"}),
			SELinuxOptions: pick(r, &corev1.SELinuxOptions{Role: "r"}, nil, nil), WindowsOptions: pick(r, &corev1.WindowsSecurityContextOptions{HostProcess: &yes}, nil, nil), ProcMount: pick(r, &unmasked, nil, nil),
		}
		if r.IntN(3) > 0 {
			c.SecurityContext.Capabilities = &corev1.Capabilities{Add: pick(r, []corev1.Capability{"SYS_ADMIN"}, []corev1.Capability{"CHOWN"}, []corev1.Capability{"NET_BIND_SERVICE", "NET_RAW"}), Drop: pick(r, []corev1.Capability{"ALL"}, []corev1.Capability{"KILL"})}
		}
	}
	if r.IntN(3) == 0 {
		c.Ports = []corev1.ContainerPort{{ContainerPort: 80, HostPort: pick(r, int32(80))}}
		c.LivenessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Host: pick(r, "x")}}}
		c.Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{TCPSocket: &corev1.TCPSocketAction{Host: pick(r, "x")}}}
	}
	return c
}
