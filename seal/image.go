package seal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/source/registry"
)

// Result is what was found out about one image.
type Result struct {
	Image    string          `json:"image"` // as it was asked for, with everything filled in
	Digest   boltseal.Digest `json:"digest"`
	Verified []*Verified     `json:"verified"`
	Refused  []*Refusal      `json:"refused,omitempty"`

	unread error // the first thing that could not be fetched
}

// Unread is why something that is attached could not be looked at, or nil. It
// is not a reason against what was verified.
func (r *Result) Unread() error { return r.unread }

// Image verifies what is attached to the image that ref names, in every form.
// The result is there even when the error is not nil, which it is unless at
// least one signature counts: an error that wraps [ErrNoSignature] says that
// nothing was there, a [*RefusedError] that nothing counted, and any other
// that something could not be looked at.
func (v *Verifier) Image(ctx context.Context, client *registry.Client, ref registry.Ref, want Want) (*Result, error) {
	desc, err := client.Resolve(ctx, ref)
	if err != nil {
		return nil, err
	}
	d := boltseal.Digest(desc.Digest)
	if want.Digest != "" && want.Digest != d {
		return nil, fmt.Errorf("verify %s: it is %s now, and %s was asked for", ref, d, want.Digest)
	}
	want.Digest = d
	r := &Result{Image: ref.String(), Digest: d}
	var found []*Attached
	for a, err := range Attestations(ctx, client, ref.At(d), &AttachedOptions{Kinds: kindsFor(want), Max: v.opts.Attached}) {
		if errors.Is(err, errTooMany) {
			r.unread = err
			break
		}
		if err != nil {
			return r, fmt.Errorf("verify %s: %w", ref, err)
		}
		if a.Kind.Signed() || a.unread {
			found = append(found, a)
		}
	}
	if err := v.attached(ctx, found, want, r); err != nil {
		return r, err
	}
	slices.SortFunc(r.Verified, (*Verified).Compare)
	return r, r.err()
}

// kindsFor lists what may hold what is wanted.
func kindsFor(want Want) []Kind {
	switch {
	case want.AnyPredicate:
		return []Kind{KindBundle, KindSignature, KindAttestation, KindNotation}
	case len(want.PredicateTypes) > 0:
		return []Kind{KindBundle, KindAttestation}
	}
	return []Kind{KindBundle, KindSignature, KindNotation}
}

// jobs is how many signatures are fetched and verified at once.
const jobs = 8

// attached verifies each of the attached things.
func (v *Verifier) attached(ctx context.Context, list []*Attached, want Want, r *Result) error {
	type outcome struct {
		verified *Verified
		err      error
		read     bool
	}
	outcomes := make([]outcome, len(list))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(jobs)
	for i, a := range list {
		g.Go(func() error {
			o := &outcomes[i]
			var data []byte
			if data, o.err = a.Read(gctx, v.opts.MaxBytes); o.err != nil {
				return gctx.Err()
			}
			o.read = true
			o.verified, o.err = v.one(a, data, want)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("verify %s: %w", r.Image, err)
	}
	for i, o := range outcomes {
		a := list[i]
		if o.err == nil {
			o.verified.Source = a.Where
			r.Verified = append(r.Verified, o.verified)
			continue
		}
		refusal, ok := errors.AsType[*Refusal](o.err)
		if !ok {
			st := &steps{form: formOf(a.Kind)}
			refusal = st.fail(StepFormat, o.err)
		}
		refusal.Source = a.Where
		r.Refused = append(r.Refused, refusal)
		if !o.read && (a.Broken == nil || a.unread) && r.unread == nil {
			r.unread = o.err
		}
	}
	return nil
}

func formOf(k Kind) Form {
	switch k {
	case KindSignature:
		return FormSimple
	case KindAttestation:
		return FormEnvelope
	case KindNotation:
		return FormNotation
	}
	return FormBundle
}

// Attached verifies one attached thing, of which want has to say what it
// should be about. Kinds that carry no signature are refused.
func (v *Verifier) Attached(ctx context.Context, a *Attached, want Want) (*Verified, error) {
	if !a.Kind.Signed() {
		st := &steps{form: formOf(a.Kind)}
		return nil, st.fail(StepSignature, fmt.Errorf("nobody signed it: %s", a.Kind))
	}
	data, err := a.Read(ctx, v.opts.MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", a.Where, err)
	}
	out, err := v.one(a, data, want)
	if err != nil {
		if refusal, ok := errors.AsType[*Refusal](err); ok {
			refusal.Source = a.Where
		}
		return nil, err
	}
	out.Source = a.Where
	return out, nil
}

// one verifies one attached thing.
func (v *Verifier) one(a *Attached, data []byte, want Want) (*Verified, error) {
	switch a.Kind {
	case KindSignature:
		return v.Simple(data, a.Annotations, want)
	case KindAttestation:
		return v.Envelope(data, a.Annotations, want)
	case KindNotation:
		return v.Notation(data, a.Content.MediaType, want)
	}
	return v.Bundle(data, want)
}

// RefusedError says that signatures were found and none of them counts.
type RefusedError struct{ Result *Result }

// Error tells why each of them was refused.
func (e *RefusedError) Error() string {
	r := e.Result
	var b strings.Builder
	fmt.Fprintf(&b, "%s: none of %d signatures counts", r.Image, len(r.Refused))
	if len(r.Refused) == 1 {
		b.Reset()
		fmt.Fprintf(&b, "%s: the only signature does not count", r.Image)
	}
	const most = 5
	for i, refusal := range r.Refused {
		if i == most {
			fmt.Fprintf(&b, "; and %d more", len(r.Refused)-most)
			break
		}
		fmt.Fprintf(&b, "; %v", refusal)
	}
	return b.String()
}

// Unwrap lists the refusals.
func (e *RefusedError) Unwrap() []error {
	var all []error
	for _, refusal := range e.Result.Refused {
		all = append(all, refusal)
	}
	return all
}

func (r *Result) err() error {
	switch {
	case len(r.Verified) > 0:
		return nil
	case r.unread != nil:
		return fmt.Errorf("verify %s: %w", r.Image, r.unread)
	case len(r.Refused) > 0:
		return &RefusedError{r}
	}
	return fmt.Errorf("verify %s: %w (%s)", r.Image, ErrNoSignature, r.Digest)
}
