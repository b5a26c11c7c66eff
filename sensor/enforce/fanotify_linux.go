//go:build amd64 || arm64

package enforce

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/boltseal/boltseal/sensor"
)

// fan is the back-end of fanotify: the kernel holds who opens a file to
// execute it, and asks. Marks lie on the file systems of containers alone. The
// engines' runtimes are held too when they start, and always let go: in the
// meantime the file system of the container that they are about to start is
// marked, so that nothing in it runs unasked.
type fan struct {
	e      *Enforcer
	acts   Acts
	file   *os.File
	fd     int
	mu     sync.Mutex
	failed map[string]bool            // mount points that could not be marked, told once
	inside map[string]map[int]mounted // mounts of containers, by id and the mounts' numbers
	hosts  map[uint32]bool            // mount namespaces of the host, in which nothing is decided or marked
	recent map[[2]int32]time.Time     // threads and acts that were told of
	busy   chan struct{}
	wg     sync.WaitGroup
}

// runtimes are the programs that start containers.
var runtimes = []string{"runc", "crun", "youki", "docker-runc", "containerd-shim-runc-v2", "conmon"}

var runtimePlaces = []string{"usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "usr/libexec/podman", "usr/lib/podman", "opt/containerd/bin", "var/lib/rancher/k3s/data/current/bin"}

// atOnce is how many decisions are made at the same time.
const atOnce = 16

// tryFanotify opens a group and proves it on a file of our own.
func (e *Enforcer) tryFanotify(set Acts) {
	f := &fan{e: e, failed: map[string]bool{}, inside: map[string]map[int]mounted{}, hosts: e.hostSpaces(), recent: map[[2]int32]time.Time{}, busy: make(chan struct{}, atOnce)}
	var err error
	f.fd, err = unix.FanotifyInit(unix.FAN_CLASS_CONTENT|unix.FAN_CLOEXEC|unix.FAN_NONBLOCK|unix.FAN_UNLIMITED_QUEUE|unix.FAN_UNLIMITED_MARKS|unix.FAN_REPORT_TID, unix.O_RDONLY|unix.O_LARGEFILE|unix.O_CLOEXEC)
	if err != nil {
		e.because(set, "open: "+err.Error(), Fanotify)
		return
	}
	f.file = os.NewFile(uintptr(f.fd), "fanotify")
	if err := f.prove(); err != nil {
		e.because(set, err.Error(), Fanotify)
		_ = f.file.Close()
		return
	}
	f.acts = set
	for _, a := range set.List() {
		e.abilities[a].Backend = Fanotify
	}
	if set.Has(Memory) { // the file system of memfds takes no marks
		e.abilities[Memory].Backend = None
		e.because(1<<Memory, "memfd takes no mark; only tmpfs does", Fanotify)
		f.acts &^= 1 << Memory
	}
	if e.policy.Persist {
		for _, a := range f.acts.List() {
			e.abilities[a].Partial = "it ends with the watch, although the policy persists"
		}
	}
	if set.Has(Write) {
		e.abilities[Write].Partial = "opens for writing of the directories' own files are refused; renames, links, removals, changes of mode and what lies deeper are not"
	}
	e.fan = f
}

// prove has a file refused to be executed, by a process that was started
// before: one that is being started from here holds up the whole program until
// it has executed, and must never be who waits for an answer.
func (f *fan) prove() error {
	c, err := f.e.newCanary(false)
	defer c.remove()
	if err != nil {
		return err
	}
	done := make(chan struct{})
	var asked bool
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, err := f.file.Read(buf)
			if err != nil {
				return
			}
			for _, ev := range events(buf[:n]) {
				asked = true
				_ = f.answer(ev, false)
			}
		}
	}()
	tool := filepath.Join(c.dir, canaryTool)
	out, _, err := c.run(strconv.Itoa(1<<Tool), func() error {
		if err := unix.FanotifyMark(f.fd, unix.FAN_MARK_ADD, unix.FAN_OPEN_EXEC_PERM, unix.AT_FDCWD, tool); err != nil {
			return fmt.Errorf("mark: %w", err)
		}
		return nil
	})
	_ = f.file.SetReadDeadline(time.Unix(1, 0))
	<-done
	_ = f.file.SetReadDeadline(time.Time{})
	if err != nil {
		return fmt.Errorf("fly a canary: %w", err)
	}
	if want := fmt.Sprintln(uint8(Tool), int(unix.EPERM)); !asked || out != want {
		return errors.New("the canary was not stopped")
	}
	return nil
}

// event is fanotify's question.
type event struct {
	mask uint64
	fd   int32
	tid  int32
}

const eventSize = 24

func events(b []byte) []event {
	var out []event
	le := binary.NativeEndian
	for len(b) >= eventSize {
		n := int(le.Uint32(b))
		if n < eventSize || n > len(b) || b[4] != unix.FANOTIFY_METADATA_VERSION {
			return out
		}
		out = append(out, event{mask: le.Uint64(b[8:]), fd: int32(le.Uint32(b[16:])), tid: int32(le.Uint32(b[20:]))})
		b = b[n:]
	}
	return out
}

const permissions = unix.FAN_OPEN_EXEC_PERM | unix.FAN_OPEN_PERM

func (f *fan) answer(ev event, allow bool) error {
	if ev.fd < 0 {
		return nil
	}
	defer func() { _ = unix.Close(int(ev.fd)) }()
	if ev.mask&permissions == 0 {
		return nil
	}
	var b [8]byte
	binary.NativeEndian.PutUint32(b[:], uint32(ev.fd))
	verdict := uint32(unix.FAN_DENY)
	if allow {
		verdict = unix.FAN_ALLOW
	}
	binary.NativeEndian.PutUint32(b[4:], verdict)
	if _, err := unix.Write(f.fd, b[:]); err != nil && !errors.Is(err, unix.ENOENT) { // nobody waits for it any longer
		return fmt.Errorf("answer fanotify: %w", err)
	}
	return nil
}

// begin marks the runtimes and the containers that run.
func (f *fan) begin() {
	for _, dir := range runtimePlaces {
		for _, name := range runtimes {
			_ = unix.FanotifyMark(f.fd, unix.FAN_MARK_ADD, unix.FAN_OPEN_EXEC_PERM, unix.AT_FDCWD, filepath.Join(f.e.root, dir, name))
		}
	}
	for _, file := range f.e.o.Runtimes {
		if err := unix.FanotifyMark(f.fd, unix.FAN_MARK_ADD, unix.FAN_OPEN_EXEC_PERM, unix.AT_FDCWD, file); err != nil {
			f.e.report(fmt.Errorf("mark the runtime %s: %w", file, err))
		}
	}
	f.markAll()
}

// run answers until the context ends. When it ends nobody is held any longer:
// the kernel lets go whoever waits when the group is closed.
func (f *fan) run(ctx context.Context) {
	defer f.wg.Wait()
	stop := context.AfterFunc(ctx, func() { _ = f.file.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	buf := make([]byte, 64<<10)
	for ctx.Err() == nil {
		n, err := f.file.Read(buf)
		if err != nil {
			if ctx.Err() == nil {
				f.e.report(fmt.Errorf("read fanotify: %w", err))
			}
			return
		}
		for _, ev := range events(buf[:n]) {
			f.busy <- struct{}{}
			f.wg.Go(func() {
				defer func() { <-f.busy }()
				f.e.report(f.answer(ev, f.decide(ev)))
			})
		}
	}
}

// markAll marks the file systems of containers that are not marked yet.
func (f *fan) markAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	list, at := "/proc/self/mountinfo", "/"
	if f.e.root != "/" { // within a container: as the host's first process has them
		list, at = filepath.Join(f.e.root, "proc/1/mountinfo"), filepath.Join(f.e.root, "proc/1/root")
	}
	lines, err := mounts(list)
	if err != nil {
		f.e.report(fmt.Errorf("look for containers' file systems: %w", err))
		return
	}
	for _, m := range lines {
		if m.kind != "overlay" || m.upper == "" || m.at == "/" {
			continue
		}
		// Again each time: a mark that is there is no other, and numbers and
		// places of file systems that are gone come again.
		err := unix.FanotifyMark(f.fd, unix.FAN_MARK_ADD|unix.FAN_MARK_FILESYSTEM, unix.FAN_OPEN_EXEC_PERM, unix.AT_FDCWD, filepath.Join(at, m.at))
		if err != nil && !f.failed[m.at] {
			f.e.report(fmt.Errorf("mark the container's file system at %s: %w", m.at, err))
			f.failed[m.at] = true
		}
	}
	if len(f.failed) > maxInside {
		clear(f.failed)
	}
	clear(f.inside) // numbers of mounts come again
}

// decide tells whether an open may go on. What goes wrong on the way is
// answered as the policy says it fails.
func (f *fan) decide(ev event) bool {
	tid := uint32(ev.tid)
	c, group, err := f.e.containers.Process(tid)
	space, known := spaceOf(filepath.Join(f.e.root, "proc", strconv.Itoa(int(tid))))
	if c == nil || known && f.hosts[space] {
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			f.markAll() // a runtime of the host: about to start a container
		}
		return true
	}
	if !known {
		return true // it is gone
	}
	f.e.mu.Lock()
	j := f.e.policy.judge(c, group)
	closed := f.e.policy.Closed
	f.e.mu.Unlock()
	if c.Engine == "" && closed {
		f.e.mu.Lock()
		j = f.e.policy.strictest()
		f.e.mu.Unlock()
	}
	if len(j.rules) == 0 {
		return true
	}
	q, err := f.question(ev, c, j)
	if err != nil {
		f.e.report(fmt.Errorf("decide for container %s: %w", c.ID, err))
		return !closed || j.deny&f.acts == 0
	}
	q.group = group
	return f.judge(q)
}

// question is an open that has to be decided.
type question struct {
	event
	*judged
	container *sensor.Container
	group     string
	file      string
	origin    int // an Act, -1 for the image
	named     string
	write     bool
}

func (f *fan) question(ev event, c *sensor.Container, j *judged) (*question, error) {
	q := &question{event: ev, judged: j, container: c, origin: -1}
	self := "/proc/self/fd/" + strconv.Itoa(int(ev.fd))
	name, err := os.Readlink(self)
	if err != nil {
		return nil, err
	}
	proc := filepath.Join(f.e.root, "proc", strconv.Itoa(int(ev.tid)))
	q.file = strings.TrimSuffix(name, " (deleted)")
	// Whoever was put into a root with chroot has it below ours.
	if root, err := os.Readlink(filepath.Join(proc, "root")); err == nil && root != "/" {
		if below, ok := strings.CutPrefix(q.file, root+"/"); ok {
			q.file = "/" + below
		}
	}
	m, err := f.mountOf(ev, c, proc)
	if err != nil {
		return nil, err
	}
	if ev.mask&unix.FAN_OPEN_PERM != 0 {
		q.write = opensForWriting(proc)
		return q, nil
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(ev.fd), &st); err != nil {
		return nil, err
	}
	switch {
	case m.kind == "overlay":
		if st.Nlink == 0 || f.inUpper(m, q.file) {
			q.origin = int(Drift)
		}
	case m.kind == "tmpfs" || m.kind == "ramfs":
		q.origin = int(Memory)
	case m.at != "/" && m.at != q.file: // a file that is mounted by itself is the engine's choice, such as its own init
		q.origin = int(Volume)
	}
	if len(j.tools) > 0 {
		q.named = executed(proc)
	}
	return q, nil
}

// inUpper tells whether a file lies in the layer that the container writes to.
func (f *fan) inUpper(m mounted, file string) bool {
	rel := strings.TrimPrefix(file, strings.TrimSuffix(m.at, "/"))
	_, err := os.Lstat(filepath.Join(f.e.root, m.upper, rel))
	return err == nil
}

// mountOf finds the mount of the container that the file was opened on. When a
// container is met for the first time its other mounts are marked: whoever
// begins it is held here.
func (f *fan) mountOf(ev event, c *sensor.Container, proc string) (mounted, error) {
	info, err := os.ReadFile("/proc/self/fdinfo/" + strconv.Itoa(int(ev.fd)))
	if err != nil {
		return mounted{}, err
	}
	_, after, _ := bytes.Cut(info, []byte("mnt_id:"))
	line, _, _ := bytes.Cut(after, []byte("\n"))
	id, err := strconv.Atoi(strings.TrimSpace(string(line)))
	if err != nil {
		return mounted{}, fmt.Errorf("read its mount: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if m, ok := f.inside[c.ID][id]; ok {
		return m, nil
	}
	lines, err := mounts(filepath.Join(proc, "mountinfo"))
	if err != nil {
		return mounted{}, err
	}
	if len(f.inside) > maxInside {
		clear(f.inside)
	}
	known := f.inside[c.ID]
	all := map[int]mounted{}
	for _, m := range lines {
		all[m.id] = m
		if _, seen := known[m.id]; !seen {
			f.markInside(m, proc)
		}
	}
	f.inside[c.ID] = all
	m, ok := all[id]
	if !ok {
		return mounted{}, fmt.Errorf("its mount %d is not in the container's list", id)
	}
	return m, nil
}

// maxInside bounds the containers whose mounts are remembered.
const maxInside = 4096

// unmarked are kinds of file systems from which nothing is executed.
var unmarked = map[string]bool{"proc": true, "sysfs": true, "cgroup": true, "cgroup2": true, "devpts": true, "mqueue": true, "overlay": true, "devtmpfs": true, "bpf": true, "tracefs": true, "debugfs": true, "securityfs": true}

// markInside marks a mount of a container that is not its image's file
// system, and the directories that must not be written below.
func (f *fan) markInside(m mounted, proc string) {
	at := filepath.Join(proc, "root", m.at)
	if !unmarked[m.kind] && f.acts&(execs) != 0 {
		if err := unix.FanotifyMark(f.fd, unix.FAN_MARK_ADD|unix.FAN_MARK_MOUNT, unix.FAN_OPEN_EXEC_PERM, unix.AT_FDCWD, at); err != nil && !errors.Is(err, unix.ENOENT) {
			f.e.report(fmt.Errorf("mark the mount %s of a container: %w", m.at, err))
		}
	}
	if m.at != "/" || !f.acts.Has(Write) {
		return
	}
	for i := range f.e.policy.Rules {
		for _, dir := range f.e.policy.Rules[i].Directories {
			if info, err := os.Lstat(filepath.Join(at, dir)); err != nil || !info.IsDir() {
				continue
			}
			if err := unix.FanotifyMark(f.fd, unix.FAN_MARK_ADD|unix.FAN_MARK_ONLYDIR, unix.FAN_OPEN_PERM|unix.FAN_EVENT_ON_CHILD, unix.AT_FDCWD, filepath.Join(at, dir)); err != nil {
				f.e.report(fmt.Errorf("mark the directory %s of a container: %w", dir, err))
			}
		}
	}
}

// judge answers a question and tells of it.
func (f *fan) judge(q *question) bool {
	if q.mask&unix.FAN_OPEN_PERM != 0 {
		if !q.write {
			return true
		}
		return f.verdict(q, Write, q.below(q.file))
	}
	if q.origin >= 0 && !f.verdict(q, Act(q.origin), modeDeny|modeAudit) {
		return false
	}
	names := []string{q.file}
	if q.named != "" {
		names = append(names, q.named)
	}
	return f.verdict(q, Tool, q.toolOf(q.file, names...))
}

// verdict allows an act, or not; modes are those in which it is forbidden.
func (f *fan) verdict(q *question, a Act, modes uint32) bool {
	if modes == 0 || !f.acts.Has(a) {
		return true
	}
	deny := modes&modeDeny != 0 && q.deny.Has(a)
	if !deny && (modes&modeAudit == 0 || !q.audit.Has(a)) {
		return true
	}
	if deny || f.first(q.tid, a) {
		f.tell(q, a, deny)
	}
	return !deny
}

// first tells whether an act of a thread is not the one that was told of a
// moment ago: an executable and its loader are two questions of one exec.
func (f *fan) first(tid int32, a Act) bool {
	const moment = 100 * time.Millisecond
	now := time.Now() //nolint:forbidigo // fanotify has no time of its own
	f.mu.Lock()
	defer f.mu.Unlock()
	key := [2]int32{tid, int32(a)}
	last, seen := f.recent[key]
	if len(f.recent) > maxInside {
		clear(f.recent)
	}
	f.recent[key] = now
	return !seen || now.Sub(last) > moment
}

func (f *fan) tell(q *question, a Act, deny bool) {
	e := f.e
	d := &Decision{Time: time.Now(), Act: a, Backend: Fanotify, Container: q.container, Group: q.group, PID: uint32(q.tid), Path: q.file} //nolint:forbidigo // fanotify has no time of its own
	e.mu.Lock()
	if deny {
		d.Verdict = Denied
		e.counted.Denied++
	} else {
		e.counted.Audited++
	}
	in := &installed{judged: q.judged, policy: e.policy}
	d.Rules = in.names(a, d.Verdict)
	e.mu.Unlock()
	if e.o.Decided == nil {
		return
	}
	proc := filepath.Join(e.root, "proc", strconv.Itoa(int(q.tid)))
	if comm, err := os.ReadFile(filepath.Join(proc, "comm")); err == nil {
		d.Comm = strings.TrimSpace(string(comm))
	}
	if info, err := os.Stat(proc); err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			d.UID = st.Uid
		}
	}
	e.o.Decided(d)
}

func (f *fan) close() error {
	if err := f.file.Close(); err != nil {
		return fmt.Errorf("close fanotify: %w", err)
	}
	return nil
}
