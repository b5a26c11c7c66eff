package custom

import (
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common"
	"github.com/google/cel-go/ext"

	"github.com/boltseal/boltseal/syntax/manifest"
)

// Costs are in the units of cel-go, which are about an operation or ten bytes
// of text each, and about a microsecond. A run may cost more the more it
// looks at: a check takes a hundred or so of one object.
const (
	costEach    = 250_000    // of one evaluation
	costRun     = 10_000_000 // of a run, and for each evaluation:
	costMore    = 1_000
	interruptBy = 1_000 // steps between looks at the context
	maxDepth    = 100   // of nested expressions
)

// podSpec is a variable that every check over manifests has: where a kind
// keeps its pods' specification.
const (
	podSpecName       = "podSpec"
	podSpecExpression = `object.kind == "Pod" ? object.spec : object.kind == "CronJob" ? object.spec.jobTemplate.spec.template.spec : object.spec.template.spec`
)

// baseEnv has what the expressions of Kubernetes have from CEL itself:
// optional values, text, lists, sets, two-variable macros. Kubernetes' own
// libraries (quantity, url, ip, authorizer) are not there.
var baseEnv = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.HomogeneousAggregateLiterals(),
		cel.EagerlyValidateDeclarations(true),
		cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true),
		cel.OptionalTypes(),
		cel.ParserExpressionSizeLimit(maxExpression),
		cel.ParserRecursionLimit(maxDepth),
		ext.Strings(ext.StringsVersion(2)),
		ext.Sets(),
		ext.Lists(ext.ListsVersion(3)),
		ext.TwoVarComprehensions(),
	)
})

// compile turns the expressions of all rules into programs.
func (l *loader) compile() {
	base, err := baseEnv()
	if err != nil {
		l.errors = append(l.errors, &Error{File: l.set.Name, Line: 1, Col: 1, Message: err.Error()})
		return
	}
	for i := range l.set.Rules {
		l.compileRule(base, &l.set.Rules[i], l.places[i])
	}
}

func (l *loader) compileRule(base *cel.Env, r *Rule, at places) {
	env, err := base.Extend(cel.Variable(r.Over.variable(), cel.DynType), cel.Variable("file", cel.StringType))
	if err != nil {
		l.fail(at.rule, "%v", err)
		return
	}
	known := map[string]bool{}
	variable := func(name string, kind *cel.Type) {
		// The name with its dot is the variable's own, so that one which is
		// not there is a mistake that the compiler finds.
		known[name] = true
		if env, err = env.Extend(cel.Variable("variables."+name, kind)); err != nil {
			l.fail(at.rule, "%v", err)
		}
	}
	if r.Over == OverManifest {
		if r.podSpec, err = podSpecProgram(env); err != nil {
			l.fail(at.rule, "%v", err)
			return
		}
		variable(podSpecName, cel.DynType)
	}
	for i := range r.Variables {
		v := &r.Variables[i]
		if known[v.Name] {
			l.fail(at.variables[i], "variable %s stands there twice", v.Name)
			return
		}
		var kind *cel.Type
		if v.program, kind = l.program(env, v.Expression, at.variables[i], cel.DynType); v.program == nil {
			return
		}
		if variable(v.Name, kind); err != nil {
			return
		}
	}
	if at.when != nil {
		r.when, _ = l.program(env, r.When, at.when, cel.BoolType)
	}
	r.must, _ = l.program(env, r.Expression, at.expression, cel.BoolType)
	if at.message != nil {
		r.message, _ = l.program(env, r.MessageBy, at.message, cel.StringType)
	}
}

func podSpecProgram(env *cel.Env) (cel.Program, error) {
	ast, issues := env.Compile(podSpecExpression)
	if issues.Err() != nil {
		return nil, issues.Err()
	}
	return env.Program(ast, limits()...)
}

// limits are the options of every program.
func limits() []cel.ProgramOption {
	return []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize), cel.CostLimit(costEach), cel.CostTracking(nil), cel.InterruptCheckFrequency(interruptBy)}
}

// program compiles one expression that gives a value of a type.
func (l *loader) program(env *cel.Env, text string, at *manifest.Node, want *cel.Type) (cel.Program, *cel.Type) {
	ast, issues := env.CompileSource(common.NewTextSource(text))
	if issues.Err() != nil {
		for _, e := range issues.Errors() {
			line, col := l.place(at, e.Location.Line(), e.Location.Column())
			l.errors = append(l.errors, &Error{File: l.set.Name, Line: line, Col: col, Message: clip1(e.Message)})
		}
		return nil, nil
	}
	got := ast.OutputType()
	if !want.IsExactType(cel.DynType) && !got.IsExactType(want) && !got.IsExactType(cel.DynType) {
		l.fail(at, "the expression gives a value of type %s, and %s is wanted", got, want)
		return nil, nil
	}
	p, err := env.Program(ast, limits()...)
	if err != nil {
		l.fail(at, "%v", err)
		return nil, nil
	}
	return p, got
}

// clip1 is the first line of a message of CEL: the others draw the place.
func clip1(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return strings.TrimSuffix(s, " (in container '')")
}

// place is where a place in an expression stands in the file. Lines of CEL
// begin at 1 and columns, in characters, at 0. In folded and broken texts
// lines do not correspond, and the text's own beginning is given.
func (l *loader) place(n *manifest.Node, line, col int) (int, int) {
	start := l.file.Location(n.Span)
	source := l.file.Text(n.Span)
	switch {
	case n.Style == manifest.Literal:
		lines := strings.Split(source, "\n")
		if line < len(lines) {
			// The block's indentation is what its first line with content has.
			indent := 0
			for _, text := range lines[1:] {
				if strings.TrimSpace(text) != "" {
					indent = len(text) - len(strings.TrimLeft(text, " "))
					break
				}
			}
			return start.Line + line, indent + bytesOf(lines[line], indent, col) + 1
		}
	case strings.Contains(source, "\n"):
	case n.Style == manifest.SingleQuoted || n.Style == manifest.DoubleQuoted:
		return start.Line, start.Col + 1 + bytesOf(source, 1, col)
	default:
		return start.Line, start.Col + bytesOf(source, 0, col)
	}
	return start.Line, start.Col
}

// bytesOf is how many bytes the first n characters behind an offset take.
func bytesOf(s string, from, n int) int {
	if from > len(s) {
		return n
	}
	count := 0
	for i := range s[from:] {
		if count == n {
			return i
		}
		count++
	}
	return len(s) - from + max(n-count, 0)
}

// mentions tells whether an expression of a rule over something refers to a
// name, such as "file" or "variables.podSpec". What cannot be compiled
// mentions nothing: Load has refused it.
func mentions(r *Rule, name string) bool {
	base, err := baseEnv()
	if err != nil {
		return false
	}
	vars := []cel.EnvOption{cel.Variable(r.Over.variable(), cel.DynType), cel.Variable("file", cel.StringType), cel.Variable("variables."+podSpecName, cel.DynType)}
	texts := []string{r.When, r.Expression, r.MessageBy}
	for _, v := range r.Variables {
		vars = append(vars, cel.Variable("variables."+v.Name, cel.DynType))
		texts = append(texts, v.Expression)
	}
	env, err := base.Extend(vars...)
	if err != nil {
		return false
	}
	for _, text := range texts {
		if text == "" {
			continue
		}
		ast, issues := env.Compile(text)
		if issues.Err() != nil {
			continue
		}
		for _, ref := range ast.NativeRep().ReferenceMap() {
			if ref.Name == name {
				return true
			}
		}
	}
	return false
}
