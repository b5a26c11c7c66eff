package learn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/seccomp"
	"github.com/boltseal/boltseal/sensor"
)

// Options are what [Record] watches.
type Options struct {
	Container string                      // name, or the beginning of an id; containers that start during the recording when empty
	Pod       string                      // NAMESPACE/NAME: every container of it
	Command   func(context.Context) error // runs the workload; the recording ends with it. Without one it ends with the context
	Line      []string                    // the command as the user wrote it
	Only      func() string               // asked when the command has ended: the id of the one container that it ran; empty when that is not known
	Root      string                      // of the host's file system
	Now       func() time.Time
	Ready     func() // called when everything is attached
}

// ErrNothing says that nothing of the workload was seen.
var ErrNothing = errors.New("nothing of the workload was seen")

// watched are the system calls that a recording reads besides counting them.
var watched = []string{
	"open", "openat", "openat2", "creat", "execve", "execveat", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat", "rename", "renameat", "renameat2",
	"link", "linkat", "symlink", "symlinkat", "chmod", "fchmodat", "chown", "fchownat",
	"connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg", "recvfrom",
}

// settle is how long the end of a command is waited for in the rings.
const settle = 400 * time.Millisecond

// Record watches until the command or the context ends, and gives a recording
// for each container that is the workload's. The workload is what the options
// name; without a name it is the containers that started meanwhile, and where
// none did, the processes that the command started.
func Record(ctx context.Context, o *Options) ([]*Recording, error) {
	rec, err := sensor.OpenRecorder(&sensor.RecorderOptions{Follow: o.Command != nil})
	if err != nil {
		return nil, err
	}
	defer func() { _ = rec.Close() }()
	s, err := sensor.Open(&sensor.Options{Calls: watched, Root: o.Root})
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }()
	c := &collector{Options: o, follows: rec.Follows, start: o.Now(), timeOf: s.TimeOf, subjects: map[string]*subject{}, names: map[string]string{}}

	sensing, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var wg sync.WaitGroup
	var runErr error
	wg.Go(func() { runErr = s.Run(sensing, c.event) })
	if o.Ready != nil {
		o.Ready()
	}
	var commandErr error
	if o.Command != nil {
		commandErr = o.Command(ctx)
		pause(context.WithoutCancel(ctx), settle)
	} else {
		<-ctx.Done()
	}
	used, usedErr := rec.Used()
	stats, statsErr := s.Stats()
	stop()
	wg.Wait()
	if err := errors.Join(commandErr, runErr, usedErr, statsErr); err != nil {
		return nil, err
	}
	return c.finish(used, rec.Capabilities() != nil, stats)
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// collector sorts events by the workload that they are of.
type collector struct {
	*Options
	follows  func(uint32) bool
	timeOf   func(uint64) time.Time
	start    time.Time
	subjects map[string]*subject
	names    map[string]string // addresses to the names that DNS gave for them
}

// subject is one container, or what a command does outside of any.
type subject struct {
	container *sensor.Container
	followed  bool // outside of any container that an engine knows
	mntns     map[uint32]bool
	processes map[uint32]bool
	execs     map[string]Executable
	files     map[string]File
	flows     map[string]Flow
	caps      uint64 // that its processes had
	lastNew   time.Time
	full      bool
}

// maxFiles bounds what is remembered of one workload.
const maxFiles = 50_000

func newSubject() *subject {
	return &subject{mntns: map[uint32]bool{}, processes: map[uint32]bool{}, execs: map[string]Executable{}, files: map[string]File{}, flows: map[string]Flow{}}
}

// event takes one event in.
func (c *collector) event(e *sensor.Event) {
	if e.Process == nil || isRuntime(e.Header.Comm) {
		return
	}
	s := c.subject(e)
	if s == nil {
		return
	}
	s.mntns[e.Header.MntNS] = true
	s.processes[e.Process.PID] = true
	s.caps |= e.Process.CapEffective
	switch e.Name() {
	case "execve", "execveat":
		if p := e.Process; e.Header.Ret >= 0 && p.ExePath != "" {
			if _, ok := s.execs[p.ExePath]; !ok {
				s.execs[p.ExePath] = Executable{Path: p.ExePath, Added: p.Upper || p.Memfd, Runs: 1}
				s.lastNew = e.At
			}
		}
		return
	}
	if a, ok := e.Access(); ok {
		s.access(a, e.At)
		return
	}
	if f, ok := e.Flow(); ok {
		c.flow(s, f, e)
	}
}

// isRuntime tells whether a process is still the container runtime's, on its
// way to the container's program.
func isRuntime(comm string) bool {
	return strings.HasPrefix(comm, "runc:") || comm == "crun" || comm == "youki"
}

// subject is the workload that an event is of, nil when it is of none that is
// learned.
func (c *collector) subject(e *sensor.Event) *subject {
	p := e.Process
	box := p.Container
	key := "command"
	if box != nil {
		key = box.ID
	}
	if s := c.subjects[key]; s != nil && (box != nil || c.follows(p.PID)) {
		return s
	}
	switch {
	case box != nil && !c.wanted(box, e):
		return nil
	case box == nil && (c.Command == nil || c.named() || !c.follows(p.PID)):
		return nil
	}
	s := newSubject()
	s.container, s.followed = box, box == nil
	c.subjects[key] = s
	return s
}

func (c *collector) named() bool { return c.Container != "" || c.Pod != "" }

// wanted tells whether a container is the workload's. Without a name it is
// when its first program starts while it is watched.
func (c *collector) wanted(box *sensor.Container, e *sensor.Event) bool {
	switch {
	case c.Container != "":
		return box.Name == c.Container || len(c.Container) >= 6 && strings.HasPrefix(box.ID, c.Container)
	case c.Pod != "":
		return box.Pod != "" && box.Namespace+"/"+box.Pod == c.Pod && !strings.Contains(box.Image, "/pause:")
	}
	return strings.HasPrefix(e.Name(), "execve") && e.Process.VPID == 1 || box.Started.After(c.start)
}

// access notes what was done to a file.
func (s *subject) access(a sensor.Access, at time.Time) {
	name := path.Clean(a.Path)
	f, known := s.files[name]
	if !known && len(s.files) >= maxFiles {
		s.full = true
		return
	}
	f.Path, f.Runs = name, 1
	f.Write = f.Write || a.Write
	f.Read = f.Read || !a.Write
	f.Library = f.Library || isLibrary(name)
	switch {
	case a.Layer != sensor.NoLayer:
		f.Image = true
	case a.Magic != 0:
		f.Volume = true
	}
	s.files[name] = f
	if !known && a.Write {
		s.lastNew = at
	}
}

func isLibrary(name string) bool {
	base := path.Base(name)
	return strings.HasSuffix(base, ".so") || strings.Contains(base, ".so.")
}

// flow notes a connection, and what DNS says.
func (c *collector) flow(s *subject, f sensor.Flow, e *sensor.Event) {
	const dnsPort = 53
	if f.Datagram && f.Remote.Port() == dnsPort && e.Name() == "recvfrom" && e.Header.Ret > 0 {
		maps.Copy(c.names, answers(f.Data))
		return
	}
	one := Flow{Protocol: "TCP", Inbound: f.Inbound, Runs: 1}
	if f.Datagram {
		one.Protocol = "UDP"
	}
	failed := e.Header.Ret < 0 && e.Header.Ret != -inProgress && e.Header.Ret != -refused && e.Header.Ret != -again
	switch e.Name() {
	case "connect", "sendto", "sendmsg":
		one.Port, one.Remote = f.Remote.Port(), f.Remote.Addr().String()
		if !f.Remote.IsValid() || failed || !f.Datagram && e.Name() != "connect" {
			return
		}
	case "accept", "accept4":
		one.Port, one.Remote = f.Local.Port(), f.Remote.Addr().String()
		if failed || !f.Remote.IsValid() {
			return
		}
	case "listen":
		one.Port = f.Local.Port()
	case "bind":
		if !f.Datagram || f.Local.Port() >= ephemeral {
			return // a client that binds its own end
		}
		one.Port = f.Local.Port()
	default:
		return
	}
	if one.Port == 0 || f.Remote.Addr().IsLoopback() || f.Local.Addr().IsLoopback() {
		return
	}
	if _, ok := s.flows[one.key()]; !ok {
		s.lastNew = e.At
		s.flows[one.key()] = one
	}
}

const (
	inProgress = 115
	refused    = 111
	again      = 11
	ephemeral  = 32768 // where the kernel takes the ports of clients from (ip(7))
)

// finish makes recordings of what was collected.
func (c *collector) finish(used []sensor.Used, inferred bool, stats sensor.Stats) ([]*Recording, error) {
	if c.Only != nil {
		// Others may have started containers on this machine meanwhile.
		if s := c.subjects[c.Only()]; s != nil {
			c.subjects = map[string]*subject{s.container.ID: s}
		}
	}
	contained := false
	for _, s := range c.subjects {
		contained = contained || s.container != nil
	}
	var out []*Recording
	for _, key := range slices.Sorted(maps.Keys(c.subjects)) {
		s := c.subjects[key]
		if s.followed && contained {
			continue // the client that started the containers
		}
		r := c.recording(s, used, inferred)
		if stats.Dropped+stats.Lost > 0 {
			r.Gaps = append(r.Gaps, boltseal.Gap{Kind: "runtime-dropped", What: "files and connections",
				Why: fmt.Sprintf("the kernel dropped %d events and %d records of processes; system calls are complete", stats.Dropped, stats.Lost)})
		}
		if len(r.Calls) > 0 {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return nil, ErrNothing
	}
	return out, nil
}

func (c *collector) recording(s *subject, used []sensor.Used, inferred bool) *Recording {
	now := c.Now()
	r := &Recording{Schema: Schema, Command: c.Line, Arch: hostArch, Inferred: inferred}
	if s.container != nil {
		r.Container, r.Workload = s.container.ID, s.container.Workload()
	}
	calls, caps, last := c.used(s, used, r)
	run := Run{Start: c.start.UTC(), Seconds: now.Sub(c.start).Seconds(), Processes: len(s.processes)}
	newest := s.lastNew
	if at := last; at.After(newest) {
		newest = at
	}
	run.LastNew = max(0, min(newest.Sub(c.start).Seconds(), run.Seconds))
	if inferred {
		caps = infer(calls, s.caps, s.flows)
	}
	r.Runs = []Run{run}
	m := newMerger()
	part := &Recording{}
	for _, name := range calls {
		part.Calls = append(part.Calls, Count{name, 1})
	}
	for _, name := range caps {
		part.Capabilities = append(part.Capabilities, Count{name, 1})
	}
	for _, x := range s.execs {
		part.Executables = append(part.Executables, x)
	}
	for _, f := range s.files {
		part.Files = append(part.Files, f)
	}
	for _, f := range s.flows {
		// What a resolver connects to only to choose an address is no flow.
		if _, tcp := s.flows[(Flow{Protocol: "TCP", Remote: f.Remote, Port: f.Port}).key()]; tcp && f.Protocol == "UDP" && !f.Inbound {
			continue
		}
		f.Name = c.names[f.Remote]
		part.Flows = append(part.Flows, f)
	}
	r.Runs[0].Added = m.add(part)
	m.into(r)
	if s.full {
		r.Gaps = append(r.Gaps, boltseal.Gap{Kind: "runtime-files", What: "files", Why: fmt.Sprintf("the workload opened more than %d: those beyond were not noted", maxFiles)})
	}
	return r
}

// used puts together what the recorder saw of a workload's namespaces.
func (c *collector) used(s *subject, used []sensor.Used, r *Recording) (calls, caps []string, last time.Time) {
	var filtered, all, capable []int
	var compat, newest uint64
	for _, u := range used {
		if s.followed && !u.Followed || !s.followed && !s.mntns[u.MntNS] {
			continue
		}
		filtered = append(filtered, u.Filtered...)
		all = append(all, append(u.Filtered, u.Unfiltered...)...)
		capable = append(capable, u.Caps...)
		compat += u.Compat
		newest = max(newest, u.LastNew)
	}
	r.Confined = len(filtered) > 0 && s.container != nil
	if !r.Confined {
		filtered = all
	}
	if compat > 0 {
		r.Gaps = append(r.Gaps, boltseal.Gap{Kind: "runtime-compat", What: "32-bit programs", Why: fmt.Sprintf("%d of their system calls were not told apart", compat)})
	}
	names := callNames()
	for _, nr := range filtered {
		if name := names[nr]; name != "" {
			calls = append(calls, name)
		} else {
			r.Gaps = append(r.Gaps, boltseal.Gap{Kind: "runtime-call", What: fmt.Sprintf("system call %d", nr), Why: "no name of it is known"})
		}
	}
	known := sensor.CapabilityNames()
	for _, n := range capable {
		if n < len(known) {
			caps = append(caps, known[n])
		}
	}
	return unique(calls), unique(caps), c.timeOf(newest)
}

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// callNames are the names of system calls by their numbers, on this machine.
func callNames() map[int]string {
	arch := archOf(hostArch)
	names := map[int]string{}
	for _, name := range seccomp.Calls(arch) {
		if nr, ok := seccomp.Number(arch, name); ok {
			names[nr] = cmp.Or(names[nr], name)
		}
	}
	return names
}

func archOf(goarch string) seccomp.Arch {
	if goarch == "arm64" {
		return seccomp.Arch("SCMP_ARCH_AARCH64")
	}
	return seccomp.X8664
}
