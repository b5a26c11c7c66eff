package sensor

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/boltseal/boltseal/sensor/bpf"
)

// Process is one process as the sensor knows it. Its fields do not change
// once rules have seen it: an exec makes another Process.
type Process struct {
	PID, PPID, VPID, VPGID, SID, PGID uint32
	Comm, Exe, ExePath, Cwd           string
	Args, Env                         []string
	UID, GID, LoginUID, TTY           uint32
	CapPermitted, CapEffective        uint64
	CapInheritable                    uint64
	Start                             uint64 // nanoseconds since boot
	Upper, Memfd                      bool   // its executable lies in a container's own layer, or in no file system
	Lower                             bool
	ExeIno                            uint64
	Container                         *Container // nil on the host

	exited uint64 // when, or 0
}

// cmdline is the process's name and its arguments, as proc.cmdline has it.
func (p *Process) cmdline() string {
	if len(p.Args) == 0 {
		return p.Comm
	}
	return p.Comm + " " + strings.Join(p.Args, " ")
}

// table knows the processes that live, and those that ended a short time ago:
// their children outlive them, and rules ask for ancestors.
type table struct {
	byPID  map[uint32]*Process
	exited []*Process
}

const (
	keepExited = 30 * time.Second
	maxExited  = 32768
)

func (t *table) get(pid uint32) *Process { return t.byPID[pid] }

func (t *table) put(p *Process) { t.byPID[p.PID] = p }

// exit notes the end of a process, and forgets those that ended long ago.
func (t *table) exit(pid uint32, at uint64) {
	p := t.byPID[pid]
	if p == nil || p.exited != 0 {
		return
	}
	p.exited = at
	t.exited = append(t.exited, p)
	n := 0
	for n < len(t.exited) && (t.exited[n].exited+uint64(keepExited) < at || len(t.exited)-n > maxExited) {
		if gone := t.exited[n]; t.byPID[gone.PID] == gone {
			delete(t.byPID, gone.PID)
		}
		n++
	}
	t.exited = t.exited[n:]
}

// fork adds a child, which is its parent in all but the numbers.
func (t *table) fork(h *bpf.Header, container *Container) *Process {
	child := Process{Comm: h.Comm}
	if parent := t.byPID[h.Flags]; parent != nil {
		child = *parent
		child.exited = 0
	}
	child.fill(h)
	if h.Flags != 0 {
		child.PPID = h.Flags
	}
	if container != nil {
		child.Container = container
	}
	t.put(&child)
	return &child
}

// fill takes from a record what every record has.
func (p *Process) fill(h *bpf.Header) {
	p.PID, p.PPID, p.VPID, p.VPGID, p.SID, p.PGID = h.TGID, h.PPID, h.VPID, h.VPGID, h.SID, h.PGID
	p.UID, p.GID, p.LoginUID, p.TTY = h.UID, h.GID, h.LoginUID, h.TTY
	p.CapPermitted, p.CapEffective, p.CapInheritable = h.CapPermitted, h.CapEffective, h.CapInheritable
	p.Start = h.Start
}

// exec makes the process that an exec record speaks of.
func exec(h *bpf.Header, raw []byte) *Process {
	p := &Process{Comm: h.Comm}
	p.fill(h)
	for tag, part := range bpf.Parts(raw) {
		switch tag {
		case bpf.TagExe:
			f, _ := bpf.DecodeFile(part)
			p.Upper, p.Lower, p.Memfd, p.ExeIno = f.Layer == 2, f.Layer == 1, f.Memfd, f.Ino
		case bpf.TagExePath:
			p.ExePath = bpf.Path(part)
		case bpf.TagCwd:
			p.Cwd = bpf.Path(part)
		case bpf.TagArgv:
			if args := words(part); len(args) > 0 {
				p.Exe, p.Args = args[0], args[1:]
			}
		case bpf.TagEnvp:
			p.Env = words(part)
		}
	}
	if p.Memfd {
		p.ExePath = strings.TrimPrefix(p.ExePath, "/")
	}
	return p
}

// words splits a block of zero-ended strings. The last one may be cut off.
func words(block []byte) []string {
	block = bytes.TrimSuffix(block, []byte{0})
	if len(block) == 0 {
		return nil
	}
	return strings.Split(string(block), "\x00")
}

// seed reads the processes that run already from /proc. Those that end while
// it reads are left out; their end is in the ring.
func (t *table) seed(proc string, containers *containers, ticks uint64) {
	entries, err := os.ReadDir(proc)
	if err != nil {
		return
	}
	for _, e := range entries {
		pid, err := strconv.ParseUint(e.Name(), 10, 32)
		if err != nil {
			continue
		}
		if p := readProcess(filepath.Join(proc, e.Name()), uint32(pid), containers, ticks); p != nil && t.get(p.PID) == nil {
			t.put(p)
		}
	}
}

func readProcess(dir string, pid uint32, containers *containers, ticks uint64) *Process {
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return nil
	}
	open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if open < 0 || end < open {
		return nil
	}
	rest := strings.Fields(string(stat[end+1:]))
	if len(rest) < 20 {
		return nil
	}
	p := &Process{PID: pid, VPID: pid, Comm: string(stat[open+1 : end])}
	p.PPID, p.PGID, p.SID, p.TTY = u32(rest[1]), u32(rest[2]), u32(rest[3]), u32(rest[4])
	start, _ := strconv.ParseUint(rest[19], 10, 64)
	p.Start = start * uint64(time.Second) / ticks
	if status, err := os.ReadFile(filepath.Join(dir, "status")); err == nil {
		p.status(string(status))
	}
	if line, err := os.ReadFile(filepath.Join(dir, "cmdline")); err == nil {
		if args := words(line); len(args) > 0 {
			p.Exe, p.Args = args[0], args[1:]
		}
	}
	if id, err := os.ReadFile(filepath.Join(dir, "loginuid")); err == nil {
		p.LoginUID = u32(strings.TrimSpace(string(id)))
	}
	p.ExePath, _ = os.Readlink(filepath.Join(dir, "exe"))
	p.Memfd = strings.HasPrefix(p.ExePath, "/memfd:")
	p.ExePath = strings.TrimSuffix(p.ExePath, " (deleted)")
	p.Cwd, _ = os.Readlink(filepath.Join(dir, "cwd"))
	if groups, err := os.ReadFile(filepath.Join(dir, "cgroup")); err == nil {
		for line := range strings.Lines(string(groups)) {
			_, _, group := cut3(strings.TrimSpace(line), ':')
			parent, leaf := filepath.Split(group)
			if c := containers.find(leaf, filepath.Base(parent), pid); c != nil {
				p.Container = c
				break
			}
		}
	}
	return p
}

// status reads /proc/PID/status.
func (p *Process) status(text string) {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(line, ":")
		words := strings.Fields(value)
		if len(words) == 0 {
			continue
		}
		last := words[len(words)-1]
		switch key {
		case "Uid":
			p.UID = u32(words[0])
		case "Gid":
			p.GID = u32(words[0])
		case "NStgid":
			p.VPID = u32(last)
		case "NSpgid":
			p.VPGID = u32(last)
		case "CapInh":
			p.CapInheritable, _ = strconv.ParseUint(last, 16, 64)
		case "CapPrm":
			p.CapPermitted, _ = strconv.ParseUint(last, 16, 64)
		case "CapEff":
			p.CapEffective, _ = strconv.ParseUint(last, 16, 64)
		}
	}
}

func u32(s string) uint32 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// cut3 cuts a line of /proc/PID/cgroup: number, controllers, group.
func cut3(line string, sep byte) (a, b, c string) {
	a, rest, _ := strings.Cut(line, string(sep))
	b, c, _ = strings.Cut(rest, string(sep))
	return a, b, c
}
