// Package admission is a validating webhook for the API server of a cluster:
// it holds the pods of a request, or the namespace, against the policy that CI
// obeys - the checks of manifests, the Pod Security Standards, and who must
// vouch for the images - and answers with one verdict.
//
// [New] makes a [Handler]. [Handler.Review] decides about one request, which
// is all that "boltseal admission test" does; ServeHTTP does it for the API
// server, and [Handler.Run] serves it with TLS.
//
// What cannot be looked at in time is a gap, which the policy denies or lets
// in; it is never taken for a clean answer.
package admission

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kjson "sigs.k8s.io/json"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/kube"
	"github.com/boltseal/boltseal/policy"
)

// Options are what a [Handler] is made with. Policy and Now are needed.
type Options struct {
	Policy *policy.Policy
	Now    func() time.Time
	Tool   boltseal.Tool
	Log    *slog.Logger
	Images Images // who is asked about images; needed when the policy has a section images
	Kube   kube.Options
}

// Images looks at images in their registries.
type Images interface {
	// Resolve is the digest that an image's name means now.
	Resolve(ctx context.Context, image string) (boltseal.Digest, error)

	// Check holds the bytes of a digest against the policy.
	Check(ctx context.Context, image string, digest boltseal.Digest) (*boltseal.Report, error)
}

// maxBody bounds one request: an object may have 3 MiB, and an update brings
// the old one too.
const maxBody = 8 << 20

// Handler answers the API server.
type Handler struct {
	opts   Options
	policy policy.Policy
	admits policy.Admission
	images *images
	slots  chan struct{}
}

// New makes a handler.
func New(opts *Options) (*Handler, error) {
	if opts == nil || opts.Policy == nil || opts.Now == nil {
		return nil, errors.New("admission: there is no policy or no clock")
	}
	h := &Handler{opts: *opts, policy: *opts.Policy, admits: opts.Policy.Admits()}
	if len(h.policy.Trust) > 0 {
		if opts.Images == nil {
			return nil, errors.New("admission: the policy says who must vouch for images, and nobody can be asked")
		}
		h.images = newImages(opts.Images, h.admits.TTL, opts.Now)
	}
	if h.opts.Log == nil {
		h.opts.Log = slog.New(slog.DiscardHandler)
	}
	h.policy.FailOn = *h.admits.FailOn
	h.policy.Severities = nil // what is not shown could not block
	h.policy.IgnoreUnusedWaivers = true
	// Whoever sends an object must not be the one who accepts what is wrong
	// with it, unless the policy says so.
	h.policy.NoComments = h.policy.NoComments || !h.admits.Annotations
	h.policy.Checks = Checks()
	h.opts.Kube.Registries = h.policy.Registries
	h.slots = make(chan struct{}, 4*runtime.GOMAXPROCS(0))
	return h, nil
}

// ServeHTTP answers one AdmissionReview.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "want POST", http.StatusMethodNotAllowed)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.deadline(r))
	defer cancel()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "the request cannot be read, or is larger than "+strconv.Itoa(maxBody)+" bytes", http.StatusRequestEntityTooLarge)
		return
	}
	review, err := Decode(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	start := h.opts.Now()
	d := h.Review(ctx, review.Request)
	answer := &admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: "AdmissionReview"},
		Response: d.response(review.Request.UID),
	}
	h.opts.Log.Info("admission", "object", d.Object, "operation", review.Request.Operation, "user", clip(review.Request.UserInfo.Username, 128),
		"allowed", d.Allowed, "mode", d.Mode, "why", d.Why, "blocking", len(d.Blocking), "gaps", len(d.Gaps), "took", h.opts.Now().Sub(start))
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		h.opts.Log.Warn("admission: the answer was not taken", "error", err)
	}
}

// deadline is the time for an answer: the policy's, and less than the API
// server waits.
func (h *Handler) deadline(r *http.Request) time.Duration {
	d := h.admits.Deadline
	if wait, err := time.ParseDuration(r.URL.Query().Get("timeout")); err == nil && wait > 0 {
		d = min(d, wait*4/5)
	}
	return d
}

// errReview is what is no request of an API server.
var errReview = errors.New("want an AdmissionReview of admission.k8s.io/v1 with a request and its uid")

// Decode reads an AdmissionReview as the API server sends it. A name that
// stands twice is an error, and fields of servers to come are passed over.
func Decode(body []byte) (*admissionv1.AdmissionReview, error) {
	review := &admissionv1.AdmissionReview{}
	strict, err := kjson.UnmarshalStrict(body, review, kjson.DisallowDuplicateFields)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the AdmissionReview: %s", clip(err.Error(), 200))
	case len(strict) > 0:
		return nil, fmt.Errorf("read the AdmissionReview: %s", clip(strict[0].Error(), 200))
	}
	q := review.Request
	if review.APIVersion != admissionv1.SchemeGroupVersion.String() || review.Kind != "AdmissionReview" || q == nil || q.UID == "" || len(q.UID) > 256 {
		return nil, errReview
	}
	return review, nil
}

// Decision is what becomes of one request, and why.
type Decision struct {
	Object   string             `json:"object"` // as kubectl names it
	Allowed  bool               `json:"allowed"`
	Mode     policy.Mode        `json:"mode,omitempty"` // empty: not judged
	Why      string             `json:"why"`            // one sentence
	Blocking []boltseal.Finding `json:"blocking,omitempty"`
	Other    []boltseal.Finding `json:"other,omitempty"` // below the threshold, or waived
	Gaps     []boltseal.Gap     `json:"gaps,omitempty"`
	Images   map[string]string  `json:"images,omitempty"` // digests that were looked at, by name
	Policy   boltseal.Digest    `json:"policy,omitempty"`
	Warnings []string           `json:"warnings,omitempty"`
}

func (d *Decision) response(uid types.UID) *admissionv1.AdmissionResponse {
	out := &admissionv1.AdmissionResponse{UID: uid, Allowed: d.Allowed, Warnings: d.Warnings, AuditAnnotations: d.annotations()}
	if !d.Allowed {
		out.Result = &metav1.Status{Status: metav1.StatusFailure, Code: http.StatusForbidden, Reason: metav1.StatusReasonForbidden, Message: d.Message()}
	}
	return out
}
