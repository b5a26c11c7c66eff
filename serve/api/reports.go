package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/klauspost/compress/zstd"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/report"
	"github.com/boltseal/boltseal/serve"
	"github.com/boltseal/boltseal/store"
)

var _ = add(func(a *api) {
	// An upload is read by hand: it may be packed, and how much of it is in
	// memory is known before it is read.
	a.HandleAuth("POST "+inProject("/reports"), serve.Need{Role: serve.Developer, Scope: serve.ScopeUpload}, http.HandlerFunc(a.upload))
	a.describeUpload()
	register(a, operation{method: http.MethodGet, path: inProject("/reports/{id}"), id: "get-report", summary: "A report as it was uploaded", need: serve.Need{Role: serve.Viewer}},
		func(ctx context.Context, in *struct {
			OfProject
			ID int64 `path:"id"`
		}) (*answer[boltseal.Report], error) {
			p, err := a.project(ctx, in.Project)
			if err != nil {
				return nil, err
			}
			return answerOf(a.DB().Report(ctx, p, in.ID))
		})
})

func (a *api) upload(w http.ResponseWriter, r *http.Request) {
	receipt, err := a.take(w, r)
	if err != nil {
		a.Refuse(w, r, err)
		return
	}
	code := http.StatusCreated
	if receipt.Repeated {
		code = http.StatusOK
	}
	w.Header().Set("Location", fmt.Sprintf("%s/projects/%s/reports/%d", root, r.PathValue("project"), receipt.Report))
	writeJSON(w, code, receipt)
}

// take reads an upload and keeps it.
func (a *api) take(w http.ResponseWriter, r *http.Request) (*store.Receipt, error) {
	p, err := a.Project(r.Context(), r.PathValue("project"))
	if err != nil {
		return nil, err
	}
	key := r.Header.Get("Idempotency-Key")
	if len(key) > 200 {
		return nil, &serve.Status{Code: http.StatusUnprocessableEntity, Text: "Idempotency-Key: more than 200 bytes"}
	}
	data, done, err := a.readBody(w, r)
	if err != nil {
		return nil, err
	}
	defer done()
	rep, err := report.Read(data)
	if err != nil {
		return nil, &serve.Status{Code: http.StatusUnprocessableEntity, Text: err.Error()}
	}
	return a.Keep(r.Context(), p, rep, a.who(r.Context()), key)
}

// readBody reads a request's body, unpacked, and reserves memory for it until
// done is called.
func (a *api) readBody(w http.ResponseWriter, r *http.Request) (data []byte, done func(), err error) {
	most := a.Limits().BodyBytes
	guess := r.ContentLength
	encoding := r.Header.Get("Content-Encoding")
	switch {
	case guess > most:
		return nil, nil, tooLarge(most)
	case guess < 0:
		guess = most
	case encoding != "" && encoding != "identity":
		guess = min(most, 20*guess)
	}
	release, err := a.Reserve(r.Context(), 3*guess+1<<16) // the bytes, and what is made of them
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			release()
		}
	}()
	var body io.Reader = http.MaxBytesReader(w, r.Body, most)
	switch encoding {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, nil, &serve.Status{Code: http.StatusBadRequest, Text: "the body is not gzip"}
		}
		body = z
	case "zstd":
		z, err := zstd.NewReader(body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20), zstd.WithDecoderMaxMemory(32<<20))
		if err != nil {
			return nil, nil, &serve.Status{Code: http.StatusBadRequest, Text: "the body is not zstd"}
		}
		defer z.Close()
		body = z
	default:
		return nil, nil, &serve.Status{Code: http.StatusUnsupportedMediaType, Text: "Content-Encoding: want gzip or zstd"}
	}
	var buf bytes.Buffer
	n, err := io.Copy(&buf, io.LimitReader(body, most+1))
	if err != nil {
		return nil, nil, &serve.Status{Code: http.StatusBadRequest, Text: "the body ended too early, or is longer than it may be"}
	}
	if n > most {
		return nil, nil, tooLarge(most)
	}
	return buf.Bytes(), release, nil
}

func tooLarge(most int64) error {
	return &serve.Status{Code: http.StatusRequestEntityTooLarge, Text: fmt.Sprintf("more than %d bytes", most)}
}
