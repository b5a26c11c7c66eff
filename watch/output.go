package watch

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"
)

// Text writes an alert a line, as Falco does: time, priority, message.
func Text(w io.Writer) Output { return &lines{w: w, line: TextLine} }

// JSON writes an alert as an object a line, with Falco's names, so that what
// reads Falco's alerts reads these.
func JSON(w io.Writer) Output { return &lines{w: w, line: JSONLine} }

// lines writes whole lines, one at a time.
type lines struct {
	mu   sync.Mutex
	w    io.Writer
	line func(*Alert) ([]byte, error)
}

// Alert implements [Output].
func (l *lines) Alert(a *Alert) error {
	line, err := l.line(a)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write alert: %w", err)
	}
	return nil
}

// TextLine is the alert as [Text] writes it.
func TextLine(a *Alert) ([]byte, error) {
	return fmt.Appendf(nil, "%s: %s %s", a.Time.Format("15:04:05.000000000"), a.Priority, a.Output), nil
}

// JSONLine is the alert as [JSON] writes it.
func JSONLine(a *Alert) ([]byte, error) {
	tags := a.Tags
	if tags == nil {
		tags = []string{}
	}
	fields := a.Fields
	if fields == nil {
		fields = map[string]any{}
	}
	line, err := json.Marshal(struct {
		Hostname string         `json:"hostname,omitempty"`
		Output   string         `json:"output"`
		Fields   map[string]any `json:"output_fields"`
		Priority string         `json:"priority"`
		Rule     string         `json:"rule"`
		Source   string         `json:"source"`
		Tags     []string       `json:"tags"`
		Time     string         `json:"time"`
		ID       string         `json:"uuid,omitempty"`
		Count    int            `json:"count,omitempty"`
	}{a.Hostname, a.Time.UTC().Format("15:04:05.000000000") + ": " + a.Priority.String() + " " + a.Output, fields, a.Priority.String(), a.Rule,
		a.Source, tags, a.Time.UTC().Format(time.RFC3339Nano), a.ID, a.Count})
	if err != nil {
		return nil, fmt.Errorf("write alert: %w", err)
	}
	return line, nil
}
