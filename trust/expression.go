package trust

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/ext"

	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/seal"
)

// Costs are in the units of cel-go, which are about an operation or ten bytes
// of text each.
const (
	maxCost     = 1_000_000
	maxDepth    = 100
	maxText     = 16 << 10
	interruptBy = 1_000 // steps between looks at the context
)

var errNotBool = errors.New("an expression has to say yes or no, and this one is no bool")

// environment is what expressions over statements see: the predicate as its
// JSON has it, and its type.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true),
		cel.OptionalTypes(),
		cel.ParserExpressionSizeLimit(maxText),
		cel.ParserRecursionLimit(maxDepth),
		ext.Strings(ext.StringsVersion(2)),
		ext.Sets(),
		ext.Lists(ext.ListsVersion(3)),
		cel.Variable("predicate", cel.DynType),
		cel.Variable("predicateType", cel.StringType),
	)
})

// Compile says what is wrong with the expressions of a policy, with the line
// and column in the policy's file.
func Compile(name string, p *policy.Policy) error {
	var all []error
	for i := range p.Trust {
		for j := range p.Trust[i].Attestations {
			e := p.Trust[i].Attestations[j].CEL
			if _, err := compile(e); err != nil {
				all = append(all, fmt.Errorf("%s:%w", name, err))
			}
		}
	}
	return errors.Join(all...)
}

// compile is nil where there is no expression.
func compile(e *policy.Expression) (cel.Program, error) {
	if e == nil {
		return nil, nil
	}
	env, err := environment()
	if err != nil {
		return nil, err
	}
	ast, issues := env.Compile(e.Text)
	if issues.Err() != nil {
		var all []error
		for _, one := range issues.Errors() {
			line, column := e.Place(one.Location.Line(), one.Location.Column())
			all = append(all, fmt.Errorf("%d:%d: cel: %s", line, column, one.Message))
		}
		return nil, errors.Join(all...)
	}
	if kind := ast.OutputType(); !kind.IsExactType(cel.BoolType) && !kind.IsExactType(cel.DynType) {
		line, column := e.Place(1, 0)
		return nil, fmt.Errorf("%d:%d: cel: %w", line, column, errNotBool)
	}
	return env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost), cel.CostTracking(nil), cel.InterruptCheckFrequency(interruptBy))
}

// satisfies asks an expression about a verified statement. An error means
// that it could not say yes, which is no.
func satisfies(ctx context.Context, program cel.Program, v *seal.Verified) error {
	if v.Statement == nil {
		return errors.New("it has no statement")
	}
	var predicate any
	if err := json.Unmarshal(v.Statement.Predicate, &predicate); err != nil {
		return fmt.Errorf("predicate: %w", err)
	}
	out, _, err := program.ContextEval(ctx, map[string]any{"predicate": predicate, "predicateType": v.PredicateType})
	if err != nil {
		return fmt.Errorf("cel: %s", strings.TrimSpace(err.Error()))
	}
	yes, ok := out.Value().(bool)
	switch {
	case !ok:
		return errNotBool
	case !yes:
		return errors.New("what the policy asks of it (cel) is not so")
	}
	return nil
}
