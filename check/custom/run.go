package custom

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/boltseal/boltseal"
)

// errBudget ends a run whose expressions cost too much altogether.
var errBudget = errors.New("the checks cost more than a run may")

// Run evaluates every rule over what it looks at. An expression that fails
// to give an answer is a gap: nobody knows whether it holds.
func (s *Set) Run(ctx context.Context, in *Input) ([]boltseal.Finding, []boltseal.Gap) {
	r := &runner{ctx: ctx, left: costRun, cache: map[Over][]thing{}, in: in}
	for i := range s.Rules {
		r.rule(&s.Rules[i])
	}
	slices.SortFunc(r.findings, boltseal.Finding.Compare)
	return r.findings, r.gaps
}

type runner struct {
	ctx      context.Context // lives as long as one Run
	in       *Input
	left     int64
	cache    map[Over][]thing
	findings []boltseal.Finding
	gaps     []boltseal.Gap
	spent    bool
}

// mostGaps bounds the gaps of one rule: an expression that fails on one
// object fails on many.
const mostGaps = 20

// mostCostly is how often one rule may reach the limit of an evaluation
// before it is tried no further.
const mostCostly = 3

func (r *runner) rule(rule *Rule) {
	gaps, costly := 0, 0
	things, ok := r.cache[rule.Over]
	if !ok {
		var bad []boltseal.Gap
		things, bad = r.in.things(rule.Over)
		r.cache[rule.Over] = things
		r.gaps = append(r.gaps, bad...)
	}
	for i := range things {
		t := &things[i]
		if rule.Over == OverManifest && len(rule.Kinds) > 0 && !slices.Contains(rule.Kinds, t.kind) {
			continue
		}
		if costly >= mostCostly || r.spent {
			// An expression that costs too much so often is tried no further.
			gaps++
			continue
		}
		message, failed, err := r.judge(rule, t)
		switch {
		case err != nil:
			r.spent = errors.Is(err, errBudget)
			if strings.Contains(err.Error(), "cost limit") {
				costly++
			}
			if gaps++; gaps > mostGaps {
				continue
			}
			r.gaps = append(r.gaps, boltseal.Gap{Kind: "check-error", What: "check " + rule.ID + " of " + t.name(), Why: err.Error(),
				Hint: "guard fields that may be missing with has(), or mend the check and try it: boltseal policy test"})
		case failed:
			r.findings = append(r.findings, finding(rule, t, message))
		}
	}
	if gaps > mostGaps {
		r.gaps = append(r.gaps, boltseal.Gap{Kind: "check-error", What: fmt.Sprintf("check %s of %d more", rule.ID, gaps-mostGaps), Why: "as before, or not tried any more"})
	}
}

// judge tells whether a rule fails for a thing, and in what words.
func (r *runner) judge(rule *Rule, t *thing) (message string, failed bool, err error) {
	values := map[string]any{rule.Over.variable(): t.value, "file": t.where.File}
	// A variable is evaluated when it is first asked for, as in a cluster, so
	// that one which fails matters only to expressions that need it.
	lazy := func(p cel.Program) func() ref.Val {
		return func() ref.Val {
			out, err := r.value(p, values)
			if err != nil {
				return types.WrapErr(err)
			}
			return out
		}
	}
	if rule.podSpec != nil {
		values["variables."+podSpecName] = lazy(rule.podSpec)
	}
	for _, v := range rule.Variables {
		values["variables."+v.Name] = lazy(v.program)
	}
	if rule.when != nil {
		applies, err := r.truth(rule.when, values)
		if err != nil {
			return "", false, fmt.Errorf("when: %w", err)
		}
		if !applies {
			return "", false, nil
		}
	}
	holds, err := r.truth(rule.must, values)
	if err != nil || holds {
		return "", false, err
	}
	message = rule.Message
	if rule.message != nil {
		// As in a cluster, a message that cannot be made is no reason to let
		// something through.
		if out, err := r.eval(rule.message, values); err == nil {
			if text, ok := out.(string); ok && strings.TrimSpace(text) != "" {
				message = strings.TrimSpace(text)
			}
		}
	}
	if message == "" {
		message = rule.Title
	}
	const most = 2 << 10
	if len(message) > most {
		message = strings.ToValidUTF8(message[:most], "") + "…"
	}
	return message, true, nil
}

func (r *runner) truth(p cel.Program, values map[string]any) (bool, error) {
	out, err := r.eval(p, values)
	if err != nil {
		return false, err
	}
	b, ok := out.(bool)
	if !ok {
		return false, fmt.Errorf("it gives a %T, and true or false is wanted", out)
	}
	return b, nil
}

func (r *runner) eval(p cel.Program, values map[string]any) (any, error) {
	out, err := r.value(p, values)
	if err != nil {
		return nil, err
	}
	return out.Value(), nil
}

// value runs a program and takes its cost from the run's.
func (r *runner) value(p cel.Program, values map[string]any) (ref.Val, error) {
	if r.left += costMore; r.left <= 0 {
		return nil, errBudget
	}
	out, details, err := p.ContextEval(r.ctx, values)
	if details != nil && details.ActualCost() != nil {
		r.left -= int64(min(*details.ActualCost(), 2*costEach))
	} else {
		r.left -= costEach
	}
	switch {
	case err != nil:
		return nil, errors.New(clip1(err.Error()))
	case types.IsUnknownOrError(out):
		return nil, fmt.Errorf("%v", out)
	}
	return out, nil
}

func finding(rule *Rule, t *thing, message string) boltseal.Finding {
	f := boltseal.Finding{
		Check: rule.ID, Title: rule.Title, Message: message, Severity: rule.Severity,
		Subject: t.subject, Location: t.where, Component: t.component, Evidence: t.evidence,
	}
	if rule.Fix != "" {
		f.Fixes = []boltseal.Fix{{Title: rule.Fix}}
	}
	f.Seal()
	return f
}
