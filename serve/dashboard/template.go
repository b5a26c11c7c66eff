package dashboard

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"path"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/store"
)

//go:embed templates
var templates embed.FS

// parse makes a template of every page, within the common frame.
func (d *dashboard) parse() map[string]*template.Template {
	base := template.Must(template.New("").Funcs(d.funcs()).ParseFS(templates, "templates/layout.html", "templates/parts.html"))
	list, err := templates.ReadDir("templates")
	if err != nil {
		panic(err)
	}
	pages := map[string]*template.Template{}
	for _, e := range list {
		name := strings.TrimSuffix(e.Name(), path.Ext(e.Name()))
		if name != "layout" && name != "parts" {
			pages[name] = template.Must(template.Must(base.Clone()).ParseFS(templates, "templates/"+e.Name()))
		}
	}
	return pages
}

func (d *dashboard) funcs() template.FuncMap {
	return template.FuncMap{
		"asset":      d.asset,
		"ago":        func(t time.Time) string { return ago(d.Now(), t) },
		"date":       func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") },
		"iso":        func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"size":       size,
		"json":       asJSON,
		"of":         func(c store.Counts, s boltseal.Severity) int { return c.Of(s) },
		"total":      func(c store.Counts) int { return c.Total() },
		"severities": severities,
		"bars":       bars,
		"percent":    percent,
		"grade":      grade,
		"list":       func(words ...string) []string { return words },
		"join":       strings.Join,
		"add":        func(a, b int) int { return a + b },
		"zero":       func(t time.Time) bool { return t.IsZero() },
		"nav": func(f *frame, page, title, path string) tab {
			return tab{f.In(path), title, f.Page == page || f.Page+"s" == page}
		},
		"row": func(f *frame, i store.Image) imageEntry { return imageEntry{f, &i} },
		"entry": func(f *frame, x store.Finding, tick, image bool) findingEntry {
			return findingEntry{f, &x, tick, image}
		},
		"alert": func(a store.Alert) alertEntry { return alertEntry{&a} },
		"next":  func(f *frame, next string) nextLink { return nextLink{next, f.With("after", next)} },
		"named": func(f *frame, name string) namedList { return namedList{f, name} },
	}
}

// What parts of pages are given: a part has one value.
type (
	tab struct {
		Address, Title string
		Here           bool
	}
	imageEntry struct {
		F *frame
		I *store.Image
	}
	findingEntry struct {
		F           *frame
		X           *store.Finding
		Tick, Image bool // may be chosen; says in which image
	}
	alertEntry struct{ A *store.Alert }
	nextLink   struct{ Next, Address string }
	namedList  struct {
		F    *frame
		Name string
	}
)

// severities are all of them, the worst first.
func severities() []boltseal.Severity {
	return []boltseal.Severity{boltseal.Critical, boltseal.High, boltseal.Medium, boltseal.Low, boltseal.Negligible, boltseal.Unknown}
}

func asJSON(v any) (string, error) {
	data, err := json.Marshal(v)
	return string(data), err
}

func ago(now, t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	d := now.Sub(t)
	switch {
	case d < 0:
		return "in the future"
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(d.Hours()/24))
}

func size(n int64) string {
	const unit = 1 << 10
	switch {
	case n < unit:
		return fmt.Sprintf("%d B", n)
	case n < unit*unit:
		return fmt.Sprintf("%.0f KiB", float64(n)/unit)
	case n < unit*unit*unit:
		return fmt.Sprintf("%.1f MiB", float64(n)/unit/unit)
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/unit/unit/unit)
}

// bar is one part of a bar, 0 to 100 wide.
type bar struct {
	Severity boltseal.Severity
	Count    int
	X, Width float64
}

// bars cuts a bar into the shares of the severities.
func bars(c store.Counts) []bar {
	total := float64(c.Total())
	var list []bar
	x := 0.0
	for _, s := range severities() {
		if n := c.Of(s); n > 0 {
			w := float64(n) / total * 100
			list = append(list, bar{s, n, x, w})
			x += w
		}
	}
	return list
}

func percent(part, whole int) int {
	if whole <= 0 {
		return 0
	}
	return part * 100 / whole
}

// grade puts a share into words that the style knows.
func grade(score int) string {
	switch {
	case score < 0:
		return "none"
	case score >= 80:
		return "good"
	case score >= 50:
		return "mid"
	}
	return "bad"
}
