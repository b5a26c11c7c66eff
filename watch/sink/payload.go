package sink

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/rule"
	"github.com/boltseal/boltseal/watch"
)

const jsonType = "application/json"

// webhook sends what Falco's HTTP output sends: one object in each request.
var webhook = payload{name: "webhook", batch: 1, contentType: jsonType, body: func(batch []*watch.Alert) ([]byte, error) {
	return watch.JSONLine(batch[0])
}}

// server sends findings, a line each, to a boltseal server.
var server = payload{name: "server", batch: 200, path: serverPath, contentType: "application/x-ndjson", body: serverBody,
	header: func(batch []*watch.Alert) http.Header {
		return http.Header{"Idempotency-Key": {batch[0].ID + "+" + strconv.Itoa(len(batch))}}
	}}

// serverPath takes the server's address, that of a project or that of its
// alerts.
func serverPath(path string) string {
	switch {
	case strings.HasSuffix(path, "/alerts"):
		return path
	case strings.Contains(path, "/projects/"):
		return path + "/alerts"
	}
	return path + "/api/v1/projects/default/alerts"
}

// Line is a line of what a boltseal server is sent: a finding, and the name of
// the alert that it is. Who gets a name twice has the finding already.
type Line struct {
	UID   string    `json:"uid"`
	At    time.Time `json:"at"`
	Host  string    `json:"host,omitempty"`
	Count int       `json:"count"` // of equal alerts that this one stands for
	boltseal.Finding
}

func serverBody(batch []*watch.Alert) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	for _, a := range batch {
		if err := e.Encode(Line{UID: a.ID, At: a.Time.UTC(), Host: a.Hostname, Count: max(a.Count, 1), Finding: a.Finding()}); err != nil {
			return nil, fmt.Errorf("write finding: %w", err)
		}
	}
	return b.Bytes(), nil
}

// alertmanager sends to POST /api/v2/alerts. Labels are what makes two alerts
// one for Alertmanager, so that what changes with every event is an annotation.
var alertmanager = payload{name: "alertmanager", batch: 100, path: func(path string) string {
	return strings.TrimSuffix(path, "/api/v2/alerts") + "/api/v2/alerts"
}, contentType: jsonType, body: alertmanagerBody}

type postable struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
}

// labelled are the fields that say where something happened.
var labelled = map[string]string{
	"container.name": "container", "container.image.repository": "image", "k8s.ns.name": "namespace", "k8s.pod.name": "pod",
	"ka.target.namespace": "namespace", "ka.target.resource": "resource",
}

func alertmanagerBody(batch []*watch.Alert) ([]byte, error) {
	var out []postable
	for _, a := range batch {
		p := postable{
			Labels: map[string]string{"alertname": text(a.Rule), "severity": strings.ToLower(a.Priority.Severity().String()),
				"priority": strings.ToLower(a.Priority.String()), "source": text(a.Source), "service": "boltseal"},
			Annotations: map[string]string{"summary": text(a.Rule), "description": text(a.Output), "id": a.ID, "count": strconv.Itoa(max(a.Count, 1))},
			StartsAt:    a.Time.UTC(),
		}
		if a.Hostname != "" {
			p.Labels["instance"] = text(a.Hostname)
		}
		if len(a.Tags) > 0 {
			p.Annotations["tags"] = text(strings.Join(a.Tags, ","))
		}
		for name, value := range a.Fields {
			if value == nil {
				continue
			}
			shown := text(fmt.Sprint(value))
			if label, ok := labelled[name]; ok && shown != "" {
				p.Labels[label] = shown
			} else {
				p.Annotations[strings.NewReplacer(".", "_", "[", "_", "]", "", "/", "_", "-", "_", "(", "_", ")", "").Replace(name)] = shown
			}
		}
		out = append(out, p)
	}
	return marshal(out)
}

// text makes a text of what may be any bytes.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func marshal(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write alerts: %w", err)
	}
	return data, nil
}

// colour is a priority's, as a number and for a card.
func colour(p rule.Priority) (rgb int, card string) {
	switch {
	case p <= rule.Critical:
		return 0xB00020, "attention"
	case p == rule.Error:
		return 0xE65100, "attention"
	case p == rule.Warning:
		return 0xF9A825, "warning"
	}
	return 0x1565C0, "accent"
}

// facts are the fields of an alert that have a value, in their order.
func facts(a *watch.Alert, most int) [][2]string {
	var out [][2]string
	for _, name := range slices.Sorted(maps.Keys(a.Fields)) {
		if value := a.Fields[name]; value != nil && len(out) < most {
			if shown := text(fmt.Sprint(value)); shown != "" {
				out = append(out, [2]string{name, short(shown, 256)})
			}
		}
	}
	return out
}

// short cuts a text before most bytes, between runes.
func short(s string, most int) string {
	if len(s) <= most {
		return s
	}
	cut := most - len("…")
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

func headline(a *watch.Alert) string {
	h := a.Priority.String() + ": " + text(a.Rule)
	if a.Hostname != "" {
		h += " (" + a.Hostname + ")"
	}
	if a.Count > 1 {
		h += fmt.Sprintf(" ×%d", a.Count)
	}
	return h
}

// slack escapes what its markup takes for links and mentions: an alert's text
// is partly what an attacker wrote.
var slackEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

var slack = payload{name: "slack", batch: 1, contentType: jsonType, body: func(batch []*watch.Alert) ([]byte, error) {
	a := batch[0]
	rgb, _ := colour(a.Priority)
	fields := []map[string]any{}
	for _, f := range facts(a, 20) {
		fields = append(fields, map[string]any{"title": f[0], "value": slackEscapes.Replace(f[1]), "short": len(f[1]) < 40})
	}
	return marshal(map[string]any{
		"text": slackEscapes.Replace(headline(a)),
		"attachments": []any{map[string]any{
			"color": fmt.Sprintf("#%06X", rgb), "text": slackEscapes.Replace(short(text(a.Output), 2900)), "fields": fields,
			"footer": "boltseal " + a.ID, "ts": a.Time.Unix(), "mrkdwn_in": []string{},
		}},
	})
}}

// teams sends an adaptive card, which is what workflows take.
var teams = payload{name: "teams", batch: 1, contentType: jsonType, body: func(batch []*watch.Alert) ([]byte, error) {
	a := batch[0]
	_, card := colour(a.Priority)
	list := []map[string]string{}
	for _, f := range facts(a, 20) {
		list = append(list, map[string]string{"title": plain(f[0]), "value": plain(f[1])})
	}
	return marshal(map[string]any{"type": "message", "attachments": []any{map[string]any{
		"contentType": "application/vnd.microsoft.card.adaptive",
		"content": map[string]any{
			"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
			"body": []any{
				map[string]any{"type": "TextBlock", "size": "medium", "weight": "bolder", "color": card, "text": plain(headline(a)), "wrap": true},
				map[string]any{"type": "TextBlock", "text": plain(short(text(a.Output), 4000)), "wrap": true},
				map[string]any{"type": "FactSet", "facts": list},
			},
		},
	}}})
}}

// plain keeps a text from being Markdown: links and mentions that an attacker
// put into a file's name.
func plain(s string) string {
	return strings.NewReplacer("[", "\\[", "]", "\\]", "*", "\\*", "_", "\\_", "`", "\\`", "<", "&lt;").Replace(s)
}

// discord sends an embed, within its limits, and lets nobody be mentioned.
var discord = payload{name: "discord", batch: 1, contentType: jsonType, body: func(batch []*watch.Alert) ([]byte, error) {
	a := batch[0]
	rgb, _ := colour(a.Priority)
	fields := []map[string]any{}
	for _, f := range facts(a, 15) {
		fields = append(fields, map[string]any{"name": f[0], "value": plain(f[1]), "inline": len(f[1]) < 40})
	}
	return marshal(map[string]any{
		"allowed_mentions": map[string]any{"parse": []string{}},
		"embeds": []any{map[string]any{
			"title": short(headline(a), 256), "description": plain(short(text(a.Output), 1000)), "color": rgb, "fields": fields,
			"timestamp": a.Time.UTC().Format(time.RFC3339), "footer": map[string]any{"text": "boltseal " + a.ID},
		}},
	})
}}
