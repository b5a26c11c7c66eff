package scan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/docker"
	"github.com/boltseal/boltseal/check/workflow"
	"github.com/boltseal/boltseal/internal/shellcheck"
	"github.com/boltseal/boltseal/internal/tool"
	"github.com/boltseal/boltseal/syntax/dockerfile"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// ErrNoShellCheck is returned by Lint when ShellCheck is to be asked and is
// not installed.
var ErrNoShellCheck = errors.New("shellcheck is not installed; it is a program of its own: https://www.shellcheck.net")

// familyShellCheck is what the names of ShellCheck's checks begin with.
const familyShellCheck = "shellcheck"

// What ShellCheck cannot know: the lines of an instruction were joined, which
// repeats blanks; expressions of a workflow were replaced by letters, which do
// not change.
var (
	joined = []int{2291}
	masked = []int{2050, 2154, 2157, 2193, 2194}
)

// script is a script of a file, and where it stands there.
type script struct {
	shellcheck.Script
	file     string
	place    func(start, end int) boltseal.Location
	source   []byte
	comments func(at boltseal.Span) []string // those that may accept what is found there
}

// dockerScripts are the scripts of a Dockerfile.
func dockerScripts(f *dockerfile.File) []script {
	var whole []string
	for _, n := range f.Nodes {
		if n.Kind == dockerfile.CommentLine {
			text := strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(f.Text(n.Span)), "#"))
			if rest, ok := strings.CutPrefix(text, "hadolint global "); ok {
				whole = append(whole, "hadolint "+rest)
			}
		}
	}
	var out []script
	for _, s := range docker.Scripts(f) {
		comments := slices.Clone(whole)
		for _, c := range s.Instr.Above {
			comments = append(comments, c.Text)
		}
		out = append(out, script{
			Script: shellcheck.Script{Text: s.Text.Value, Shell: s.Shell, Known: s.Known, Loose: s.Loose, Except: joined}, file: f.Name, source: f.Source,
			place:    func(i, j int) boltseal.Location { return f.Location(s.Text.Span(i, j)) },
			comments: func(boltseal.Span) []string { return comments },
		})
	}
	return out
}

// workflowScripts are the scripts of a workflow's or an action's steps.
func workflowScripts(f *manifest.File) []script {
	var out []script
	for _, s := range workflow.Scripts(f) {
		var except []int
		if s.Text != s.Node.Value {
			except = masked
		}
		out = append(out, script{
			Script: shellcheck.Script{Text: s.Text, Shell: s.Shell, Except: except}, file: f.Name, source: f.Source,
			place: func(i, j int) boltseal.Location { return f.Location(f.Place(s.Node, i, j)) },
			comments: func(at boltseal.Span) []string {
				var texts []string
				for _, c := range slices.Concat(f.About(at), f.About(s.Node.Span)) {
					texts = append(texts, c.Text)
				}
				return texts
			},
		})
	}
	return out
}

// shellFile is a file that is a script. What accepts a finding there is for
// ShellCheck to read.
func shellFile(name string, content []byte) script {
	text := string(content)
	return script{
		Script: shellcheck.Script{Text: text, Shell: "sh"}, file: name, source: content,
		place: func(i, j int) boltseal.Location {
			before := text[:i]
			return boltseal.Location{File: name, Span: boltseal.Span{Start: i, End: j},
				Line: strings.Count(before, "\n") + 1, Col: i - strings.LastIndexByte(before, '\n')}
		},
		comments: func(boltseal.Span) []string { return nil },
	}
}

// isShellScript tells whether a file's first line names a shell that
// ShellCheck knows.
func isShellScript(content []byte) bool {
	return strings.HasPrefix(string(content[:min(len(content), 2)]), "#!") && shellcheck.Dialect(string(content[:min(len(content), 256)]), "") != ""
}

// shellCheck asks ShellCheck about the scripts, where the user wants that.
func (l *linter) shellCheck(ctx context.Context, scripts []script) ([]boltseal.Finding, error) {
	if !l.o.ShellCheck || len(scripts) == 0 {
		return nil, nil
	}
	ask := make([]shellcheck.Script, len(scripts))
	for i, s := range scripts {
		ask[i] = s.Script
	}
	answers, err := shellcheck.Check(ctx, ask)
	if errors.Is(err, tool.ErrMissing) {
		return nil, ErrNoShellCheck
	}
	if err != nil {
		return nil, err
	}
	var out []boltseal.Finding
	for i, s := range scripts {
		for _, c := range answers[i] {
			if f := s.finding(c); !s.accepts(f.Location.Span, c.Code) {
				out = append(out, f)
			}
		}
	}
	return out, nil
}

func (s *script) finding(c shellcheck.Comment) boltseal.Finding {
	check := shellCheckCheck(c.Code, c.Level)
	at := s.place(c.Start, c.End)
	text := s.Text[c.Start:min(c.End, c.Start+200, len(s.Text))]
	f := boltseal.Finding{
		Check: check.ID, Title: check.Title, Message: c.Message, Severity: check.Severity, Location: at,
		Evidence: []boltseal.Evidence{{Kind: boltseal.EvidenceStable, Excerpt: strings.ToValidUTF8(text, "")}},
	}
	f.Subject.Name = s.file
	if fix, ok := s.fix(c); ok {
		f.Fixes = []boltseal.Fix{fix}
	}
	f.Seal()
	return f
}

// fix turns ShellCheck's proposal into edits of the file, if every one of
// them stands in the file as it does in the script. Quotes change what a
// command gets, which may have been meant: no such fix is safe.
func (s *script) fix(c shellcheck.Comment) (boltseal.Fix, bool) {
	fix := boltseal.Fix{Title: fmt.Sprintf("as ShellCheck proposes for SC%d", c.Code)}
	for _, e := range c.Edits {
		at := s.place(e.Start, e.End).Span
		if string(s.source[at.Start:at.End]) != s.Text[e.Start:e.End] || strings.Contains(e.New, "\n") {
			return fix, false
		}
		fix.Edits = append(fix.Edits, boltseal.Edit{File: s.file, Span: at, New: e.New})
	}
	return fix, len(fix.Edits) > 0
}

// accepts tells whether a comment of the file accepts a code: one of
// ShellCheck's own, or those of hadolint and boltseal.
func (s *script) accepts(at boltseal.Span, code int) bool {
	name := fmt.Sprintf("SC%d", code)
	for _, text := range s.comments(at) {
		for _, prefix := range []string{"shellcheck disable=", "hadolint ignore=", "boltseal ignore="} {
			rest, ok := strings.CutPrefix(strings.TrimSpace(text), prefix)
			list, _, _ := strings.Cut(strings.ReplaceAll(rest, ", ", ","), " ")
			if ok && slices.ContainsFunc(strings.Split(list, ","), func(s string) bool {
				return strings.EqualFold(strings.TrimPrefix(s, familyShellCheck+"/"), name)
			}) {
				return true
			}
		}
	}
	return false
}

// shellCheckCheck is one of ShellCheck's checks as one of a report.
func shellCheckCheck(code int, level string) boltseal.Check {
	name := "SC" + strconv.Itoa(code)
	check := boltseal.Check{
		ID: familyShellCheck + "/" + name, Title: "ShellCheck " + name, Severity: boltseal.Negligible,
		Doc: "What ShellCheck says about shell scripts; its wiki explains each of its codes.",
		URL: "https://www.shellcheck.net/wiki/" + name, Aliases: []string{"shellcheck:" + name, "hadolint:" + name},
	}
	switch level {
	case "error":
		check.Severity = boltseal.Medium
	case "warning":
		check.Severity = boltseal.Low
	}
	return check
}

// ShellCheckChecks lists those of ShellCheck's checks that a report speaks
// of.
func ShellCheckChecks(r *boltseal.Report) []boltseal.Check {
	levels := map[boltseal.Severity]string{boltseal.Medium: "error", boltseal.Low: "warning"}
	seen := map[string]bool{}
	var out []boltseal.Check
	for _, f := range r.Findings {
		code, ok := strings.CutPrefix(f.Check, familyShellCheck+"/SC")
		if n, err := strconv.Atoi(code); ok && err == nil && !seen[f.Check] {
			seen[f.Check] = true
			out = append(out, shellCheckCheck(n, levels[f.Severity]))
		}
	}
	slices.SortFunc(out, func(a, b boltseal.Check) int { return strings.Compare(a.ID, b.ID) })
	return out
}
