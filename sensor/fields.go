package sensor

import (
	"net/netip"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/boltseal/boltseal/rule"
	"github.com/boltseal/boltseal/sensor/bpf"
)

type extractor func(e *Event, arg rule.Arg, v *rule.Value)

// extractors are the fields that the sensor can give, by their numbers.
var extractors = sync.OnceValue(func() []extractor {
	fields := rule.Fields()
	out := make([]extractor, len(fields))
	for _, f := range fields {
		out[f.ID] = known[f.Name]
	}
	return out
})

// Knows tells whether the sensor can give a field a value. Fields of every
// source that it does not know stay without one, and a test of them is false.
func Knows(field string) bool { return known[field] != nil }

func str(get func(e *Event) string) extractor {
	return func(e *Event, _ rule.Arg, v *rule.Value) {
		if s := get(e); s != "" {
			v.SetString(s)
		}
	}
}

func num(get func(e *Event) (int64, bool)) extractor {
	return func(e *Event, _ rule.Arg, v *rule.Value) {
		if n, ok := get(e); ok {
			v.SetInt(n)
		}
	}
}

func boolean(get func(e *Event) (bool, bool)) extractor {
	return func(e *Event, _ rule.Arg, v *rule.Value) {
		if b, ok := get(e); ok {
			v.SetBool(b)
		}
	}
}

// of is a field of the process, own or that of an ancestor.
func of(up int, get func(p *Process) string) extractor {
	return func(e *Event, _ rule.Arg, v *rule.Value) {
		if p := e.ancestor(up); p != nil {
			if s := get(p); s != "" {
				v.SetString(s)
			}
		}
	}
}

func ofNum(up int, get func(p *Process) int64) extractor {
	return func(e *Event, _ rule.Arg, v *rule.Value) {
		if p := e.ancestor(up); p != nil {
			v.SetInt(get(p))
		}
	}
}

func ofBool(get func(p *Process) bool) extractor {
	return func(e *Event, _ rule.Arg, v *rule.Value) {
		if e.Process != nil {
			v.SetBool(get(e.Process))
		}
	}
}

// ancestors gives the ancestor that the argument counts to, 0 the process
// itself; without an argument all of them.
func ancestors(get func(p *Process) string) extractor {
	return func(e *Event, arg rule.Arg, v *rule.Value) {
		if arg.Text != "" {
			if p := e.ancestor(arg.Index); p != nil && get(p) != "" {
				v.SetString(get(p))
			}
			return
		}
		for up := 1; up < maxAncestors; up++ {
			p := e.ancestor(up)
			if p == nil {
				return
			}
			if s := get(p); s != "" {
				v.AddString(s)
			}
		}
	}
}

const maxAncestors = 64

// ancestor is the process that lies so many steps above the event's own.
func (e *Event) ancestor(up int) *Process {
	p := e.Process
	for ; up > 0 && p != nil; up-- {
		if p.PPID == 0 || p.PPID == p.PID {
			return nil
		}
		p = e.table.get(p.PPID)
	}
	return p
}

func container(get func(c *Container) string) extractor {
	return func(e *Event, _ rule.Arg, v *rule.Value) {
		if e.Process == nil || e.Process.Container == nil {
			return
		}
		if s := get(e.Process.Container); s != "" {
			v.SetString(s)
		}
	}
}

func containerBool(get func(c *Container) bool) extractor {
	return func(e *Event, _ rule.Arg, v *rule.Value) {
		if e.Process != nil && e.Process.Container != nil && e.Process.Container.Engine != "" {
			v.SetBool(get(e.Process.Container))
		}
	}
}

func procName(p *Process) string    { return p.Comm }
func procExe(p *Process) string     { return p.Exe }
func procExePath(p *Process) string { return p.ExePath }

var known = map[string]extractor{
	"evt.num":          num(func(e *Event) (int64, bool) { return int64(e.num), true }),
	"evt.time":         str(func(e *Event) string { return e.At.Format("15:04:05.000000000") }),
	"evt.time.s":       str(func(e *Event) string { return e.At.Format("15:04:05") }),
	"evt.time.iso8601": str(func(e *Event) string { return e.At.UTC().Format(time.RFC3339Nano) }),
	"evt.datetime":     str(func(e *Event) string { return e.At.Format("2006-01-02 15:04:05.000000000") }),
	"evt.datetime.s":   str(func(e *Event) string { return e.At.Format("2006-01-02 15:04:05") }),
	"evt.rawtime":      num(func(e *Event) (int64, bool) { return e.At.UnixNano(), true }),
	"evt.rawtime.s":    num(func(e *Event) (int64, bool) { return e.At.Unix(), true }),
	"evt.source":       str(func(e *Event) string { return e.Source() }),
	"evt.type":         str(func(e *Event) string { return e.name }),
	"evt.is_async":     boolean(func(*Event) (bool, bool) { return false, true }),
	"syscall.type":     str(func(e *Event) string { return e.name }),
	"evt.dir":          str(func(*Event) string { return "<" }),
	"evt.args":         str((*Event).allArgs),
	"evt.info":         str((*Event).allArgs),
	"evt.arg": func(e *Event, arg rule.Arg, v *rule.Value) {
		if s, ok := e.arg(arg.Text); ok {
			v.SetString(s)
		}
	},
	"evt.rawarg": func(e *Event, arg rule.Arg, v *rule.Value) {
		if s, ok := e.arg(arg.Text); ok {
			v.SetString(s)
		}
	},
	"evt.abspath": func(e *Event, arg rule.Arg, v *rule.Value) {
		if e.call == nil {
			return
		}
		want := map[string]string{"": "", "src": "oldpath", "dst": "newpath"}[arg.Text]
		for i := range e.call.args {
			if a := &e.call.args[i]; a.kind == argPath && (want == "" || a.name == want) {
				if s, ok := e.argValue(a); ok {
					v.SetString(s)
				}
				return
			}
		}
	},
	"evt.buffer": func(e *Event, _ rule.Arg, v *rule.Value) {
		if b := e.parts[bpf.TagData]; b != nil {
			v.SetString(string(b))
		}
	},
	"evt.buflen": num(func(e *Event) (int64, bool) { return e.Header.Ret, e.parts[bpf.TagData] != nil && e.Header.Ret >= 0 }),
	"evt.res":    str(func(e *Event) string { return resultName(e.Header.Ret) }),
	"evt.rawres": num(func(e *Event) (int64, bool) { return e.Header.Ret, true }),
	"evt.failed": boolean(func(e *Event) (bool, bool) { return e.Header.Ret < 0, true }),
	"evt.count":  num(func(*Event) (int64, bool) { return 1, true }),
	"evt.is_open_write": boolean(func(e *Event) (bool, bool) {
		f, ok := e.openFlags()
		return ok && f&3 != 0, true
	}),
	"evt.is_open_read": boolean(func(e *Event) (bool, bool) {
		f, ok := e.openFlags()
		return ok && (f&3 == 0 || f&3 == 2), true
	}),
	"evt.is_open_create": boolean(func(e *Event) (bool, bool) {
		f, ok := e.openFlags()
		return ok && f&openCreate != 0 && e.Header.Ret >= 0, true
	}),
	"evt.is_open_exec": boolean(func(e *Event) (bool, bool) {
		f, ok := e.openFlags()
		mode, _ := e.arg("mode")
		bits, _ := strconv.ParseUint(mode, 8, 32)
		return ok && f&openCreate != 0 && bits&0o111 != 0, true
	}),

	"proc.name":               of(0, procName),
	"proc.pname":              of(1, procName),
	"proc.aname":              ancestors(procName),
	"proc.exe":                of(0, procExe),
	"proc.pexe":               of(1, procExe),
	"proc.aexe":               ancestors(procExe),
	"proc.exepath":            of(0, procExePath),
	"proc.pexepath":           of(1, procExePath),
	"proc.aexepath":           ancestors(procExePath),
	"proc.cmdline":            of(0, (*Process).cmdline),
	"proc.pcmdline":           of(1, (*Process).cmdline),
	"proc.acmdline":           ancestors((*Process).cmdline),
	"proc.exeline":            of(0, func(p *Process) string { return strings.Join(append([]string{p.Exe}, p.Args...), " ") }),
	"proc.cmdnargs":           ofNum(0, func(p *Process) int64 { return int64(len(p.Args)) }),
	"proc.cwd":                of(0, func(p *Process) string { return p.Cwd }),
	"proc.tty":                ofNum(0, func(p *Process) int64 { return int64(p.TTY) }),
	"proc.pid":                ofNum(0, func(p *Process) int64 { return int64(p.PID) }),
	"proc.ppid":               ofNum(0, func(p *Process) int64 { return int64(p.PPID) }),
	"proc.vpid":               ofNum(0, func(p *Process) int64 { return int64(p.VPID) }),
	"proc.pvpid":              ofNum(1, func(p *Process) int64 { return int64(p.VPID) }),
	"proc.sid":                ofNum(0, func(p *Process) int64 { return int64(p.SID) }),
	"proc.pgid":               ofNum(0, func(p *Process) int64 { return int64(p.PGID) }),
	"proc.vpgid":              ofNum(0, func(p *Process) int64 { return int64(p.VPGID) }),
	"proc.exe_ino":            ofNum(0, func(p *Process) int64 { return int64(p.ExeIno) }),
	"proc.duration":           num(func(e *Event) (int64, bool) { return e.age(e.Process) }),
	"proc.ppid.duration":      num(func(e *Event) (int64, bool) { return e.age(e.ancestor(1)) }),
	"proc.sname":              func(e *Event, _ rule.Arg, v *rule.Value) { e.nameOf(v, func(p *Process) uint32 { return p.SID }) },
	"proc.pgid.name":          func(e *Event, _ rule.Arg, v *rule.Value) { e.nameOf(v, func(p *Process) uint32 { return p.PGID }) },
	"proc.is_vpgid_leader":    ofBool(func(p *Process) bool { return p.VPGID == p.VPID }),
	"proc.is_pgid_leader":     ofBool(func(p *Process) bool { return p.PGID == p.PID }),
	"proc.is_sid_leader":      ofBool(func(p *Process) bool { return p.SID == p.PID }),
	"proc.is_exe_upper_layer": ofBool(func(p *Process) bool { return p.Upper }),
	"proc.is_exe_lower_layer": ofBool(func(p *Process) bool { return p.Lower }),
	"proc.is_exe_from_memfd":  ofBool(func(p *Process) bool { return p.Memfd }),
	"proc.args": func(e *Event, arg rule.Arg, v *rule.Value) {
		switch {
		case e.Process == nil:
		case arg.Text == "":
			v.SetString(strings.Join(e.Process.Args, " "))
		case arg.Index >= 0 && arg.Index < len(e.Process.Args):
			v.SetString(e.Process.Args[arg.Index])
		}
	},
	"proc.env": func(e *Event, arg rule.Arg, v *rule.Value) {
		if e.Process == nil {
			return
		}
		if arg.Text == "" {
			v.SetString(strings.Join(e.Process.Env, " "))
			return
		}
		for _, pair := range e.Process.Env {
			if value, ok := strings.CutPrefix(pair, arg.Text+"="); ok {
				v.SetString(value)
				return
			}
		}
	},
	"thread.tid":             num(func(e *Event) (int64, bool) { return int64(e.Header.TID), true }),
	"thread.vtid":            num(func(e *Event) (int64, bool) { return int64(e.Header.VTID), true }),
	"thread.ismain":          boolean(func(e *Event) (bool, bool) { return e.Header.TID == e.Header.TGID, true }),
	"thread.cap_permitted":   str(func(e *Event) string { return capNames(e.Header.CapPermitted) }),
	"thread.cap_effective":   str(func(e *Event) string { return capNames(e.Header.CapEffective) }),
	"thread.cap_inheritable": str(func(e *Event) string { return capNames(e.Header.CapInheritable) }),

	"fd.num":  num((*Event).fdNumber),
	"fd.name": str(func(e *Event) string { s, _ := e.openedName(); return s }),
	"fd.nameraw": str(func(e *Event) string {
		if e.call == nil || e.call.path == noPath {
			s, _ := e.openedName()
			return s
		}
		return string(e.parts[int(bpf.TagPath0)+e.call.path])
	}),
	"fd.directory":      str(func(e *Event) string { return e.fileName(path.Dir) }),
	"fd.filename":       str(func(e *Event) string { return e.fileName(path.Base) }),
	"fd.type":           str(func(e *Event) string { _, s := e.typeChar(); return s }),
	"fd.typechar":       str(func(e *Event) string { s, _ := e.typeChar(); return s }),
	"fd.ino":            num(func(e *Event) (int64, bool) { return int64(e.file.Ino), e.hasFile }),
	"fd.dev":            num(func(e *Event) (int64, bool) { return int64(e.file.Dev), e.hasFile }),
	"fd.is_upper_layer": boolean(func(e *Event) (bool, bool) { return e.file.Layer == 2, e.hasFile }),
	"fd.is_lower_layer": boolean(func(e *Event) (bool, bool) { return e.file.Layer == 1, e.hasFile }),
	"fd.l4proto": str(func(e *Event) string {
		if !e.hasSock || e.sock.Family != afInet && e.sock.Family != afInet6 {
			return ""
		}
		return map[uint16]string{6: "tcp", 17: "udp", 1: "icmp", 58: "icmp"}[e.sock.Protocol]
	}),
	"fd.sockfamily": str(func(e *Event) string {
		switch {
		case !e.hasSock:
			return ""
		case e.sock.Family == afUnix:
			return "unix"
		case e.sock.Family == afInet || e.sock.Family == afInet6:
			return "ip"
		}
		return ""
	}),
	"fd.is_server": boolean(func(e *Event) (bool, bool) { return e.weServe(), e.hasSock }),
	"fd.connected": boolean(func(e *Event) (bool, bool) {
		_, remote, ok := e.ends()
		return ok && remote.Port() != 0, e.hasSock
	}),
	"fd.name_changed": boolean(func(e *Event) (bool, bool) { return e.parts[bpf.TagAddr] != nil, e.hasSock }),
	"fd.cip":          addr(client),
	"fd.sip":          addr(server),
	"fd.lip":          addr(local),
	"fd.rip":          addr(remote),
	"fd.cnet":         addr(client),
	"fd.snet":         addr(server),
	"fd.lnet":         addr(local),
	"fd.rnet":         addr(remote),
	"fd.ip":           both,
	"fd.net":          both,
	"fd.cport":        port(client),
	"fd.sport":        port(server),
	"fd.lport":        port(local),
	"fd.rport":        port(remote),
	"fd.port": func(e *Event, _ rule.Arg, v *rule.Value) {
		if l, r, ok := e.ends(); ok {
			v.AddInt(int64(l.Port()))
			v.AddInt(int64(r.Port()))
		}
	},
	"fs.path.name": func(e *Event, _ rule.Arg, v *rule.Value) {
		if e.call != nil && e.call.path != noPath {
			if s, ok := e.pathArg(e.call.path, e.call.dir); ok {
				v.SetString(s)
			}
		}
	},
	"fs.path.source": abs("oldpath"),
	"fs.path.target": abs("newpath"),

	"user.uid":      num(func(e *Event) (int64, bool) { return int64(e.Header.UID), true }),
	"user.name":     str(func(e *Event) string { return e.users.name(e, e.Header.UID) }),
	"user.loginuid": num(func(e *Event) (int64, bool) { return int64(int32(e.Header.LoginUID)), true }),
	"user.loginname": str(func(e *Event) string {
		if e.Header.LoginUID == ^uint32(0) {
			return ""
		}
		return e.users.name(e, e.Header.LoginUID)
	}),
	"group.gid":  num(func(e *Event) (int64, bool) { return int64(e.Header.GID), true }),
	"group.name": str(func(e *Event) string { return e.users.group(e, e.Header.GID) }),

	"container.id": str(func(e *Event) string {
		if e.Process == nil || e.Process.Container == nil {
			return "host"
		}
		return e.Process.Container.ID[:min(12, len(e.Process.Container.ID))]
	}),
	"container.full_id":          container(func(c *Container) string { return c.ID }),
	"container.name":             container(func(c *Container) string { return c.Name }),
	"container.image":            container(func(c *Container) string { return c.Image }),
	"container.image.id":         container(func(c *Container) string { return c.ImageID.Short() }),
	"container.image.repository": container(func(c *Container) string { return c.Repository }),
	"container.image.tag":        container(func(c *Container) string { return c.Tag }),
	"container.image.digest":     container(func(c *Container) string { return string(c.Digest) }),
	"container.type":             container(func(c *Container) string { return c.Engine }),
	"container.privileged":       containerBool(func(c *Container) bool { return c.Privileged }),
	"container.host_pid":         containerBool(func(c *Container) bool { return c.HostPID }),
	"container.host_network":     containerBool(func(c *Container) bool { return c.HostNetwork }),
	"container.host_ipc":         containerBool(func(c *Container) bool { return c.HostIPC }),
	"container.start_ts": num(func(e *Event) (int64, bool) {
		if e.Process == nil || e.Process.Container == nil || e.Process.Container.Started.IsZero() {
			return 0, false
		}
		return e.Process.Container.Started.UnixNano(), true
	}),
	"container.duration": num(func(e *Event) (int64, bool) {
		if e.Process == nil || e.Process.Container == nil || e.Process.Container.Started.IsZero() {
			return 0, false
		}
		return int64(e.At.Sub(e.Process.Container.Started)), true
	}),
	"container.mounts": container(func(c *Container) string {
		var out []string
		for _, m := range c.Mounts {
			out = append(out, m.String())
		}
		return strings.Join(out, ",")
	}),
	"container.mount":        mount(mountSource, Mount.String),
	"container.mount.source": mount(mountDest, mountSource),
	"container.mount.dest":   mount(mountSource, mountDest),
	"container.mount.mode":   mount(mountSource, func(m Mount) string { return m.Mode }),
	"container.mount.rdwr":   mount(mountSource, func(m Mount) string { return strconv.FormatBool(m.RW) }),
	"container.label": func(e *Event, arg rule.Arg, v *rule.Value) {
		if e.Process != nil && e.Process.Container != nil {
			if s, ok := e.Process.Container.Labels[arg.Text]; ok {
				v.SetString(s)
			}
		}
	},
	"container.info": str(func(*Event) string { return "" }),
	"k8s.ns.name":    container(func(c *Container) string { return c.Namespace }),
	"k8s.pod.name":   container(func(c *Container) string { return c.Pod }),
	"k8s.pod.uid":    container(func(c *Container) string { return c.PodUID }),
	"k8s.pod.id":     container(func(c *Container) string { return c.PodUID }),
}

const (
	client = iota
	server
	local
	remote
)

func addr(which int) extractor {
	return func(e *Event, _ rule.Arg, v *rule.Value) {
		if a, ok := e.end(which); ok && a.Addr().IsValid() {
			v.SetAddr(a.Addr())
		}
	}
}

func port(which int) extractor {
	return func(e *Event, _ rule.Arg, v *rule.Value) {
		if a, ok := e.end(which); ok {
			v.SetInt(int64(a.Port()))
		}
	}
}

func both(e *Event, _ rule.Arg, v *rule.Value) {
	if l, r, ok := e.ends(); ok {
		v.AddAddr(l.Addr())
		v.AddAddr(r.Addr())
	}
}

func abs(name string) extractor {
	return func(e *Event, _ rule.Arg, v *rule.Value) {
		if s, ok := e.arg(name); ok {
			v.SetString(s)
		}
	}
}

// end is one end of the event's connection.
func (e *Event) end(which int) (netip.AddrPort, bool) {
	if which == client || which == server {
		c, s, ok := e.clientServer()
		if which == client {
			return c, ok
		}
		return s, ok
	}
	l, r, ok := e.ends()
	if which == local {
		return l, ok
	}
	return r, ok
}

// String is a mount as container.mount has it.
func (m Mount) String() string {
	return strings.Join([]string{m.Source, m.Dest, m.Mode, strconv.FormatBool(m.RW), ""}, ":")
}

func mountSource(m Mount) string { return m.Source }
func mountDest(m Mount) string   { return m.Dest }

// mount gives a part of the mount that the argument selects: by its number, or
// by a pattern over what key gives.
func mount(key, get func(Mount) string) extractor {
	return func(e *Event, arg rule.Arg, v *rule.Value) {
		if e.Process == nil || e.Process.Container == nil {
			return
		}
		for i, m := range e.Process.Container.Mounts {
			hit := i == arg.Index
			if arg.Index < 0 {
				hit, _ = path.Match(arg.Text, key(m))
				if under, ok := strings.CutSuffix(arg.Text, "*"); ok {
					hit = strings.HasPrefix(key(m), under)
				}
			}
			if hit {
				v.SetString(get(m))
				return
			}
		}
		v.SetString("N/A") // what rules compare with when there is no such mount
	}
}

// capNames lists capabilities as rules have them: separated by blanks.
func capNames(v uint64) string {
	if v == 0 {
		return ""
	}
	return strings.ReplaceAll(capabilities.flags(v), "|", " ")
}

func (e *Event) age(p *Process) (int64, bool) {
	if p == nil || p.Start == 0 || e.Header.Time < p.Start {
		return 0, false
	}
	return int64(e.Header.Time - p.Start), true
}

func (e *Event) nameOf(v *rule.Value, id func(*Process) uint32) {
	if e.Process == nil {
		return
	}
	if p := e.table.get(id(e.Process)); p != nil {
		v.SetString(p.Comm)
	}
}

// fileName is a part of the path that is open. Sockets and pipes have none.
func (e *Event) fileName(part func(string) string) string {
	if e.hasSock {
		return ""
	}
	if s, ok := e.openedName(); ok && strings.HasPrefix(s, "/") {
		return part(s)
	}
	return ""
}
