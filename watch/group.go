package watch

import (
	"container/list"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// groups joins equal alerts: the first is sent at once, those that follow in
// the window are counted, and a last one tells their number.
type groups struct {
	window time.Duration
	byKey  map[string]*list.Element
	order  *list.List // of *group, by the end of their windows
}

type group struct {
	key   string
	until time.Time
	last  *Alert
	more  int
}

// maxGroups bounds what is remembered; beyond it the oldest group ends early.
const maxGroups = 10_000

func newGroups(window time.Duration) *groups {
	return &groups{window: window, byKey: map[string]*list.Element{}, order: list.New()}
}

// add tells whether the alert is the first of its kind, and gives the alert
// that ends a group which had to make room or whose window is over.
func (g *groups) add(a *Alert) (first bool, ended *Alert) {
	if g.window <= 0 {
		return true, nil
	}
	key := keyOf(a)
	if at, ok := g.byKey[key]; ok {
		one := at.Value.(*group)
		if a.Time.Before(one.until) {
			one.more++
			one.last = a
			return false, nil
		}
		g.order.Remove(at)
		ended = g.end(one)
	}
	if g.order.Len() >= maxGroups {
		oldest := g.order.Remove(g.order.Front()).(*group)
		delete(g.byKey, oldest.key)
		ended = g.end(oldest)
	}
	g.byKey[key] = g.order.PushBack(&group{key: key, until: a.Time.Add(g.window), last: a})
	return true, ended
}

// end is the alert that tells how many were held back, nil when none were.
func (g *groups) end(one *group) *Alert {
	if one.more == 0 {
		return nil
	}
	a := *one.last
	a.Count = one.more
	if one.more > 1 {
		a.Output = fmt.Sprintf("%s (and %d more like it in %s)", a.Output, one.more-1, g.window)
	}
	return &a
}

// due are the alerts that tell the number of those that were held back, of
// the windows that have ended.
func (g *groups) due(all bool, now time.Time) []*Alert {
	var out []*Alert
	for at := g.order.Front(); at != nil; at = g.order.Front() {
		one := at.Value.(*group)
		if !all && now.Before(one.until) {
			break
		}
		g.order.Remove(at)
		delete(g.byKey, one.key)
		if a := g.end(one); a != nil {
			out = append(out, a)
		}
	}
	return out
}

// changing are the fields that differ between alerts which a person would
// call equal.
var changing = map[string]bool{
	"proc.pid": true, "proc.ppid": true, "proc.vpid": true, "thread.tid": true, "evt.num": true, "fd.num": true, "fd.cport": true, "fd.lport": true,
	"proc.pid.ts": true, "proc.duration": true, "proc.exe_ino": true, "events": true, "processes": true,
}

// keyOf is what two equal alerts have in common.
func keyOf(a *Alert) string {
	var b strings.Builder
	b.WriteString(a.Rule)
	for _, name := range slices.Sorted(maps.Keys(a.Fields)) {
		if changing[name] || strings.HasPrefix(name, "evt.time") || strings.HasPrefix(name, "evt.rawtime") || strings.HasPrefix(name, "evt.datetime") {
			continue
		}
		fmt.Fprintf(&b, "\x00%s=%v", name, a.Fields[name])
	}
	return b.String()
}
