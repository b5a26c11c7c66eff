package workflow

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/dangerous-trigger", Title: "strangers start a run that has the repository's secrets", Severity: boltseal.Medium,
		Aliases: []string{"zizmor:dangerous-triggers"},
		Doc: `pull_request_target and workflow_run give the run of anybody's pull request the secrets and a token that may write. One step that runs what the pull
request brought is enough to lose both. Use pull_request, and split what needs rights into a second workflow that touches no code of the first.`,
	},
	Run: func(p *Pass) {
		for _, event := range []string{"pull_request_target", "workflow_run"} {
			if n := p.Triggers[event]; n != nil {
				at := n
				if key := n.KeyOf(); key != nil && n.Kind == manifest.Mapping {
					at = key
				}
				p.Report(at, event+" runs with secrets for pull requests of strangers")
			}
		}
	},
})

// headRef tells whether an expression names the code of a pull request.
func headRef(text string) bool {
	for e := range expressions(text) {
		for _, name := range contexts(e.text) {
			switch {
			case strings.HasPrefix(name, "github.event.pull_request.head."), name == "github.head_ref", name == "github.event.pull_request.merge_commit_sha",
				strings.HasPrefix(name, "github.event.workflow_run.head_"), strings.HasPrefix(name, "github.event.pull_request.number"), name == "github.event.number",
				name == "github.event.issue.number":
				return true
			}
		}
	}
	return strings.Contains(text, "refs/pull/")
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/untrusted-checkout", Title: "strangers' code is checked out beside secrets", Severity: boltseal.Critical,
		Aliases: []string{"zizmor:dangerous-triggers", "scorecard:Dangerous-Workflow", "semgrep:pull-request-target-code-checkout"},
		Doc: `The run has secrets and a token that may write, and it holds the code of a pull request: its Makefile, its package scripts, its tests run as soon as
something is built, and take both. Build under pull_request, which has neither.`,
	},
	Run: func(p *Pass) {
		if !p.On("pull_request_target", "workflow_run", "issue_comment") {
			return
		}
		for s := range p.Steps() {
			if n := s.With("ref"); s.Is("actions/checkout") && headRef(n.Str()) {
				p.Report(n, "the code of the pull request is checked out with the repository's rights")
			}
			if n := s.With("repository"); s.Is("actions/checkout") && headRef(n.Str()) && !headRef(s.With("ref").Str()) {
				p.Report(n, "the fork is checked out with the repository's rights")
			}
			if s.Run != nil && (strings.Contains(s.Run.Value, "gh pr checkout") || strings.Contains(s.Run.Value, "git fetch") && headRef(s.Run.Value)) {
				p.Report(s.Run, "the code of the pull request is checked out with the repository's rights")
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/artifact-poisoning", Title: "what strangers uploaded is used with the repository's rights", Severity: boltseal.High,
		Aliases: []string{"semgrep:workflow-run-target-code-checkout"},
		Doc: `The run that made the artifact belonged to anybody's pull request, and its content is what they chose: a script that is run, a number that is not one, a
file that overwrites another. Unpack to an empty folder under runner.temp, and check every value before it is used.`,
	},
	Run: func(p *Pass) {
		if !p.On("workflow_run") {
			return
		}
		for _, j := range p.Jobs {
			for i, s := range j.Steps {
				downloads := s.Is("actions/download-artifact") && s.With("run-id") != nil || s.Is("dawidd6/action-download-artifact") ||
					s.Run != nil && strings.Contains(s.Run.Value, "gh run download")
				runs := slices.ContainsFunc(j.Steps[i:], func(s *Step) bool { return s.Run != nil || s.Uses.Local })
				if downloads && runs && !strings.Contains(s.With("path").Str(), "runner.temp") {
					p.Report(stepNode(s), "the artifact may be a stranger's, and later steps run beside it")
				}
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/cache-poisoning", Title: "a release is built from a cache that others fill", Severity: boltseal.Medium,
		Aliases: []string{"zizmor:cache-poisoning"},
		Doc: `A cache that a branch's run wrote is read by runs of the default branch and of tags. Whoever gets code into one run, through a package for instance,
leaves a changed compiler or package there, and the release is built with it. Build what is published without caches.`,
	},
	Run: func(p *Pass) {
		if !p.publishes() {
			return
		}
		for s := range p.Steps() {
			at := s.Uses.Node
			switch {
			case s.Is("actions/cache") && !strings.HasSuffix(s.Uses.Name, "/save"), s.Is("swatinem/rust-cache", "mozilla-actions/sccache-action"):
			case s.Is("actions/setup-go") && s.With("cache").Str() != "false":
			case s.Is("actions/setup-node", "actions/setup-python", "actions/setup-java", "ruby/setup-ruby") && (s.With("cache").Str() != "" || s.With("bundler-cache").Str() == "true"):
				at = s.With("cache")
				if at == nil {
					at = s.With("bundler-cache")
				}
			case s.Is("docker/build-push-action") && strings.Contains(s.With("cache-from").Str(), "type=gha"):
				at = s.With("cache-from")
			default:
				continue
			}
			p.Report(at, "what is published may come from a poisoned cache")
		}
	},
})

// publishes tells whether the workflow runs for releases alone.
func (p *Pass) publishes() bool {
	if p.On("release") {
		return true
	}
	push := p.Triggers["push"]
	return push.Get("tags") != nil && push.Get("branches") == nil
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/environment-file", Title: "a stranger's text may set variables of later steps", Severity: boltseal.High,
		Aliases: []string{"zizmor:github-env"},
		Doc: `What is written to GITHUB_ENV or GITHUB_PATH is in the environment of every later step: with LD_PRELOAD, NODE_OPTIONS or a folder before /usr/bin it runs
code there. In a run that strangers start with the repository's rights a line break in a value is all it takes. Use outputs, which nothing executes.`,
	},
	Run: func(p *Pass) {
		if !p.On("pull_request_target", "workflow_run", "issue_comment") {
			return
		}
		for s := range p.Steps() {
			if s.Run == nil {
				continue
			}
			for _, name := range []string{"GITHUB_ENV", "GITHUB_PATH"} {
				if i := strings.Index(s.Run.Value, name); i >= 0 && strings.Contains(s.Run.Value, ">") {
					p.ReportAt(s.Run, p.spanIn(s.Run, i, i+len(name)), name+" is written in a run that strangers start")
				}
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/spoofable-actor", Title: "a bot is known by a name that others can have", Severity: boltseal.Medium,
		Aliases: []string{"zizmor:bot-conditions"},
		Doc: `github.actor is whoever caused the last event: a stranger who makes the bot act on their pull request, by a comment or a rebase, runs with the bot's rights.
Ask github.event.pull_request.user.login, which is who opened it.`,
	},
	Run: func(p *Pass) {
		for n := range p.conditions() {
			if strings.Contains(n.Value, "[bot]") && (strings.Contains(n.Value, "github.actor") || strings.Contains(n.Value, "github.triggering_actor")) {
				p.Report(n, "github.actor is not who opened the pull request")
			}
		}
	},
})

// conditions are all "if" of jobs and steps.
func (p *Pass) conditions() func(func(*manifest.Node) bool) {
	return func(yield func(*manifest.Node) bool) {
		for _, j := range p.Jobs {
			if n := j.Node.Get("if"); n != nil && n.Kind == manifest.Scalar && !yield(n) {
				return
			}
			for _, s := range j.Steps {
				if n := s.Node.Get("if"); n != nil && n.Kind == manifest.Scalar && !yield(n) {
					return
				}
			}
		}
	}
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/condition-always-true", Title: "a condition that is always true", Severity: boltseal.Medium,
		Aliases: []string{"zizmor:unsound-condition", "actionlint:if-cond"},
		Doc: `When anything stands around ${{ … }}, even a blank or a line break, the whole condition is a string, and a string that is not empty is true: the step or
the deployment runs for everybody. Write the condition without ${{ }}.`,
	},
	Run: func(p *Pass) {
		for n := range p.conditions() {
			if i := strings.Index(n.Value, "${{"); i >= 0 && strings.HasSuffix(strings.TrimRight(n.Value, " \n"), "}}") && i == 0 && n.Value == strings.TrimRight(n.Value, " \n") && strings.Count(n.Value, "${{") == 1 {
				continue
			} else if i >= 0 {
				p.Report(n, "text stands around ${{ }}, so that the condition is a string, which is true", p.bareCondition(n)...)
			}
		}
	},
})

// bareCondition is the fix that takes the brackets away.
func (p *Pass) bareCondition(n *manifest.Node) []boltseal.Fix {
	text := strings.TrimSpace(strings.NewReplacer("${{", "", "}}", "").Replace(n.Value))
	if strings.Contains(text, "\n") {
		return nil
	}
	return p.Set("compare without ${{ }}", false, n, strings.Join(strings.Fields(text), " "))
}

var oldCommand = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`::(set-output|save-state|set-env|add-path)(?: name=([A-Za-z_][A-Za-z0-9_-]*))?::`)
})

var wholeCommand = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(\s*)echo (["']?)::(set-output|save-state|set-env|add-path)(?: name=([A-Za-z_][A-Za-z0-9_-]*))?::([^"'\n|>&;]*)(["']?)\s*$`)
})

// commandFiles are the files that took the place of commands.
var commandFiles = map[string]string{"set-output": "GITHUB_OUTPUT", "save-state": "GITHUB_STATE", "set-env": "GITHUB_ENV", "add-path": "GITHUB_PATH"}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/old-command", Title: "a workflow command that was switched off", Severity: boltseal.Medium,
		Aliases: []string{"actionlint:deprecated-commands"},
		Doc: `::set-env:: and ::add-path:: have done nothing since 2020, because whatever a program printed could set variables; ::set-output:: and ::save-state:: are
deprecated for the same reason. Write to the file that $GITHUB_OUTPUT, $GITHUB_STATE, $GITHUB_ENV or $GITHUB_PATH names.`,
	},
	Run: func(p *Pass) {
		for s := range p.Steps() {
			if s.Run == nil {
				continue
			}
			at := 0
			for line := range strings.SplitAfterSeq(s.Run.Value, "\n") {
				if m := oldCommand().FindStringSubmatchIndex(line); m != nil {
					name := line[m[2]:m[3]]
					p.ReportAt(s.Run, p.spanIn(s.Run, at+m[0], at+m[1]), "::"+name+":: was replaced by $"+commandFiles[name], p.newCommand(s, line, at)...)
				}
				at += len(line)
			}
		}
	},
})

func (p *Pass) newCommand(s *Step, line string, at int) []boltseal.Fix {
	text := strings.TrimRight(line, "\n")
	m := wholeCommand().FindStringSubmatch(text)
	place := p.spanIn(s.Run, at, at+len(text))
	if m == nil || m[2] != m[6] || p.File.Text(place) != text || s.Run.Style != manifest.Literal || p.shell(s) != "bash" && p.shell(s) != "sh" || (m[4] == "") != (m[3] == "add-path") {
		return nil
	}
	value := m[5]
	if m[4] != "" {
		value = m[4] + "=" + value
	}
	quote := m[2]
	if quote == "" {
		quote = `"`
	}
	edit := boltseal.Edit{File: p.File.Name, Span: place, New: m[1] + "echo " + quote + value + quote + ` >> "$` + commandFiles[m[3]] + `"`}
	return []boltseal.Fix{{Title: "write to $" + commandFiles[m[3]], Safe: m[3] == "set-output" || m[3] == "save-state", Edits: []boltseal.Edit{edit}}}
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/unsecure-commands", Title: "workflow commands that were switched off are switched on", Severity: boltseal.High,
		Aliases: []string{"zizmor:insecure-commands", "checkov:CKV_GHA_1"},
		Doc: `With ACTIONS_ALLOW_UNSECURE_COMMANDS whatever a program prints, a test's name or a stranger's commit message, can set variables and the PATH of later
steps, and so run code. Take it away and write to $GITHUB_ENV.`,
	},
	Run: func(p *Pass) {
		check := func(owner *manifest.Node) {
			if n := owner.Get("env", "ACTIONS_ALLOW_UNSECURE_COMMANDS"); n != nil {
				if on, _ := n.Bool(); on {
					p.Report(n, "programs may set variables by printing", p.Remove("leave them off", false, n)...)
				}
			}
		}
		check(p.Root)
		for _, j := range p.Jobs {
			check(j.Node)
			for _, s := range j.Steps {
				check(s.Node)
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/duplicate-key", Title: "a key stands twice in one mapping", Severity: boltseal.High,
		Aliases: []string{"actionlint:syntax-check"},
		Doc: `GitHub refuses the file, or one of the two values is dropped without a word: permissions that stand first may be overwritten by a line further down. Keep
one.`,
	},
	Run: func(p *Pass) {
		for _, e := range p.File.Errors {
			if !e.Lost {
				p.ReportAt(&manifest.Node{Kind: manifest.Scalar, Span: e.Span}, e.Span, e.Message)
			}
		}
	},
})
