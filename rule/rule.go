// Package rule speaks Falco's rule language: it parses rule files, compiles
// them and tells which rules an event matches. It knows nothing of kernels or
// of Kubernetes: whoever has events implements [Event].
//
// [Parse] reads one file, [Compile] joins files in their order (lists, macros,
// rules, appends, overrides, exceptions) into a [Set], and [Set.Eval] matches
// one event. Field names become numbers when a set is compiled, rules are
// indexed by the event types that they can match, and what one event's value
// says about a test is remembered for the next event with the same value.
//
// The semantics are Falco's: a check on a field without a value is false
// whatever its operator, "!=" included; lists are substituted as text; the
// ancestors' fields without an index match any ancestor.
package rule

import (
	"fmt"
	"strings"

	"github.com/boltseal/boltseal"
)

// EngineVersion is the version of Falco's rule engine that this package
// stands for: files that require a later one do not load.
const EngineVersion = "0.57.0"

// Problem is what is wrong with a rule file, at its place.
type Problem struct {
	Warning bool   // the file loads all the same
	Code    string // Falco's name of the problem: "LOAD_ERR_VALIDATE"
	File    string
	Line    int
	Column  int
	Item    string // `rule "Terminal shell in container"`
	Message string
	Hint    string // what to do about it
}

// String is the problem as compilers print theirs.
func (p Problem) String() string {
	var b strings.Builder
	kind := "error"
	if p.Warning {
		kind = "warning"
	}
	fmt.Fprintf(&b, "%s:%d:%d: %s: ", p.File, p.Line, p.Column, kind)
	if p.Item != "" {
		b.WriteString(p.Item + ": ")
	}
	b.WriteString(p.Message)
	if p.Hint != "" {
		b.WriteString("; " + p.Hint)
	}
	fmt.Fprintf(&b, " (%s)", p.Code)
	return b.String()
}

// The codes of problems, as Falco names them.
const (
	codeFileRead      = "LOAD_ERR_FILE_READ"
	codeYAMLParse     = "LOAD_ERR_YAML_PARSE"
	codeYAMLValidate  = "LOAD_ERR_YAML_VALIDATE"
	codeValidate      = "LOAD_ERR_VALIDATE"
	codeCondition     = "LOAD_ERR_COMPILE_CONDITION"
	codeOutput        = "LOAD_ERR_COMPILE_OUTPUT"
	codeExtension     = "LOAD_ERR_EXTENSION"
	codeUnknownSource = "LOAD_UNKNOWN_SOURCE"
	codeUnknownKey    = "LOAD_UNKNOWN_KEY"
	codeUnknownItem   = "LOAD_UNKNOWN_ITEM"
	codeUnknownFilter = "LOAD_UNKNOWN_FILTER"
	codeUnusedMacro   = "LOAD_UNUSED_MACRO"
	codeUnusedList    = "LOAD_UNUSED_LIST"
	codeNoEventType   = "LOAD_NO_EVTTYPE"
	codeEmpty         = "LOAD_EMPTY_FILE"
	codeNotUnique     = "LOAD_EXCEPTION_NAME_NOT_UNIQUE"
	codeAppendNothing = "LOAD_APPEND_NO_VALUES"
	codeDeprecated    = "LOAD_DEPRECATED_ITEM"
)

// Errors are the problems that are not only warnings.
func Errors(problems []Problem) []Problem {
	var out []Problem
	for _, p := range problems {
		if !p.Warning {
			out = append(out, p)
		}
	}
	return out
}

// Priority is how urgent a rule says its matches are, as syslog counts.
type Priority int

// The priorities, most urgent first.
const (
	Emergency Priority = iota
	Alert
	Critical
	Error
	Warning
	Notice
	Informational
	Debug
)

var priorityNames = [...]string{"Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug"}

// String is the priority as alerts print it.
func (p Priority) String() string {
	if p < 0 || int(p) >= len(priorityNames) {
		return fmt.Sprintf("Priority(%d)", int(p))
	}
	return priorityNames[p]
}

// ParsePriority reads a priority in any case; "info" is informational.
func ParsePriority(s string) (Priority, bool) {
	if strings.EqualFold(s, "info") {
		return Informational, true
	}
	for i, name := range priorityNames {
		if strings.EqualFold(s, name) {
			return Priority(i), true
		}
	}
	return 0, false
}

// Severity is the priority in the words of findings.
func (p Priority) Severity() boltseal.Severity {
	switch {
	case p <= Critical:
		return boltseal.Critical
	case p == Error:
		return boltseal.High
	case p == Warning:
		return boltseal.Medium
	case p == Notice:
		return boltseal.Low
	}
	return boltseal.Negligible
}

// Rule is one rule as its files left it.
type Rule struct {
	Name        string
	Description string
	Condition   string // as written, exceptions and appends included
	Output      string
	Priority    Priority
	Source      string // "syscall", "k8s_audit"
	Tags        []string
	Enabled     bool
	File        string
	Line        int

	index  int
	format *format
}
