package workflow

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/permissions-missing", Title: "the token's permissions are not set", Severity: boltseal.Medium,
		Controls: []string{"NIST-800-190/4.3.1"}, Aliases: []string{"zizmor:excessive-permissions", "checkov:CKV2_GHA_1", "scorecard:Token-Permissions"},
		Doc: `Without permissions the token has what the repository's or the organisation's default gives, which in many is writing to everything: code, packages,
releases. Any step, and any action that one of them uses, has the token. Say permissions: {contents: read} at the top and give single jobs more.`,
	},
	Run: func(p *Pass) {
		if p.Root.Get("permissions") != nil || p.Root.Get("jobs") == nil {
			return
		}
		for _, j := range p.Jobs {
			if j.Node.Get("permissions") == nil {
				p.Report(j.Key, "the job "+j.ID+" has whatever the token has by default", p.topPermissions()...)
				return
			}
		}
	},
})

// topPermissions is the fix that gives all jobs the rights that can be seen
// to be needed, and no more.
func (p *Pass) topPermissions() []boltseal.Fix {
	jobs := p.Root.Get("jobs")
	key := jobs.KeyOf()
	if key == nil || p.Root.Style != manifest.Block {
		return nil
	}
	eol := "\n"
	if strings.Contains(p.File.Text(boltseal.Span{Start: 0, End: key.Span.Start}), "\r\n") {
		eol = "\r\n"
	}
	indent := strings.Repeat(" ", p.File.Location(key.Span).Col-1)
	lines := []string{"permissions:"}
	if !slices.Contains(p.needed(), "contents") {
		lines = append(lines, "  contents: read")
	}
	for _, scope := range p.needed() {
		lines = append(lines, "  "+scope+": write")
	}
	return p.Insert("give the token what it needs alone", false, key.Span.Start, strings.Join(lines, eol+indent)+eol+eol+indent)
}

// needed are the scopes that steps surely write to.
func (p *Pass) needed() []string {
	var scopes []string
	for s := range p.Steps() {
		scopes = append(scopes, s.needs()...)
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// needs are the scopes that a step surely writes to.
func (s *Step) needs() []string {
	run := ""
	if s.Run != nil {
		run = s.Run.Value
	}
	switch {
	case s.Is("github/codeql-action/upload-sarif", "github/codeql-action/analyze"):
		return []string{"security-events"}
	case s.Is("actions/attest-build-provenance", "actions/attest-sbom", "actions/attest"):
		return []string{"attestations", "id-token"}
	case s.Is("pypa/gh-action-pypi-publish") && s.With("password") == nil, s.Is("google-github-actions/auth") && s.With("workload_identity_provider") != nil,
		s.Is("aws-actions/configure-aws-credentials") && s.With("role-to-assume") != nil && s.With("aws-access-key-id") == nil,
		(strings.Contains(run, "cosign sign") || strings.Contains(run, "cosign attest")) && !strings.Contains(run, "--key") && !strings.Contains(run, "--identity-token"):
		return []string{"id-token"}
	case s.Is("actions/deploy-pages"):
		return []string{"id-token", "pages"}
	case s.Is("softprops/action-gh-release", "ncipollo/release-action"), strings.Contains(run, "git push"), strings.Contains(run, "gh release create"):
		return []string{"contents"}
	case s.Is("docker/login-action") && s.With("registry").Str() == "ghcr.io":
		return []string{"packages"}
	}
	return nil
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/write-all", Title: "the token may write to everything", Severity: boltseal.High,
		Aliases: []string{"zizmor:excessive-permissions", "checkov:CKV2_GHA_1", "scorecard:Token-Permissions"},
		Doc: `With write-all any step, and any action or package that one of them runs, can push code, publish releases and packages, and approve pull requests.
Name the one scope that a job writes to.`,
	},
	Run: func(p *Pass) {
		check := func(owner *manifest.Node) {
			if n := owner.Get("permissions"); n.Str() == "write-all" {
				p.Report(n, "permissions: write-all", p.Set("let it read contents alone", false, n, manifest.Fields{{Name: "contents", Value: "read"}})...)
			}
		}
		check(p.Root)
		for _, j := range p.Jobs {
			check(j.Node)
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/permission-lacking", Title: "a step needs a right that its job's token lacks", Severity: boltseal.Medium,
		Doc: `Uploading SARIF needs security-events: write, keyless signing and federated logins id-token: write. The step fails with "Resource not accessible by
integration", or its results are missing where the token's default is to read. Give the job that scope.`,
	},
	Run: func(p *Pass) {
		for _, j := range p.Jobs {
			if j.Key == nil || p.Root.Get("jobs") == nil {
				continue
			}
			for _, s := range j.Steps {
				for _, scope := range s.needs() {
					if scope != "contents" && scope != "packages" && p.permission(j, scope) != "write" {
						p.Report(stepNode(s), "the step needs "+scope+": write", p.grant(j, scope)...)
					}
				}
			}
		}
	},
})

func stepNode(s *Step) *manifest.Node {
	if s.Uses.Node != nil {
		return s.Uses.Node
	}
	return s.Run
}

// grant is the fix that gives a job one more scope.
func (p *Pass) grant(j *Job, scope string) []boltseal.Fix {
	title := "give the job " + scope + ": write"
	if own := j.Node.Get("permissions"); own != nil {
		if own.Kind == manifest.Scalar {
			return nil
		}
		return p.Set(title, false, own, "write", scope)
	}
	fields := manifest.Fields{}
	if top := p.Root.Get("permissions"); top != nil && top.Kind == manifest.Mapping {
		for key, value := range top.Entries() {
			if key.Value != scope {
				fields = append(fields, manifest.Field{Name: key.Value, Value: value.Str()})
			}
		}
	} else {
		fields = append(fields, manifest.Field{Name: "contents", Value: "read"})
	}
	fields = append(fields, manifest.Field{Name: scope, Value: "write"})
	return p.Set(title, false, j.Node, fields, "permissions")
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/persist-credentials", Title: "the token stays in the checkout", Severity: boltseal.Low,
		Aliases: []string{"zizmor:artipacked"},
		Doc: `actions/checkout writes the job's token to .git/config, where every later step can read it, and an upload of the folder, or a COPY of it into an image,
publishes it. Set persist-credentials: false unless the job pushes.`,
	},
	Run: func(p *Pass) {
		for _, j := range p.Jobs {
			pushes := slices.ContainsFunc(j.Steps, func(s *Step) bool {
				return s.Run != nil && (strings.Contains(s.Run.Value, "git push") || strings.Contains(s.Run.Value, "git fetch")) ||
					strings.Contains(s.Uses.Name, "create-pull-request") || strings.Contains(s.Uses.Name, "git-auto-commit") || strings.Contains(s.Uses.Name, "add-and-commit")
			})
			for _, s := range j.Steps {
				if keep, set := s.With("persist-credentials").Bool(); s.Is("actions/checkout") && !pushes && (!set || keep) {
					p.Report(s.Uses.Node, "the token is kept in .git/config", p.Set("do not keep it", false, s.Node, false, "with", "persist-credentials")...)
				}
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/self-hosted-runner", Title: "strangers' code runs on a machine of one's own", Severity: boltseal.High,
		Aliases: []string{"zizmor:self-hosted-runner"},
		Doc: `In a public repository anybody's pull request runs on the runner. Unlike GitHub's machines a runner of one's own is not thrown away: what a job leaves
behind runs in the next one, beside its secrets, inside the network. Use runners that live for one job, and approve runs of strangers.`,
	},
	Run: func(p *Pass) {
		if !p.On("pull_request", "pull_request_target", "issue_comment") {
			return
		}
		for _, j := range p.Jobs {
			n := j.Node.Get("runs-on")
			labels := []*manifest.Node{n, n.Get("labels")}
			for _, item := range n.Elems() {
				labels = append(labels, item)
			}
			for _, item := range n.Get("labels").Elems() {
				labels = append(labels, item)
			}
			if slices.ContainsFunc(labels, func(l *manifest.Node) bool { return l.Str() == "self-hosted" }) {
				p.Report(n, "the job "+j.ID+" of a pull request runs on a self-hosted runner")
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/secrets-inherit", Title: "all secrets are handed to another workflow", Severity: boltseal.Medium,
		Aliases: []string{"zizmor:secrets-inherit"},
		Doc: `secrets: inherit gives the workflow that is called every secret of the repository and the organisation, those it does not know of too. Name the ones it
needs.`,
	},
	Run: func(p *Pass) {
		for _, j := range p.Jobs {
			if n := j.Node.Get("secrets"); n.Str() == "inherit" {
				p.Report(n, "the job "+j.ID+" hands over all secrets")
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/no-timeout", Title: "a job has no time limit", Severity: boltseal.Negligible,
		Doc: `A job that hangs, or that somebody keeps busy, holds a runner for six hours, and its token and secrets with it. Set timeout-minutes to twice what the
job takes.`,
	},
	Run: func(p *Pass) {
		for _, j := range p.Jobs {
			if j.Key != nil && j.ID != "" && j.Node.Get("uses") == nil && j.Node.Get("timeout-minutes") == nil {
				p.Report(j.Key, "the job "+j.ID+" may run for six hours", p.Set("end it after 30 minutes", false, j.Node, 30, "timeout-minutes")...)
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/no-concurrency", Title: "runs of one branch pile up", Severity: boltseal.Negligible,
		Aliases: []string{"zizmor:concurrency-limits"},
		Doc: `Every push to a pull request starts one more run while the older ones go on: runners are used up, and of two deployments the older may end last. Set a
concurrency group, with cancel-in-progress for pull requests.`,
	},
	Run: func(p *Pass) {
		if n := p.Triggers["pull_request"]; n != nil && p.Root.Get("concurrency") == nil && !slices.ContainsFunc(p.Jobs, func(j *Job) bool { return j.Node.Get("concurrency") != nil }) {
			p.Report(p.Root.Get("on").KeyOf(), "runs for one pull request are not limited")
		}
	},
})
