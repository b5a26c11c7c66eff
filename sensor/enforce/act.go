package enforce

import (
	"fmt"
	"strings"
)

// Act is something that a policy can forbid.
type Act uint8

// The acts; sensor/bpf/enforce.bpf.c has the same order.
const (
	Drift   Act = iota // to execute a file that the container made or changed
	Memory             // to execute what lies in memory: memfd, tmpfs
	Volume             // to execute a file of another file system than the image's
	Library            // to map any of the three as executable: libraries, and what loaders run
	Tool               // to execute one of the listed programs
	Write              // to write, rename, remove or change below the listed directories
	Connect            // to connect or send to what is not on the list
	Mount              // to mount a file system
	Ptrace             // to attach to another process, or read its memory
	Module             // to load a kernel module
	acts
)

var actNames = [acts]string{"drift", "memory", "volumes", "libraries", "tools", "writes", "connections", "mounts", "ptrace", "modules"}

// actTexts complete "a process in web …".
var actTexts = [acts]string{
	"executed a file that is not the image's", "executed what lies in memory only", "executed a file of a volume", "mapped code that is not the image's",
	"executed a forbidden tool", "wrote where programs lie", "connected to a place that is not allowed", "mounted a file system", "attached to a process", "loaded a kernel module",
}

// String is the act's name in policies.
func (a Act) String() string {
	if a < acts {
		return actNames[a]
	}
	return fmt.Sprintf("act %d", uint8(a))
}

func (a Act) bit() uint32 { return 1 << a }

// execs are the acts that are decided when a program begins.
const execs = 1<<Drift | 1<<Memory | 1<<Volume | 1<<Tool

// Acts is a set of them.
type Acts uint32

// Has tells whether a is in the set.
func (s Acts) Has(a Act) bool { return s&(1<<a) != 0 }

// List is the set in order.
func (s Acts) List() []Act {
	var out []Act
	for a := range acts {
		if s.Has(a) {
			out = append(out, a)
		}
	}
	return out
}

// String names them.
func (s Acts) String() string {
	var names []string
	for _, a := range s.List() {
		names = append(names, a.String())
	}
	return strings.Join(names, ", ")
}

func parseAct(name string) (Act, error) {
	for a, known := range actNames {
		if name == known {
			return Act(a), nil
		}
	}
	return 0, fmt.Errorf("no act %q: there are %s", name, strings.Join(actNames[:], ", "))
}

// Backend is what stops an act.
type Backend uint8

// The back-ends, the strongest first.
const (
	None     Backend = iota
	LSM              // BPF LSM: the kernel refuses
	ModRet           // fmod_ret on the security hooks: the same, without bpf in the kernel's list of LSMs
	Group            // hooks of control groups: the kernel refuses the connection
	Fanotify         // the kernel asks this process, and refuses
	Kill             // the process is killed: before its first instruction for executables, after the act for others
	backends
)

var backendNames = [backends]string{"none", "bpf-lsm", "fmod_ret", "cgroup", "fanotify", "kill"}

// String is the back-end's name.
func (b Backend) String() string {
	if b < backends {
		return backendNames[b]
	}
	return fmt.Sprintf("back-end %d", uint8(b))
}
