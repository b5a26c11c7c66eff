package api

import (
	"context"
	"net/http"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/serve"
	"github.com/boltseal/boltseal/store"
)

// FindingFilter is the part of a request that says which findings.
type FindingFilter struct {
	State     []string  `query:"state,explode" doc:"new, open, reappeared, waived, fixed; without it those that are open" maxItems:"5"`
	Severity  []string  `query:"severity,explode" maxItems:"6"`
	Image     int64     `query:"image"`
	Check     string    `query:"check" doc:"a check's id, or a family with / at its end" maxLength:"200"`
	Advisory  string    `query:"advisory" maxLength:"200"`
	Component string    `query:"component" maxLength:"300"`
	Fixable   bool      `query:"fixable"`
	KEV       bool      `query:"kev"`
	Running   bool      `query:"running"`
	Since     time.Time `query:"since" doc:"whose state changed after; the newest first"`
}

func (f *FindingFilter) query(p Paged) (store.FindingQuery, error) {
	q := store.FindingQuery{
		PageQuery: p.query(), Image: f.Image, Check: f.Check, Advisory: f.Advisory, Component: f.Component,
		Fixable: f.Fixable, KEV: f.KEV, Running: f.Running, Since: f.Since,
	}
	for _, word := range f.State {
		var s store.State
		if err := s.UnmarshalText([]byte(word)); err != nil {
			return q, &serve.Status{Code: http.StatusUnprocessableEntity, Text: err.Error()}
		}
		q.States = append(q.States, s)
	}
	for _, word := range f.Severity {
		s, ok := boltseal.ParseSeverity(word)
		if !ok {
			return q, &serve.Status{Code: http.StatusUnprocessableEntity, Text: "severity: want critical, high, medium, low, negligible or unknown"}
		}
		q.Severities = append(q.Severities, s)
	}
	return q, nil
}

var _ = add(func(a *api) {
	view := serve.Need{Role: serve.Viewer}
	register(a, operation{method: http.MethodGet, path: inProject("/findings"), id: "list-findings", summary: "Findings, the worst first", need: view},
		func(ctx context.Context, in *struct {
			OfProject
			Paged
			FindingFilter
		}) (*page[store.Finding], error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			q, err := in.FindingFilter.query(in.Paged)
			if err != nil {
				return nil, err
			}
			findings, err := a.DB().Findings(ctx, p, q)
			return pageOf(ctx, findings, err)
		})
	register(a, operation{method: http.MethodGet, path: inProject("/findings/{id}"), id: "get-finding", summary: "One finding with all that is known of it", need: view},
		func(ctx context.Context, in *OneOf) (*answer[store.Finding], error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			return answerOf(a.DB().Finding(ctx, p, in.ID))
		})
	register(a, operation{method: http.MethodGet, path: inProject("/findings/{id}/events"), id: "finding-events", summary: "What happened to a finding after it was first seen", need: view},
		func(ctx context.Context, in *OneOf) (*answer[list[store.Event]], error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			return listOf(a.DB().Events(ctx, p, in.ID))
		})
	register(a, operation{method: http.MethodGet, path: inProject("/waivers"), id: "list-waivers", summary: "Waivers that hold", need: view},
		func(ctx context.Context, in *OfProject) (*answer[list[store.Waiver]], error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			return listOf(a.DB().Waivers(ctx, p))
		})
	waive := serve.Need{Role: serve.Security, Scope: serve.ScopeWaive}
	register(a, operation{method: http.MethodPost, path: inProject("/waivers"), id: "add-waiver", summary: "Accept findings on purpose: why, and until when", need: waive, status: http.StatusCreated},
		func(ctx context.Context, in *struct {
			OfProject
			Body boltseal.Waiver
		}) (*answer[waiving], error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			w, n, err := a.DB().Waive(ctx, p, in.Body, a.who(ctx))
			if err != nil {
				return nil, err
			}
			return &answer[waiving]{waiving{*w, n}}, nil
		})
	register(a, operation{method: http.MethodDelete, path: inProject("/waivers/{id}"), id: "end-waiver", summary: "Take a waiver back", need: waive, status: http.StatusNoContent},
		func(ctx context.Context, in *OneOf) (*struct{}, error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			return nil, a.DB().Unwaive(ctx, p, in.ID, a.who(ctx))
		})
})

// waiving is what became of a waiver.
type waiving struct {
	Waiver   store.Waiver `json:"waiver"`
	Findings int          `json:"findings"` // that it met
}
