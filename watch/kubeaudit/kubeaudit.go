// Package kubeaudit takes in the audit events of Kubernetes' API servers
// (audit.k8s.io/v1 and v1beta1) and hands them to rules of the source
// k8s_audit, with the fields that falcosecurity's k8s_audit plugin gives. They
// come over HTTP, as the API server's webhook sends them ([Listen]), or from
// its log ([Follow]); [Read] takes what somebody recorded.
//
// What cannot be taken in is counted and told: a batch that finds no room is
// answered so that the API server sends it again.
package kubeaudit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/rule"
)

// Source is the rules' name for these events.
const Source = "k8s_audit"

// Limits, those of the plugin.
const (
	MaxEvent = 256 << 10 // bytes of one event
	MaxBatch = 12 << 20  // bytes of one request's body
)

// Event is one event of an API server. It implements watch.Event.
type Event struct {
	at   time.Time
	body map[string]any
	raw  []byte
}

// ErrEvent says that something is no audit event.
var ErrEvent = errors.New("it is no audit event")

// Parse reads one event, or a list of them.
func Parse(data []byte) ([]*Event, error) {
	var head struct {
		Kind  string            `json:"kind"`
		Items []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("read audit event: %w", err)
	}
	switch head.Kind {
	case "EventList":
		var out []*Event
		for _, item := range head.Items {
			e, err := parseOne(item)
			if err != nil {
				return out, err
			}
			out = append(out, e)
		}
		return out, nil
	case "Event":
		e, err := parseOne(data)
		if err != nil {
			return nil, err
		}
		return []*Event{e}, nil
	}
	return nil, fmt.Errorf("read audit event: %w: kind %q", ErrEvent, head.Kind)
}

func parseOne(data []byte) (*Event, error) {
	if len(data) > MaxEvent {
		return nil, fmt.Errorf("read audit event: it has %d bytes, more than %d", len(data), MaxEvent)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	e := &Event{raw: bytes.TrimSpace(data)}
	if err := d.Decode(&e.body); err != nil {
		return nil, fmt.Errorf("read audit event: %w", err)
	}
	if e.text("auditID") == "" && e.text("verb") == "" {
		return nil, fmt.Errorf("read audit event: %w: it has neither auditID nor verb", ErrEvent)
	}
	for _, key := range []string{"stageTimestamp", "requestReceivedTimestamp", "timestamp"} {
		if at, err := time.Parse(time.RFC3339Nano, e.text(key)); err == nil {
			e.at = at
			break
		}
	}
	return e, nil
}

// Read yields the events of a recording: one JSON document after another,
// events or lists of them. What is no event is counted, and the first of it
// told.
func Read(r io.Reader, yield func(*Event)) (bad int, first error) {
	d := json.NewDecoder(r)
	for {
		var raw json.RawMessage
		err := d.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return bad, first
		}
		if err != nil { // what follows cannot be told apart
			return bad + 1, errors.Join(first, fmt.Errorf("read audit events: %w", err))
		}
		events, err := Parse(raw)
		for _, e := range events {
			yield(e)
		}
		if err != nil {
			bad++
			if first == nil {
				first = err
			}
		}
	}
}

// Source implements rule.Event.
func (e *Event) Source() string { return Source }

// Name is the type of every event that does not come from the kernel.
func (e *Event) Name() string { return "pluginevent" }

// When is the time of the event's stage.
func (e *Event) When() time.Time { return e.at }

// Report is the event as findings hold it.
func (e *Event) Report(values map[string]any) *boltseal.Event {
	out := &boltseal.Event{Time: e.at, Source: Source, Name: e.text("verb"), Fields: map[string]string{}}
	for name, value := range values {
		if value != nil {
			out.Fields[name] = fmt.Sprint(value)
		}
	}
	if ns, name := e.text("objectRef", "namespace"), e.text("objectRef", "name"); ns != "" || name != "" {
		out.Workload = &boltseal.Workload{Namespace: ns, Kind: e.text("objectRef", "resource"), Name: name}
	}
	return out
}

// Field implements rule.Event.
func (e *Event) Field(id rule.FieldID, arg rule.Arg, v *rule.Value) {
	if get := extractors()[id]; get != nil {
		get(e, arg, v)
	}
}

// get goes down by keys.
func (e *Event) get(keys ...string) any {
	var v any = e.body
	for _, key := range keys {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

func (e *Event) text(keys ...string) string {
	s, _ := e.get(keys...).(string)
	return s
}

// pointer goes down by a JSON pointer (RFC 6901).
func (e *Event) pointer(p string) any {
	if p == "" || p == "/" {
		return nil
	}
	var v any = e.body
	for part := range strings.SplitSeq(strings.TrimPrefix(p, "/"), "/") {
		part = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
		switch at := v.(type) {
		case map[string]any:
			v = at[part]
		case []any:
			i := index(part)
			if i < 0 || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

func index(s string) int {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' || n > 1<<20 {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	if s == "" {
		return -1
	}
	return n
}

// shown is a value as rules compare it; false when there is none.
func shown(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", false
	case string:
		return v, true
	case bool:
		if v {
			return "true", true
		}
		return "false", true
	case json.Number:
		return v.String(), true
	}
	data, err := json.Marshal(v)
	return string(data), err == nil
}
