package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"
)

// Sentinels that callers branch on.
var (
	// ErrNotFound is what a StatusError is when the registry has no such thing.
	ErrNotFound = errors.New("not found")
	// ErrDenied is what a StatusError is when the registry wants other
	// credentials.
	ErrDenied = errors.New("access denied")
	// ErrOffline is returned before any socket is opened when
	// [Options.Offline] is set.
	ErrOffline = errors.New("offline: no registry may be asked")
	// ErrIdle ends a request on which nothing happens any more.
	ErrIdle = errors.New("the other side stopped sending")
	// ErrDigest is in errors about content that is not what its digest says.
	ErrDigest = errors.New("digest mismatch")
	// ErrAddress is in errors about an address that the registry may not
	// send us to.
	ErrAddress = errors.New("refused address")
)

// StatusError is an answer that says no.
type StatusError struct {
	Method string
	URL    string // without query
	Status int
	Code   string // the first of the distribution specification's error codes: "MANIFEST_UNKNOWN"
	Detail string // what the registry says of it, made printable
	Hint   string
	Cause  error // why there were no credentials, if that is why
}

// Error tells the request, the status and what the registry says of it.
func (e *StatusError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %d %s", e.Method, e.URL, e.Status, strings.ToLower(http.StatusText(e.Status)))
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	if e.Cause != nil {
		b.WriteString(": " + e.Cause.Error())
	}
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

// Is tells whether the status means target.
func (e *StatusError) Is(target error) bool {
	switch target {
	case ErrNotFound:
		return e.Status == http.StatusNotFound
	case ErrDenied:
		return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
	}
	return false
}

// Unwrap is why there were no credentials.
func (e *StatusError) Unwrap() error { return e.Cause }

// maxErrorBody is how much of a refusal is read for its reason.
const maxErrorBody = 64 << 10

// statusError reads the refusal's body and closes it.
func statusError(resp *http.Response) *StatusError {
	e := &StatusError{Method: resp.Request.Method, URL: plainURL(resp.Request.URL), Status: resp.StatusCode}
	defer closeBody(resp)
	var doc struct {
		Errors  []struct{ Code, Message string }
		Message string // what daemons write
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, resp.Body, maxErrorBody)).Decode(&doc); err != nil || len(doc.Errors) == 0 {
		e.Detail = printable(doc.Message, 200)
		return e
	}
	e.Code = printable(doc.Errors[0].Code, 60)
	e.Detail = e.Code
	if m := printable(doc.Errors[0].Message, 200); m != "" {
		e.Detail = strings.TrimPrefix(e.Code+": "+m, ": ")
	}
	return e
}

// printable is s without bytes that could steer a terminal, cut to max runes.
func printable(s string, max int) string {
	n := 0
	return strings.Map(func(r rune) rune {
		if n++; n > max {
			return -1
		}
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}

// plainURL leaves out what may be secret: signed URLs carry their signature
// in the query.
func plainURL(u *url.URL) string {
	return printable(u.Scheme+"://"+u.Host+u.EscapedPath(), 500)
}

// plainError takes the URL with its query out of an error of net/http.
func plainError(req *http.Request, err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err
	}
	return fmt.Errorf("%s %s: %w", req.Method, plainURL(req.URL), err)
}

// closeBody reads what is left of a short answer, so that the connection can
// be used again.
func closeBody(resp *http.Response) {
	buf := make([]byte, 4096)
	for range 16 {
		if _, err := resp.Body.Read(buf); err != nil {
			break
		}
	}
	_ = resp.Body.Close()
}
