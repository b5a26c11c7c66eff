package serve

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/boltseal/boltseal/store"
)

// StatusOf is the HTTP status and the sentence that an error is answered
// with. What is nobody's business is logged and not said.
func (s *Server) StatusOf(r *http.Request, err error) (int, string) {
	var status *Status
	switch {
	case errors.As(err, &status):
		return status.Code, status.Text
	case errors.Is(err, store.ErrNotFound):
		return http.StatusNotFound, "not found"
	case errors.Is(err, store.ErrKeyReused):
		return http.StatusUnprocessableEntity, store.ErrKeyReused.Error()
	case errors.Is(err, store.ErrInvalid):
		return http.StatusUnprocessableEntity, err.Error()
	case errors.Is(err, store.ErrConflict):
		return http.StatusConflict, err.Error()
	case r.Context().Err() != nil:
		return http.StatusServiceUnavailable, "the request was given up"
	}
	s.opts.Log.Error("answer a request", "method", r.Method, "path", r.URL.Path, "error", err.Error())
	return http.StatusInternalServerError, "something went wrong here; the server's log says what"
}

// Refuse answers with an error: people are led to log in, programs get a
// problem (RFC 9457).
func (s *Server) Refuse(w http.ResponseWriter, r *http.Request, err error) { s.refuse(w, r, err) }

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	code, text := s.StatusOf(r, err)
	browser := strings.Contains(r.Header.Get("Accept"), "text/html")
	if code == http.StatusUnauthorized {
		if browser && r.Method == http.MethodGet && r.Header.Get("Authorization") == "" {
			http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="boltseal"`)
	}
	body, _ := json.Marshal(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{http.StatusText(code), code, text})
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(code)
	_, _ = w.Write(body)
}
