// Package shell finds commands that weaken containers and what they are made
// from: downloads that are run unseen, checks of certificates that are
// switched off, containers that get the host. It looks at scripts that stand
// in other files: the steps of workflows, and examples in documentation, from
// which wrong commands get copied. RUN instructions have rules of their own in
// check/docker.
package shell

import (
	"iter"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/ruleset"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// Rule is one check of scripts.
type Rule = ruleset.Rule[*Pass]

// Script is a script inside a file.
type Script struct {
	File     string
	Text     string
	Shell    string                                 // "sh" or "bash"
	Location func(start, end int) boltseal.Location // where bytes of the text stand
	Unseen   bool                                   // nobody is there to answer a question
}

// Pass is one rule at work on one script.
type Pass struct {
	Script   Script
	Commands []dockerfile.Command
	rule     *Rule
	findings *[]boltseal.Finding
}

var all ruleset.Registry[Rule]

func add(r Rule) bool { return all.Add(r) }

// Rules lists every rule by id.
func Rules() []Rule { return all.Rules() }

// Checks lists what the package looks for.
func Checks() []boltseal.Check { return all.Checks() }

// Run applies the rules to a script and returns what they find, in the order
// of the script. A comment above or beside a command waives its findings.
func Run(s Script, rules []Rule) []boltseal.Finding {
	findings := []boltseal.Finding{}
	commands := read(s)
	for i := range rules {
		rules[i].Run(&Pass{Script: s, Commands: commands, rule: &rules[i], findings: &findings})
	}
	ruleset.Sort(findings)
	return findings
}

// read parses a script. What is no whole script, as examples often are not,
// is read command by command.
func read(s Script) []dockerfile.Command {
	script := dockerfile.ParseScript(s.Text, s.Shell)
	if script.Error == nil {
		return script.Commands
	}
	var out []dockerfile.Command
	at := 0
	for at < len(s.Text) {
		end := at
		for end < len(s.Text) && (s.Text[end] != '\n' || end > at && s.Text[end-1] == '\\') {
			end++
		}
		if line := s.Text[at:end]; strings.TrimSpace(line) != "" && len(out) < 10_000 {
			one := dockerfile.ParseScript(line, s.Shell)
			for _, c := range one.Commands {
				move(&c, at)
				out = append(out, c)
			}
		}
		at = end + 1
	}
	return out
}

func move(c *dockerfile.Command, by int) {
	shift := func(at *boltseal.Span) {
		at.Start += by
		at.End += by
	}
	shift(&c.Span)
	c.Args = slices.Clone(c.Args)
	for i := range c.Args {
		shift(&c.Args[i].Span)
	}
}

// Fenced is the script of a fenced block: text in which nothing but the block
// is left, and everything before start is blank. Of a session only the lines
// behind a prompt are commands.
func Fenced(name, text string, start int, session bool) Script {
	body := []byte(text)
	prompts := session || strings.Contains(text[start:], "\n$ ") || strings.HasPrefix(strings.TrimLeft(text[start:], " "), "$ ")
	continued := false
	for at := start; at < len(body); {
		end := at
		for end < len(body) && body[end] != '\n' {
			end++
		}
		line := string(body[at:end])
		trimmed := strings.TrimLeft(line, " ")
		prompt := strings.HasPrefix(trimmed, "$ ") || session && (strings.HasPrefix(trimmed, "# ") || strings.HasPrefix(trimmed, "% "))
		switch {
		case prompt:
			body[at+len(line)-len(trimmed)] = ' '
		case prompts && !continued && !strings.HasPrefix(trimmed, "#"):
			for i := at; i < end; i++ {
				body[i] = ' ' // output
			}
		}
		continued = strings.HasSuffix(line, "\\") && (continued || prompt || !prompts)
		at = end + 1
	}
	return Script{File: name, Text: string(body), Shell: "bash", Location: func(i, j int) boltseal.Location {
		line := strings.Count(text[:i], "\n")
		return boltseal.Location{File: name, Span: boltseal.Span{Start: i, End: j}, Line: line + 1, Col: i - strings.LastIndexByte(text[:i], '\n')}
	}}
}

// Report adds a finding at a place of the script.
func (p *Pass) Report(at boltseal.Span, message string, fixes ...boltseal.Fix) {
	if i := strings.IndexByte(p.Script.Text[at.Start:at.End], '\n'); i >= 0 {
		at.End = at.Start + i
	}
	found := ruleset.Finding(&p.rule.Check, p.Script.Location(at.Start, at.End), message, p.rule.ID+" "+p.Script.Text[at.Start:at.End], fixes)
	found.Subject.Name = p.Script.File
	found.Waived = ruleset.Accepted(&p.rule.Check, p.Script.File, p.about(at.Start))
	*p.findings = append(*p.findings, found)
}

// about are the comments at the end of a place's line, and on lines of their
// own above it.
func (p *Pass) about(at int) iter.Seq[string] {
	return func(yield func(string) bool) {
		text := p.Script.Text
		start := strings.LastIndexByte(text[:at], '\n') + 1
		line, _, _ := strings.Cut(text[start:], "\n")
		if i := strings.LastIndex(line, " #"); i >= 0 && !yield(line[i+2:]) {
			return
		}
		for start > 0 {
			above := strings.LastIndexByte(text[:start-1], '\n') + 1
			comment, ok := strings.CutPrefix(strings.TrimSpace(text[above:start-1]), "#")
			if !ok || !yield(comment) {
				return
			}
			start = above
		}
	}
}
