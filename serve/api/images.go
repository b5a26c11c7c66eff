package api

import (
	"context"
	"net/http"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/serve"
	"github.com/boltseal/boltseal/store"
)

// OneOf names one thing in a project.
type OneOf struct {
	OfProject
	ID int64 `path:"id" minimum:"1"`
}

var _ = add(func(a *api) {
	view := serve.Need{Role: serve.Viewer}
	register(a, operation{method: http.MethodGet, path: inProject("/overview"), id: "overview", summary: "A project in numbers", need: view},
		func(ctx context.Context, in *OfProject) (*answer[store.Overview], error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			return answerOf(a.DB().Overview(ctx, p))
		})
	register(a, operation{method: http.MethodGet, path: inProject("/trend"), id: "trend", summary: "A project day by day", need: view},
		func(ctx context.Context, in *struct {
			OfProject
			Days int `query:"days" minimum:"1" maximum:"1000" default:"30"`
		}) (*answer[list[store.Day]], error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			return listOf(a.DB().Trend(ctx, p, a.Now().AddDate(0, 0, 1-in.Days), a.Now()))
		})
	register(a, operation{method: http.MethodGet, path: inProject("/images"), id: "list-images", summary: "Images, those at the highest risk first", need: view},
		func(ctx context.Context, in *struct {
			OfProject
			Paged
			Name    string `query:"name" doc:"part of the name" maxLength:"200"`
			Kind    string `query:"kind" maxLength:"40"`
			Digest  string `query:"digest" doc:"exactly this one, under whatever name" maxLength:"140"`
			Running bool   `query:"running"`
			Denied  bool   `query:"denied"`
			KEV     bool   `query:"kev"`
			All     bool   `query:"all" doc:"also what is neither current nor runs"`
		}) (*page[store.Image], error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			if in.Digest != "" {
				images, err := a.DB().ByDigest(ctx, p, boltseal.Digest(in.Digest))
				if images == nil {
					images = []store.Image{}
				}
				return pageOf(ctx, &store.Page[store.Image]{Items: images, Total: len(images)}, err)
			}
			images, err := a.DB().Images(ctx, p, store.ImageQuery{PageQuery: in.query(), Name: in.Name, Kind: boltseal.Kind(in.Kind), Running: in.Running, Denied: in.Denied, KEV: in.KEV, All: in.All})
			return pageOf(ctx, images, err)
		})
	register(a, operation{method: http.MethodGet, path: inProject("/images/{id}"), id: "get-image", summary: "One image", need: view},
		func(ctx context.Context, in *OneOf) (*answer[store.Image], error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			return answerOf(a.DB().Image(ctx, p, in.ID))
		})
	register(a, operation{method: http.MethodGet, path: inProject("/images/{id}/history"), id: "image-history", summary: "Reports about an image and the other digests of its name, newest first", need: view},
		func(ctx context.Context, in *struct {
			OneOf
			Paged
		}) (*page[store.Run], error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			runs, err := a.DB().History(ctx, p, in.ID, in.query())
			return pageOf(ctx, runs, err)
		})
	register(a, operation{method: http.MethodGet, path: inProject("/images/{id}/layers"), id: "image-layers", summary: "The layers of an image that hold components", need: view},
		func(ctx context.Context, in *OneOf) (*answer[list[store.Layer]], error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			return listOf(a.DB().Layers(ctx, p, in.ID))
		})
})
