// Package watch is the path for things that run: the sensor's events are
// matched with rules, and what matches becomes an alert. [Run] is that path;
// equal alerts are one alert with a count, and what the kernel had to drop is
// itself an alert.
package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/rule"
	"github.com/boltseal/boltseal/sensor"
)

// Alert is a rule that an event matched.
type Alert struct {
	ID       string          `json:"id"` // of this alert and no other, so that who gets it twice can tell
	Time     time.Time       `json:"time"`
	Rule     string          `json:"rule"`
	Priority rule.Priority   `json:"-"`
	Source   string          `json:"source"`
	Hostname string          `json:"hostname,omitempty"`
	Output   string          `json:"output"`
	Fields   map[string]any  `json:"output_fields"`
	Tags     []string        `json:"tags"`
	Count    int             `json:"count,omitempty"` // how many equal ones this stands for, when more than one
	Event    *boltseal.Event `json:"-"`
}

// Finding is the alert as reports hold it.
func (a *Alert) Finding() boltseal.Finding {
	f := boltseal.Finding{
		Check: "runtime/" + a.Rule, Title: a.Rule, Message: a.Output, Severity: a.Priority.Severity(), Event: a.Event,
		Evidence: []boltseal.Evidence{{Kind: boltseal.EvidenceEvent, Statement: a.Output}},
	}
	if w := a.Event.Workload; w != nil {
		f.Subject = boltseal.Subject{Name: w.Image, Digest: w.Digest}
	}
	f.Seal()
	return f
}

// Output is where alerts go.
type Output interface {
	Alert(*Alert) error
}

// Options are what [Run] watches with.
type Options struct {
	Rules    *rule.Set
	Outputs  []Output
	Hostname string
	Window   time.Duration // equal alerts within it are one; 0 keeps all apart
	Rate     int           // alerts of a second that are sent; those above it are counted and told; 0 sends all
	Sensor   sensor.Options
	Feeds    []Feed               // events that are not the sensor's
	Reload   <-chan *rule.Set     // rules that take the place of those before
	Images   *Images              // those that were scanned; nil tells nothing of images
	Ready    func(*sensor.Sensor) // called when the sensor is attached; with nil when none is needed
	Errors   func(error)          // what an output could not do; the watch goes on
	Alerts   <-chan *Alert        // that come from elsewhere, such as prevention
	Tap      func(*sensor.Event)  // sees every event before rules do, on the sensor's goroutine
	Calls    []string             // system calls that Tap wants besides those of the rules
}

// Event is something that rules are matched with and that an alert can tell.
type Event interface {
	rule.Event
	// When it happened.
	When() time.Time
	// Report is the event as findings hold it, with the values of the rule
	// that it matched.
	Report(values map[string]any) *boltseal.Event
}

// Feed is a source of events besides the sensor.
type Feed interface {
	// Source is the rules' name for its events.
	Source() string
	// Run yields events until the context ends. It may yield from several
	// goroutines at once.
	Run(ctx context.Context, yield func(Event)) error
}

// Summary is what a watch saw.
type Summary struct {
	Stats  sensor.Stats `json:"stats"`
	Events uint64       `json:"events"` // that were matched with rules
	Alerts uint64       `json:"alerts"` // before equal ones were joined
	Gaps   []boltseal.Gap
}

// ErrNothing says that no rule can match anything that the sensor sees.
var ErrNothing = errors.New("no rule is on that the sensor could match")

// Gaps says what the rules ask for that the sensor cannot see: fields that it
// has no value for, and event types that it does not read.
func Gaps(rules *rule.Set) []boltseal.Gap {
	var gaps []boltseal.Gap
	for _, u := range rules.Fields() {
		f, _, ok := rule.LookupField(u.Field)
		if u.Output || !ok || f.Source == "k8s_audit" || sensor.Knows(f.Name) {
			continue
		}
		gaps = append(gaps, boltseal.Gap{
			Kind: "runtime-field", What: "field " + u.Field, Why: "the sensor has no value for it, and a test of it is false",
			Hint: fmt.Sprintf("used by %d rules, %q first", len(u.Rules), u.Rules[0]),
		})
	}
	names, _ := rules.EventTypes("syscall")
	can := sensor.Calls()
	for _, name := range names {
		if !slices.Contains(can, name) {
			gaps = append(gaps, boltseal.Gap{Kind: "runtime-event", What: "event type " + name, Why: "the sensor does not read it on this machine"})
		}
	}
	return gaps
}

// wanted are the system calls that the rules need. Rules that match any event
// get every call that the sensor reads.
func wanted(rules *rule.Set) []string {
	names, every := rules.EventTypes("syscall")
	can := sensor.Calls()
	if every {
		return can
	}
	return slices.DeleteFunc(slices.Clone(can), func(name string) bool { return !slices.Contains(names, name) })
}

// Run watches until the context ends.
func Run(ctx context.Context, o *Options) (*Summary, error) {
	w := &watcher{Options: o, summary: &Summary{Gaps: Gaps(o.Rules)}, groups: newGroups(o.Window), rate: newLimiter(o.Rate), id: newID()}
	w.rules.Store(o.Rules)
	calls := append(wanted(o.Rules), o.Calls...)
	if len(calls) == 0 && len(o.Feeds) == 0 {
		return nil, ErrNothing
	}
	var s *sensor.Sensor
	if len(calls) > 0 {
		so := o.Sensor
		so.Calls = calls
		opened, err := sensor.Open(&so)
		if err != nil {
			return nil, err
		}
		defer func() { _ = opened.Close() }()
		s = opened
	}
	if o.Ready != nil {
		o.Ready(s)
	}
	var wg sync.WaitGroup
	ticking, stop := context.WithCancel(ctx)
	wg.Go(func() { w.tick(ticking, s) })
	wg.Go(func() { w.others(ticking) })
	err := w.sources(ctx, s)
	stop()
	wg.Wait()
	w.flush(true, time.Now()) //nolint:forbidigo // the end of a watch is now
	var statsErr error
	if s != nil {
		w.summary.Stats, statsErr = s.Stats()
	}
	w.summary.Events, w.summary.Alerts = w.events.Load(), w.alerts.Load()
	return w.summary, errors.Join(err, statsErr)
}

// others sends the alerts that come from elsewhere, those included that wait
// when the watch ends.
func (w *watcher) others(ctx context.Context) {
	take := func(a *Alert) {
		a.Hostname = w.Hostname
		w.alerts.Add(1)
		w.add(a)
	}
	for {
		select {
		case a := <-w.Alerts:
			take(a)
		case <-ctx.Done():
			for {
				select {
				case a := <-w.Alerts:
					take(a)
				default:
					return
				}
			}
		}
	}
}

// sources runs the sensor and the feeds until the context ends, or one of
// them cannot go on.
func (w *watcher) sources(ctx context.Context, s *sensor.Sensor) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	for _, feed := range w.Feeds {
		wg.Go(func() {
			if err := feed.Run(ctx, w.match); err != nil && ctx.Err() == nil {
				stop(fmt.Errorf("%s events: %w", feed.Source(), err))
			}
		})
	}
	if s != nil {
		if err := s.Run(ctx, w.event); err != nil {
			stop(err)
		}
	}
	<-ctx.Done()
	wg.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return nil
}

type watcher struct {
	*Options
	summary        *Summary
	rules          atomic.Pointer[rule.Set]
	events, alerts atomic.Uint64
	id             idMaker

	mu     sync.Mutex
	groups *groups
	rate   *limiter
}

// event matches one event of the sensor. It runs on the sensor's goroutine.
func (w *watcher) event(e *sensor.Event) {
	if w.Tap != nil {
		w.Tap(e)
	}
	if w.Images != nil {
		w.image(e, e.At)
	}
	w.match(e)
}

// match matches one event.
func (w *watcher) match(e Event) {
	w.events.Add(1)
	w.rules.Load().Eval(e, func(m *rule.Match) bool {
		w.alerts.Add(1)
		w.add(alertOf(m.Rule, e, w.Hostname))
		return true
	})
}

func alertOf(r *rule.Rule, e Event, host string) *Alert {
	values := r.Values(e)
	return &Alert{
		Time: e.When(), Rule: r.Name, Priority: r.Priority, Source: e.Source(), Hostname: host,
		Output: r.Text(e), Fields: values, Tags: r.Tags, Event: e.Report(values),
	}
}

// add sends an alert, or counts it towards an equal one that was sent, or
// towards those of its rule that were too many.
func (w *watcher) add(a *Alert) {
	w.mu.Lock()
	first, ended := w.groups.add(a)
	w.mu.Unlock()
	if ended != nil {
		w.offer(ended)
	}
	if first {
		w.offer(a)
	}
}

// offer sends an alert if the rate allows it.
func (w *watcher) offer(a *Alert) {
	w.mu.Lock()
	ok := w.rate.allow(a)
	w.mu.Unlock()
	if ok {
		w.send(a)
	}
}

func (w *watcher) send(a *Alert) {
	a.ID = w.id.next()
	for _, out := range w.Outputs {
		if err := out.Alert(a); err != nil {
			w.tell(err)
		}
	}
}

func (w *watcher) tell(err error) {
	if w.Errors != nil {
		w.Errors(err)
	}
}

// tick ends the windows of groups, watches for records that the kernel had to
// drop, and takes new rules.
func (w *watcher) tick(ctx context.Context, s *sensor.Sensor) {
	var last sensor.Stats
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case set := <-w.Reload:
			w.reload(set, s)
		case now := <-t.C:
			w.flush(false, now)
			if s == nil {
				continue
			}
			st, err := s.Stats()
			if err != nil {
				w.tell(err)
				continue
			}
			if dropped, lost := st.Dropped-last.Dropped, st.Lost-last.Lost; dropped+lost > 0 {
				w.add(w.dropped(now, dropped, lost))
			}
			last = st
		}
	}
}

// reload puts other rules in the place of those that are used. The kernel is
// asked for what they need first: if it refuses, the old ones stay.
func (w *watcher) reload(set *rule.Set, s *sensor.Sensor) {
	calls := append(wanted(set), w.Calls...)
	if s != nil {
		if err := s.Want(calls); err != nil {
			w.tell(fmt.Errorf("reload rules: %w; the old ones stay", err))
			return
		}
	} else if len(calls) > 0 {
		w.tell(errors.New("reload rules: they need the sensor, which the rules at the start did not; the old ones stay: start the watch again"))
		return
	}
	w.rules.Store(set)
}

// Own alerts, which no rule of a file makes.
const (
	// DroppedRule is the name of the alert about records that were dropped.
	DroppedRule = "boltseal: events were dropped"
	// HeldRule is the name of the alert about alerts above the rate.
	HeldRule = "boltseal: alerts were held back"
)

func (w *watcher) dropped(now time.Time, events, lives uint64) *Alert {
	fields := map[string]any{"events": int64(events), "processes": int64(lives)}
	return w.own(now, DroppedRule, "drop", fields,
		fmt.Sprintf("%d events and %d records of processes were dropped in a second: what they would have shown was not looked at", events, lives))
}

func (w *watcher) own(now time.Time, name, event string, fields map[string]any, output string) *Alert {
	return &Alert{
		Time: now, Rule: name, Priority: rule.Critical, Source: "internal", Hostname: w.Hostname, Fields: fields, Tags: []string{},
		Output: output, Event: &boltseal.Event{Time: now, Source: "internal", Name: event},
	}
}

func (w *watcher) flush(all bool, now time.Time) {
	w.mu.Lock()
	due := w.groups.due(all, now)
	w.mu.Unlock()
	for _, a := range due {
		w.offer(a)
	}
	w.mu.Lock()
	held, fields := w.rate.held(now, all)
	w.mu.Unlock()
	if held > 0 {
		w.send(w.own(now, HeldRule, "hold", fields, fmt.Sprintf("%d alerts were above the rate of %d a second and were not sent", held, w.Rate)))
	}
}
