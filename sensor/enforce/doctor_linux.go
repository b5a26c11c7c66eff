//go:build amd64 || arm64

package enforce

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/boltseal/boltseal/sensor"
)

// Doctor flies canaries past every back-end for every act, and says what this
// machine can stop and why not more.
func Doctor(o *Options) []sensor.Probe {
	everything := &Policy{Enforce: true, Last: LastAny, Rules: []Rule{{
		Name: "doctor", Enforce: true, Match: Match{Image: "no image is called so"}, Deny: 1<<acts - 1, Tools: []string{canaryTool}, Directories: BinaryDirectories(),
	}}}
	probes := []sensor.Probe{{Name: "LSMs", OK: strings.Contains(lsms(o.Root), "bpf"), What: "the kernel lists: " + lsms(o.Root)}}
	for _, try := range []struct {
		backend Backend
		avoid   []Backend
	}{{LSM, []Backend{ModRet, Group, Fanotify, Kill}}, {ModRet, []Backend{LSM, Group, Fanotify, Kill}}, {Group, []Backend{LSM, ModRet, Fanotify, Kill}}, {Fanotify, []Backend{LSM, ModRet, Group, Kill}}, {Kill, []Backend{LSM, ModRet, Group, Fanotify}}} {
		probes = append(probes, doctor(o, everything, try.backend, try.avoid))
	}
	return probes
}

func doctor(o *Options, p *Policy, b Backend, avoid []Backend) sensor.Probe {
	probe := sensor.Probe{Name: "prevent: " + b.String()}
	with := *o
	with.Policy, with.Avoid, with.Pins, with.Decided = p, avoid, "", nil
	e, err := Open(&with)
	if err != nil {
		probe.What = err.Error()
		return probe
	}
	stopped, partly := Acts(0), Acts(0)
	why := ""
	for _, a := range e.Abilities() {
		switch {
		case a.Backend == b && a.Partial == "":
			stopped |= Acts(a.Act.bit())
		case a.Backend == b:
			partly |= Acts(a.Act.bit())
		case why == "":
			why = a.Why[b]
		}
	}
	if err := e.Close(); err != nil {
		probe.What = err.Error()
		return probe
	}
	probe.OK = stopped|partly != 0
	if !probe.OK {
		probe.What = why
		return probe
	}
	probe.What = "its canaries were stopped: " + stopped.String()
	if partly != 0 {
		probe.What += fmt.Sprintf("; in part: %v", partly)
	}
	return probe
}

// lsms are the security modules that the kernel runs.
func lsms(root string) string {
	data, err := os.ReadFile(filepath.Join(root, "sys/kernel/security/lsm"))
	if err != nil {
		return "unknown, securityfs is not mounted"
	}
	return strings.TrimSpace(string(data))
}
