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
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/rule"
	"github.com/boltseal/boltseal/sensor"
)

// Alert is a rule that an event matched.
type Alert struct {
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
	Sensor   sensor.Options
	Ready    func(*sensor.Sensor) // called when the sensor is attached
	Errors   func(error)          // what an output could not do; the watch goes on
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
	calls := wanted(o.Rules)
	if len(calls) == 0 {
		return nil, ErrNothing
	}
	so := o.Sensor
	so.Calls = calls
	s, err := sensor.Open(&so)
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }()
	summary := &Summary{Gaps: Gaps(o.Rules)}
	w := &watcher{Options: o, summary: summary, groups: newGroups(o.Window)}
	if o.Ready != nil {
		o.Ready(s)
	}
	var wg sync.WaitGroup
	ticking, stop := context.WithCancel(ctx)
	wg.Go(func() { w.tick(ticking, s) })
	err = s.Run(ctx, w.event)
	stop()
	wg.Wait()
	w.flush(true, time.Now()) //nolint:forbidigo // the end of a watch is now
	var statsErr error
	summary.Stats, statsErr = s.Stats()
	return summary, errors.Join(err, statsErr)
}

type watcher struct {
	*Options
	summary *Summary

	mu     sync.Mutex
	groups *groups
}

// event matches one event. It runs on the sensor's goroutine.
func (w *watcher) event(e *sensor.Event) {
	w.summary.Events++
	w.Rules.Eval(e, func(m *rule.Match) bool {
		w.summary.Alerts++
		values := m.Rule.Values(e)
		w.add(&Alert{
			Time: e.At, Rule: m.Rule.Name, Priority: m.Rule.Priority, Source: e.Source(), Hostname: w.Hostname,
			Output: m.Rule.Text(e), Fields: values, Tags: m.Rule.Tags, Event: e.Report(values),
		})
		return true
	})
}

// add sends an alert, or counts it towards an equal one that was sent.
func (w *watcher) add(a *Alert) {
	w.mu.Lock()
	first := w.groups.add(a)
	w.mu.Unlock()
	if first {
		w.send(a)
	}
}

func (w *watcher) send(a *Alert) {
	for _, out := range w.Outputs {
		if err := out.Alert(a); err != nil && w.Errors != nil {
			w.Errors(err)
		}
	}
}

// tick ends the windows of groups, and watches for records that the kernel
// had to drop.
func (w *watcher) tick(ctx context.Context, s *sensor.Sensor) {
	var last sensor.Stats
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			w.flush(false, now)
			st, err := s.Stats()
			if err != nil {
				if w.Errors != nil {
					w.Errors(err)
				}
				continue
			}
			if dropped, lost := st.Dropped-last.Dropped, st.Lost-last.Lost; dropped+lost > 0 {
				w.add(w.dropped(now, dropped, lost))
			}
			last = st
		}
	}
}

// DroppedRule is the name of the alert about records that were dropped.
const DroppedRule = "boltseal: events were dropped"

func (w *watcher) dropped(now time.Time, events, lives uint64) *Alert {
	fields := map[string]any{"events": int64(events), "processes": int64(lives)}
	return &Alert{
		Time: now, Rule: DroppedRule, Priority: rule.Critical, Source: "internal", Hostname: w.Hostname, Fields: fields, Tags: []string{},
		Output: fmt.Sprintf("%d events and %d records of processes were dropped in a second: what they would have shown was not looked at", events, lives),
		Event:  &boltseal.Event{Time: now, Source: "internal", Name: "drop"},
	}
}

func (w *watcher) flush(all bool, now time.Time) {
	w.mu.Lock()
	due := w.groups.due(all, now)
	w.mu.Unlock()
	for _, a := range due {
		w.send(a)
	}
}
