// Package api is the server's REST interface below /api/v1, described by an
// OpenAPI 3.1 document that is made of the same types that it is answered
// with: those of boltseal and of the store. Start at [Mount].
package api

import (
	"context"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/boltseal/boltseal/serve"
	"github.com/boltseal/boltseal/store"
)

// api is the interface on one server.
type api struct {
	*serve.Server
	huma huma.API
}

// Mount puts the interface on a server.
func Mount(s *serve.Server) {
	config := huma.DefaultConfig("boltseal", s.Version())
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "/api/openapi", "", ""
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	config.Security = []map[string][]string{{"token": {}}}
	config.CreateHooks = nil // no $schema in answers: they are the types as they are
	config.Info.Description = "History, continuous monitoring and verdicts. Lists have at most limit items; next is where the following page begins (after=). Errors are problems (RFC 9457)."
	a := &api{Server: s, huma: humago.New(s.Mux(), config)}
	for _, add := range operations {
		add(a)
	}
}

// operations are the parts of the interface, each added by its own file.
var operations []func(*api)

func add(op func(*api)) bool {
	operations = append(operations, op)
	return true
}

// schemaName tells types of one name in two packages apart.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := huma.DefaultSchemaNamer(t, hint)
	if strings.HasSuffix(t.PkgPath(), "/store") && !strings.HasPrefix(name, "Page") {
		return "Stored" + name
	}
	return name
}

const root = "/api/v1"

// inProject is the path of something in a project.
func inProject(path string) string { return root + "/projects/{project}" + path }

// operation describes one call.
type operation struct {
	method, path, id, summary string
	need                      serve.Need
	status                    int
	body                      int64 // bytes that the request may have, 0 for huma's own limit
}

// register adds a call that needs a right.
func register[In, Out any](a *api, o operation, handler func(context.Context, *In) (*Out, error)) {
	op := huma.Operation{
		Method: o.method, Path: o.path, OperationID: o.id, Summary: o.summary, DefaultStatus: o.status, MaxBodyBytes: o.body,
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusTooManyRequests},
	}
	op.Middlewares = huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		if err := a.Authorize(r, o.need, r.PathValue("project")); err != nil {
			a.Refuse(w, r, err)
			return
		}
		next(huma.WithContext(ctx, context.WithValue(r.Context(), requestKey{}, r)))
	}}
	huma.Register(a.huma, op, func(ctx context.Context, in *In) (*Out, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return out, nil
	})
}

type requestKey struct{}

func request(ctx context.Context) *http.Request {
	r, _ := ctx.Value(requestKey{}).(*http.Request)
	return r
}

// problem is an error as the interface says it.
func (a *api) problem(ctx context.Context, err error) error {
	code, text := a.StatusOf(request(ctx), err)
	return huma.NewError(code, text)
}

// project is what most calls begin with.
func (a *api) project(ctx context.Context, name string) (*store.Project, error) {
	return a.Project(ctx, name)
}

// OfProject is the part of a request that names the project.
type OfProject struct {
	Project string `path:"project" doc:"the project's name" maxLength:"63"`
}

// Paged is the part of a request that says which page.
type Paged struct {
	After string `query:"after" doc:"next of the page before" maxLength:"100"`
	Limit int    `query:"limit" doc:"how many; 50 by default" minimum:"1" maximum:"1000" default:"50"`
}

func (p Paged) query() store.PageQuery { return store.PageQuery{After: p.After, Limit: p.Limit} }

// answer is a body and nothing else.
type answer[T any] struct{ Body T }

func answerOf[T any](body *T, err error) (*answer[T], error) {
	if err != nil {
		return nil, err
	}
	return &answer[T]{*body}, nil
}

// page is a part of a list.
type page[T any] struct {
	Link string `header:"Link"`
	Body store.Page[T]
}

func pageOf[T any](ctx context.Context, p *store.Page[T], err error) (*page[T], error) {
	if err != nil {
		return nil, err
	}
	out := &page[T]{Body: *p}
	if p.Next != "" {
		u := *request(ctx).URL
		q := u.Query()
		q.Set("after", p.Next)
		u.RawQuery = q.Encode()
		out.Link = "<" + u.RequestURI() + `>; rel="next"`
	}
	return out, nil
}

// list is a list that is never long.
type list[T any] struct {
	Items []T `json:"items"`
}

func listOf[T any](items []T, err error) (*answer[list[T]], error) {
	if err != nil {
		return nil, err
	}
	if items == nil {
		items = []T{}
	}
	return &answer[list[T]]{list[T]{items}}, nil
}

func (a *api) who(ctx context.Context) string { return serve.Who(ctx).Name }
