//go:build amd64 || arm64

package sensor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"

	"github.com/boltseal/boltseal/sensor/bpf"
)

// Recorder notes which system calls and capabilities workloads use.
type Recorder struct {
	objects recorderObjects
	capable *ebpf.Program
	why     error
	links   []link.Link
}

type recorderObjects struct {
	OnSysenter *ebpf.Program `ebpf:"on_sysenter"`
	OnFollow   *ebpf.Program `ebpf:"on_follow"`
	OnProgram  *ebpf.Program `ebpf:"on_program"`
	Workloads  *ebpf.Map     `ebpf:"workloads"`
	Followed   *ebpf.Map     `ebpf:"followed"`
	Overflow   *ebpf.Map     `ebpf:"overflow"`
}

// OpenRecorder loads the recorder's programs and attaches them.
func OpenRecorder(opts *RecorderOptions) (r *Recorder, err error) {
	_ = rlimit.RemoveMemlock() // kernels before 5.11 count maps against it
	r = &Recorder{}
	opened := r
	defer func() {
		if err != nil {
			_ = opened.Close()
		}
	}()
	spec, err := bpf.LoadRecorder()
	if err != nil {
		return nil, fmt.Errorf("read the recorder's programs: %w", err)
	}
	host, err := hostMounts()
	if err != nil {
		return nil, err
	}
	self := uint32(os.Getpid())
	for name, value := range map[string]uint32{"self_tgid": self, "host_mntns": host} {
		if err := spec.Variables[name].Set(value); err != nil {
			return nil, fmt.Errorf("prepare the recorder: %w", err)
		}
	}
	if !opts.Follow {
		// Nothing is followed when no process is this one.
		delete(spec.Programs, "on_follow")
	}
	if err := r.load(spec, opts.Follow); err != nil {
		return nil, err
	}
	programs := []*ebpf.Program{r.objects.OnProgram, r.objects.OnSysenter, r.capable}
	if opts.Follow {
		programs = append([]*ebpf.Program{r.objects.OnFollow}, programs...)
	}
	for _, program := range programs {
		if program == nil {
			continue
		}
		l, err := link.AttachTracing(link.TracingOptions{Program: program})
		switch {
		case err != nil && program == r.capable:
			r.why = err
		case err != nil:
			return nil, explain(err)
		default:
			r.links = append(r.links, l)
		}
	}
	return r, nil
}

// hostMounts is the mount namespace of the first process, or where that is
// not to be looked at, our own.
func hostMounts() (uint32, error) {
	var host unix.Stat_t
	if unix.Stat("/proc/1/ns/mnt", &host) == nil {
		return uint32(host.Ino), nil
	}
	if err := unix.Stat("/proc/self/ns/mnt", &host); err != nil {
		return 0, fmt.Errorf("look at the host's mount namespace: %w", err)
	}
	return uint32(host.Ino), nil
}

// load loads everything, and if the kernel has no tracepoint for capabilities,
// all but that.
func (r *Recorder) load(spec *ebpf.CollectionSpec, follow bool) error {
	try := func() error {
		c, err := ebpf.NewCollection(spec)
		if err != nil {
			return err
		}
		r.capable = c.DetachProgram("on_capable")
		r.objects.OnSysenter, r.objects.OnProgram = c.DetachProgram("on_sysenter"), c.DetachProgram("on_program")
		if follow {
			r.objects.OnFollow = c.DetachProgram("on_follow")
		}
		r.objects.Workloads, r.objects.Followed, r.objects.Overflow = c.DetachMap("workloads"), c.DetachMap("followed"), c.DetachMap("overflow")
		c.Close()
		return nil
	}
	err := try()
	if err == nil {
		return nil
	}
	delete(spec.Programs, "on_capable")
	if again := try(); again != nil {
		return explain(again)
	}
	r.why = err
	return nil
}

// Capabilities is nil when uses of capabilities are seen, and else why not.
func (r *Recorder) Capabilities() error {
	if r.why != nil {
		return fmt.Errorf("the kernel has no tracepoint cap_capable (Linux 6.13): %w", r.why)
	}
	return nil
}

// Follows tells whether a process descends from this one.
func (r *Recorder) Follows(pid uint32) bool {
	var state uint32
	return r.objects.Followed.Lookup(pid, &state) == nil
}

// Used is what the workloads have used so far.
func (r *Recorder) Used() ([]Used, error) {
	var out []Used
	var key [8]byte
	value := make([]byte, bpf.UsedSize)
	all := r.objects.Workloads.Iterate()
	for all.Next(&key, &value) {
		if len(value) < bpf.UsedSize {
			return nil, errors.New("read the recorder: a record is too short")
		}
		le := binary.NativeEndian
		out = append(out, Used{
			MntNS: le.Uint32(key[:]), Followed: le.Uint32(key[4:]) != 0,
			LastNew: le.Uint64(value[bpf.UsedLastNew:]), Compat: le.Uint64(value[bpf.UsedCompat:]),
			Filtered:   set(value[bpf.UsedFiltered:][:bpf.UsedCalls]),
			Unfiltered: set(value[bpf.UsedUnfiltered:][:bpf.UsedCalls]),
			Caps:       set(value[bpf.UsedCaps:][:bpf.UsedCapsLen]),
		})
	}
	if err := all.Err(); err != nil {
		return nil, fmt.Errorf("read the recorder: %w", err)
	}
	slices.SortFunc(out, func(a, b Used) int { return int(int64(a.MntNS) - int64(b.MntNS)) })
	var lost uint64
	if err := r.objects.Overflow.Lookup(uint32(0), &lost); err != nil {
		return nil, fmt.Errorf("read the recorder: %w", err)
	}
	if lost > 0 {
		return nil, fmt.Errorf("read the recorder: %d calls were not noted: too many workloads run at once", lost)
	}
	return out, nil
}

// TimeOf is the time of day of a time since boot.
func (s *Sensor) TimeOf(sinceBoot uint64) time.Time { return s.boot.Add(time.Duration(sinceBoot)) }

func set(bytes []byte) []int {
	var out []int
	for i, b := range bytes {
		if b != 0 {
			out = append(out, i)
		}
	}
	return out
}

// Close takes the recorder out of the kernel.
func (r *Recorder) Close() error {
	var errs []error
	for _, l := range r.links {
		errs = append(errs, l.Close())
	}
	for _, p := range []*ebpf.Program{r.objects.OnSysenter, r.objects.OnFollow, r.objects.OnProgram, r.capable} {
		if p != nil {
			errs = append(errs, p.Close())
		}
	}
	for _, m := range []*ebpf.Map{r.objects.Workloads, r.objects.Followed, r.objects.Overflow} {
		if m != nil {
			errs = append(errs, m.Close())
		}
	}
	return errors.Join(errs...)
}
