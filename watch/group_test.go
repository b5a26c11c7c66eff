package watch_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/rule"
	"github.com/boltseal/boltseal/watch"
)

// madeEvent is an event of no source's but the test's.
type madeEvent struct {
	name   string
	at     time.Time
	fields map[string]string
}

func (e *madeEvent) Source() string  { return "k8s_audit" }
func (e *madeEvent) Name() string    { return "pluginevent" }
func (e *madeEvent) When() time.Time { return e.at }
func (e *madeEvent) Report(map[string]any) *boltseal.Event {
	return &boltseal.Event{Time: e.at, Source: e.Source(), Name: e.name}
}

func (e *madeEvent) Field(id rule.FieldID, _ rule.Arg, v *rule.Value) {
	if s, ok := e.fields[fieldNames[id].Name]; ok {
		v.SetString(s)
	}
}

var fieldNames = rule.Fields()

// madeFeed yields events and ends the watch.
type madeFeed struct {
	events []*madeEvent
	stop   context.CancelFunc
}

func (f *madeFeed) Source() string { return "k8s_audit" }
func (f *madeFeed) Run(_ context.Context, yield func(watch.Event)) error {
	for _, e := range f.events {
		yield(e)
	}
	f.stop()
	return nil
}

const verbRule = `
- rule: verb
  desc: d
  condition: ka.verb = delete
  output: deleted (name=%ka.target.name user=%ka.user.name)
  priority: WARNING
  source: k8s_audit
`

func runFeed(t *testing.T, o *watch.Options, events []*madeEvent) []*watch.Alert {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out := &memory{}
	o.Rules, o.Outputs, o.Feeds = compile(t, verbRule), []watch.Output{out}, []watch.Feed{&madeFeed{events, stop}}
	if _, err := watch.Run(ctx, o); err != nil {
		t.Fatal(err)
	}
	return out.alerts
}

func made(n int, name func(int) string) []*madeEvent {
	at := time.Now()
	var out []*madeEvent
	for i := range n {
		out = append(out, &madeEvent{at: at, fields: map[string]string{"ka.verb": "delete", "ka.target.name": name(i)}})
	}
	return out
}

// Ten thousand equal alerts are one, and one that counts the others. Rules of
// another source than the kernel's need no sensor and no root.
func TestEqualAlertsAreOne(t *testing.T) {
	alerts := runFeed(t, &watch.Options{Window: time.Hour, Rate: 10}, made(10_000, func(int) string { return "x" }))
	if len(alerts) != 2 || alerts[1].Count != 9_999 || alerts[0].ID == alerts[1].ID || alerts[0].ID == "" {
		t.Errorf("%d alerts, the last is %+v", len(alerts), alerts[len(alerts)-1])
	}
}

// More kinds of alerts than are remembered lose no count: what a group that
// must make room has held back is sent.
func TestGroupsThatMakeRoomAreTold(t *testing.T) {
	const kinds = 12_000
	alerts := runFeed(t, &watch.Options{Window: time.Hour}, made(3*kinds, func(i int) string { return strconv.Itoa(i / 3) }))
	sent := 0
	for _, a := range alerts {
		sent += max(a.Count, 1)
	}
	if sent != 3*kinds {
		t.Errorf("%d alerts stand for %d of %d", len(alerts), sent, 3*kinds)
	}
}

func TestRateIsHeldAndTold(t *testing.T) {
	alerts := runFeed(t, &watch.Options{Rate: 100}, made(1000, strconv.Itoa))
	held := int64(0)
	sent := 0
	for _, a := range alerts {
		if a.Rule == watch.HeldRule {
			n, _ := a.Fields["verb"].(int64)
			held += n
			if !strings.Contains(a.Output, "above the rate of 100") {
				t.Error(a.Output)
			}
			continue
		}
		sent++
	}
	if sent != 100 || held != 900 {
		t.Errorf("%d were sent and %d told to be held back", sent, held)
	}
}

func BenchmarkGroups(b *testing.B) {
	// What a flood of equal alerts costs each.
	out := &memory{}
	set := compileB(b, verbRule)
	e := &madeEvent{at: time.Now(), fields: map[string]string{"ka.verb": "delete", "ka.target.name": "x"}}
	ctx, stop := context.WithCancel(b.Context())
	_, err := watch.Run(ctx, &watch.Options{Rules: set, Window: time.Hour, Outputs: []watch.Output{out}, Feeds: []watch.Feed{loopFeed{b, e, stop}}})
	if err != nil {
		b.Fatal(err)
	}
}

type loopFeed struct {
	b    *testing.B
	e    *madeEvent
	stop context.CancelFunc
}

func (loopFeed) Source() string { return "k8s_audit" }
func (f loopFeed) Run(_ context.Context, yield func(watch.Event)) error {
	for f.b.Loop() {
		yield(f.e)
	}
	f.stop()
	return nil
}

func compileB(b *testing.B, text string) *rule.Set {
	b.Helper()
	f, problems := rule.Parse("test.yaml", []byte(text))
	set, more := rule.Compile([]*rule.File{f}, &rule.Options{All: true})
	if n := len(rule.Errors(append(problems, more...))); n > 0 {
		b.Fatal(fmt.Sprint(problems, more))
	}
	return set
}
