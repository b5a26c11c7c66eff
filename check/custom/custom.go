// Package custom runs checks that users write: files of YAML with an
// expression in CEL for each check, the language that Kubernetes admits
// objects by, over Dockerfiles, manifests, images, components and findings.
// A file holds its own test cases. [Load] reads one; [Set.Run] and [Set.Test]
// do what their names say, and [Set.VAP] writes the checks that speak of
// manifests alone as objects that a cluster enforces.
//
// An expression may come from anybody: it can open nothing and ask nobody,
// and what it may cost is bounded, for each evaluation and for a whole run.
package custom

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"

	"github.com/boltseal/boltseal"
)

// Over is what a check looks at, one after the other.
type Over string

// What checks can look at. Each is a variable of that name in expressions,
// but for manifests, whose object is "object" as in a cluster.
const (
	OverDockerfile  Over = "dockerfile"  // a whole file
	OverInstruction Over = "instruction" // each instruction of each file
	OverManifest    Over = "manifest"    // each Kubernetes object
	OverImage       Over = "image"
	OverComponent   Over = "component"
	OverFinding     Over = "finding"
)

var overs = []Over{OverDockerfile, OverInstruction, OverManifest, OverImage, OverComponent, OverFinding}

// variable is what expressions call the thing that is looked at.
func (o Over) variable() string {
	if o == OverManifest {
		return "object"
	}
	return string(o)
}

// Set is the checks and the test cases of one file.
type Set struct {
	Name  string
	Rules []Rule
	Tests []Test
}

// Rule is one check: what its expression says must hold.
type Rule struct {
	boltseal.Check
	Over       Over
	Kinds      []string // of manifests; empty: all
	Resources  []string // "deployments.v1.apps", for the kinds that VAP does not know
	When       string   // where this is false, the check does not apply
	Expression string
	Message    string
	MessageBy  string // an expression that makes the message
	Fix        string
	Variables  []Variable
	At         boltseal.Location // of the check in its file

	when, must, message, podSpec cel.Program
}

// Variable is an expression with a name, "variables.NAME" in the others.
type Variable struct {
	Name, Expression string

	program cel.Program
}

// Error is a mistake in a file of checks.
type Error struct {
	File      string
	Line, Col int
	Message   string
}

// Error is the place and the message.
func (e *Error) Error() string { return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Message) }

// Checks lists what the set looks for.
func (s *Set) Checks() []boltseal.Check {
	out := make([]boltseal.Check, len(s.Rules))
	for i := range s.Rules {
		out[i] = s.Rules[i].Check
	}
	return out
}

// reserved are the families of the checks that come with boltseal, and names
// that would be taken for one.
var reserved = []string{"docker", "kube", "netpol", "compose", "workflow", "seccomp", "image", "secret", "vuln", "policy", "seal", "slsa",
	"gap", "guide", "boltseal", "falco", "runtime", "rule"}

// checkID tells what is wrong with a check's id, or "".
func checkID(id string) string {
	family, slug, ok := strings.Cut(id, "/")
	isWord := func(s string) bool {
		return s != "" && len(s) <= 63 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && !strings.HasPrefix(s, "-") && !strings.HasSuffix(s, "-")
	}
	switch {
	case !ok || !isWord(family) || !isWord(slug):
		return fmt.Sprintf("id %q: want family/name in lower-case letters, digits and hyphens, such as acme/digest-only", clip(id))
	case slices.Contains(reserved, family):
		return fmt.Sprintf("id %q: %s is a family of boltseal's own; take your own name", id, family)
	}
	return ""
}

// clip keeps a text from outside short in messages.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// Errors lists the mistakes in an error of [Load], in the order of the file.
func Errors(err error) []*Error {
	var out []*Error
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			out = append(out, Errors(e)...)
		}
		return out
	}
	if e, ok := errors.AsType[*Error](err); ok {
		out = append(out, e)
	}
	return out
}
