package workflow

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var (
	digestRef  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`) })
	versionRef = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z-]*v?[0-9]+(\.[0-9]+)*([-+.][0-9A-Za-z.-]+)?$`) })
)

// moves tells whether a reference is a branch: it is neither a digest nor a
// version.
func (a Action) moves() bool {
	return !a.Docker && !a.Local && !strings.Contains(a.Raw, "${{") && !digestRef().MatchString(a.Ref) && !versionRef().MatchString(a.Ref)
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/action-on-branch", Title: "an action follows a branch", Severity: boltseal.High,
		Controls: []string{"NIST-800-190/4.1.5", "SLSA/build"}, Aliases: []string{"zizmor:unpinned-uses", "scorecard:Pinned-Dependencies"},
		Doc: `Whatever is pushed to master or main of that repository runs next with this workflow's token and secrets. In March 2026 whoever used a scanner's
action so ran a credential stealer within hours (CVE-2026-33634). Name the full digest of a commit, with the version behind it as a comment.`,
	},
	Run: func(p *Pass) {
		for a := range p.Actions() {
			if a.moves() {
				ref := a.Ref
				if ref == "" {
					ref = "no version at all"
				}
				p.Report(a.Node, a.Name+" is used at "+ref+", which moves with every push")
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/unpinned-action", Title: "an action is not pinned by a commit's digest", Severity: boltseal.Medium,
		Controls: []string{"NIST-800-190/4.1.5"}, Aliases: []string{"zizmor:unpinned-uses", "scorecard:Pinned-Dependencies"},
		Doc: `A tag is moved with one push by its owner, or by whoever has the owner's token: in 2025 (tj-actions/changed-files) and 2026 (trivy-action) nearly all
tags of popular actions were pointed to code that read secrets. A commit's full digest cannot be moved: uses: owner/name@<40 hex digits> # v4.2.2.
A bot raises both in a change that somebody reviews.`,
	},
	Run: func(p *Pass) {
		for a := range p.Actions() {
			if !a.Docker && !a.Local && !a.moves() && !digestRef().MatchString(a.Ref) && !strings.Contains(a.Raw, "${{") {
				p.Report(a.Node, a.Name+"@"+a.Ref+" may be moved to other content; a commit's digest may not")
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/unpinned-image", Title: "a container image is not pinned by digest", Severity: boltseal.Medium,
		Controls: []string{"NIST-800-190/4.1.5"}, Aliases: []string{"zizmor:unpinned-images"},
		Doc: `The image runs in the job with its secrets and its checkout. A tag may be moved to other content at any time; name the digest as well:
image: node:24.3.0@sha256:….`,
	},
	Run: func(p *Pass) {
		for _, j := range p.Jobs {
			container := j.Node.Get("container")
			if n := container.Get("image"); n != nil {
				container = n
			}
			p.unpinned(container)
			for _, s := range j.Node.Get("services").Entries() {
				p.unpinned(s.Get("image"))
			}
		}
		for a := range p.Actions() {
			if a.Docker && !strings.Contains(a.Name, "@sha256:") && !strings.Contains(a.Name, "${{") {
				p.Report(a.Node, a.Name+" may be moved to other content; a digest may not")
			}
		}
	},
})

// unpinned reports an image without a digest.
func (p *Pass) unpinned(n *manifest.Node) {
	if image := n.Str(); image != "" && !strings.Contains(image, "@sha256:") && !strings.Contains(image, "${{") {
		p.Report(n, image+" may be moved to other content; a digest may not")
	}
}

// old are the first versions of actions that still run, or that are still
// looked after, and why those before are not.
var old = map[string]struct {
	major int
	why   string
	dead  bool // versions before fail outright
}{
	"actions/checkout":                      {4, "it runs on a version of Node.js that GitHub's runners have dropped", false},
	"actions/setup-node":                    {4, "it runs on a version of Node.js that GitHub's runners have dropped", false},
	"actions/setup-go":                      {5, "it runs on a version of Node.js that GitHub's runners have dropped", false},
	"actions/setup-python":                  {5, "it runs on a version of Node.js that GitHub's runners have dropped", false},
	"actions/setup-java":                    {4, "it runs on a version of Node.js that GitHub's runners have dropped", false},
	"actions/setup-dotnet":                  {4, "it runs on a version of Node.js that GitHub's runners have dropped", false},
	"actions/github-script":                 {7, "it runs on a version of Node.js that GitHub's runners have dropped", false},
	"actions/upload-artifact":               {4, "GitHub fails jobs that use it since 30 January 2025", true},
	"actions/download-artifact":             {4, "GitHub fails jobs that use it since 30 January 2025", true},
	"actions/cache":                         {4, "its service was switched off on 15 April 2025", true},
	"actions/upload-pages-artifact":         {3, "it uses an artifact service that was switched off", true},
	"actions/deploy-pages":                  {4, "it uses an artifact service that was switched off", true},
	"github/codeql-action":                  {3, "it was retired on 10 January 2025 and no longer gets analyses or fixes", false},
	"docker/build-push-action":              {5, "it runs on a version of Node.js that GitHub's runners have dropped", false},
	"docker/login-action":                   {3, "it runs on a version of Node.js that GitHub's runners have dropped", false},
	"docker/setup-buildx-action":            {3, "it runs on a version of Node.js that GitHub's runners have dropped", false},
	"docker/setup-qemu-action":              {3, "it runs on a version of Node.js that GitHub's runners have dropped", false},
	"docker/metadata-action":                {5, "it runs on a version of Node.js that GitHub's runners have dropped", false},
	"peter-evans/create-pull-request":       {5, "it runs on a version of Node.js that GitHub's runners have dropped", false},
	"softprops/action-gh-release":           {2, "it runs on a version of Node.js that GitHub's runners have dropped", false},
	"aws-actions/configure-aws-credentials": {4, "it runs on a version of Node.js that GitHub's runners have dropped", false},
	"google-github-actions/auth":            {2, "it runs on a version of Node.js that GitHub's runners have dropped", false},
	"sigstore/cosign-installer":             {3, "it runs on a version of Node.js that GitHub's runners have dropped", false},
}

// major is the leading number of a version: 3 of "v3.1".
func major(ref string) (int, bool) {
	ref = strings.TrimPrefix(ref, "v")
	first, _, _ := strings.Cut(ref, ".")
	n, err := strconv.Atoi(first)
	return n, err == nil && versionRef().MatchString(ref)
}

// repository is the action's owner and name, without a path.
func (a Action) repository() string {
	parts := strings.SplitN(a.Name, "/", 3)
	return strings.Join(parts[:min(2, len(parts))], "/")
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/old-action", Title: "a version of an action that no longer works or is looked after", Severity: boltseal.Medium,
		Aliases: []string{"zizmor:stale-action-refs"},
		Doc: `Actions need the runtime and the services of GitHub's runners; versions that were written for those switched off fail, or run with warnings until they
do, and get no fixes. Take the version that is looked after, and read its notes: inputs may have changed.`,
	},
	Run: func(p *Pass) {
		for a := range p.Actions() {
			from, known := old[a.repository()]
			n, ok := major(a.Ref)
			if !known || !ok || n >= from.major || n > 1000 {
				continue
			}
			at := a.Node
			next := strings.TrimSuffix(a.Raw, a.Ref) + "v" + strconv.Itoa(from.major)
			p.Report(at, a.Raw+": "+from.why+"; take v"+strconv.Itoa(from.major)+" or later", p.Set("take "+next, false, at, next)...)
		}
	},
})

// taken are the versions of actions whose tags were pointed to code
// that steals.
var taken = []struct {
	name, advisory string
	until          int // last major version that was touched
}{
	{"tj-actions/changed-files", "CVE-2025-30066", 45},
	{"reviewdog/action-setup", "CVE-2025-30154", 1},
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/compromised-action", Title: "a tag of an action that was pointed to malicious code", Severity: boltseal.Critical,
		Aliases: []string{"zizmor:known-vulnerable-actions"},
		Doc: `Runs of this version printed or sent away secrets while it was taken over. If the workflow ran then, change every secret that it could read. Take a
later version, by its commit's digest.`,
	},
	Run: func(p *Pass) {
		for a := range p.Actions() {
			for _, t := range taken {
				if n, ok := major(a.Ref); ok && a.repository() == t.name && n <= t.until {
					p.Report(a.Node, a.Raw+" was taken over ("+t.advisory+")")
				}
			}
		}
	},
})
