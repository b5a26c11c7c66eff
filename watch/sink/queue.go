package sink

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/boltseal/boltseal/watch"
)

// queue holds alerts until a receiver has taken them. Its goroutine offers the
// oldest first; a failure is tried again after a pause that doubles.
type queue struct {
	name  string
	batch int
	send  func(ctx context.Context, batch []*watch.Alert) error
	o     *Options
	spool *Spool

	mu      sync.Mutex
	memory  [][]byte
	lost    int64 // neither taken nor kept
	refused int64 // the receiver said that it will never take them
	failing bool
	wake    chan struct{}
	closing chan struct{}
	stop    context.CancelFunc
	done    chan struct{}
	hangUp  func() // when nothing more is sent
}

// maxMemory bounds what waits outside of a spool.
const maxMemory = 10_000

// refusal is a receiver's word that it will never take what it was sent.
type refusal struct{ error }

// later is a receiver's word when to come back.
type later struct {
	error
	after time.Duration
}

func newQueue(name string, batch int, spool *Spool, o *Options, send func(context.Context, []*watch.Alert) error) *queue {
	ctx, stop := context.WithCancel(context.Background())
	q := &queue{name: name, batch: batch, send: send, o: o, spool: spool,
		wake: make(chan struct{}, 1), closing: make(chan struct{}), done: make(chan struct{}), stop: stop}
	go q.run(ctx)
	return q
}

// Alert implements [watch.Output]. It never waits for the receiver.
func (q *queue) Alert(a *watch.Alert) error {
	data, err := encode(a)
	if err != nil {
		return err
	}
	var kept error
	if q.spool != nil {
		if kept = q.spool.Append(data); kept == nil {
			q.poke()
			return nil
		}
	}
	q.mu.Lock()
	full := len(q.memory) >= maxMemory || errors.Is(kept, ErrFull)
	if full {
		q.lost++
	} else {
		q.memory = append(q.memory, data)
	}
	lost := q.lost
	q.mu.Unlock()
	q.poke()
	switch {
	case full && (lost == 1 || lost%1000 == 0): // a flood of errors helps nobody
		return fmt.Errorf("%s: %d alerts were lost: too many wait for the receiver", q.name, lost)
	case kept != nil && !full:
		return fmt.Errorf("%s: the alert waits in memory alone: %w", q.name, kept)
	}
	return nil
}

func (q *queue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// next gives the oldest alerts, and what to call when they were taken.
func (q *queue) next(most int) (batch []*watch.Alert, done func() error, err error) {
	var raw [][]byte
	done = func() error { return nil }
	if q.spool != nil {
		var mark Mark
		if raw, mark, err = q.spool.Peek(most); err != nil {
			return nil, nil, err
		}
		if len(raw) > 0 {
			done = func() error { return q.spool.Done(mark) }
		}
	}
	if len(raw) == 0 {
		q.mu.Lock()
		raw = q.memory[:min(most, len(q.memory))]
		q.mu.Unlock()
		n := len(raw)
		done = func() error {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.memory = q.memory[n:]
			return nil
		}
	}
	for _, data := range raw {
		a, err := decode(data)
		if err != nil {
			q.mu.Lock()
			q.lost++
			q.mu.Unlock()
			q.o.tell(fmt.Errorf("%s: %w", q.name, err))
			continue
		}
		batch = append(batch, a)
	}
	if len(raw) > 0 && len(batch) == 0 {
		return nil, done, done()
	}
	return batch, done, nil
}

const maxPause = time.Minute

func (q *queue) run(ctx context.Context) {
	defer close(q.done)
	first := q.o.Retry
	if first == 0 {
		first = time.Second
	}
	pause := first
	most := q.batch
	for {
		batch, done, err := q.next(most)
		if err == nil && len(batch) == 0 {
			select {
			case <-q.wake:
				continue
			case <-q.closing:
				return
			case <-ctx.Done():
				return
			}
		}
		if err == nil {
			err = q.send(ctx, batch)
		}
		if _, never := errors.AsType[refusal](err); never {
			if len(batch) > 1 { // one of them is bad: find it
				most = 1
				continue
			}
			q.mu.Lock()
			q.refused++
			q.mu.Unlock()
			q.o.tell(fmt.Errorf("%s: the receiver refused an alert of rule %q: %w", q.name, batch[0].Rule, err))
			err = nil
		}
		if err == nil {
			if err = done(); err != nil {
				q.o.tell(fmt.Errorf("%s: %w", q.name, err))
			}
			q.recovered()
			pause = first
			if most = min(2*most, q.batch); most == 0 {
				most = 1
			}
			continue
		}
		if !q.wait(ctx, err, pause) {
			return
		}
		pause = min(2*pause, maxPause)
	}
}

func (q *queue) recovered() {
	q.mu.Lock()
	was := q.failing
	q.failing = false
	q.mu.Unlock()
	if was {
		q.o.tell(fmt.Errorf("%s: delivers again", q.name))
	}
}

// wait pauses after a failure; false says that nobody waits for a next try.
func (q *queue) wait(ctx context.Context, err error, pause time.Duration) bool {
	q.mu.Lock()
	was := q.failing
	q.failing = true
	q.mu.Unlock()
	if !was && ctx.Err() == nil {
		q.o.tell(fmt.Errorf("%s: %w; tried again", q.name, err))
	}
	if l, ok := errors.AsType[later](err); ok {
		pause = max(pause, min(l.after, maxPause))
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-q.closing:
		return false
	case <-ctx.Done():
		return false
	}
}

// Close implements [Sink]: it delivers what waits until the context ends or
// the receiver fails.
func (q *queue) Close(ctx context.Context) error {
	close(q.closing)
	select {
	case <-q.done:
	case <-ctx.Done():
		q.stop()
		<-q.done
	}
	q.stop()
	if q.hangUp != nil {
		q.hangUp()
	}
	var errs []error
	q.mu.Lock()
	left, lost, refused := len(q.memory), q.lost, q.refused
	q.mu.Unlock()
	if q.spool != nil {
		if waiting, damaged := q.spool.Pending(); waiting+damaged > 0 {
			errs = append(errs, fmt.Errorf("%s: %d alerts wait in %s until the next watch; %d places of it were damaged", q.name, waiting, q.spool.dir, damaged))
		}
		errs = append(errs, q.spool.Close())
	}
	if n := int64(left) + lost; n > 0 {
		errs = append(errs, fmt.Errorf("%s: %d alerts were lost", q.name, n))
	}
	if refused > 0 {
		errs = append(errs, fmt.Errorf("%s: the receiver refused %d alerts", q.name, refused))
	}
	return errors.Join(errs...)
}
