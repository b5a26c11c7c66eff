package scan

import (
	"strings"
	"testing"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

const template = `{{- if .Values.on }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  labels:
    {{- include "labels" . | nindent 4 }}
spec:
  template:
    spec:
      securityContext:
        runAsNonRoot: {{ .Values.nonRoot }}
      containers:
      - name: web
        image: "nginx:{{ .Values.tag }}"
      - name: side
        image: side
{{- end }}
---
kind: Service
metadata:
  name: web
`

const product = `kind: Deployment
metadata:
  labels:
    app: x
  name: release
spec:
  template:
    spec:
      containers:
        - image: nginx:1
          name: web
        - image: side
          name: side
      hostPID: true
      securityContext:
        runAsNonRoot: false
---
kind: Service
metadata:
  name: web
`

func TestPlace(t *testing.T) {
	r := &rendered{file: manifest.Parse("web.yaml", []byte(product)), source: []byte(template)}
	for text, want := range map[string]int{
		"runAsNonRoot: false": 12, "- image: nginx:1": 15, "- image: side": 17, "          name: side": 16, "hostPID: true": 10, "  name: release": 5,
		"    app: x": 6, "---\nkind: Service": 20,
	} {
		at := strings.Index(product, text)
		if strings.HasPrefix(text, "---") {
			at += 4
		}
		line := strings.Count(product[:at], "\n") + 1
		got := r.place(boltseal.Location{File: "web.yaml", Line: line})
		if got.Line != want {
			t.Errorf("%q in line %d is put in line %d, want %d", text, line, got.Line, want)
		}
		if at := template[got.Span.Start:got.Span.End]; strings.TrimSpace(at) != at || strings.Contains(at, "\n") {
			t.Errorf("%q is shown as %q", text, at)
		}
	}
	r.source, r.ours = nil, nil
	if got := r.place(boltseal.Location{File: "web.yaml", Line: 3, Span: boltseal.Span{Start: 1, End: 2}}); got != (boltseal.Location{File: "web.yaml"}) {
		t.Errorf("without a source: %+v", got)
	}
}

func FuzzPlace(f *testing.F) {
	f.Add([]byte(product), []byte(template), 9)
	f.Fuzz(func(t *testing.T, ours, theirs []byte, line int) {
		r := &rendered{file: manifest.Parse("a", ours), source: theirs}
		if at := r.place(boltseal.Location{File: "a", Line: line}); at.Span.Start < 0 || at.Span.End < at.Span.Start || at.Span.End > len(theirs) {
			t.Fatalf("%+v lies outside of %d bytes", at, len(theirs))
		}
	})
}
