package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/boltseal/boltseal/job"
	"github.com/boltseal/boltseal/serve"
	"github.com/boltseal/boltseal/store"
)

// me is who asks, and what they may do where.
type me struct {
	Name     string            `json:"name"`
	Admin    bool              `json:"admin"`
	Projects map[string]string `json:"projects"` // role by project
	Scopes   []string          `json:"scopes,omitempty"`
}

// newToken is what a token shall be.
type newToken struct {
	Name    string    `json:"name" minLength:"1" maxLength:"100"`
	Role    string    `json:"role" enum:"viewer,developer,security,admin"`
	Scopes  []string  `json:"scopes,omitempty" doc:"what it may be used for; without them all that its role may"`
	Expires time.Time `json:"expires,omitzero"`
}

// madeToken is a token with its secret, which is not told again.
type madeToken struct {
	Secret string      `json:"secret"`
	Token  store.Token `json:"token"`
}

// newAccount is what an account shall be.
type newAccount struct {
	Name     string `json:"name" minLength:"1" maxLength:"63"`
	Email    string `json:"email,omitempty" maxLength:"300"`
	Password string `json:"password,omitempty" minLength:"10" maxLength:"1000"`
	Admin    bool   `json:"admin,omitempty"`
}

var _ = add(func(a *api) {
	register(a, operation{method: http.MethodGet, path: root + "/me", id: "me", summary: "Who asks"},
		func(ctx context.Context, _ *struct{}) (*answer[me], error) {
			p := serve.Who(ctx)
			projects, err := a.visible(ctx)
			if err != nil {
				return nil, err
			}
			out := me{Name: p.Name, Admin: p.Admin, Projects: map[string]string{}, Scopes: p.Scopes}
			for _, project := range projects {
				out.Projects[project.Name] = p.In(project.Name).String()
			}
			return &answer[me]{out}, nil
		})
	register(a, operation{method: http.MethodGet, path: root + "/projects", id: "list-projects", summary: "Projects that you may see"},
		func(ctx context.Context, _ *struct{}) (*answer[list[store.Project]], error) {
			return listOf(a.visible(ctx))
		})
	global := serve.Need{Role: serve.Admin, Scope: serve.ScopeAdmin, Global: true}
	register(a, operation{method: http.MethodPost, path: root + "/projects", id: "add-project", summary: "Make a project", need: global, status: http.StatusCreated},
		func(ctx context.Context, in *struct {
			Body struct {
				Name  string `json:"name" maxLength:"63"`
				Title string `json:"title,omitempty" maxLength:"200"`
			}
		}) (*answer[store.Project], error) {
			return answerOf(a.DB().AddProject(ctx, in.Body.Name, in.Body.Title, a.who(ctx)))
		})
	register(a, operation{method: http.MethodGet, path: root + "/accounts", id: "list-accounts", summary: "People", need: global},
		func(ctx context.Context, _ *struct{}) (*answer[list[store.Account]], error) {
			return listOf(a.DB().Accounts(ctx))
		})
	register(a, operation{method: http.MethodPost, path: root + "/accounts", id: "add-account", summary: "Let somebody in", need: global, status: http.StatusCreated},
		func(ctx context.Context, in *struct{ Body newAccount }) (*answer[store.Account], error) {
			account := store.Account{Name: in.Body.Name, Email: in.Body.Email, Admin: in.Body.Admin}
			if in.Body.Password != "" {
				var err error
				if account.Hash, err = serve.HashPassword(in.Body.Password); err != nil {
					return nil, err
				}
			}
			return answerOf(a.DB().AddAccount(ctx, account, a.who(ctx)))
		})
	register(a, operation{method: http.MethodPut, path: root + "/accounts/{name}", id: "set-account", summary: "Change an account: password, rights, whether it may be used", need: global, status: http.StatusNoContent},
		func(ctx context.Context, in *struct {
			Name string `path:"name" maxLength:"63"`
			Body struct {
				Email    *string `json:"email,omitempty" maxLength:"300"`
				Password *string `json:"password,omitempty" minLength:"10" maxLength:"1000"`
				Admin    *bool   `json:"admin,omitempty"`
				Disabled *bool   `json:"disabled,omitempty"`
			}
		}) (*struct{}, error) {
			account, err := a.DB().Account(ctx, in.Name)
			if err != nil {
				return nil, err
			}
			if in.Body.Email != nil {
				account.Email = *in.Body.Email
			}
			if in.Body.Admin != nil {
				account.Admin = *in.Body.Admin
			}
			if in.Body.Disabled != nil {
				account.Disabled = *in.Body.Disabled
			}
			if in.Body.Password != nil {
				if account.Hash, err = serve.HashPassword(*in.Body.Password); err != nil {
					return nil, err
				}
			}
			return nil, a.DB().SetAccount(ctx, account, a.who(ctx))
		})
	a.projectPeople()
	a.serverJobs(global)
})

// visible lists the projects that whoever asks has a role in.
func (a *api) visible(ctx context.Context) ([]store.Project, error) {
	all, err := a.DB().Projects(ctx)
	return slices.DeleteFunc(all, func(p store.Project) bool { return !serve.Who(ctx).Can(p.Name, serve.Viewer) }), err
}

func (a *api) projectPeople() {
	admin := serve.Need{Role: serve.Admin, Scope: serve.ScopeAdmin}
	register(a, operation{method: http.MethodGet, path: inProject("/tokens"), id: "list-tokens", summary: "Keys for programs", need: admin},
		func(ctx context.Context, in *OfProject) (*answer[list[store.Token]], error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			return listOf(a.DB().Tokens(ctx, p))
		})
	register(a, operation{method: http.MethodPost, path: inProject("/tokens"), id: "add-token", summary: "Make a key for a program", need: admin, status: http.StatusCreated},
		func(ctx context.Context, in *struct {
			OfProject
			Body newToken
		}) (*answer[madeToken], error) {
			for _, scope := range in.Body.Scopes {
				if !slices.Contains(serve.Scopes(), scope) {
					return nil, &serve.Status{Code: http.StatusUnprocessableEntity, Text: "scopes: there is no " + scope}
				}
			}
			if _, err := a.project(ctx, in.Project); err != nil {
				return nil, err
			}
			secret, token, err := serve.NewToken(ctx, a.DB(), store.Token{Name: in.Body.Name, Project: in.Project, Role: in.Body.Role, Scopes: in.Body.Scopes, Expires: in.Body.Expires}, a.who(ctx))
			if err != nil {
				return nil, err
			}
			return &answer[madeToken]{madeToken{secret, *token}}, nil
		})
	register(a, operation{method: http.MethodDelete, path: inProject("/tokens/{id}"), id: "revoke-token", summary: "End a key", need: admin, status: http.StatusNoContent},
		func(ctx context.Context, in *OneOf) (*struct{}, error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			return nil, a.DB().RevokeToken(ctx, p, in.ID, a.who(ctx))
		})
	register(a, operation{method: http.MethodPut, path: inProject("/members/{name}"), id: "set-member", summary: "Give somebody a role; none takes it", need: admin, status: http.StatusNoContent},
		func(ctx context.Context, in *struct {
			OfProject
			Name string `path:"name" maxLength:"63"`
			Body struct {
				Role string `json:"role" enum:",viewer,developer,security,admin"`
			}
		}) (*struct{}, error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			account, err := a.DB().Account(ctx, in.Name)
			if err != nil {
				return nil, err
			}
			return nil, a.DB().SetMember(ctx, p, account.ID, in.Body.Role, a.who(ctx))
		})
	register(a, operation{method: http.MethodGet, path: inProject("/audit"), id: "project-audit", summary: "Who changed what, newest first", need: serve.Need{Role: serve.Security}},
		func(ctx context.Context, in *struct {
			OfProject
			Paged
		}) (*page[store.Act], error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			acts, err := a.DB().Audit(ctx, p, in.query())
			return pageOf(ctx, acts, err)
		})
}

func (a *api) serverJobs(global serve.Need) {
	register(a, operation{method: http.MethodGet, path: root + "/audit", id: "audit", summary: "Who changed what outside of projects, newest first", need: global},
		func(ctx context.Context, in *Paged) (*page[store.Act], error) {
			acts, err := a.DB().Audit(ctx, nil, in.query())
			return pageOf(ctx, acts, err)
		})
	if a.Queue() == nil {
		return
	}
	register(a, operation{method: http.MethodGet, path: root + "/jobs", id: "list-jobs", summary: "Work that is left and was done", need: global},
		func(ctx context.Context, in *struct {
			State string `query:"state" enum:"available,running,retryable,scheduled,completed,discarded,cancelled,pending"`
			Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
		}) (*answer[list[job.State]], error) {
			return listOf(a.Queue().List(ctx, in.State, in.Limit))
		})
	register(a, operation{method: http.MethodPost, path: root + "/jobs/{id}/retry", id: "retry-job", summary: "Do a job now", need: global, status: http.StatusNoContent},
		func(ctx context.Context, in *struct {
			ID int64 `path:"id"`
		}) (*struct{}, error) {
			return nil, a.Queue().Retry(ctx, in.ID)
		})
	register(a, operation{method: http.MethodPost, path: root + "/jobs/{id}/cancel", id: "cancel-job", summary: "Give a job up", need: global, status: http.StatusNoContent},
		func(ctx context.Context, in *struct {
			ID int64 `path:"id"`
		}) (*struct{}, error) {
			return nil, a.Queue().Cancel(ctx, in.ID)
		})
}
