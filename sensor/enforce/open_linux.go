//go:build amd64 || arm64

package enforce

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/cilium/ebpf/ringbuf"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/sensor"
)

// Enforcer stops what its policy forbids.
type Enforcer struct {
	o          Options
	root       string
	containers *sensor.Containers
	kernel     *kernel // nil where no program loads
	reader     *ringbuf.Reader
	fan        *fan
	abilities  [acts]Ability
	boot       time.Time
	early      []*record // that came while canaries were flown

	mu         sync.Mutex
	policy     *Policy
	last       uint32 // the highest number of a policy that was given
	installed  map[string]*installed
	byNumber   map[uint32]*installed
	subjects   map[uint64]*subject
	unresolved map[uint64]time.Time // containers without a description, and until when they are asked for
	counted    Counts               // by fanotify
	before     Counts               // when this began
}

// installed is a policy for all subjects that the same rules are about.
type installed struct {
	*judged
	number uint32
	policy *Policy
}

// subject is a control group that the policy is about.
type subject struct {
	path      string
	container *sensor.Container
	installed *installed
}

// Open finds out what can be stopped and begins to stop it. Policies that fail
// closed are refused when something that they forbid cannot be stopped.
func Open(o *Options) (e *Enforcer, err error) {
	e = &Enforcer{
		o: *o, root: o.Root, containers: o.Containers, policy: o.Policy,
		installed: map[string]*installed{}, byNumber: map[uint32]*installed{}, subjects: map[uint64]*subject{}, unresolved: map[uint64]time.Time{},
	}
	if e.root == "" {
		e.root = "/"
	}
	if e.containers == nil {
		e.containers = sensor.NewContainers(e.root)
	}
	opened := e
	defer func() {
		if err != nil {
			_ = opened.Close()
		}
	}()
	if e.boot, err = bootTime(); err != nil {
		return nil, err
	}
	why := e.openKernel()
	if err := e.choose(why); err != nil {
		return nil, err
	}
	if gaps := e.Gaps(); o.Policy.Closed && len(gaps) > 0 {
		return nil, fmt.Errorf("%w: %s: %s", ErrCannot, gaps[0].What, gaps[0].Why)
	}
	if e.kernel != nil {
		if e.before, err = e.kernel.counts(); err != nil {
			return nil, err
		}
		if err := e.begin(); err != nil {
			return nil, err
		}
	}
	if e.fan != nil {
		e.fan.begin()
	}
	return e, nil
}

func bootTime() (time.Time, error) {
	var boot, wall unix.Timespec
	if err := errors.Join(unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot), unix.ClockGettime(unix.CLOCK_REALTIME, &wall)); err != nil {
		return time.Time{}, fmt.Errorf("read the clock: %w", err)
	}
	return time.Unix(0, wall.Nano()-boot.Nano()), nil
}

// openKernel makes the maps. Without them only fanotify is left.
func (e *Enforcer) openKernel() (why error) {
	_ = rlimit.RemoveMemlock() // kernels before 5.11 count maps against it
	pins := ""
	if e.policy.Persist {
		pins = e.o.Pins
	}
	k, err := openKernel(pins)
	if err != nil {
		return err
	}
	e.kernel = k
	if e.reader, err = ringbuf.NewReader(k.maps["enforce_records"]); err != nil {
		return fmt.Errorf("open the ring of prevention: %w", err)
	}
	var number uint32
	var raw rawPolicy
	for each := k.maps["enforce_policies"].Iterate(); each.Next(&number, &raw); {
		e.last = max(e.last, number) // left by an earlier watch
	}
	for inum := range e.hostSpaces() {
		if err := k.maps["enforce_hosts"].Put(inum, uint32(1)); err != nil {
			return fmt.Errorf("write the host's namespaces: %w", err)
		}
	}
	return nil
}

// number is one that no policy had before.
func (e *Enforcer) number() uint32 {
	e.last++
	return e.last
}

// Abilities are what stops each act on this machine, as far as the policy asks.
func (e *Enforcer) Abilities() []Ability {
	all, _ := e.policy.Acts()
	var out []Ability
	for _, a := range all.List() {
		out = append(out, e.abilities[a])
	}
	return out
}

// Gaps are the acts that the policy forbids in earnest and that are not
// stopped here, or not entirely.
func (e *Enforcer) Gaps() []boltseal.Gap {
	_, enforced := e.policy.Acts()
	var gaps []boltseal.Gap
	for _, a := range enforced.List() {
		if g := e.abilities[a].gap(); g != nil {
			gaps = append(gaps, *g)
		}
	}
	return gaps
}

// by are the acts that a back-end stops.
func (e *Enforcer) by(b Backend) Acts {
	var set Acts
	for a := range acts {
		if e.abilities[a].Backend == b {
			set |= Acts(a.bit())
		}
	}
	return set
}

// begin gives the control groups that there are their policies, and follows
// those that come.
func (e *Enforcer) begin() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	pending, err := e.pending()
	if err != nil {
		return err
	}
	if err := e.kernel.configure(pending); err != nil {
		return err
	}
	if err := e.kernel.attach([]string{"group_begins", "group_ends"}); err != nil {
		return fmt.Errorf("follow control groups: %w", err)
	}
	if err := e.scan(); err != nil {
		return err
	}
	return e.kernel.pin()
}

// pending is the policy of containers that are not known yet.
func (e *Enforcer) pending() (uint32, error) {
	if !e.policy.Closed {
		return 0, nil
	}
	j := e.policy.strictest()
	if j.deny == 0 {
		return 0, nil
	}
	in, err := e.install(j)
	if err != nil {
		return 0, err
	}
	return in.number, nil
}

// install writes a policy into the kernel, unless it is there.
func (e *Enforcer) install(j *judged) (*installed, error) {
	key := fmt.Sprint(j.host, j.rules)
	if in := e.installed[key]; in != nil && in.policy == e.policy {
		return in, nil
	}
	in := &installed{judged: j, number: e.number(), policy: e.policy}
	if e.kernel != nil {
		if err := e.kernel.put(in.number, e.inKernel(j), e.by(Kill)|e.killOnHost(j)); err != nil {
			return nil, err
		}
	}
	e.installed[key], e.byNumber[in.number] = in, in
	return in, nil
}

// inKernel is a policy without what fanotify decides, so that nothing is told
// twice.
func (e *Enforcer) inKernel(j *judged) *judged {
	if j.host {
		return j // fanotify is about containers
	}
	out := *j
	out.deny &^= e.by(Fanotify)
	out.audit &^= e.by(Fanotify)
	return &out
}

// killOnHost are the acts that fanotify stops in containers and that only a
// signal can stop outside of them.
func (e *Enforcer) killOnHost(j *judged) Acts {
	if !j.host || e.kernel.links["kill_exec"] == nil {
		return 0
	}
	return e.by(Fanotify) & execs
}

// scan gives every control group that there is its policy.
func (e *Enforcer) scan() error {
	root, err := groupRoot()
	if err != nil {
		return err
	}
	found := groups(root)
	var errs []error
	for id, path := range found {
		errs = append(errs, e.hold(id, path))
	}
	for id := range e.subjects {
		if found[id] == "" {
			errs = append(errs, e.kernel.assign(id, 0))
			delete(e.subjects, id)
		}
	}
	return errors.Join(errs...)
}

// patience is how long a container that its engine has not described yet is
// asked for.
const patience = 3 * time.Second

// hold gives one control group its policy.
func (e *Enforcer) hold(id uint64, path string) error {
	c := e.containers.Group(path)
	if c == nil {
		c = e.containers.Group(filepath.Dir(path)) // a group within a container's
	}
	if c != nil && c.Engine == "" {
		until, waiting := e.unresolved[id]
		now := time.Now() //nolint:forbidigo // a deadline, not data
		if !waiting {
			e.unresolved[id] = now.Add(patience)
		}
		if !waiting || now.Before(until) {
			e.subjects[id] = &subject{path: path, container: c}
			if !e.policy.Closed {
				return nil
			}
			in, err := e.install(e.policy.strictest())
			if err != nil {
				return err
			}
			return e.kernel.assign(id, in.number)
		}
	}
	delete(e.unresolved, id)
	j := e.policy.judge(c, path)
	if len(j.rules) == 0 {
		delete(e.subjects, id)
		return e.kernel.assign(id, 0)
	}
	in, err := e.install(j)
	if err != nil {
		return err
	}
	e.subjects[id] = &subject{path: path, container: c, installed: in}
	return e.kernel.assign(id, in.number)
}

// Update puts another policy in the place of the one before. Each control
// group has the one or the other at every moment, never none and never parts
// of both. Acts that the earlier policy did not speak of need a new start.
func (e *Enforcer) Update(p *Policy) error {
	e.mu.Lock()
	before, _ := e.policy.Acts()
	after, _ := p.Acts()
	if more := after &^ before; more != 0 || p.Last != e.policy.Last || p.Persist != e.policy.Persist {
		e.mu.Unlock()
		return fmt.Errorf("update the policy: %s, last-resort or persist is new in it, and needs a new start", more)
	}
	old := e.byNumber
	was := e.policy
	e.policy = p
	if gaps := e.Gaps(); p.Closed && len(gaps) > 0 {
		e.policy = was
		e.mu.Unlock()
		return fmt.Errorf("%w: %s: %s", ErrCannot, gaps[0].What, gaps[0].Why)
	}
	e.installed, e.byNumber = map[string]*installed{}, map[uint32]*installed{}
	var err error
	if e.kernel != nil {
		var pending uint32
		if pending, err = e.pending(); err == nil {
			err = errors.Join(e.kernel.configure(pending), e.scan())
		}
	}
	e.mu.Unlock()
	if e.kernel != nil {
		time.Sleep(grace)
		for number, in := range old {
			e.kernel.forget(number, in.judged)
		}
	}
	return err
}
