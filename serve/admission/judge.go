package admission

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	"k8s.io/pod-security-admission/api"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/kube"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/source/registry"
	"github.com/boltseal/boltseal/syntax/manifest"
	"github.com/boltseal/boltseal/trust"
)

var podSecurity = boltseal.Check{
	ID: "admission/pod-security", Title: "the policy's Pod Security Standard refuses the pods", Severity: boltseal.Critical,
	Doc: `The policy says which of the Pod Security Standards pods must keep to (admission: pod-security), and these do not. What the standard forbids is what
breaks out of containers: privileges, host namespaces, host paths, capabilities. The evaluator is Kubernetes' own.

The message names the fields. boltseal lint --fix mends most of them in the manifest.`,
}

// Checks lists what is looked for beside the checks of other packages.
func Checks() []boltseal.Check {
	return slices.Concat([]boltseal.Check{podSecurity}, kube.Checks(), trust.Checks(), policy.Checks())
}

// passedOver tells which rules have nothing to say about one object that a
// server sends. It was read by the server, with types that may be newer than
// ours, and what else its namespace holds is not in the request.
func passedOver(r kube.Rule) bool {
	switch r.ID {
	case "kube/unknown-field", "kube/duplicate-object", "kube/no-disruption-budget", "kube/no-limit-range", "kube/no-resource-quota":
		return true
	}
	return strings.HasPrefix(r.ID, "kube/netpol-")
}

// maxImages is how many images one object may name.
const maxImages = 256

// rules are those of manifests, the one about the level of the policy, and
// one that finds nothing and notes the images.
func (h *Handler) rules(images *[]string) []kube.Rule {
	level := api.Level(h.admits.PodSecurity)
	rules := slices.DeleteFunc(kube.Rules(), passedOver)
	return append(rules,
		kube.Rule{Check: podSecurity, Run: func(p *kube.Pass) {
			for _, w := range p.Workloads {
				if why := p.Refusal(w, level, api.LatestVersion()); why != "" {
					p.Pod(w, nil, string(level)+" refuses the pods: "+why)
				}
			}
		}},
		kube.Rule{Check: boltseal.Check{ID: "admission/images"}, Run: func(p *kube.Pass) {
			for c := range p.All() {
				*images = append(*images, c.Image)
			}
			for _, w := range p.Workloads {
				for _, v := range w.Spec.Volumes {
					if v.Image != nil {
						*images = append(*images, v.Image.Reference)
					}
				}
			}
		}},
	)
}

// judge holds an object against the policy.
func (h *Handler) judge(ctx context.Context, d *Decision, file *manifest.File) {
	if len(file.Errors) > 0 {
		d.gap(file.Errors[0].Error(), "unreadable-object")
	}
	if len(file.Objects()) != 1 {
		d.gap("it is no object of Kubernetes", "unreadable-object")
	}
	r := &boltseal.Report{
		Schema: boltseal.ReportSchema, Tool: h.opts.Tool, Time: h.opts.Now().UTC(),
		Artifact:   boltseal.Artifact{Kind: boltseal.KindDirectory, Name: d.Object},
		Components: []boltseal.Component{},
	}
	var images []string
	r.Findings, r.Gaps = kube.Run([]*manifest.File{file}, h.rules(&images), &h.opts.Kube)
	r.Gaps = append(r.Gaps, d.Gaps...)
	if h.images != nil {
		h.vouch(ctx, d, r, images)
	}
	r.Sort()
	p := h.policy
	p.Judge(r, h.opts.Now())
	d.Gaps, d.Policy = nil, r.Verdict.Policy
	for _, f := range r.Findings {
		if slices.Contains(r.Verdict.Blocking, f.Key) && f.Waived == nil {
			d.Blocking = append(d.Blocking, f)
		} else {
			d.Other = append(d.Other, f)
		}
	}
	for _, g := range r.Gaps {
		if !slices.Contains(p.AllowGaps, g.Kind) && !slices.Contains(p.AllowGaps, "*") {
			d.Gaps = append(d.Gaps, g)
		}
	}
	h.decide(d)
}

// vouch asks who vouches for the images, several at a time, and until the
// context's end at most.
func (h *Handler) vouch(ctx context.Context, d *Decision, r *boltseal.Report, images []string) {
	slices.Sort(images)
	images = slices.Compact(images)
	if len(images) > maxImages {
		r.Gaps = append(r.Gaps, boltseal.Gap{Kind: "limit", What: "the images", Why: fmt.Sprintf("the object names more than %d", maxImages)})
		images = images[:maxImages]
	}
	d.Images = map[string]string{}
	var mu sync.Mutex
	var asked []*boltseal.Report
	var unasked []boltseal.Gap
	var g errgroup.Group
	g.SetLimit(8)
	for _, image := range images {
		if image == "" {
			continue // the API server refuses it, or a template leaves it open
		}
		if f, ok := h.settled(image); ok {
			if f != nil {
				r.Findings = append(r.Findings, *f)
			}
			continue
		}
		g.Go(func() error {
			report, err := h.images.ask(ctx, image)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				if errors.Is(err, context.DeadlineExceeded) {
					err = errSlow
				}
				unasked = append(unasked, boltseal.Gap{Kind: "unasked-image", What: "image " + clip(image, 300), Why: clip(err.Error(), 400)})
				return nil
			}
			d.Images[image] = string(report.Artifact.Digest)
			asked = append(asked, report)
			return nil
		})
	}
	_ = g.Wait() // none returns an error
	r.Gaps = append(r.Gaps, unasked...)
	for _, one := range asked {
		r.Findings = append(r.Findings, one.Findings...)
		r.Gaps = append(r.Gaps, one.Gaps...)
	}
}

// settled tells whether the policy decides about an image by its name alone,
// so that no registry has to be there to say so, and what stands against it.
func (h *Handler) settled(image string) (*boltseal.Finding, bool) {
	ref, err := registry.ParseRef(image)
	if err != nil {
		return nil, false // asking says what is wrong with it
	}
	repository := ref.Host + "/" + ref.Repository
	t := h.policy.TrustFor(repository)
	var id, message, stable string
	switch {
	case t == nil:
		id, message, stable = "trust/not-named", "no entry of the policy's images names "+repository, repository
	case t.Deny != "":
		id, message, stable = "trust/denied", t.Deny, t.Image
	default:
		return nil, t.Unsigned
	}
	f := &boltseal.Finding{Check: id, Message: message, Subject: boltseal.Subject{Name: ref.String(), Digest: ref.Digest}}
	for _, c := range trust.Checks() {
		if c.ID == id {
			f.Title, f.Severity = c.Title, c.Severity
		}
	}
	f.Evidence = []boltseal.Evidence{{Kind: boltseal.EvidenceStable, Excerpt: stable}}
	f.Seal()
	return f, true
}

var errSlow = errors.New("no answer in time; it is waited for, and the next request may find it")

// decide sets what becomes of the object.
func (h *Handler) decide(d *Decision) {
	blocked, unseen := len(d.Blocking) > 0, len(d.Gaps) > 0
	switch {
	case blocked:
		d.Why = "the policy blocks it"
	case unseen && h.admits.OnErrorOpen:
		d.Why = "not everything could be looked at, and the policy lets that be"
	case unseen:
		d.Why = "not everything could be looked at"
	default:
		d.Why = "nothing blocks it"
	}
	d.Allowed = d.Mode != policy.Enforce || !blocked && (!unseen || h.admits.OnErrorOpen)
	if d.Allowed && d.Mode != policy.Audit {
		d.Warnings = d.warnings()
	}
}

func (d *Decision) gap(why, kind string) {
	d.Gaps = append(d.Gaps, boltseal.Gap{Kind: kind, What: "the object", Why: why})
}
