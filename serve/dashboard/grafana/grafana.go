// Package grafana makes the Grafana dashboard of a boltseal server: the five
// numbers and panels of the container security guides, over the metrics that
// package serve gives. [Write] is all of it; deploy/grafana/boltseal.json is
// what it writes.
package grafana

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// Panel is one picture and what it asks Prometheus.
type Panel struct {
	Title   string
	About   string
	Kind    string // "stat", "gauge", "timeseries"
	Unit    string
	Width   int // of 24
	Height  int
	Max     float64 // 0: whatever comes
	Steps   []Step  // colours of values, rising
	Queries []Query
	Stack   bool
}

// Query is one question in the language of Prometheus.
type Query struct {
	Expr   string
	Legend string
	// Empty says that having no answer is right where nothing was reported
	// that it is about: no audit, no cluster.
	Empty bool
}

// Step is the colour that a value has from From on.
type Step struct {
	From   float64
	Colour string
}

const project = `{project=~"$project"}`

var (
	more = []Step{{0, "green"}, {1, "orange"}, {10, "red"}}
	less = []Step{{0, "red"}, {50, "orange"}, {80, "green"}}
	age  = []Step{{0, "green"}, {30, "orange"}, {90, "red"}}
)

// Panels lists the dashboard's panels in their order.
func Panels() []Panel {
	severities := `{project=~"$project",severity=~"critical|high|medium|low"}`
	return []Panel{
		{Title: "Critical vulnerabilities", Kind: "stat", Width: 5, Height: 5, Steps: more, About: "Open, in images that are current or run.",
			Queries: []Query{{Expr: `sum(boltseal_vulnerabilities{project=~"$project",severity="critical"})`}}},
		{Title: "Compliance score", Kind: "gauge", Width: 5, Height: 5, Max: 100, Steps: less, About: "Mean score of the audits. Empty without any.",
			Queries: []Query{{Expr: "avg(boltseal_compliance_score" + project + ")", Empty: true}}},
		{Title: "Runtime alerts", Kind: "stat", Width: 5, Height: 5, Steps: more, About: "Of the last 24 hours.",
			Queries: []Query{{Expr: "sum(boltseal_runtime_alerts" + project + ")"}}},
		{Title: "Image age", Kind: "stat", Unit: "d", Width: 5, Height: 5, Steps: age, About: "Mean age of the images whose age is known.",
			Queries: []Query{{Expr: "avg(boltseal_image_age_days" + project + ")", Empty: true}}},
		{Title: "Scan coverage", Kind: "gauge", Unit: "percentunit", Width: 4, Height: 5, Max: 1, Steps: []Step{{0, "red"}, {.5, "orange"}, {.9, "green"}}, About: "Share of the running containers whose image was reported.",
			Queries: []Query{{Expr: "avg(boltseal_scan_coverage_ratio" + project + ")", Empty: true}}},
		{Title: "Vulnerability trends", Kind: "timeseries", Width: 24, Height: 9, Stack: true, About: "Open findings by severity.",
			Queries: []Query{{Expr: "sum by (severity) (boltseal_vulnerabilities" + severities + ")", Legend: "{{severity}}"}}},
		{Title: "Runtime alerts by severity", Kind: "timeseries", Width: 12, Height: 8, About: "Of the 24 hours before.",
			Queries: []Query{{Expr: "sum by (severity) (boltseal_runtime_alerts" + severities + ")", Legend: "{{severity}}"}}},
		{Title: "Compliance status", Kind: "timeseries", Width: 12, Height: 8, About: "Images, those that the verdict denies, and those with something that could not be looked at.",
			Queries: []Query{
				{Expr: "sum(boltseal_images" + project + ")", Legend: "images"},
				{Expr: "sum(boltseal_images_denied" + project + ")", Legend: "denied"},
				{Expr: "sum(boltseal_images_with_gaps" + project + ")", Legend: "with gaps"},
			}},
		{Title: "Image security scores", Kind: "timeseries", Width: 12, Height: 8, Max: 100, About: "Mean score of the audits of each project.",
			Queries: []Query{{Expr: "boltseal_compliance_score" + project, Legend: "{{project}}", Empty: true}}},
		{Title: "Remediation progress", Kind: "timeseries", Width: 12, Height: 8, About: "What is open, what of it has a fix, what is known to be exploited, what was accepted.",
			Queries: []Query{
				{Expr: "sum(boltseal_vulnerabilities" + project + ")", Legend: "open"},
				{Expr: "sum(boltseal_vulnerabilities_fixable" + project + ")", Legend: "with a fix"},
				{Expr: "sum(boltseal_vulnerabilities_exploited" + project + ")", Legend: "known exploited"},
				{Expr: "sum(boltseal_vulnerabilities_waived" + project + ")", Legend: "waived"},
			}},
		{Title: "Images by age", Kind: "timeseries", Width: 12, Height: 7, About: "Images older than so many days.",
			Queries: []Query{{Expr: "sum by (days) (boltseal_images_older_than_days" + project + ")", Legend: "{{days}} days", Empty: true}}},
		{Title: "Requests", Kind: "timeseries", Unit: "reqps", Width: 6, Height: 7, About: "That the server answered.",
			Queries: []Query{{Expr: "sum by (code) (rate(boltseal_http_requests_total[5m]))", Legend: "{{code}}"}}},
		{Title: "Slowest 1 % of requests", Kind: "timeseries", Unit: "s", Width: 6, Height: 7, About: "The 99th percentile.",
			Queries: []Query{{Expr: "histogram_quantile(0.99, sum by (le) (rate(boltseal_http_request_duration_seconds_bucket[5m])))", Legend: "p99"}}},
	}
}

// What Grafana reads (dashboard model, schema version 39).
type (
	board struct {
		Title         string     `json:"title"`
		UID           string     `json:"uid"`
		Description   string     `json:"description"`
		Tags          []string   `json:"tags"`
		Timezone      string     `json:"timezone"`
		SchemaVersion int        `json:"schemaVersion"`
		Refresh       string     `json:"refresh"`
		Time          span       `json:"time"`
		Templating    templating `json:"templating"`
		Panels        []panel    `json:"panels"`
	}
	span       struct{ From, To string }
	templating struct {
		List []variable `json:"list"`
	}
	variable struct {
		Name       string  `json:"name"`
		Label      string  `json:"label"`
		Type       string  `json:"type"`
		Query      string  `json:"query"`
		Datasource *source `json:"datasource,omitempty"`
		Refresh    int     `json:"refresh,omitempty"`
		IncludeAll bool    `json:"includeAll,omitempty"`
		AllValue   string  `json:"allValue,omitempty"`
		Multi      bool    `json:"multi,omitempty"`
	}
	source struct {
		Type string `json:"type"`
		UID  string `json:"uid"`
	}
	panel struct {
		ID          int         `json:"id"`
		Title       string      `json:"title"`
		Description string      `json:"description"`
		Type        string      `json:"type"`
		GridPos     place       `json:"gridPos"`
		Datasource  source      `json:"datasource"`
		Targets     []target    `json:"targets"`
		FieldConfig fieldConfig `json:"fieldConfig"`
	}
	place  struct{ H, W, X, Y int }
	target struct {
		RefID        string `json:"refId"`
		Expr         string `json:"expr"`
		LegendFormat string `json:"legendFormat,omitempty"`
		Datasource   source `json:"datasource"`
	}
	fieldConfig struct {
		Defaults  defaults `json:"defaults"`
		Overrides []any    `json:"overrides"`
	}
	defaults struct {
		Unit       string         `json:"unit,omitempty"`
		Min        float64        `json:"min"`
		Max        float64        `json:"max,omitempty"`
		Thresholds *thresholds    `json:"thresholds,omitempty"`
		Custom     map[string]any `json:"custom,omitempty"`
	}
	thresholds struct {
		Mode  string      `json:"mode"`
		Steps []threshold `json:"steps"`
	}
	threshold struct {
		Color string   `json:"color"`
		Value *float64 `json:"value"` // null: from the beginning
	}
)

// MarshalJSON writes the names that Grafana knows.
func (s span) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"from": s.From, "to": s.To})
}

// MarshalJSON writes the names that Grafana knows.
func (p place) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]int{"h": p.H, "w": p.W, "x": p.X, "y": p.Y})
}

// Write writes the dashboard as Grafana imports it.
func Write(w io.Writer) error {
	from := source{"prometheus", "${datasource}"}
	b := board{
		Title: "boltseal: container security", UID: "boltseal", Description: "What a boltseal server knows of images and what runs them.",
		Tags: []string{"boltseal", "security"}, Timezone: "utc", SchemaVersion: 39, Refresh: "1m", Time: span{"now-30d", "now"},
		Templating: templating{[]variable{
			{Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus"},
			{Name: "project", Label: "Project", Type: "query", Query: "label_values(boltseal_images, project)", Datasource: &from, Refresh: 2, IncludeAll: true, AllValue: ".*", Multi: true},
		}},
	}
	x, y, high := 0, 0, 0
	for i, p := range Panels() {
		if x+p.Width > 24 {
			x, y, high = 0, y+high, 0
		}
		b.Panels = append(b.Panels, p.model(i+1, place{p.Height, p.Width, x, y}, from))
		x, high = x+p.Width, max(high, p.Height)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(&b); err != nil {
		return fmt.Errorf("write the dashboard: %w", err)
	}
	return nil
}

func (p *Panel) model(id int, at place, from source) panel {
	m := panel{ID: id, Title: p.Title, Description: p.About, Type: p.Kind, GridPos: at, Datasource: from}
	for i, q := range p.Queries {
		m.Targets = append(m.Targets, target{RefID: string(rune('A' + i)), Expr: q.Expr, LegendFormat: q.Legend, Datasource: from})
	}
	m.FieldConfig = fieldConfig{Defaults: defaults{Unit: p.Unit, Max: p.Max}, Overrides: []any{}}
	if p.Stack {
		m.FieldConfig.Defaults.Custom = map[string]any{"fillOpacity": 30, "stacking": map[string]any{"mode": "normal", "group": "A"}}
	}
	if len(p.Steps) > 0 {
		t := &thresholds{Mode: "absolute"}
		for i, s := range slices.Clone(p.Steps) {
			step := threshold{Color: s.Colour, Value: &s.From}
			if i == 0 {
				step.Value = nil
			}
			t.Steps = append(t.Steps, step)
		}
		m.FieldConfig.Defaults.Thresholds = t
	}
	return m
}
