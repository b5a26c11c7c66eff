//go:build amd64 || arm64

package enforce

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Run tells of decisions and follows containers until the context ends.
func (e *Enforcer) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if e.fan != nil {
		wg.Go(func() { e.fan.run(ctx) })
	}
	for _, d := range e.early {
		e.take(d)
	}
	e.early = nil
	for ctx.Err() == nil {
		d, err := e.read(time.Now().Add(50 * time.Millisecond)) //nolint:forbidigo // a deadline, not data
		if err != nil {
			return err
		}
		if d != nil {
			e.take(d)
		}
		e.retry()
	}
	return nil
}

// retry asks again for containers that were not described yet.
func (e *Enforcer) retry() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id := range e.unresolved {
		if s := e.subjects[id]; s != nil {
			e.report(e.hold(id, s.path))
		} else {
			delete(e.unresolved, id)
		}
	}
}

func (e *Enforcer) report(err error) {
	if err != nil && e.o.Errors != nil {
		e.o.Errors(err)
	}
}

func (e *Enforcer) take(r *record) {
	switch r.verdict {
	case groupBegan:
		e.mu.Lock()
		e.report(e.hold(r.group, r.path(groupName)))
		e.mu.Unlock()
	case groupEnded:
		e.mu.Lock()
		delete(e.subjects, r.group)
		delete(e.unresolved, r.group)
		e.mu.Unlock()
	default:
		e.tell(r)
	}
}

// tell makes a decision of a record.
func (e *Enforcer) tell(r *record) {
	if e.o.Decided == nil || r.act >= uint32(acts) {
		return
	}
	d := &Decision{
		Time: e.boot.Add(time.Duration(r.time)), Act: Act(r.act), Verdict: Verdict(r.verdict), Backend: e.abilities[r.act].Backend,
		PID: r.tgid, UID: r.uid, Comm: r.comm, Path: r.file(), To: r.to(),
	}
	e.mu.Lock()
	if s := e.subjects[r.group]; s != nil {
		d.Container, d.Group = s.container, s.path
	}
	if in := e.byNumber[r.policy]; in != nil {
		d.Rules = in.names(d.Act, d.Verdict)
	}
	e.mu.Unlock()
	e.o.Decided(d)
}

// names are the rules that forbid an act.
func (in *installed) names(a Act, v Verdict) []string {
	var names []string
	for _, i := range in.rules {
		if r := &in.policy.Rules[i]; r.Deny.Has(a) && r.Enforce == (v != Audited) {
			names = append(names, r.Name)
		}
	}
	return names
}

// Counts is how often the enforcer decided since it was opened.
func (e *Enforcer) Counts() (Counts, error) {
	e.mu.Lock()
	sum := e.counted
	e.mu.Unlock()
	if e.kernel == nil {
		return sum, nil
	}
	c, err := e.kernel.counts()
	c.Denied += sum.Denied - e.before.Denied
	c.Audited += sum.Audited - e.before.Audited
	c.Killed -= e.before.Killed
	c.Untold -= e.before.Untold
	return c, err
}

// Close ends prevention, except for what a policy that persists left pinned.
func (e *Enforcer) Close() error {
	var errs []error
	if e.fan != nil {
		errs = append(errs, e.fan.close())
	}
	if e.reader != nil {
		errs = append(errs, e.reader.Close())
	}
	if e.kernel != nil {
		errs = append(errs, e.kernel.close())
	}
	return errors.Join(errs...)
}
