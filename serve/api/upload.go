package api

import (
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/store"
)

// describeUpload puts the upload, which is read by hand, into the OpenAPI
// document.
func (a *api) describeUpload() {
	schemas := a.huma.OpenAPI().Components.Schemas
	body := func(t reflect.Type) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(t, true, "")}}
	}
	text := &huma.Schema{Type: huma.TypeString}
	receipt := body(reflect.TypeFor[store.Receipt]())
	a.huma.OpenAPI().AddOperation(&huma.Operation{
		Method: http.MethodPost, Path: inProject("/reports"), OperationID: "upload-report", Summary: "Keep a report",
		Description: "The same report again changes nothing and answers 200. Content-Encoding may be gzip or zstd.",
		Parameters: []*huma.Param{
			{Name: "project", In: "path", Required: true, Schema: text},
			{Name: "Idempotency-Key", In: "header", Schema: text},
		},
		RequestBody: &huma.RequestBody{Required: true, Content: body(reflect.TypeFor[boltseal.Report]())},
		Responses: map[string]*huma.Response{
			"201": {Description: "kept", Content: receipt},
			"200": {Description: "it was there already", Content: receipt},
		},
	})
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // who asked has gone
}
