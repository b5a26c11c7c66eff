package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/serve"
	"github.com/boltseal/boltseal/store"
)

// maxAlerts bounds how many alerts one request may bring.
const maxAlerts = 2000

var _ = add(func(a *api) {
	view := serve.Need{Role: serve.Viewer}
	register(a, operation{method: http.MethodGet, path: inProject("/groups"), id: "group-findings", summary: "Open findings by what they have in common, the worst first", need: view},
		func(ctx context.Context, in *struct {
			OfProject
			Paged
			FindingFilter
			By string `query:"by" enum:"check,advisory,component" default:"advisory"`
		}) (*page[store.Group], error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			q, err := in.FindingFilter.query(in.Paged)
			if err != nil {
				return nil, err
			}
			groups, err := a.DB().Groups(ctx, p, in.By, q)
			return pageOf(ctx, groups, err)
		})
	a.HandleAuth("POST "+inProject("/alerts"), serve.Need{Role: serve.Developer, Scope: serve.ScopeAlert}, http.HandlerFunc(a.takeAlerts))
	register(a, operation{method: http.MethodGet, path: inProject("/alerts"), id: "list-alerts", summary: "Alerts, newest first", need: view},
		func(ctx context.Context, in *struct {
			OfProject
			Paged
			Check    string    `query:"check" maxLength:"200"`
			Severity string    `query:"severity" doc:"this one or worse"`
			Digest   string    `query:"digest" maxLength:"140"`
			Since    time.Time `query:"since"`
		}) (*page[store.Alert], error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			severity, ok := boltseal.ParseSeverity(in.Severity)
			if !ok {
				return nil, &serve.Status{Code: http.StatusUnprocessableEntity, Text: "severity: want critical, high, medium, low or negligible"}
			}
			alerts, err := a.DB().Alerts(ctx, p, store.AlertQuery{PageQuery: in.query(), Check: in.Check, MinSeverity: severity, Digest: boltseal.Digest(in.Digest), Since: in.Since})
			return pageOf(ctx, alerts, err)
		})
	register(a, operation{method: http.MethodPut, path: inProject("/workloads/{cluster}"), id: "set-workloads", summary: "Say what runs in a cluster; what is not in the list does not any more", need: serve.Need{Role: serve.Developer, Scope: serve.ScopeUpload}, status: http.StatusNoContent, body: 64 << 20},
		func(ctx context.Context, in *struct {
			OfProject
			Cluster string `path:"cluster" maxLength:"200"`
			Body    []boltseal.Workload
		}) (*struct{}, error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			return nil, a.DB().SetWorkloads(ctx, p, in.Cluster, in.Body, a.who(ctx))
		})
	register(a, operation{method: http.MethodGet, path: inProject("/workloads"), id: "list-workloads", summary: "What runs", need: view},
		func(ctx context.Context, in *struct {
			OfProject
			Paged
			Cluster   string `query:"cluster" maxLength:"200"`
			Namespace string `query:"namespace" maxLength:"200"`
			Image     int64  `query:"image"`
			Unknown   bool   `query:"unknown" doc:"only those whose image nobody has reported"`
		}) (*page[store.Workload], error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			list, err := a.DB().Workloads(ctx, p, store.WorkloadQuery{PageQuery: in.query(), Cluster: in.Cluster, Namespace: in.Namespace, Image: in.Image, Unknown: in.Unknown})
			return pageOf(ctx, list, err)
		})
	a.documents()
})

func (a *api) takeAlerts(w http.ResponseWriter, r *http.Request) {
	added, err := a.alerts(w, r)
	if err != nil {
		a.Refuse(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]int{"added": added})
}

// alerts reads findings, a line each.
func (a *api) alerts(w http.ResponseWriter, r *http.Request) (int, error) {
	p, err := a.Project(r.Context(), r.PathValue("project"))
	if err != nil {
		return 0, err
	}
	data, done, err := a.readBody(w, r)
	if err != nil {
		return 0, err
	}
	defer done()
	var list []store.Alert
	for d := json.NewDecoder(bytes.NewReader(data)); ; {
		var alert store.Alert
		err := d.Decode(&alert)
		switch {
		case errors.Is(err, io.EOF):
			return a.DB().AddAlerts(r.Context(), p, list)
		case err != nil:
			return 0, &serve.Status{Code: http.StatusUnprocessableEntity, Text: fmt.Sprintf("line %d: %v", len(list)+1, err)}
		case len(list) == maxAlerts:
			return 0, &serve.Status{Code: http.StatusUnprocessableEntity, Text: fmt.Sprintf("more than %d alerts at once", maxAlerts)}
		}
		list = append(list, alert)
	}
}

// documentAnswer is a document with its version as ETag.
type documentAnswer struct {
	ETag string `header:"ETag"`
	Body store.Document
}

func documentOf(doc *store.Document, err error) (*documentAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &documentAnswer{etag(doc.Version), *doc}, nil
}

func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// versionOf is the version that If-Match names; -1 where it names none.
func versionOf(ifMatch, ifNoneMatch string) (int64, error) {
	switch {
	case ifNoneMatch == "*":
		return 0, nil
	case ifMatch == "" || ifMatch == "*":
		return -1, nil
	}
	v, err := strconv.ParseInt(strings.Trim(ifMatch, `"`), 10, 64)
	if err != nil || v < 0 {
		return 0, &serve.Status{Code: http.StatusPreconditionFailed, Text: "If-Match: there is no such version"}
	}
	return v, nil
}

// OneDocument names a document.
type OneDocument struct {
	OfProject
	Kind string `path:"kind" maxLength:"63"`
	Name string `path:"name" maxLength:"63"`
}

func (a *api) documents() {
	view, edit := serve.Need{Role: serve.Viewer}, serve.Need{Role: serve.Security, Scope: serve.ScopePolicy}
	register(a, operation{method: http.MethodGet, path: inProject("/documents/{kind}"), id: "list-documents", summary: "Policies, routes, schedules and other things that people edit", need: view},
		func(ctx context.Context, in *struct {
			OfProject
			Kind string `path:"kind" maxLength:"63"`
		}) (*answer[list[store.Document]], error) {
			p, err := a.readable(ctx, in.Project, in.Kind)
			if err != nil {
				return nil, err
			}
			return listOf(a.DB().Documents(ctx, p, in.Kind))
		})
	register(a, operation{method: http.MethodGet, path: inProject("/documents/{kind}/{name}"), id: "get-document", summary: "One document", need: view},
		func(ctx context.Context, in *OneDocument) (*documentAnswer, error) {
			p, err := a.readable(ctx, in.Project, in.Kind)
			if err != nil {
				return nil, err
			}
			return documentOf(a.DB().Document(ctx, p, in.Kind, in.Name))
		})
	register(a, operation{method: http.MethodPut, path: inProject("/documents/{kind}/{name}"), id: "put-document", summary: "Write a document; If-Match says over which version", need: edit, body: 1 << 20},
		func(ctx context.Context, in *struct {
			OneDocument
			IfMatch     string `header:"If-Match"`
			IfNoneMatch string `header:"If-None-Match"`
			RawBody     []byte `contentType:"application/yaml"`
		}) (*documentAnswer, error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			version, err := versionOf(in.IfMatch, in.IfNoneMatch)
			if err != nil {
				return nil, err
			}
			if err := a.ValidDocument(in.Kind, in.RawBody); err != nil {
				return nil, err
			}
			doc, err := documentOf(a.DB().PutDocument(ctx, p, in.Kind, in.Name, in.RawBody, version, a.who(ctx)))
			if errors.Is(err, store.ErrConflict) {
				err = &serve.Status{Code: http.StatusPreconditionFailed, Text: "somebody else wrote it first"}
			}
			return doc, err
		})
	register(a, operation{method: http.MethodDelete, path: inProject("/documents/{kind}/{name}"), id: "delete-document", summary: "Remove a document", need: edit, status: http.StatusNoContent},
		func(ctx context.Context, in *OneDocument) (*struct{}, error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			return nil, a.DB().DeleteDocument(ctx, p, in.Kind, in.Name, a.who(ctx))
		})
}

// readable lets those who may not edit see policies only: other documents
// may hold addresses with secrets in them.
func (a *api) readable(ctx context.Context, project, kind string) (*store.Project, error) {
	if kind != "policy" && !serve.Who(ctx).Can(project, serve.Security) {
		return nil, &serve.Status{Code: http.StatusForbidden, Text: "your role does not allow it"}
	}
	return a.project(ctx, project)
}
