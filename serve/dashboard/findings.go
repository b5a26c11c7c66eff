package dashboard

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/serve"
	"github.com/boltseal/boltseal/store"
)

// findingQuery reads the same words that the API knows.
func findingQuery(q url.Values) (store.FindingQuery, error) {
	is := func(name string) bool { return q.Get(name) == "true" }
	word := func(name string) string { return strings.TrimSpace(q.Get(name)) }
	out := store.FindingQuery{
		PageQuery: pageOf(q), Check: word("check"), Advisory: word("advisory"), Component: word("component"), Name: word("name"),
		Fixable: is("fixable"), KEV: is("kev"), Running: is("running"),
	}
	wrong := func(name string) error {
		return &serve.Status{Code: http.StatusUnprocessableEntity, Text: name + ": there is no such one"}
	}
	for _, s := range q["severity"] {
		if s == "" {
			continue
		}
		severity, ok := boltseal.ParseSeverity(s)
		if !ok {
			return out, wrong("severity")
		}
		out.Severities = append(out.Severities, severity)
	}
	for _, s := range q["state"] {
		if s == "" {
			continue
		}
		var state store.State
		if err := state.UnmarshalText([]byte(s)); err != nil {
			return out, wrong("state")
		}
		out.States = append(out.States, state)
	}
	if s := q.Get("image"); s != "" {
		var err error
		if out.Image, err = strconv.ParseInt(s, 10, 64); err != nil {
			return out, wrong("image")
		}
	}
	if s := q.Get("since"); s != "" {
		var err error
		if out.Since, err = time.Parse(time.DateOnly, s); err != nil {
			return out, &serve.Status{Code: http.StatusUnprocessableEntity, Text: "since: want a day such as 2026-01-31"}
		}
	}
	return out, nil
}

// findingsPage is the list, or what findings have in common.
type findingsPage struct {
	List    *store.Page[store.Finding]
	Groups  *store.Page[store.Group]
	By      string
	Partial bool // the question has parts that groups do not know
	Expires string
	States  []store.State
	Image   *store.Image
}

func (d *dashboard) findings(v *visit) error {
	q, err := findingQuery(v.r.URL.Query())
	if err != nil {
		return err
	}
	ctx := v.r.Context()
	o := &findingsPage{By: v.r.URL.Query().Get("by"), Expires: expiry(v.Now()), States: store.States()}
	if q.Image != 0 {
		if o.Image, err = d.DB().Image(ctx, v.p, q.Image); err != nil {
			return err
		}
	}
	if o.By != "" {
		o.Partial = q.Image != 0 || q.Name != "" || q.States != nil || !q.Since.IsZero()
		o.Groups, err = d.DB().Groups(ctx, v.p, o.By, q)
	} else {
		o.List, err = d.DB().Findings(ctx, v.p, q)
	}
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "findings", "Findings", o)
}

// expiry is when a waiver ends if nobody says otherwise: in 90 days.
func expiry(now time.Time) string { return now.UTC().AddDate(0, 0, 90).Format(time.DateOnly) }

// Of is the link to what a group is made of.
func (p *findingsPage) Of(f *frame, g store.Group) string {
	q := url.Values{}
	for k, list := range f.Query {
		if k != "by" && k != "after" {
			q[k] = list
		}
	}
	q.Set(p.By, g.Name)
	return f.In("findings?", q.Encode())
}

// findingPage is the page of one finding.
type findingPage struct {
	store.Finding
	Events  []store.Event
	Expires string
}

func (d *dashboard) finding(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	f, err := d.DB().Finding(v.r.Context(), v.p, id)
	if err != nil {
		return err
	}
	o := &findingPage{Finding: *f, Expires: expiry(v.Now())}
	if o.Events, err = d.DB().Events(v.r.Context(), v.p, id); err != nil {
		return err
	}
	title := f.Check
	if f.Advisory != nil {
		title = f.Advisory.ID
	}
	return v.show(http.StatusOK, "finding", title, o)
}

// Link is where more is written about an advisory, if that is a web page.
func (p *findingPage) Links() []string {
	var list []string
	if p.Advisory == nil {
		return nil
	}
	for _, s := range p.Advisory.References {
		if u, err := url.Parse(s); err == nil && (u.Scheme == "https" || u.Scheme == "http") && len(list) < 20 {
			list = append(list, s)
		}
	}
	return list
}

// maxWaive bounds how many findings one form may waive.
const maxWaive = 500

// waive accepts the findings that were ticked, or all of one advisory or
// check.
func (d *dashboard) waive(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		return &serve.Status{Code: http.StatusBadRequest, Text: "the form cannot be read"}
	}
	form := v.r.PostForm
	day, err := time.Parse(time.DateOnly, form.Get("expires"))
	if err != nil {
		return &serve.Status{Code: http.StatusUnprocessableEntity, Text: "expires: want a day such as 2026-01-31"}
	}
	who := serve.Who(v.r.Context()).Name
	model := boltseal.Waiver{Reason: strings.TrimSpace(form.Get("reason")), Owner: who, Expires: day.UTC()}
	var list []boltseal.Waiver
	for _, key := range form["key"] {
		w := model
		w.Key = key
		list = append(list, w)
	}
	for _, id := range form["id"] {
		w := model
		w.ID, w.PURL = id, form.Get("purl")
		list = append(list, w)
	}
	if len(list) == 0 || len(list) > maxWaive {
		return &serve.Status{Code: http.StatusUnprocessableEntity, Text: fmt.Sprintf("tick 1 to %d findings first", maxWaive)}
	}
	met := 0
	for _, w := range list {
		_, n, err := d.DB().Waive(v.r.Context(), v.p, w, who)
		if err != nil {
			return fmt.Errorf("%d waived, then: %w", met, err)
		}
		met += n
	}
	return v.back(v.in("waivers?waived=", strconv.Itoa(met)))
}

func (d *dashboard) unwaive(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if err := d.DB().Unwaive(v.r.Context(), v.p, id, serve.Who(v.r.Context()).Name); err != nil {
		return err
	}
	return v.back(v.in("waivers"))
}

func (d *dashboard) waivers(v *visit) error {
	list, err := d.DB().Waivers(v.r.Context(), v.p)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "waivers", "Waivers", list)
}
