package sink

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/rule"
	"github.com/boltseal/boltseal/watch"
)

// record is an alert as it waits for its receiver.
type record struct {
	ID       string          `json:"id"`
	Time     time.Time       `json:"time"`
	Rule     string          `json:"rule"`
	Priority rule.Priority   `json:"priority"`
	Source   string          `json:"source"`
	Hostname string          `json:"hostname,omitempty"`
	Output   string          `json:"output"`
	Fields   map[string]any  `json:"fields,omitempty"`
	Tags     []string        `json:"tags,omitempty"`
	Count    int             `json:"count,omitempty"`
	Event    *boltseal.Event `json:"event,omitempty"`
}

func encode(a *watch.Alert) ([]byte, error) {
	data, err := json.Marshal(record{a.ID, a.Time, a.Rule, a.Priority, a.Source, a.Hostname, a.Output, a.Fields, a.Tags, a.Count, a.Event})
	if err != nil {
		return nil, fmt.Errorf("write alert: %w", err)
	}
	return data, nil
}

func decode(data []byte) (*watch.Alert, error) {
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("read an alert of the spool: %w", err)
	}
	if r.Event == nil {
		r.Event = &boltseal.Event{Time: r.Time, Source: r.Source}
	}
	return &watch.Alert{ID: r.ID, Time: r.Time, Rule: r.Rule, Priority: r.Priority, Source: r.Source, Hostname: r.Hostname,
		Output: r.Output, Fields: r.Fields, Tags: r.Tags, Count: r.Count, Event: r.Event}, nil
}
