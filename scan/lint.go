package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/compose"
	"github.com/boltseal/boltseal/check/docker"
	"github.com/boltseal/boltseal/check/kube"
	"github.com/boltseal/boltseal/check/seccomp"
	"github.com/boltseal/boltseal/check/secret"
	"github.com/boltseal/boltseal/check/shell"
	"github.com/boltseal/boltseal/check/workflow"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/syntax/dockerfile"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Sizes of source files; what is larger was not written by people.
const (
	maxSource   = 4 << 20  // a Dockerfile or a text
	maxManifest = 16 << 20 // YAML and JSON, which machines write too
)

// maxInstructions bounds one Dockerfile, and so the memory that it takes.
const maxInstructions = 20_000

// maxKept bounds the bytes of the manifests that are looked at together.
const maxKept = 512 << 20

// errNoSource is returned by Lint where there is nothing to check.
var errNoSource = errors.New("no Dockerfile, manifest, Compose file or workflow there")

// Lint checks the source files at and below paths: Dockerfiles, Kubernetes
// manifests, Compose files, GitHub workflows, seccomp profiles, and all of
// these in fenced blocks of Markdown. What a .gitignore keeps out is passed
// over; a file that is named itself is always read. Findings have the path as
// the user would write it. What cannot be read is a gap.
func Lint(ctx context.Context, paths []string, opts *Options) (report *boltseal.Report, err error) {
	o := withDefaults(opts)
	report = &boltseal.Report{
		Schema: boltseal.ReportSchema, Tool: o.Tool, Time: o.Now().UTC(),
		Artifact:   boltseal.Artifact{Kind: boltseal.KindDirectory, Name: strings.Join(paths, " ")},
		Components: []boltseal.Component{}, Findings: []boltseal.Finding{}, Gaps: []boltseal.Gap{},
	}
	found, open, err := discover(ctx, paths, &o)
	defer func() {
		for _, c := range open {
			err = errors.Join(err, c.Close())
		}
	}()
	if err != nil {
		return nil, err
	}
	l := &linter{o: &o, charts: found.charts}
	parts, err := l.all(ctx, found.files)
	if err != nil {
		return nil, err
	}
	if parts, err = l.render(ctx, parts); err != nil {
		return nil, err
	}
	together := l.join(parts)
	l.inSources(together.findings)
	said, err := l.shellCheck(ctx, together.scripts)
	if err != nil {
		return nil, err
	}
	together.findings = append(together.findings, said...)
	report.Findings = append(report.Findings, together.findings...)
	report.Gaps = append(append(report.Gaps, found.gaps...), together.gaps...)
	for _, looked := range together.looked {
		o.Looked(looked.family, looked.name)
	}
	l.ownOverFiles(ctx, parts, report)
	if o.kind != nil {
		for _, p := range parts {
			kindsIn(p.manifests, o.kind)
		}
	}
	if len(together.looked) == 0 && len(report.Gaps) == 0 {
		return nil, fmt.Errorf("lint %s: %w", strings.Join(paths, " "), errNoSource)
	}
	report.Sort()
	o.Policy.Judge(report, o.Now())
	say(report, found.veils...)
	return report, nil
}

// LintFile checks one file's content by itself. Rules that look at several
// files see this one alone. What cannot be read is a finding here, of a check
// file/syntax that Lint does not have.
func LintFile(name string, content []byte, opts *Options) []boltseal.Finding {
	o := withDefaults(opts)
	l := &linter{o: &o}
	p := l.content(candidate{name: name, file: path.Base(name), form: formOf(path.Base(name)), named: true}, content)
	out := l.join([]linted{p})
	out.findings = append(out.findings, malformed(out.gaps)...)
	said, err := l.shellCheck(context.Background(), out.scripts)
	if err != nil {
		return out.findings // Lint said so before
	}
	return append(out.findings, said...)
}

// LintChecks lists what Lint looks for.
func LintChecks() []boltseal.Check {
	return slices.Concat(docker.Checks(), kube.Checks(), seccomp.Checks(), compose.Checks(), workflow.Checks(), shell.Checks(), falcoChecks, falcoMeaning, policy.Checks())
}

// linter checks files, one by one or together.
type linter struct {
	o        *Options
	charts   []string
	rendered map[string]*rendered // by the name of what it came from
	contexts contexts
	keeps    bool // what was read, for a Set
}

// linted is what came of one file.
type linted struct {
	findings  []boltseal.Finding
	gaps      []boltseal.Gap
	manifests []*manifest.File // for the rules that look at all files together
	composes  []*manifest.File
	// dockerfiles are kept for the user's own checks, which may look at them.
	dockerfiles []*dockerfile.File
	fences      []fence // the blocks of Markdown that manifests stand in
	looked      []looked
	scripts     []script // for ShellCheck
	content     []byte   // what was read, where the linter keeps it
}

type looked struct{ family, name string }

// all reads and checks files, several at once.
func (l *linter) all(ctx context.Context, files []candidate) ([]linted, error) {
	parts := make([]linted, len(files))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(l.o.Jobs, 1))
	const batch = 32
	for start := 0; start < len(files); start += batch {
		g.Go(func() error {
			for i := start; i < min(start+batch, len(files)); i++ {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				parts[i] = l.file(files[i])
			}
			return nil
		})
	}
	return parts, g.Wait()
}

// join puts what came of the files together, and runs the rules that look at
// all manifests.
func (l *linter) join(parts []linted) linted {
	var out linted
	var manifests, composes []*manifest.File
	blocks := map[string][]fence{}
	kept := 0
	for _, p := range parts {
		out.findings = append(out.findings, p.findings...)
		out.gaps = append(out.gaps, p.gaps...)
		out.looked = append(out.looked, p.looked...)
		out.scripts = append(out.scripts, p.scripts...)
		composes = append(composes, p.composes...)
		for _, f := range p.manifests {
			if kept += len(f.Source); kept > maxKept {
				out.gaps = append(out.gaps, boltseal.Gap{Kind: "limit", What: "file " + f.Name,
					Why: fmt.Sprintf("more than %d bytes of manifests at once", maxKept), Hint: "lint parts of the tree by themselves"})
				continue
			}
			manifests = append(manifests, f)
		}
		for _, f := range append(p.manifests, p.composes...) {
			if len(p.fences) > 0 {
				blocks[f.Name] = p.fences
			}
		}
	}
	manifests, gaps := withoutPatches(manifests)
	out.gaps = append(out.gaps, gaps...)
	for _, f := range manifests {
		out.looked = append(out.looked, looked{"kube", f.Name})
	}
	if len(manifests) > 0 {
		out.take(kube.Run(manifests, kube.Rules(), &kube.Options{Registries: l.o.Registries}))
	}
	if len(composes) > 0 {
		out.take(compose.Run(composes, compose.Rules(), nil))
	}
	inBlocks(out.findings, blocks)
	out.gaps = append(out.gaps, l.templates(parts)...)
	return out
}

// file reads and checks one file, or notes why it cannot.
func (l *linter) file(c candidate) linted {
	limit := maxSource
	if c.form == formData || c.form == formOther {
		limit = maxManifest
	}
	content, err := readSource(c.root, c.file, limit)
	if err != nil {
		// Of data, only what is ours or was asked for is missed.
		var large tooLargeError
		switch {
		case c.form != formData && c.form != formMarkdown || c.named:
		case errors.As(err, &large) && c.form == formData && mayBeOurs(c.name, content[:min(len(content), 64<<10)]):
		case errors.Is(err, errNotText) || errors.As(err, &large):
			return linted{}
		}
		p := linted{gaps: []boltseal.Gap{unreadable(c.name, err)}}
		if c.form == formDockerfile {
			p.looked = []looked{{"docker", c.name}}
		}
		return p
	}
	p := l.content(c, content)
	if l.keeps {
		p.content = content
	}
	return p
}

// content checks what was read.
func (l *linter) content(c candidate, content []byte) linted {
	switch {
	case c.form == formDockerfile, c.form == formOther && looksLikeDockerfile(content):
		return withSecrets(l.dockerfile(c, content), c, content)
	case c.form == formMarkdown:
		return l.markdown(c, content)
	case l.o.ShellCheck && (c.form == formScript || c.named && isShellScript(content)):
		return linted{scripts: []script{shellFile(c.name, content)}, looked: []looked{{familyShellCheck, c.name}}}
	}
	if !c.named && !mayBeOurs(c.name, content) {
		return linted{}
	}
	return withSecrets(l.data(c, manifest.Parse(c.name, content)), c, content)
}

// withSecrets adds the credentials that stand in a file.
func withSecrets(p linted, c candidate, content []byte) linted {
	p.findings = append(p.findings, secret.Check(c.name, content)...)
	p.looked = append(p.looked, looked{familySecret, c.name})
	return p
}

// dockerfile checks a Dockerfile with what is known of its folder.
func (l *linter) dockerfile(c candidate, content []byte) linted {
	f := dockerfile.Parse(c.name, content)
	p := linted{looked: []looked{{"docker", c.name}}}
	l.keep(&p, f)
	if n := len(f.Instrs); n > maxInstructions {
		p.gaps = []boltseal.Gap{{Kind: "limit", What: "file " + c.name,
			Why: fmt.Sprintf("%d instructions, and more than %d are not checked: nobody wrote those", n, maxInstructions)}}
		return p
	}
	o := &docker.Options{Now: l.o.Now(), Registries: l.o.Registries, Labels: l.o.Labels}
	if c.root != nil {
		o.Context, o.Ignored, p.gaps = l.buildContext(c)
	}
	p.findings = docker.Run(f, docker.Rules(), o)
	if l.o.ShellCheck {
		p.scripts = dockerScripts(f)
	}
	return p
}

// looksLikeDockerfile tells whether the first instruction is one that a
// Dockerfile begins with.
func looksLikeDockerfile(content []byte) bool {
	for line := range strings.Lines(string(content[:min(len(content), 16<<10)])) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if line == "" || line[0] == '#' {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		return (strings.EqualFold(word, "FROM") || strings.EqualFold(word, "ARG")) && strings.TrimSpace(rest) != "" && !strings.Contains(word, ":")
	}
	return false
}

// ours are words that every file of a kind that is checked holds.
var ours = []string{"apiVersion", "services", "jobs", "runs", "defaultAction"}

// mayBeOurs tells by a glance whether a file of data may be one to check.
func mayBeOurs(name string, content []byte) bool {
	base := strings.ToLower(path.Base(name))
	if strings.HasPrefix(base, "kustomization.") || strings.Contains(base, "compose") {
		return true
	}
	s := string(content)
	return slices.ContainsFunc(ours, func(word string) bool { return strings.Contains(s, word) })
}

// data checks what holds YAML or JSON.
func (l *linter) data(c candidate, f *manifest.File) linted {
	var p linted
	switch f.Kind {
	case manifest.Kubernetes:
		p.manifests = []*manifest.File{f}
		p.seccomp(f)
	case manifest.Kustomization:
		p.manifests = []*manifest.File{f} // it names the patches among the others
	case manifest.Seccomp:
		p.looked = append(p.looked, looked{"seccomp", c.name})
		p.seccomp(f)
	case manifest.Compose:
		p.looked = append(p.looked, looked{"compose", c.name})
		p.composes = []*manifest.File{f}
	case manifest.Workflow, manifest.Action:
		p.looked = append(p.looked, looked{"workflow", c.name})
		p.take(workflow.Run([]*manifest.File{f}, workflow.Rules(), nil))
		p.findings = append(p.findings, scripts(f)...)
		if l.o.ShellCheck {
			p.scripts = workflowScripts(f)
		}
	case manifest.Falco:
		p.looked = append(p.looked, looked{"falco", c.name})
		p.findings = falco(c.name, string(f.Source), 0, 1)
	case manifest.Template:
		if p.looked = nil; c.named || l.isOurTemplate(c.name, f) {
			p.manifests = []*manifest.File{f}
		}
	case manifest.Unknown, manifest.Chart:
		p.unknown(c, f)
	}
	return p
}

// scripts checks the shell scripts of a workflow's steps.
func scripts(f *manifest.File) []boltseal.Finding {
	var out []boltseal.Finding
	for _, s := range workflow.Scripts(f) {
		out = append(out, shell.Run(shell.Script{
			File: f.Name, Text: s.Text, Shell: s.Shell, Unseen: true,
			Location: func(start, end int) boltseal.Location { return f.Location(f.Place(s.Node, start, end)) },
		}, shell.Rules())...)
	}
	return out
}

// unknown notes what a file that is none of ours leaves open.
func (p *linted) unknown(c candidate, f *manifest.File) {
	for _, e := range f.Errors {
		if e.Lost && (c.named || resembles(string(f.Source))) {
			p.gaps = append(p.gaps, unreadable(c.name, e))
			return
		}
	}
	if c.named {
		p.gaps = append(p.gaps, boltseal.Gap{Kind: "unsupported-file", What: "file " + c.name,
			Why: "it is neither a Dockerfile nor a manifest, Compose file, workflow or seccomp profile"})
	}
}

// resembles tells whether a text that cannot be parsed was meant as a file
// that is checked.
func resembles(s string) bool {
	has := func(words ...string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(s, w) })
	}
	return has("apiVersion", "kind") || has("\nservices:", "image:") || strings.HasPrefix(s, "services:") || has("jobs:", "runs-on", "on:") || has("defaultAction", "SCMP_ACT_")
}

func (p *linted) take(findings []boltseal.Finding, gaps []boltseal.Gap) {
	p.findings = append(p.findings, findings...)
	p.gaps = append(p.gaps, gaps...)
}

func (p *linted) seccomp(f *manifest.File) {
	p.take(seccomp.Run([]*manifest.File{f}, seccomp.Rules(), nil))
}

// isOurTemplate tells whether a template renders to manifests: it belongs to
// a chart, or speaks as they do.
func (l *linter) isOurTemplate(name string, f *manifest.File) bool {
	s := string(f.Source)
	return l.chartOf(name) != "" || strings.Contains(s, "apiVersion:") && strings.Contains(s, "kind:")
}

// chartOf is the folder of the chart whose template a file is, or "".
func (l *linter) chartOf(name string) string {
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		if path.Base(dir) == "templates" && slices.Contains(l.charts, path.Dir(dir)) {
			return path.Dir(dir)
		}
		if dir == "." || dir == "/" || path.Dir(dir) == dir {
			return ""
		}
	}
}

// templates are the gaps of what has to be rendered first: one a chart.
func (l *linter) templates(parts []linted) []boltseal.Gap {
	count := map[string]int{}
	for _, p := range parts {
		for _, f := range p.manifests {
			if f.Kind == manifest.Template {
				count[cmp.Or(l.chartOf(f.Name), f.Name)]++
			}
		}
	}
	var gaps []boltseal.Gap
	for name, n := range count {
		gap := boltseal.Gap{Kind: "template", What: "file " + name, Why: "it is a template, and no manifest before it is rendered",
			Hint: "render it, and lint what comes of it"}
		if slices.Contains(l.charts, name) {
			gap = boltseal.Gap{Kind: "template", What: "chart " + name, Why: fmt.Sprintf("its templates (%d) are no manifests before they are rendered", n),
				Hint: "boltseal lint --render, which starts helm; or lint what helm template " + name + " prints"}
		}
		gaps = append(gaps, gap)
	}
	slices.SortFunc(gaps, boltseal.Gap.Compare)
	return gaps
}

// withoutPatches leaves out what a kustomization names as patches: those are
// parts of objects. What they would change is not seen, which is a gap.
func withoutPatches(files []*manifest.File) ([]*manifest.File, []boltseal.Gap) {
	patches := map[string]bool{}
	var gaps []boltseal.Gap
	for _, f := range files {
		if f.Kind != manifest.Kustomization {
			continue
		}
		patched := false
		for _, d := range f.Docs {
			for _, field := range []string{"patches", "patchesStrategicMerge", "patchesJson6902", "replacements", "transformers"} {
				for _, item := range d.Root.Get(field).Elems() {
					patched = true
					name := cmp.Or(item.Get("path").Str(), item.Str())
					if name != "" && !strings.Contains(name, "\n") {
						patches[path.Join(path.Dir(f.Name), name)] = true
					}
				}
			}
		}
		if patched {
			gaps = append(gaps, boltseal.Gap{Kind: "template", What: "kustomization " + f.Name,
				Why:  "its resources are checked as they stand, without its patches",
				Hint: "boltseal lint --render, which starts kustomize or kubectl; or lint what kustomize build " + path.Dir(f.Name) + " prints"})
		}
	}
	return slices.DeleteFunc(slices.Clone(files), func(f *manifest.File) bool {
		return f.Kind == manifest.Kustomization || f.Kind == manifest.Template || patches[f.Name]
	}), gaps
}
