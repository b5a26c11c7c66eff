package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/template"

	"github.com/boltseal/boltseal"
)

// maxTemplate bounds the text of a template, maxTemplated what one writes.
const (
	maxTemplate  = 1 << 20
	maxTemplated = 256 << 20
)

// Template makes a format of a Go template that a user wrote. Its data is the
// report as its JSON has it, under the names of docs/reference/report.schema.json,
// so that a template can reach no method; texts from outside are made safe
// for a terminal first. Besides what every template has, there are lower,
// upper, join, split, replace, trim, default, json, csv, markdown and count.
func Template(name, text string) (Format, error) {
	if len(text) > maxTemplate {
		return Format{}, fmt.Errorf("template %s: larger than %d bytes", name, maxTemplate)
	}
	t, err := template.New(name).Option("missingkey=zero").Funcs(templateFuncs).Parse(text)
	if err != nil {
		return Format{}, fmt.Errorf("template %s: %w", name, err)
	}
	write := func(w io.Writer, r *boltseal.Report, _ *Options) error {
		data, err := templateData(r)
		if err != nil {
			return fmt.Errorf("template %s: %w", name, err)
		}
		if err := t.Execute(&limitedWriter{w: w, left: maxTemplated}, data); err != nil {
			return fmt.Errorf("template %s: %w", name, err)
		}
		return nil
	}
	return Format{Name: "template", Title: "what a Go template of yours makes of the report", Write: write}, nil
}

// templateFuncs are few on purpose: none opens, asks or runs anything.
var templateFuncs = template.FuncMap{
	"lower":   strings.ToLower,
	"upper":   strings.ToUpper,
	"trim":    strings.TrimSpace,
	"split":   strings.Split,
	"replace": func(old, with, s string) string { return strings.ReplaceAll(s, old, with) },
	"join": func(separator string, list []any) string {
		words := make([]string, len(list))
		for i, v := range list {
			words[i] = fmt.Sprint(v)
		}
		return strings.Join(words, separator)
	},
	"default": func(other, v any) any {
		if v == nil || v == "" {
			return other
		}
		return v
	},
	"json": func(v any) (string, error) {
		data, err := json.Marshal(v)
		return string(data), err
	},
	"csv": func(v any) string {
		s := csvText(fmt.Sprint(v))
		if strings.ContainsAny(s, "\",\n") {
			s = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
		}
		return s
	},
	"markdown": func(v any) string { return markdown(fmt.Sprint(v)) },
	// count tells how many of a list's objects have a value under a name.
	"count": func(list []any, name string, value any) int {
		n := 0
		for _, v := range list {
			if m, ok := v.(map[string]any); ok && fmt.Sprint(m[name]) == fmt.Sprint(value) {
				n++
			}
		}
		return n
	},
}

// templateData is the report as JSON has it, every text cleaned.
func templateData(r *boltseal.Report) (any, error) {
	var b bytes.Buffer
	if err := writeJSON(&b, r, nil); err != nil {
		return nil, err
	}
	d := json.NewDecoder(&b)
	d.UseNumber()
	var data any
	if err := d.Decode(&data); err != nil {
		return nil, err
	}
	return cleanAll(data), nil
}

func cleanAll(v any) any {
	switch v := v.(type) {
	case string:
		return cleanLines(v)
	case json.Number:
		// Templates compare whole numbers with whole numbers.
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = cleanAll(v[i])
		}
	case map[string]any:
		for key, value := range v {
			v[key] = cleanAll(value)
		}
	}
	return v
}

// limitedWriter ends a template that never would.
type limitedWriter struct {
	w    io.Writer
	left int
}

func (l *limitedWriter) Write(p []byte) (int, error) {
	if len(p) > l.left {
		return 0, fmt.Errorf("more than %d bytes of output", maxTemplated)
	}
	l.left -= len(p)
	return l.w.Write(p)
}
