package scan

import (
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/rule"
)

// falcoChecks are what rules in Falco's language fail.
var falcoChecks = []boltseal.Check{
	{
		ID: "falco/error", Title: "the rule file does not load", Severity: boltseal.High,
		Doc: "Falco, and boltseal's own engine, refuse the whole file, and none of its rules watches anything. Mistakes are found when the file is " +
			"written, with boltseal rules check, or when the sensor starts without its rules.",
	},
	{
		ID: "falco/warning", Title: "a rule does not do what it says", Severity: boltseal.Medium,
		Doc: "The file loads with a warning: a field is deprecated, a condition cannot become true, something is defined and never used. A rule that never " +
			"fires looks just like a system that is safe.",
	},
	{
		ID: "falco/needs-other-file", Title: "the rules need what the file does not define", Severity: boltseal.Low,
		Doc: "A macro, a list or a rule that is changed has to come from a file that is loaded before. Those of Falco's stable rules change: what was there " +
			"moves to the incubating and sandbox sets, and whoever puts the example in the place of falco_rules.yaml takes all of them away. Define what is " +
			"needed beside the rule, or say which file goes before.",
	},
}

// falco checks the rules that stand in a text from start on, which is in line.
func falco(name, text string, start, line int) []boltseal.Finding {
	file, problems := rule.Parse(name, []byte(text[start:]))
	if len(rule.Errors(problems)) == 0 {
		_, more := rule.Compile([]*rule.File{file}, nil)
		problems = append(problems, more...)
	}
	out := meaning(name, text, start)
	for _, p := range problems {
		check := &falcoChecks[0]
		switch {
		case strings.HasPrefix(p.Message, "undefined macro"), strings.HasPrefix(p.Message, "undefined list"), strings.Contains(p.Message, "no file before has"):
			check = &falcoChecks[2]
		case p.Warning:
			check = &falcoChecks[1]
		}
		message := p.Message
		if p.Item != "" {
			message = p.Item + ": " + message
		}
		if p.Hint != "" {
			message += "; " + p.Hint
		}
		at := offsetOf(text, start, p.Line, p.Column)
		found := boltseal.Finding{
			Check: check.ID, Title: check.Title, Message: message, Severity: check.Severity,
			Location: boltseal.Location{File: name, Span: boltseal.Span{Start: at, End: at}, Line: line + max(p.Line, 1) - 1, Col: max(p.Column, 1)},
			Evidence: []boltseal.Evidence{{Kind: boltseal.EvidenceStable, Excerpt: p.Code + " " + p.Item + " " + p.Message}},
		}
		found.Subject.Name = name
		found.Seal()
		out = append(out, found)
	}
	return out
}

// offsetOf is the offset of a line and column behind start.
func offsetOf(text string, start, line, col int) int {
	at := start
	for ; line > 1; line-- {
		n := strings.IndexByte(text[at:], '\n')
		if n < 0 {
			return at
		}
		at += n + 1
	}
	return min(at+max(col-1, 0), len(text))
}
