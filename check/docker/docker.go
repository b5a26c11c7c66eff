// Package docker finds what is wrong with Dockerfiles. Each rule is one file
// that adds one [Rule]; [Run] applies rules to a parsed file through a [Pass],
// which knows what every stage is at every instruction: its user, its working
// directory, its shell, its variables and the commands it runs.
//
// It reads no image and asks no registry: what it knows of base images is
// data in this package.
package docker

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/ruleset"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// Rule is one check of Dockerfiles.
type Rule = ruleset.Rule[*Pass]

// Options are the optional parameters of [Run].
type Options struct {
	Registries []string               // the only registries that base images may come from; nil allows all
	Labels     []string               // keys that the final stage must have as labels
	Context    []string               // paths of the build context, relative to it; nil when not known
	Ignored    func(path string) bool // what .dockerignore keeps out of the context; nil keeps nothing out
	Now        time.Time              // the day on which ends of life are judged; zero leaves them alone
}

// Pass is one rule at work on one file.
type Pass struct {
	*Model
	Options  Options
	rule     *Rule
	findings *[]boltseal.Finding
}

var all ruleset.Registry[Rule]

func add(r Rule) bool { return all.Add(r) }

// Rules lists every rule by id.
func Rules() []Rule { return all.Rules() }

// parseCheck is what a file that cannot be built fails.
var parseCheck = boltseal.Check{
	ID: "docker/syntax", Title: "the file cannot be built as it stands", Severity: boltseal.High,
	Doc: "The builder stops at a mistake in the file's form, such as an unknown instruction or a here-document without an end. " +
		"Whatever follows was checked all the same, as far as it can be read.",
}

// Checks lists what the package looks for.
func Checks() []boltseal.Check { return append([]boltseal.Check{parseCheck}, all.Checks()...) }

// Run applies the rules to a file and returns what they find, in the order
// of the file. Those that a comment in the file accepts are waived.
func Run(f *dockerfile.File, rules []Rule, opts *Options) []boltseal.Finding {
	var o Options
	if opts != nil {
		o = *opts
	}
	findings := []boltseal.Finding{}
	for _, e := range f.Errors {
		findings = append(findings, finding(f, &parseCheck, e.Span, e.Message, nil))
	}
	m := newModel(f)
	for step := range m.All("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK") {
		if step.Script != nil && step.Script.Skipped {
			findings = append(findings, finding(f, &parseCheck, step.Keyword.Span, "the script is larger or nested deeper than what can be checked, so it was not", nil))
		}
	}
	for i := range rules {
		rules[i].Run(&Pass{Model: m, Options: o, rule: &rules[i], findings: &findings})
	}
	m.accepted(findings, rules)
	ruleset.Sort(findings)
	return findings
}

// Report adds a finding at a place of the file.
func (p *Pass) Report(at boltseal.Span, message string, fixes ...boltseal.Fix) {
	*p.findings = append(*p.findings, finding(p.File, &p.rule.Check, at, message, fixes))
}

// maxExcerpt bounds what a finding quotes of the file.
const maxExcerpt = 1 << 10

func finding(f *dockerfile.File, check *boltseal.Check, at boltseal.Span, message string, fixes []boltseal.Fix) boltseal.Finding {
	excerpt, _, _ := bytes.Cut(f.Source[at.Start:min(at.End, at.Start+maxExcerpt)], []byte("\n"))
	return ruleset.Finding(check, f.Location(at), message, strings.ToValidUTF8(strings.TrimSpace(string(excerpt)), ""), fixes)
}

// at is how a message names a line.
func at(line int) string { return " since line " + strconv.Itoa(line) }

// Replace is a fix that puts text in the place of a span.
func (p *Pass) Replace(title string, safe bool, at boltseal.Span, text string) boltseal.Fix {
	return boltseal.Fix{Title: title, Safe: safe, Edits: []boltseal.Edit{{File: p.File.Name, Span: at, New: text}}}
}

// Insert is a fix that puts text before an offset.
func (p *Pass) Insert(title string, safe bool, at int, text string) boltseal.Fix {
	return p.Replace(title, safe, boltseal.Span{Start: at, End: at}, text)
}

// Delete is a fix that takes whole lines of an instruction away.
func (p *Pass) Delete(title string, safe bool, in *dockerfile.Instr) boltseal.Fix {
	at := in.Span
	for at.Start > 0 && p.File.Source[at.Start-1] != '\n' {
		at.Start--
	}
	for at.End < len(p.File.Source) {
		at.End++
		if p.File.Source[at.End-1] == '\n' {
			break
		}
	}
	return p.Replace(title, safe, at, "")
}
