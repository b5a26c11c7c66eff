package api

import (
	"context"
	"net/http"

	"github.com/boltseal/boltseal/serve"
	"github.com/boltseal/boltseal/store"
)

var _ = add(func(a *api) {
	register(a, operation{method: http.MethodGet, path: inProject("/query"), id: "query", summary: "Ask: where is log4j-core < 2.17", need: serve.Need{Role: serve.Viewer}},
		func(ctx context.Context, in *struct {
			OfProject
			Paged
			Q string `query:"q" required:"true" maxLength:"500"`
		}) (*answer[store.Answer], error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			return answerOf(a.DB().Ask(ctx, p, in.Q, in.Paged.query()))
		})
})
