//go:build amd64 || arm64

package sensor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"

	"github.com/boltseal/boltseal/sensor/bpf"
)

// Sensor is attached to the kernel.
type Sensor struct {
	objects bpf.SensorObjects
	links   []link.Link
	events  *ringbuf.Reader
	lives   *ringbuf.Reader
	byNr    map[uint16]*call
	table   table
	groups  containers
	users   userTable
	event   Event
	boot    time.Time // the wall clock when the kernel's was zero
	num     uint64
	unread  atomic.Uint64 // records that could not be decoded; they count as lost

	pending, batch [][]byte
	free           [][]byte
}

// Open loads the programs and attaches them. Nothing is left in the kernel
// after Close, nor after the process has ended.
func Open(opts *Options) (s *Sensor, err error) {
	_ = rlimit.RemoveMemlock() // kernels before 5.11 count maps against it
	s = &Sensor{byNr: numbers(), table: table{byPID: map[uint32]*Process{}}}
	s.groups = containers{root: opts.Root, byID: map[string]*Container{}}
	if s.groups.root == "" {
		s.groups.root = "/"
	}
	s.users = userTable{root: s.groups.root, files: map[string]*nameFile{}}
	opened := s
	defer func() {
		if err != nil {
			_ = opened.Close()
		}
	}()
	spec, err := bpf.LoadSensor()
	if err != nil {
		return nil, fmt.Errorf("read the sensor's programs: %w", err)
	}
	if err := spec.Variables["self_tgid"].Set(uint32(os.Getpid())); err != nil {
		return nil, fmt.Errorf("prepare the sensor: %w", err)
	}
	if err := spec.LoadAndAssign(&s.objects, nil); err != nil {
		return nil, explain(err)
	}
	if err := s.Want(opts.Calls); err != nil {
		return nil, err
	}
	if s.lives, err = ringbuf.NewReader(s.objects.Lives); err != nil {
		return nil, fmt.Errorf("open the sensor's ring: %w", err)
	}
	if s.events, err = ringbuf.NewReader(s.objects.Events); err != nil {
		return nil, fmt.Errorf("open the sensor's ring: %w", err)
	}
	var boot unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot); err != nil {
		return nil, fmt.Errorf("read the clock: %w", err)
	}
	var wall unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_REALTIME, &wall); err != nil {
		return nil, fmt.Errorf("read the clock: %w", err)
	}
	s.boot = time.Unix(0, wall.Nano()-boot.Nano())
	programs := []*ebpf.Program{s.objects.OnFork, s.objects.OnExec, s.objects.OnExit}
	if len(opts.Calls) > 0 {
		programs = append(programs, s.objects.OnSysexit)
	}
	for _, program := range programs {
		l, err := link.AttachTracing(link.TracingOptions{Program: program})
		if err != nil {
			return nil, explain(err)
		}
		s.links = append(s.links, l)
	}
	s.table.seed(s.groups.root+"/proc", &s.groups, clockTicks)
	return s, nil
}

// clockTicks is USER_HZ, in which /proc counts; it is 100 on every machine
// that the sensor runs on (proc(5)).
const clockTicks = 100

// Want asks the kernel for these system calls from now on, and for no others.
func (s *Sensor) Want(names []string) error {
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	for i := range calls {
		c := &calls[i]
		if c.nr == absent {
			continue
		}
		read := uint32(0)
		if wanted[c.name] {
			read = c.read | bpf.Wanted
		}
		if err := s.objects.Wanted.Put(uint32(c.nr), read); err != nil {
			return fmt.Errorf("ask for %s: %w", c.name, err)
		}
	}
	return nil
}

// numbers are the calls that the sensor reads, by their numbers.
func numbers() map[uint16]*call {
	byNr := map[uint16]*call{}
	for i := range calls {
		if c := &calls[i]; c.nr != absent {
			byNr[uint16(c.nr)] = c
		}
	}
	return byNr
}

// explain says what a user can do about a kernel that refuses.
func explain(err error) error {
	var verifier *ebpf.VerifierError
	switch {
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: it needs the rights to load programs, root or CAP_BPF with CAP_PERFMON: %w", ErrUnsupported, err)
	case errors.As(err, &verifier):
		return fmt.Errorf("%w: its verifier refuses a program: %w", ErrUnsupported, verifier)
	case errors.Is(err, ebpf.ErrNotSupported), errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%w: it needs Linux 5.17 or later with BTF (/sys/kernel/btf/vmlinux): %w", ErrUnsupported, err)
	}
	return fmt.Errorf("load the sensor: %w", err)
}

// Close takes everything out of the kernel.
func (s *Sensor) Close() error {
	var errs []error
	for _, l := range s.links {
		errs = append(errs, l.Close())
	}
	if s.events != nil {
		errs = append(errs, s.events.Close())
	}
	if s.lives != nil {
		errs = append(errs, s.lives.Close())
	}
	return errors.Join(append(errs, s.objects.Close())...)
}

// Stats counts what was sent and what was dropped.
func (s *Sensor) Stats() (Stats, error) {
	var st Stats
	var counts [bpf.Counts]uint64
	for i := range counts {
		var each []uint64
		if err := s.objects.Counts.Lookup(uint32(i), &each); err != nil {
			return st, fmt.Errorf("read the sensor's counters: %w", err)
		}
		for _, n := range each {
			counts[i] += n
		}
	}
	st.Events, st.Dropped, st.Compat = counts[bpf.CountSent], counts[bpf.CountDropped], counts[bpf.CountCompat]
	for kind := 1; kind <= 3; kind++ {
		st.Lives += counts[bpf.CountSent+kind]
		st.Lost += counts[bpf.CountDropped+kind]
	}
	st.Lost += s.unread.Load()
	return st, nil
}

const (
	maxBatch = 1024
	// A quiet ring is waited for so long before the other one is looked at: the
	// latency of an exec on a machine where nothing else happens. While both
	// are quiet the wait grows, so that watching nothing costs next to nothing.
	shortPause = 5 * time.Millisecond
	longPause  = 40 * time.Millisecond
)

// Run hands every event to yield, in the order of their times as far as the
// kernel's CPUs let it be known, until the context ends. The event is the
// sensor's own and used again for the next one.
func (s *Sensor) Run(ctx context.Context, yield func(*Event)) error {
	pause := shortPause
	for ctx.Err() == nil {
		batch, err := s.fill(s.events, s.batch[:0], time.Now().Add(pause)) //nolint:forbidigo // a deadline, not data
		if err != nil {
			return err
		}
		// What follows processes is read after the events and handled before
		// them, so that an event finds the process that did it.
		lives, err := s.fill(s.lives, s.pending[:0], time.Unix(1, 0))
		if err != nil {
			return err
		}
		if pause = shortPause; len(lives)+len(batch) == 0 {
			pause = longPause
		}
		s.merge(lives, batch, yield)
		s.free = append(append(s.free, batch...), lives...)
		s.batch, s.pending = batch[:0], lives[:0]
	}
	return nil
}

// fill reads a ring until it is empty, or the batch is full.
func (s *Sensor) fill(r *ringbuf.Reader, batch [][]byte, deadline time.Time) ([][]byte, error) {
	var record ringbuf.Record
	for len(batch) < maxBatch {
		r.SetDeadline(deadline)
		if n := len(s.free); n > 0 {
			record.RawSample = s.free[n-1][:0]
			s.free = s.free[:n-1]
		} else {
			record.RawSample = nil
		}
		err := r.ReadInto(&record)
		if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, ringbuf.ErrFlushed) {
			return batch, nil
		}
		if err != nil {
			return batch, fmt.Errorf("read the sensor's ring: %w", err)
		}
		batch = append(batch, record.RawSample)
		deadline = time.Unix(1, 0)
	}
	return batch, nil
}

// merge handles two batches in the order of their times.
func (s *Sensor) merge(lives, batch [][]byte, yield func(*Event)) {
	for len(lives)+len(batch) > 0 {
		fromLives := len(batch) == 0 || len(lives) > 0 && timeOf(lives[0]) <= timeOf(batch[0])
		if fromLives {
			s.handle(lives[0], yield)
			lives = lives[1:]
		} else {
			s.handle(batch[0], yield)
			batch = batch[1:]
		}
	}
}

func timeOf(raw []byte) uint64 {
	if len(raw) < 8 {
		return 0
	}
	return nativeUint64(raw)
}

// handle takes one record in: it keeps the table of processes, and yields
// what is an event of rules.
func (s *Sensor) handle(raw []byte, yield func(*Event)) {
	e := &s.event
	h := &e.Header
	if bpf.Decode(raw, h) != nil {
		s.unread.Add(1)
		return
	}
	e.load(raw)
	e.table, e.users = &s.table, &s.users
	switch h.Kind {
	case bpf.KindFork:
		s.table.fork(h, s.container(e))
		return
	case bpf.KindExit:
		s.table.exit(h.TGID, h.Time)
		return
	case bpf.KindExec:
		p := exec(h, raw)
		p.Container = s.container(e)
		s.table.put(p)
		e.name, e.call, e.Process = "execve", nil, p
		if c := s.byNr[uint16(sysExecve)]; c != nil {
			e.call = c
			e.parts[bpf.TagPath0] = e.parts[bpf.TagFilename]
		}
	case bpf.KindSyscall:
		c := s.byNr[h.Nr]
		if c == nil || h.Ret >= 0 && (c.name == "execve" || c.name == "execveat") {
			return // a success was sent by the exec program
		}
		e.name, e.call = c.name, c
		e.Process = s.process(h)
	default:
		return
	}
	s.num++
	e.num = s.num
	e.At = s.boot.Add(time.Duration(h.Time))
	yield(e)
}

// process is who did the call. One that the table does not know yet is read
// from /proc, and if it is gone, made of what the record says.
func (s *Sensor) process(h *bpf.Header) *Process {
	if p := s.table.get(h.TGID); p != nil && p.exited == 0 {
		return p
	}
	p := readProcess(fmt.Sprintf("%s/proc/%d", s.groups.root, h.TGID), h.TGID, &s.groups, clockTicks)
	if p == nil {
		p = &Process{Comm: h.Comm}
	}
	p.fill(h)
	s.table.put(p)
	return p
}

func (s *Sensor) container(e *Event) *Container {
	text := func(tag bpf.Tag) string { return string(e.parts[tag]) }
	if c := s.groups.find(text(bpf.TagCgroup), text(bpf.TagCgroupParent), e.Header.TGID); c != nil {
		return c
	}
	return s.groups.find(text(bpf.TagCgroupMemory), "", e.Header.TGID)
}
