package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/rule"
	"github.com/boltseal/boltseal/sensor/enforce"
	"github.com/boltseal/boltseal/watch"
)

// enforcePins is where programs stay in the kernel when a policy persists.
const enforcePins = "/sys/fs/bpf/boltseal"

// watchCanary is what prevention is tried on: it does forbidden acts and says
// what became of them.
func watchCanary(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:    "canary",
		Hidden: true,
		Args:   cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			if code := enforce.Canary(args, env.Stdin, env.Stdout); code != 0 {
				return status(code)
			}
			return nil
		},
	}
}

// watchRelease takes out of the kernel what persists there.
func watchRelease(*Env) *cobra.Command {
	return &cobra.Command{
		Use:   "release",
		Short: "Take prevention that persists out of the kernel",
		Long: `Take prevention that persists out of the kernel.

A policy with "persist: true" goes on to be enforced when the watch ends. This
ends it.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return enforce.Release(enforcePins) },
	}
}

func (f *watchFlags) enforceOptions() *enforce.Options {
	return &enforce.Options{Root: f.root, Pins: enforcePins, Canary: []string{"/proc/self/exe", "watch", "canary"}}
}

// prevention is an enforcer at work beside the watch.
type prevention struct {
	enforcer *enforce.Enforcer
	alerts   chan *watch.Alert
	done     chan struct{}
	stop     context.CancelFunc
	lost     int
	mu       sync.Mutex
}

// maxWaiting is how many alerts of prevention wait for the watch.
const maxWaiting = 4096

// prevent begins to enforce what --enforce says, and tells what it cannot.
func (f *watchFlags) prevent(ctx context.Context, env *Env) (*prevention, error) {
	data, err := os.ReadFile(f.enforce)
	if err != nil {
		return nil, usageError{fmt.Errorf("--enforce: %w", err)}
	}
	policy, err := enforce.Parse(f.enforce, data)
	if err != nil {
		return nil, usageError{fmt.Errorf("--enforce: %w", err)}
	}
	p := &prevention{alerts: make(chan *watch.Alert, maxWaiting), done: make(chan struct{})}
	o := f.enforceOptions()
	o.Policy, o.Decided = policy, p.decided
	o.Errors = func(err error) { fmt.Fprintf(env.Stderr, "boltseal: prevention: %v\n", err) }
	if p.enforcer, err = enforce.Open(o); err != nil {
		if errors.Is(err, enforce.ErrCannot) {
			fmt.Fprintf(env.Stderr, "boltseal: %v\n", err)
			return nil, status(statusGap)
		}
		return nil, err
	}
	for _, gap := range p.enforcer.Gaps() {
		fmt.Fprintf(env.Stderr, "boltseal: not prevented: %s: %s\n", gap.What, gap.Why)
	}
	for _, a := range p.enforcer.Abilities() {
		if a.Backend != enforce.None {
			fmt.Fprintf(env.Stderr, "boltseal: %s: %s\n", a.Backend, a.Act)
		}
	}
	ctx, p.stop = context.WithCancel(ctx)
	go func() {
		defer close(p.done)
		if err := p.enforcer.Run(ctx); err != nil {
			o.Errors(err)
		}
	}()
	return p, nil
}

// close ends prevention and tells how often it decided.
func (p *prevention) close(env *Env) error {
	p.stop()
	<-p.done
	c, err := p.enforcer.Counts()
	if err == nil {
		fmt.Fprintf(env.Stderr, "boltseal: prevention: %d denied, %d killed, %d would have been denied\n", c.Denied, c.Killed, c.Audited)
	}
	if n := int(c.Untold) + p.lost; n > 0 {
		fmt.Fprintf(env.Stderr, "boltseal: not assessed: %d decisions of prevention could not be told\n", n)
	}
	return errors.Join(err, p.enforcer.Close())
}

// decided makes an alert of a decision.
func (p *prevention) decided(d *enforce.Decision) {
	fields := map[string]any{
		"evt.time": d.Time.UnixNano(), "proc.name": d.Comm, "proc.pid": int64(d.PID), "user.uid": int64(d.UID),
		"prevention.act": d.Act.String(), "prevention.verdict": d.Verdict.String(), "prevention.by": d.Backend.String(), "prevention.rules": d.Rules,
	}
	if d.Path != "" {
		fields["fd.name"] = d.Path
	}
	if d.To.IsValid() {
		fields["fd.sip"], fields["fd.sport"] = d.To.Addr().String(), int64(d.To.Port())
	}
	event := &boltseal.Event{Time: d.Time, Source: "prevention", Name: d.Act.String(), Fields: map[string]string{}}
	if c := d.Container; c != nil {
		fields["container.id"], fields["container.name"], fields["container.image.repository"] = c.ID[:min(12, len(c.ID))], c.Name, c.Repository
		if c.Namespace != "" {
			fields["k8s.ns.name"], fields["k8s.pod.name"] = c.Namespace, c.Pod
		}
		event.Workload = c.Workload()
	}
	a := &watch.Alert{
		Time: d.Time, Rule: "boltseal: " + d.Act.String() + " " + d.Verdict.String(), Priority: rule.Critical, Source: "prevention",
		Output: d.Text(), Fields: fields, Tags: []string{"prevention"}, Event: event,
	}
	if d.Verdict == enforce.Audited {
		a.Priority = rule.Warning
	}
	select {
	case p.alerts <- a:
	default:
		p.mu.Lock()
		p.lost++
		p.mu.Unlock()
	}
}
