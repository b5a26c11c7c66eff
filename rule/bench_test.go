package rule_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/boltseal/boltseal/rule"
)

// event is a table of values, as a sensor would have them in a struct.
type event struct {
	source, name string
	values       [][]fieldValue // by field id

	// What a process has, many events share: then values is nil, own holds
	// the event's part, and first where each field begins in it.
	process *event
	own     []fieldValue
	first   []int8
}

type fieldValue struct {
	id    rule.FieldID
	arg   string
	kind  byte
	strs  []string
	nums  []int64
	addrs []netip.Addr
}

func (e *event) Source() string { return e.source }
func (e *event) Name() string   { return e.name }
func (e *event) Field(id rule.FieldID, arg rule.Arg, v *rule.Value) {
	if e.process != nil {
		if at := e.first[id]; at >= 0 {
			fill(e.own[at:], id, arg, v)
			return
		}
		e = e.process
	}
	fill(e.values[id], id, arg, v)
}

func fill(values []fieldValue, id rule.FieldID, arg rule.Arg, v *rule.Value) {
	for i := range values {
		f := &values[i]
		if f.id != id || f.arg != arg.Text {
			continue
		}
		switch f.kind {
		case 's':
			v.SetString(f.strs[0])
		case 'l':
			for _, s := range f.strs {
				v.AddString(s)
			}
		case 'i':
			for _, n := range f.nums {
				v.AddInt(n)
			}
		case 'b':
			v.SetBool(f.nums[0] == 1)
		case 'a':
			for _, a := range f.addrs {
				v.AddAddr(a)
			}
		}
		return
	}
}

func newEvent(tb testing.TB, source, name string, fields map[string]any) *event {
	tb.Helper()
	e := &event{source: source, name: name, values: make([][]fieldValue, len(rule.Fields()))}
	e.set(tb, "evt.type", name)
	for field, value := range fields {
		e.set(tb, field, value)
	}
	return e
}

func (e *event) set(tb testing.TB, field string, value any) {
	tb.Helper()
	f, arg, ok := rule.LookupField(field)
	if !ok {
		tb.Fatalf("no field %s", field)
	}
	v := fieldValue{id: f.ID, arg: arg.Text}
	switch value := value.(type) {
	case string:
		v.kind, v.strs = 's', []string{value}
	case int:
		v.kind, v.nums = 'i', []int64{int64(value)}
	case bool:
		v.kind, v.nums = 'b', []int64{0}
		if value {
			v.nums[0] = 1
		}
	case netip.Addr:
		v.kind, v.addrs = 'a', []netip.Addr{value}
	case []netip.Addr:
		v.kind, v.addrs = 'a', value
	case []int:
		v.kind = 'i'
		for _, n := range value {
			v.nums = append(v.nums, int64(n))
		}
	case []string:
		v.kind, v.strs = 'l', value
	default:
		tb.Fatalf("%s: a %T", field, value)
	}
	e.values[f.ID] = append([]fieldValue{v}, e.values[f.ID]...)
}

// compact makes the events of one type share what they can, so that they fit
// into a cache as a sensor's structs do.
func compact(events []*event, tb testing.TB) {
	first := map[string][]int8{}
	for _, e := range events {
		if first[e.name] == nil {
			first[e.name] = make([]int8, len(e.values))
		}
		index := first[e.name]
		for id, values := range e.values {
			index[id] = -1
			if len(values) > 0 {
				index[id] = int8(len(e.own))
				e.own = append(e.own, values...)
			}
		}
		if len(e.own) > 127 {
			tb.Fatal("too many fields")
		}
		e.first, e.values = index, nil
	}
}

// ordinary is what a busy host with containers does: a mix of events of
// which nearly none matches a rule. Values repeat as they do in life, the
// names of files apart: distinct says how many there are of them.
func ordinary(tb testing.TB, distinct int) []*event {
	processes := []map[string]any{
		process("nginx", "nginx: worker process", "/usr/sbin/nginx", "nginx", "containerd-shim", "4f1b2c3d4e5f"),
		process("cc1", "cc1 -quiet -I ./include -imultiarch x86_64-linux-gnu main.c -o /tmp/ccx.s", "/usr/lib/gcc/cc1", "gcc", "make", "host"),
		process("python3", "python3 /srv/app/main.py --workers 4", "/usr/bin/python3", "python3", "containerd-shim", "aa1b2c3d4e5f"),
		process("sh", "sh -c test -f /etc/ready && exit 0", "/bin/sh", "runc", "containerd-shim", "aa1b2c3d4e5f"),
		process("postgres", "postgres: checkpointer", "/usr/lib/postgresql/15/bin/postgres", "postgres", "systemd", "host"),
		process("kubelet", "kubelet --config=/var/lib/kubelet/config.yaml", "/usr/bin/kubelet", "systemd", "systemd", "host"),
	}
	shared := make([]*event, len(processes))
	for j, p := range processes {
		shared[j] = newEvent(tb, "syscall", "", p)
	}
	var out []*event
	for i := range distinct {
		for j := range processes {
			p := map[string]any{}
			before := len(out)
			file := fmt.Sprintf("/usr/lib/x86_64-linux-gnu/lib%d.so.%d", i, j)
			write := i%4 == 3
			if write {
				file = fmt.Sprintf("/var/lib/app/data/%d/segment-%d", j, i)
			}
			open := newEvent(tb, "syscall", "openat", p)
			for field, value := range map[string]any{
				"fd.name": file, "fd.nameraw": file, "fd.directory": file[:21], "fd.filename": file[21:], "fd.typechar": "f", "fd.num": 7,
				"evt.is_open_read": !write, "evt.is_open_write": write, "evt.is_open_exec": false, "evt.rawres": 7, "evt.res": "SUCCESS",
				"evt.arg.flags": "O_RDONLY|O_CLOEXEC", "evt.arg.mode": "0",
			} {
				open.set(tb, field, value)
			}
			out = append(out, open)
			switch (i + j) % 6 {
			case 0:
				out = append(out, newEvent(tb, "syscall", "close", p))
			case 1:
				spawn := newEvent(tb, "syscall", "execve", p)
				spawn.set(tb, "evt.rawres", 0)
				spawn.set(tb, "evt.res", "SUCCESS")
				out = append(out, spawn)
			case 2:
				dial := newEvent(tb, "syscall", "connect", p)
				for field, value := range map[string]any{
					"fd.typechar": "4", "fd.type": "ipv4", "fd.l4proto": "tcp", "fd.sip": netip.MustParseAddr("10.2.3.4"), "fd.cip": netip.MustParseAddr("10.9.9.9"),
					"fd.ip": []netip.Addr{netip.MustParseAddr("10.9.9.9"), netip.MustParseAddr("10.2.3.4")}, "fd.snet": netip.MustParseAddr("10.2.3.4"),
					"fd.net":   []netip.Addr{netip.MustParseAddr("10.9.9.9"), netip.MustParseAddr("10.2.3.4")},
					"fd.sport": 5432, "fd.cport": 40000 + i, "fd.name": fmt.Sprintf("10.9.9.9:%d->10.2.3.4:5432", 40000+i), "evt.rawres": 0, "evt.res": "SUCCESS", "fd.connected": true,
				} {
					dial.set(tb, field, value)
				}
				out = append(out, dial)
			case 3:
				remove := newEvent(tb, "syscall", "unlinkat", p)
				remove.set(tb, "evt.arg.name", file)
				remove.set(tb, "fs.path.name", file)
				remove.set(tb, "evt.rawres", 0)
				out = append(out, remove)
			}
			for _, e := range out[before:] {
				e.process = shared[j]
			}
		}
	}
	compact(out, tb)
	return out
}

func process(name, cmdline, exe, parent, grandparent, container string) map[string]any {
	fields := map[string]any{
		"proc.name": name, "proc.cmdline": cmdline, "proc.args": cmdline[len(name):], "proc.exe": exe, "proc.exepath": exe,
		"proc.pname": parent, "proc.pcmdline": parent + " --run", "proc.pexe": "/usr/bin/" + parent, "proc.cwd": "/srv/", "proc.tty": 0,
		"proc.aname": []string{parent, grandparent, "systemd"}, "proc.aname[1]": parent, "proc.aname[2]": grandparent, "proc.aname[3]": "systemd",
		"proc.duration": 900000000, "proc.vpid": 17, "proc.is_exe_upper_layer": false, "proc.is_exe_from_memfd": false, "proc.env": "PATH=/usr/bin HOME=/root",
		"container.id": container, "user.name": "root", "user.uid": 0, "user.loginuid": -1, "evt.num": 77, "evt.dir": "<", "thread.cap_permitted": "CAP_CHOWN CAP_KILL",
		"thread.cap_effective": "CAP_CHOWN CAP_KILL", "container.privileged": false,
	}
	if container != "host" {
		fields["container.image.repository"] = "docker.io/library/" + name
	}
	return fields
}

func syscallRules(tb testing.TB) *rule.Set {
	set, problems := rule.Compile(shared(tb, published[:4]...), nil)
	for _, p := range rule.Errors(problems) {
		tb.Fatal(p)
	}
	return set
}

func benchmarkEval(b *testing.B, events []*event) {
	set := syscallRules(b)
	matches := 0
	count := func(*rule.Match) bool { matches++; return true }
	for _, ev := range events {
		set.Eval(ev, count)
	}
	b.ReportAllocs()
	i := 0
	measured(b, func() {
		set.Eval(events[i], count)
		if i++; i == len(events) {
			i = 0
		}
	})
	b.ReportMetric(float64(matches)/float64(b.N), "matches/op")
}

// BenchmarkEvalMix is the 97 published syscall rules over an ordinary mix.
func BenchmarkEvalMix(b *testing.B) { benchmarkEval(b, ordinary(b, 24)) }

// BenchmarkEvalFreshNames is the same with 12,000 names of files, so that
// nothing is remembered about most of them.
func BenchmarkEvalFreshNames(b *testing.B) { benchmarkEval(b, ordinary(b, 2000)) }

func BenchmarkEvalByType(b *testing.B) {
	for _, name := range []string{"openat", "execve", "connect", "unlinkat", "close"} {
		var some []*event
		for _, ev := range ordinary(b, 24) {
			if ev.name == name {
				some = append(some, ev)
			}
		}
		b.Run(name, func(b *testing.B) { benchmarkEval(b, some) })
	}
}

func BenchmarkCompile(b *testing.B) {
	files := shared(b, published...)
	for b.Loop() {
		rule.Compile(files, nil)
	}
}

func TestEvalAllocatesNothing(t *testing.T) {
	if forgetful {
		t.Skip("the race detector makes the pool of evaluators forget")
	}
	set := syscallRules(t)
	events := ordinary(t, 24)
	yield := func(*rule.Match) bool { return true }
	for range 3 {
		for _, ev := range events {
			set.Eval(ev, yield)
		}
	}
	i := 0
	if got := testing.AllocsPerRun(2000, func() { set.Eval(events[i%len(events)], yield); i++ }); got != 0 {
		t.Errorf("%v allocations for each event, want 0", got)
	}
}
