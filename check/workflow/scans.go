package workflow

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// scanners are the actions that look for vulnerabilities, with the input that
// makes them fail and what it has to be.
var scanners = map[string]struct{ input, off string }{
	"aquasecurity/trivy-action":   {"exit-code", "0"},
	"anchore/scan-action":         {"fail-build", "false"},
	"anchore/grype-action":        {"fail-build", "false"},
	"snyk/actions":                {},
	"azure/container-scan":        {},
	"docker/scout-action":         {"exit-code", "false"},
	"boltseal/boltseal":           {},
	"google/osv-scanner-action":   {},
	"hadolint/hadolint-action":    {"no-fail", ""},
	"bridgecrewio/checkov-action": {"soft_fail", ""},
	"aquasecurity/tfsec-action":   {"soft_fail", ""},
	"sysdiglabs/scan-action":      {"stop-on-failed-policy-eval", "false"},
}

// scans tells whether a step looks for vulnerabilities, and what with.
func (s *Step) scans() (name string, found bool) {
	if _, ok := scanners[s.Uses.repository()]; ok {
		return s.Uses.Name, true
	}
	for c := range s.commands() {
		sub, _ := c.Sub()
		switch c.Name {
		case "trivy", "grype", "osv-scanner", "dockle":
			if sub.Text != "version" && sub.Text != "db" && sub.Text != "plugin" {
				return c.Name, true
			}
		case "snyk", "boltseal", "docker":
			if c.Name == "snyk" && (sub.Text == "container" || sub.Text == "test") || c.Name == "boltseal" && sub.Text == "scan" || c.Name == "docker" && (sub.Text == "scout" || dockerRunsScanner(c)) {
				return c.Name, true
			}
		}
	}
	return "", false
}

func dockerRunsScanner(c *dockerfile.Command) bool {
	sub, _ := c.Sub()
	return sub.Text == "run" && slices.ContainsFunc(c.Args, func(w dockerfile.Word) bool {
		for _, image := range []string{"aquasec/trivy", "anchore/grype", "ghcr.io/aquasecurity/trivy"} {
			if strings.HasPrefix(w.Text, image) {
				return true
			}
		}
		return false
	})
}

// commands are those of the step's script, if a shell reads it that is known.
func (s *Step) commands() func(func(*dockerfile.Command) bool) {
	return func(yield func(*dockerfile.Command) bool) {
		if s.Run == nil {
			return
		}
		script := dockerfile.ParseScript(masked(s.Run.Value), "bash")
		for i := range script.Commands {
			if !yield(&script.Commands[i]) {
				return
			}
		}
	}
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/scan-cannot-fail", Title: "a scan that cannot fail", Severity: boltseal.Medium,
		Controls: []string{"NIST-800-190/4.1.1"},
		Doc: `The step is green whatever it finds, so that nobody looks: the Trivy action's exit-code is 0 unless it is set, and continue-on-error or "|| true" hides any
other. Let the step fail from a severity on (exit-code: 1, severity: CRITICAL,HIGH), and accept single findings with a reason and a date.`,
	},
	Run: func(p *Pass) {
		for _, j := range p.Jobs {
			for _, s := range j.Steps {
				name, ok := s.scans()
				if !ok {
					continue
				}
				if why, fixes := p.toothless(s); why != "" && !p.gatesLater(j, s) {
					p.Report(stepNode(s), name+" cannot fail: "+why, fixes...)
				}
			}
		}
	},
})

// toothless says why a scan cannot fail.
func (p *Pass) toothless(s *Step) (string, []boltseal.Fix) {
	if n := s.Node.Get("continue-on-error"); n != nil {
		if on, _ := n.Bool(); on {
			return "continue-on-error is set", p.Remove("let it fail", false, n)
		}
	}
	action, ok := scanners[s.Uses.repository()]
	if !ok {
		for c := range s.commands() {
			if (c.Name == "trivy" || c.Name == "grype") && c.Or {
				return "what follows || takes its place", nil
			}
			if c.Name == "trivy" && !commandFails(c, "--exit-code") {
				return "--exit-code is not set", nil
			}
			if c.Name == "grype" && !commandFails(c, "--fail-on") && !c.Flagged('f', "--fail-on") {
				return "--fail-on is not set", nil
			}
		}
		return "", nil
	}
	n := s.With(action.input)
	on, _ := n.Bool()
	switch {
	case action.input == "":
	case s.Is("aquasecurity/trivy-action") && (n == nil || n.Str() == "0"):
		if s.With("scan-type").Str() == "sbom" || strings.Contains(s.With("format").Str(), "cyclonedx") || strings.Contains(s.With("format").Str(), "spdx") {
			return "", nil
		}
		return "exit-code is 0", p.Set("fail when something is found", false, s.Node, "1", "with", "exit-code")
	case s.Is("docker/scout-action") && !on:
		return "exit-code is not set", p.Set("fail when something is found", false, s.Node, true, "with", "exit-code")
	case action.off != "" && n.Str() == action.off:
		return action.input + " is " + action.off, p.Remove("let it fail", false, n)
	case action.off == "" && n != nil && on:
		return action.input + " is set", p.Remove("let it fail", false, n)
	}
	return "", nil
}

func commandFails(c *dockerfile.Command, flag string) bool {
	for i, w := range c.Args {
		if value, ok := strings.CutPrefix(w.Text, flag+"="); ok {
			return value != "0"
		}
		if w.Text == flag && i+1 < len(c.Args) {
			return c.Args[i+1].Text != "0"
		}
	}
	return false
}

// gatesLater tells whether a further step of the job scans and can fail: the
// first one writes the report, and the second one judges.
func (p *Pass) gatesLater(j *Job, s *Step) bool {
	return slices.ContainsFunc(j.Steps, func(other *Step) bool {
		if _, ok := other.scans(); !ok || other == s {
			return false
		}
		why, _ := p.toothless(other)
		return why == "" && (!criticalOnly(other) || criticalOnly(s))
	})
}

// criticalOnly tells whether a scan judges critical findings alone.
func criticalOnly(s *Step) bool {
	if s.With("severity").Str() == "CRITICAL" {
		return true
	}
	for c := range s.commands() {
		for i, w := range c.Args {
			if w.Text == "--severity=CRITICAL" || w.Text == "--severity" && i+1 < len(c.Args) && c.Args[i+1].Text == "CRITICAL" {
				return true
			}
		}
	}
	return false
}

// pushes tells whether a step sends an image to a registry.
func (s *Step) pushes() bool {
	if on, _ := s.With("push").Bool(); s.Is("docker/build-push-action", "docker/bake-action", "redhat-actions/push-to-registry") && (on || s.Is("redhat-actions/push-to-registry") || strings.Contains(s.With("push").Str(), "${{") || strings.Contains(s.With("outputs").Str(), "push=true")) {
		return true
	}
	for c := range s.commands() {
		sub, _ := c.Sub()
		switch c.Name {
		case "docker", "podman", "buildah":
			if sub.Text == "push" || (sub.Text == "build" || sub.Text == "buildx") && c.Has("--push") {
				return true
			}
		case "crane", "skopeo":
			if sub.Text == "push" || sub.Text == "copy" {
				return true
			}
		}
	}
	return false
}

// builds tells whether a step builds an image.
func (s *Step) builds() bool {
	if s.Is("docker/build-push-action", "docker/bake-action") {
		return true
	}
	for c := range s.commands() {
		if sub, _ := c.Sub(); (c.Name == "docker" || c.Name == "podman" || c.Name == "buildah") && (sub.Text == "build" || sub.Text == "buildx" || sub.Text == "bud") {
			return true
		}
	}
	return false
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/pushed-before-scan", Title: "the image is pushed before it is scanned", Severity: boltseal.Medium,
		Controls: []string{"NIST-800-190/4.1.1"},
		Doc: `By the time the scan fails the image is in the registry under its tag, and may run somewhere. Build with load: true, scan, and push what was scanned; or
push by digest alone and give the tag after the scan.`,
	},
	Run: func(p *Pass) {
		for _, j := range p.Jobs {
			var pushed *Step
			for _, s := range j.Steps {
				if s.pushes() && pushed == nil {
					pushed = s
				}
				if name, ok := s.scans(); ok && pushed != nil && pushed != s {
					p.Report(stepNode(pushed), "the image is in the registry when "+name+" looks at it")
					break
				}
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/scan-of-another-build", Title: "what is scanned is not what is deployed", Severity: boltseal.Low,
		Controls: []string{"SLSA/build"},
		Doc: `The image is built, scanned, and thrown away with the runner; or it is built once more to be pushed. The other build takes in whatever packages and base
images are new by then, and nobody scanned it. Build once, push by digest, and scan, sign and deploy that digest.`,
	},
	Run: func(p *Pass) {
		for _, j := range p.Jobs {
			var built, scanned *Step
			for _, s := range j.Steps {
				switch {
				case s.builds() && scanned != nil && s.pushes():
					if !s.reuses() {
						p.Report(stepNode(s), "it is built once more behind the scan")
					}
					built, scanned = nil, nil
				case s.pushes():
					built, scanned = nil, nil
				case s.builds() && built == nil:
					built = s
				}
				if _, ok := s.scans(); ok && built != nil && scanned == nil {
					scanned = s
				}
			}
			if scanned != nil && built != nil {
				p.Report(stepNode(built), "the image is scanned and then thrown away: what is deployed is another build")
			}
		}
	},
})

// reuses tells whether a second build surely takes the layers of the first.
func (s *Step) reuses() bool { return s.With("cache-from") != nil }

// installs are tools that GitHub's runners do not have, with words of actions
// and commands that bring them.
var installs = []string{"grype", "syft", "trivy", "cosign", "snyk", "hadolint", "dockle", "crane", "kubescape", "checkov", "kube-linter", "boltseal", "oras", "slsa-verifier", "osv-scanner"}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/tool-not-installed", Title: "a tool is called that nothing installs", Severity: boltseal.Medium,
		Doc: `GitHub's runners do not have the tool, and no step before brings it: the step ends with "command not found", or, behind "|| true", does nothing at all.
An action that uses a tool inside, as the SBOM actions do, does not put it on the PATH for others.`,
	},
	Run: func(p *Pass) {
		for _, j := range p.Jobs {
			if j.Node.Get("container") != nil || j.Key == nil || strings.Contains(j.Node.Get("runs-on").Str(), "self-hosted") || p.Root.Get("jobs") == nil {
				continue
			}
			before := ""
			opaque := false
			for _, s := range j.Steps {
				for c := range s.commands() {
					if slices.Contains(installs, c.Name) && !opaque && !installed(before, c.Name) && !strings.Contains(c.Args[0].Text, "/") {
						p.Report(s.Run, c.Name+" is on no runner, and no step before installs it")
						before += " install " + c.Name
					}
				}
				opaque = opaque || s.Uses.Local
				before += "\n" + s.Uses.Name
				if s.Run != nil {
					before += "\n" + s.Run.Value + "\n" + s.Node.Get("name").Str() + " " + s.Node.Get("working-directory").Str() + " " + strings.SplitN(s.Run.Value, "\n", 2)[0]
				}
			}
		}
	},
})

// installed tells whether steps before bring a tool: an action made for it,
// or a command that names it besides calling it.
func installed(before, tool string) bool {
	for line := range strings.Lines(before) {
		line = strings.TrimSpace(line)
		if !strings.Contains(line, tool) && !(tool == "syft" || tool == "grype") {
			continue
		}
		for _, word := range []string{"install", "setup", "curl", "wget", "download", "brew ", "apt", "dnf", "pip", "npm", "go get", "tar ", "mv ", "cp ", "docker cp", "gh release"} {
			if strings.Contains(line, word) && strings.Contains(line, tool) {
				return true
			}
		}
		if strings.HasSuffix(line, "sbom-action/download-syft") && tool == "syft" || strings.HasSuffix(line, "scan-action/download-grype") && tool == "grype" {
			return true
		}
	}
	return false
}

var exitTest = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\[\[?\s*"?\$\?"?\s*(-ne|-eq|!=|==|-gt|=)\s*"?[0-9]+"?\s*\]\]?|\(\(\s*\$\?`)
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "workflow/dead-exit-check", Title: "a check of an exit status that is never reached", Severity: boltseal.Medium,
		Aliases: []string{"shellcheck:SC2181"},
		Doc: `GitHub runs scripts with bash -e: the command before fails the step at once, and what asks for $? behind it never runs. What it would have printed, such as
the list of findings that was caught in a variable, is lost. Write if ! command; then …, or set +e before.`,
	},
	Run: func(p *Pass) {
		for s := range p.Steps() {
			if s.Run == nil || p.shell(s) != "bash" && p.shell(s) != "sh" || strings.Contains(s.Node.Get("shell").Str(), "{0}") && !strings.Contains(s.Node.Get("shell").Str(), "-e") {
				continue
			}
			text := s.Run.Value
			for _, m := range exitTest().FindAllStringIndex(text, -1) {
				if !statusKept(text[:m[0]]) {
					p.ReportAt(s.Run, p.spanIn(s.Run, m[0], m[1]), "the shell has ended before, because it runs with -e")
				}
			}
		}
	},
})

// statusKept tells whether the command before a test of $? cannot end the
// script: set +e holds, or it stands behind || or in a condition.
func statusKept(before string) bool {
	if off, on := strings.LastIndex(before, "set +e"), strings.LastIndex(before, "set -e"); off > on {
		return true
	}
	joined := strings.ReplaceAll(before, "\\\n", " ")
	lines := strings.FieldsFunc(joined, func(r rune) bool { return r == '\n' || r == ';' })
	for _, line := range slices.Backward(lines) {
		line = strings.TrimSpace(line)
		if line == "" || line == "if" || line == "elif" || line[0] == '#' {
			continue
		}
		return strings.Contains(line, "||") || strings.Contains(line, "&&") || strings.HasPrefix(line, "if ") || strings.HasPrefix(line, "! ") || line == "then" || line == "else" || line == "fi" || line == "done"
	}
	return false
}
