package watch

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/rule"
	"github.com/boltseal/boltseal/sensor"
)

// RecordingSchema names the form of recordings of events.
const RecordingSchema = "boltseal-events/1"

// Recorder writes events as rules see them: every field that has a value. So
// a recording can be matched with any rules, on any machine, and the outcome
// is always the same. It is a gzip stream of JSON, a line each: a head, then
// one for each event. Field names are written once and stand as numbers.
type Recorder struct {
	z      *gzip.Writer
	w      *bufio.Writer
	fields []recordedField
	err    error
}

type recordedField struct {
	name string
	id   rule.FieldID
	arg  rule.Arg
}

// recordHead is the first line.
type recordHead struct {
	Schema   string    `json:"schema"`
	Hostname string    `json:"hostname,omitempty"`
	Start    time.Time `json:"start"`
	Fields   []string  `json:"fields"`
}

// recordLine is one event. Values are pairs: the field's number and its texts.
type recordLine struct {
	Time   int64      `json:"t"` // nanoseconds since 1970
	Source string     `json:"s,omitempty"`
	Name   string     `json:"n"`
	Values [][]string `json:"v"`

	Workload *boltseal.Workload `json:"w,omitempty"`
}

// ancestors are how far up the tree of processes a recording goes.
const ancestors = 7

// NewRecorder begins a recording. The rules say which arguments of fields are
// recorded, such as evt.arg.flags; fields without an argument all are.
func NewRecorder(w io.Writer, rules *rule.Set, host string, start time.Time) (*Recorder, error) {
	r := &Recorder{z: gzip.NewWriter(w)}
	r.w = bufio.NewWriterSize(r.z, 64<<10)
	names := map[string]bool{}
	add := func(name string) {
		f, arg, ok := rule.LookupField(name)
		if ok && sensor.Knows(f.Name) && !names[name] {
			names[name] = true
			r.fields = append(r.fields, recordedField{name, f.ID, arg})
		}
	}
	for _, f := range rule.Fields() {
		if f.Arg != "required" {
			add(f.Name)
		}
		if f.Ancestors || strings.HasPrefix(f.Name, "proc.a") && f.Arg != "none" {
			for i := range ancestors {
				add(f.Name + "[" + strconv.Itoa(i+1) + "]")
			}
		}
	}
	for _, u := range rules.Fields() {
		add(u.Field)
	}
	head := recordHead{Schema: RecordingSchema, Hostname: host, Start: start.UTC()}
	for _, f := range r.fields {
		head.Fields = append(head.Fields, f.name)
	}
	return r, r.line(head)
}

func (r *Recorder) line(v any) error {
	data, err := json.Marshal(v)
	if err == nil {
		_, err = r.w.Write(append(data, '\n'))
	}
	if err != nil {
		r.err = fmt.Errorf("record events: %w", err)
	}
	return r.err
}

// Event adds an event. After an error nothing more is written.
func (r *Recorder) Event(e *sensor.Event) error {
	if r.err != nil {
		return r.err
	}
	line := recordLine{Time: e.When().UnixNano(), Source: e.Source(), Name: e.Name()}
	if p := e.Process; p != nil {
		line.Workload = p.Container.Workload()
	}
	var v rule.Value
	for i, f := range r.fields {
		v = rule.Value{}
		e.Field(f.id, f.arg, &v)
		if texts := v.Texts(); len(texts) > 0 {
			line.Values = append(line.Values, append([]string{strconv.Itoa(i)}, encodeTexts(texts)...))
		}
	}
	return r.line(line)
}

// JSON holds no bytes that are no UTF-8: such a text is written quoted, with a
// mark before it that no other text begins with.
const quotedMark = "\x00"

func encodeTexts(texts []string) []string {
	for i, s := range texts {
		if strings.HasPrefix(s, quotedMark) || strings.ToValidUTF8(s, "") != s {
			texts[i] = quotedMark + strconv.QuoteToASCII(s)
		}
	}
	return texts
}

func decodeText(s string) string {
	if rest, ok := strings.CutPrefix(s, quotedMark); ok {
		if text, err := strconv.Unquote(rest); err == nil {
			return text
		}
	}
	return s
}

// Close ends the recording.
func (r *Recorder) Close() error {
	return errors.Join(r.err, r.w.Flush(), r.z.Close())
}

// recorded is an event of a recording.
type recorded struct {
	at           time.Time
	source, name string
	workload     *boltseal.Workload
	values       map[recordedKey][]string
}

type recordedKey struct {
	id  rule.FieldID
	arg string
}

// Source implements [Event].
func (e *recorded) Source() string { return e.source }

// Name implements [Event].
func (e *recorded) Name() string { return e.name }

// When implements [Event].
func (e *recorded) When() time.Time { return e.at }

// Field implements [Event]. Values are texts, which the rules' set turns into
// what the field is.
func (e *recorded) Field(id rule.FieldID, arg rule.Arg, v *rule.Value) {
	for _, text := range e.values[recordedKey{id, arg.Text}] {
		v.AddString(text)
	}
}

// Report implements [Event].
func (e *recorded) Report(values map[string]any) *boltseal.Event {
	out := &boltseal.Event{Time: e.at, Source: e.source, Name: e.name, Fields: map[string]string{}, Workload: e.workload}
	for name, value := range values {
		if value != nil {
			out.Fields[name] = fmt.Sprint(value)
		}
	}
	return out
}

// Recording is a recording that is read back.
type Recording struct {
	Hostname string
	lines    *bufio.Reader
	fields   []recordedKey
	missing  []string
}

// maxLine bounds one event of a recording.
const maxLine = 4 << 20

// OpenRecording reads the head of a recording.
func OpenRecording(r io.Reader) (*Recording, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	out := &Recording{lines: bufio.NewReaderSize(z, 64<<10)}
	line, err := out.next()
	if err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	var head recordHead
	if err := json.Unmarshal(line, &head); err != nil || head.Schema != RecordingSchema {
		return nil, fmt.Errorf("read recording: it is of schema %q, and not %q", head.Schema, RecordingSchema)
	}
	out.Hostname = head.Hostname
	for _, name := range head.Fields {
		f, arg, ok := rule.LookupField(name)
		if !ok {
			out.missing = append(out.missing, name)
			out.fields = append(out.fields, recordedKey{id: rule.FieldID(len(rule.Fields()))})
			continue
		}
		out.fields = append(out.fields, recordedKey{f.ID, arg.Text})
	}
	return out, nil
}

// next is one line, which is not longer than maxLine.
func (r *Recording) next() ([]byte, error) {
	var line []byte
	for {
		part, err := r.lines.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return nil, fmt.Errorf("an event has more than %d bytes", maxLine)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			if err != nil && len(line) > 0 && errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return line, err
		}
	}
}

// Events yields what was recorded. That a recording was cut off is told at
// its end.
func (r *Recording) Events(yield func(Event)) error {
	for {
		line, err := r.next()
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read recording: %w", err)
		}
		var one recordLine
		if err := json.Unmarshal(line, &one); err != nil {
			return fmt.Errorf("read recording: %w", err)
		}
		e := &recorded{at: time.Unix(0, one.Time).UTC(), source: one.Source, name: one.Name, workload: one.Workload, values: map[recordedKey][]string{}}
		for _, v := range one.Values {
			if len(v) < 2 {
				continue
			}
			i, err := strconv.Atoi(v[0])
			if err != nil || i < 0 || i >= len(r.fields) {
				return errors.New("read recording: a value is of no field")
			}
			texts := slices.Clone(v[1:])
			for j := range texts {
				texts[j] = decodeText(texts[j])
			}
			e.values[r.fields[i]] = texts
		}
		yield(e)
	}
}

// NotRecorded are the fields that rules ask for and the recording lacks,
// because other rules were used when it was made.
func (r *Recording) NotRecorded(rules *rule.Set) []string {
	has := map[recordedKey]bool{}
	for _, key := range r.fields {
		has[key] = true
	}
	var out []string
	for _, u := range rules.Fields() {
		f, arg, ok := rule.LookupField(u.Field)
		if ok && f.Source != "k8s_audit" && sensor.Knows(f.Name) && !has[recordedKey{f.ID, arg.Text}] {
			out = append(out, u.Field)
		}
	}
	return out
}

// Replay matches events that somebody recorded. The clock is theirs, so that
// the same events give the same alerts.
func Replay(o *Options, events func(yield func(Event)) error) (*Summary, error) {
	w := &watcher{Options: o, summary: &Summary{}, groups: newGroups(o.Window), rate: newLimiter(o.Rate), id: newID()}
	w.id.run = "replay"
	w.rules.Store(o.Rules)
	var last time.Time
	err := events(func(e Event) {
		if at := e.When(); at.After(last) {
			last = at
			w.flush(false, at)
		}
		w.match(e)
	})
	w.flush(true, last)
	w.summary.Events, w.summary.Alerts = w.events.Load(), w.alerts.Load()
	return w.summary, err
}
