package dashboard

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/job"
	"github.com/boltseal/boltseal/serve"
	"github.com/boltseal/boltseal/store"
)

func alertQuery(q url.Values) (store.AlertQuery, error) {
	out := store.AlertQuery{PageQuery: pageOf(q), Check: strings.TrimSpace(q.Get("check")), Digest: boltseal.Digest(strings.TrimSpace(q.Get("digest")))}
	if s := q.Get("severity"); s != "" {
		severity, ok := boltseal.ParseSeverity(s)
		if !ok {
			return out, &serve.Status{Code: http.StatusUnprocessableEntity, Text: "severity: there is no such one"}
		}
		out.MinSeverity = severity
	}
	return out, nil
}

// alerts is polled by the page itself, so that it stays new.
func (d *dashboard) alerts(v *visit) error {
	q, err := alertQuery(v.r.URL.Query())
	if err != nil {
		return err
	}
	list, err := d.DB().Alerts(v.r.Context(), v.p, q)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "alerts", "Alerts", list)
}

func workloadQuery(q url.Values) store.WorkloadQuery {
	return store.WorkloadQuery{
		PageQuery: pageOf(q), Cluster: strings.TrimSpace(q.Get("cluster")), Namespace: strings.TrimSpace(q.Get("namespace")), Unknown: q.Get("unknown") == "true",
	}
}

func (d *dashboard) workloads(v *visit) error {
	list, err := d.DB().Workloads(v.r.Context(), v.p, workloadQuery(v.r.URL.Query()))
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "workloads", "Workloads", list)
}

// policiesPage is what people may edit. Problem and Body are there when what
// somebody sent could not be kept.
type policiesPage struct {
	List          []store.Document
	Name          string // of the one that is being edited
	Body, Problem string
	Version       int64
}

func (d *dashboard) policies(v *visit) error {
	list, err := d.DB().Documents(v.r.Context(), v.p, store.KindPolicy)
	if err != nil {
		return err
	}
	o := &policiesPage{List: list, Name: v.r.URL.Query().Get("name")}
	if o.Name == "" {
		o.Name = "default"
	}
	for i := range list {
		if list[i].Name == o.Name {
			o.Body, o.Version = list[i].Body, list[i].Version
		}
	}
	return v.show(http.StatusOK, "policies", "Policies", o)
}

func (d *dashboard) putPolicy(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		return &serve.Status{Code: http.StatusBadRequest, Text: "the form cannot be read"}
	}
	ctx, form := v.r.Context(), v.r.PostForm
	o := &policiesPage{Name: v.r.PathValue("name"), Body: strings.ReplaceAll(form.Get("body"), "\r\n", "\n")}
	version, err := strconv.ParseInt(form.Get("version"), 10, 64)
	if err != nil || version < 0 {
		return &serve.Status{Code: http.StatusUnprocessableEntity, Text: "version: want a number"}
	}
	o.Version = version
	err = d.ValidDocument(store.KindPolicy, []byte(o.Body))
	if err == nil {
		_, err = d.DB().PutDocument(ctx, v.p, store.KindPolicy, o.Name, []byte(o.Body), version, serve.Who(ctx).Name)
	}
	if err == nil {
		return v.back(v.in("policies?name=", url.QueryEscape(o.Name), "&kept=true"))
	}
	code, text := d.StatusOf(v.r, err)
	if code != http.StatusUnprocessableEntity && code != http.StatusConflict {
		return err
	}
	o.Problem = text
	if o.List, err = d.DB().Documents(ctx, v.p, store.KindPolicy); err != nil {
		return err
	}
	return v.show(code, "policies", "Policies", o)
}

// systemPage is how the server itself does.
type systemPage struct {
	Dialect  store.Dialect
	Ping     time.Duration
	Problem  string
	Projects []store.Project
	Accounts []store.Account
	Worked   bool // this server has a queue
	Jobs     []job.State
	Left     int // not done yet; 1000 stands for more too
	Failed   int // given up
}

func (d *dashboard) system(v *visit) error {
	ctx := v.r.Context()
	o := &systemPage{Dialect: d.DB().Dialect(), Worked: d.Queue() != nil}
	begin := d.Now()
	if err := d.DB().Ping(ctx); err != nil {
		o.Problem = "the store does not answer"
	}
	o.Ping = d.Now().Sub(begin)
	var err error
	if o.Projects, err = d.DB().Projects(ctx); err != nil {
		return err
	}
	if o.Accounts, err = d.DB().Accounts(ctx); err != nil {
		return err
	}
	if o.Worked {
		if o.Jobs, err = d.Queue().List(ctx, v.r.URL.Query().Get("state"), 40); err != nil {
			return err
		}
		if o.Left, err = d.count(ctx, "available", "running", "retryable"); err != nil {
			return err
		}
		if o.Failed, err = d.count(ctx, "discarded"); err != nil {
			return err
		}
	}
	return v.show(http.StatusOK, "system", "Jobs and health", o)
}

// count is how many jobs are in some states, at most 1000 in each.
func (d *dashboard) count(ctx context.Context, states ...string) (int, error) {
	n := 0
	for _, state := range states {
		list, err := d.Queue().List(ctx, state, 1000)
		if err != nil {
			return 0, err
		}
		n += len(list)
	}
	return n, nil
}

func (d *dashboard) jobAct(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if d.Queue() == nil {
		return &serve.Status{Code: http.StatusNotFound, Text: "there is no queue here"}
	}
	switch v.r.PathValue("act") {
	case "retry":
		err = d.Queue().Retry(v.r.Context(), id)
	case "cancel":
		err = d.Queue().Cancel(v.r.Context(), id)
	default:
		err = &serve.Status{Code: http.StatusNotFound, Text: "not found"}
	}
	if err != nil {
		return err
	}
	return v.back("/system")
}
