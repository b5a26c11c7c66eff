package dashboard

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/boltseal/boltseal/serve"
	"github.com/boltseal/boltseal/store"
)

// export gives all of a list, however many pages it has, as CSV or JSON.
func (d *dashboard) export(v *visit) error {
	q := v.r.URL.Query()
	q.Del("after")
	q.Set("limit", "500")
	name, form, _ := strings.Cut(v.r.PathValue("file"), ".")
	if form != "csv" && form != "json" {
		return &serve.Status{Code: http.StatusNotFound, Text: "not found"}
	}
	switch name {
	case "images":
		return download(v, name, form, q, imageHeader, imageRow, d.listImages)
	case "findings":
		return download(v, name, form, q, findingHeader, findingRow, func(ctx context.Context, p *store.Project, q url.Values) (*store.Page[store.Finding], error) {
			fq, err := findingQuery(q)
			if err != nil {
				return nil, err
			}
			return d.DB().Findings(ctx, p, fq)
		})
	case "alerts":
		return download(v, name, form, q, alertHeader, alertRow, func(ctx context.Context, p *store.Project, q url.Values) (*store.Page[store.Alert], error) {
			aq, err := alertQuery(q)
			if err != nil {
				return nil, err
			}
			return d.DB().Alerts(ctx, p, aq)
		})
	case "workloads":
		return download(v, name, form, q, workloadHeader, workloadRow, func(ctx context.Context, p *store.Project, q url.Values) (*store.Page[store.Workload], error) {
			return d.DB().Workloads(ctx, p, workloadQuery(q))
		})
	}
	return &serve.Status{Code: http.StatusNotFound, Text: "not found"}
}

// download writes a list page by page. What goes wrong after the first page
// breaks the connection off: half a file must not look like a whole one.
func download[T any](v *visit, name, form string, q url.Values, header []string, row func(*T) []string, list func(context.Context, *store.Project, url.Values) (*store.Page[T], error)) error {
	page, err := list(v.r.Context(), v.p, q)
	if err != nil {
		return err
	}
	kind := "text/csv; charset=utf-8"
	if form == "json" {
		kind = "application/json"
	}
	v.w.Header().Set("Content-Type", kind)
	v.w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="boltseal-%s.%s"`, name, form))
	out := newSheet[T](v.w, form, header, row)
	for {
		for i := range page.Items {
			if err := out.add(&page.Items[i]); err != nil {
				panic(http.ErrAbortHandler)
			}
		}
		if page.Next == "" {
			break
		}
		q.Set("after", page.Next)
		if page, err = list(v.r.Context(), v.p, q); err != nil {
			v.Log().Warn("a download was broken off", "path", v.r.URL.Path, "error", err.Error())
			panic(http.ErrAbortHandler)
		}
	}
	if err := out.end(); err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// sheet writes rows as CSV or as one JSON array.
type sheet[T any] struct {
	w    io.Writer
	csv  *csv.Writer // nil: JSON
	row  func(*T) []string
	rows int
}

func newSheet[T any](w io.Writer, form string, header []string, row func(*T) []string) *sheet[T] {
	s := &sheet[T]{w: w, row: row}
	if form == "csv" {
		s.csv = csv.NewWriter(w)
		_ = s.csv.Write(header) // end tells of its errors
	}
	return s
}

func (s *sheet[T]) add(item *T) error {
	s.rows++
	if s.csv != nil {
		cells := s.row(item)
		for i := range cells {
			cells[i] = cell(cells[i])
		}
		return s.csv.Write(cells)
	}
	data, err := json.Marshal(item)
	if err != nil {
		return err
	}
	mark := ",\n"
	if s.rows == 1 {
		mark = "[\n"
	}
	_, err = s.w.Write(append([]byte(mark), data...))
	return err
}

func (s *sheet[T]) end() error {
	if s.csv != nil {
		s.csv.Flush()
		return s.csv.Error()
	}
	mark := "\n]\n"
	if s.rows == 0 {
		mark = "[]\n"
	}
	_, err := io.WriteString(s.w, mark)
	return err
}

// cell keeps spreadsheets from taking a name for a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func number(n int) string { return strconv.Itoa(n) }

var imageHeader = []string{"id", "name", "platform", "digest", "kind", "allowed", "critical", "high", "medium", "low", "negligible", "unknown", "fixable", "kev", "waived", "score", "gaps", "components", "running", "created", "reported"}

func imageRow(i *store.Image) []string {
	score := ""
	if i.Score >= 0 {
		score = number(i.Score)
	}
	return []string{
		strconv.FormatInt(i.ID, 10), i.Name, i.Platform, string(i.Digest), string(i.Kind), strconv.FormatBool(i.Allow),
		number(i.Open.Critical), number(i.Open.High), number(i.Open.Medium), number(i.Open.Low), number(i.Open.Negligible), number(i.Open.Unknown),
		number(i.Fixable), number(i.KEV), number(i.Waived), score, number(i.Gaps), number(i.Components), number(i.Running), stamp(i.Created), stamp(i.Reported),
	}
}

var findingHeader = []string{"id", "severity", "state", "check", "advisory", "component", "version", "fixed in", "image", "digest", "kev", "score", "first seen", "changed", "message", "key"}

func findingRow(f *store.Finding) []string {
	advisory, component, version, kev := "", "", "", "false"
	if f.Advisory != nil {
		advisory, kev = f.Advisory.ID, strconv.FormatBool(f.Advisory.KEV != nil)
	}
	if f.Component != nil {
		component, version = f.Component.Name, f.Component.Version
	}
	return []string{
		strconv.FormatInt(f.ID, 10), f.Severity.String(), f.State.String(), f.Check, advisory, component, version, strings.Join(f.FixedIn, " "),
		f.Subject.Name, string(f.Subject.Digest), kev, number(f.Score), stamp(f.FirstSeen), stamp(f.Changed), f.Message, f.Key,
	}
}

var alertHeader = []string{"time", "severity", "check", "message", "host", "cluster", "namespace", "workload", "container", "image", "count"}

func alertRow(a *store.Alert) []string {
	var cluster, namespace, name, container, image string
	if a.Event != nil && a.Event.Workload != nil {
		w := a.Event.Workload
		cluster, namespace, name, container, image = w.Cluster, w.Namespace, w.Name, w.Container, w.Image
	}
	return []string{stamp(a.At), a.Severity.String(), a.Check, a.Message, a.Host, cluster, namespace, name, container, image, number(max(1, a.Count))}
}

var workloadHeader = []string{"cluster", "namespace", "kind", "name", "container", "image", "digest", "reported", "seen"}

func workloadRow(w *store.Workload) []string {
	return []string{w.Cluster, w.Namespace, w.Kind, w.Name, w.Container, w.Image, string(w.Digest), strconv.FormatBool(w.Known != 0), stamp(w.Seen)}
}
