package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/atomicfile"
	"github.com/boltseal/boltseal/internal/tool"
	"github.com/boltseal/boltseal/remedy"
	"github.com/boltseal/boltseal/remedy/upgrade"
	"github.com/boltseal/boltseal/report"
	"github.com/boltseal/boltseal/scan"
)

// fixFlags are what fix is told beside the project.
type fixFlags struct {
	scanFlags
	apply, tools bool
	diff, unsafe bool
	branch       string
	only         []string
	output, body string
}

// fixParts are the parts of a plan, in their order.
var fixParts = []string{"lock", "base", "lint"}

var _ = addVerb(func(env *Env) *cobra.Command {
	f := &fixFlags{}
	cmd := &cobra.Command{
		Use:   "fix [PATH]",
		Short: "Plan and make the changes that remove the most risk from a project",
		Long: `Plan the changes that remove the most risk from a project, and make them:

  lock  components with known vulnerabilities get the nearest version that
        clears them: requirements.txt, pom.xml and .NET's project files are
        edited where that is provably right; for npm, pnpm, Go, Cargo, Composer,
        Bundler, Poetry and uv their own resolver does it, if --tools lets it run
  base  base images in Dockerfiles move to the newest tag of the same form and
        major version, if a scan of both says that it is better (asks registries)
  lint  the safe fixes of boltseal lint --fix

Without a flag the plan is printed. Every change is made on a copy first, and
scanned again: what the plan says it clears was seen to be gone. --apply writes
all changed files, or none.`,
		Example: `  boltseal fix
  boltseal fix --diff --only lint,lock
  boltseal fix --tools --apply
  boltseal fix --tools --branch boltseal/fixes --body body.md`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "."
			if len(args) > 0 {
				path = args[0]
			}
			return runFix(cmd.Context(), env, f, path)
		},
	}
	f.registerSource(cmd)
	f.registerPolicy(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.db, "db", "", "the advisory database (default: where boltseal db path says)")
	fl.BoolVar(&f.apply, "apply", false, "write the changes")
	fl.BoolVar(&f.diff, "diff", false, "print the changes as a diff, and write nothing")
	fl.StringVar(&f.branch, "branch", "", "write the changes and commit them on a new branch, with git")
	fl.BoolVar(&f.tools, "tools", false, "let package managers run, on a copy of their files")
	fl.BoolVar(&f.unsafe, "unsafe", false, "also fixes of lint that change behaviour")
	fl.StringSliceVar(&f.only, "only", fixParts, "parts of the plan")
	fl.StringVarP(&f.output, "output", "o", "table", "table, markdown or json")
	fl.StringVar(&f.body, "body", "", "write the plan as Markdown for a pull request into this file")
	return cmd
})

// fixPlan is what fix prints.
type fixPlan struct {
	Lock   []lockStep `json:"lock,omitempty"`
	Base   []baseStep `json:"base,omitempty"`
	Lint   []lintStep `json:"lint,omitempty"`
	Left   []leftOver `json:"left,omitempty"`
	Before int        `json:"before"` // findings of components that have a fix
	After  int        `json:"after"`  // of those, after the plan

	changes map[string][]byte // by path in the project
}

type lockStep struct {
	upgrade.Step
	Cleared int `json:"cleared"` // findings that were seen to be gone
}

type baseStep struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	From   string `json:"from"`
	To     string `json:"to"`
	Before extent `json:"before"`
	After  extent `json:"after"`
}

type lintStep struct {
	File  string `json:"file"`
	Fixed int    `json:"fixed"`
}

type leftOver struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

func runFix(ctx context.Context, env *Env, f *fixFlags, path string) error {
	if err := f.valid(path); err != nil {
		return err
	}
	p := &fixPlan{changes: map[string][]byte{}}
	opts, done, err := f.options(ctx, env)
	if err != nil {
		return err
	}
	defer done()
	if err := f.checkOptions(ctx, env, opts); err != nil {
		return err
	}
	if opts.DB != nil {
		defer opts.DB.Close()
	}
	if slices.Contains(f.only, "lock") {
		if err := f.lock(ctx, opts, path, p); err != nil {
			return err
		}
	}
	lintOpts := *opts
	files, err := dockerfiles(ctx, lintOpts, path)
	if err != nil {
		return err
	}
	if slices.Contains(f.only, "base") && !f.offline {
		if err := f.bases(ctx, env, path, files, p); err != nil {
			return err
		}
	}
	if slices.Contains(f.only, "lint") {
		if err := f.lintFixes(ctx, &lintOpts, path, p); err != nil {
			return err
		}
	}
	return f.finish(ctx, env, path, p)
}

func (f *fixFlags) valid(path string) error {
	for _, part := range f.only {
		if !slices.Contains(fixParts, part) {
			return usagef("--only %q: want %s", part, strings.Join(fixParts, ", "))
		}
	}
	if !slices.Contains([]string{"table", "markdown", "json"}, f.output) {
		return usagef("-o %q: want table, markdown or json", f.output)
	}
	if f.diff && (f.apply || f.branch != "") {
		return usagef("--diff writes nothing: leave out --apply and --branch")
	}
	info, err := os.Stat(path)
	if err != nil {
		return usageError{err}
	}
	if !info.IsDir() {
		return usagef("%s is no folder; to repair an image run: boltseal image patch", path)
	}
	return nil
}

// lock plans and makes the upgrades of components, and scans what came out.
func (f *fixFlags) lock(ctx context.Context, opts *scan.Options, path string, p *fixPlan) error {
	o := *opts
	o.Families = []string{"vuln"}
	if o.DB == nil {
		p.Left = append(p.Left, leftOver{"components", o.NoDB})
		return nil
	}
	r, err := scan.Run(ctx, "dir:"+path, &o)
	if err != nil {
		return err
	}
	p.Before = fixable(r)
	steps, left := upgrade.Plan(r)
	for i := range steps {
		s := lockStep{Step: steps[i]}
		changed, missed, err := upgrade.Make(ctx, &steps[i], path, &upgrade.Options{Tools: f.tools, TempDir: f.tempDir})
		left = append(left, missed...)
		if err != nil {
			why := strings.TrimPrefix(err.Error(), s.File+": ")
			if errors.Is(err, upgrade.ErrTool) && !f.tools {
				why += "; --tools lets it"
			}
			p.Left = append(p.Left, leftOver{s.File, why})
			p.Lock = append(p.Lock, s)
			continue
		}
		if len(changed) == 0 {
			continue
		}
		after, err := f.rescan(ctx, &o, path, changed)
		if err != nil {
			return fmt.Errorf("scan the changed %s: %w", s.File, err)
		}
		if s.Cleared = inFile(r, s.File) - inFile(after, s.File); s.Cleared <= 0 {
			p.Left = append(p.Left, leftOver{s.File, "the upgrade was tried and clears nothing: what asks for these versions allows no other"})
			continue
		}
		maps.Copy(p.changes, changed)
		p.Lock = append(p.Lock, s)
	}
	for _, l := range left {
		p.Left = append(p.Left, leftOver{l.Name + " " + l.From, l.Why})
	}
	p.After = p.Before
	for _, s := range p.Lock {
		p.After -= s.Cleared
	}
	return nil
}

// fixable counts the findings of components that have a fix.
func fixable(r *boltseal.Report) (n int) {
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Component != nil && len(f.FixedIn) > 0 && f.Waived == nil {
			n++
		}
	}
	return n
}

// inFile counts the findings of a file's components that have a fix.
func inFile(r *boltseal.Report, file string) (n int) {
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Component != nil && len(f.FixedIn) > 0 && f.Waived == nil && slices.ContainsFunc(f.Component.Locations, func(l boltseal.Location) bool { return l.File == file }) {
			n++
		}
	}
	return n
}

// rescan scans the changed files and what lies beside them, as they would be.
func (f *fixFlags) rescan(ctx context.Context, opts *scan.Options, path string, changed map[string][]byte) (*boltseal.Report, error) {
	dir, err := os.MkdirTemp(f.tempDir, "boltseal-fix-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for name := range changed {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return nil, err
		}
		// package.json beside package-lock.json says what is direct.
		for _, beside := range []string{"package.json", "go.mod", "Cargo.toml", "composer.json", "pyproject.toml", "Gemfile"} {
			if data, err := os.ReadFile(filepath.Join(path, filepath.Dir(filepath.FromSlash(name)), beside)); err == nil {
				if err := os.WriteFile(filepath.Join(filepath.Dir(to), beside), data, 0o600); err != nil {
					return nil, err
				}
			}
		}
	}
	for name, content := range changed {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), content, 0o600); err != nil {
			return nil, err
		}
	}
	return scan.Run(ctx, "dir:"+dir, opts)
}

// dockerfiles are the paths of a project's Dockerfiles, in the project.
func dockerfiles(ctx context.Context, opts scan.Options, path string) ([]string, error) {
	var out []string
	opts.IsFile = isFile
	opts.Looked = func(family, name string) {
		if family == "docker" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	_, err := scan.Lint(ctx, []string{path}, &opts)
	slices.Sort(out)
	return out, err
}

// lintFixes applies the fixes of lint to what the plan has made so far.
func (f *fixFlags) lintFixes(ctx context.Context, opts *scan.Options, path string, p *fixPlan) (err error) {
	opts.IsFile = isFile
	set, err := scan.OpenSet(ctx, []string{path}, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	overlay := map[string][]byte{}
	for name, content := range p.changes {
		full := filepath.ToSlash(filepath.Join(path, filepath.FromSlash(name)))
		if _, ok := set.Content(full); ok {
			overlay[full] = content
		}
	}
	read := func(name string) ([]byte, bool) {
		if content, ok := overlay[name]; ok {
			return content, true
		}
		return set.Content(name)
	}
	check := func(changed map[string][]byte) ([]boltseal.Finding, error) {
		all := maps.Clone(overlay)
		maps.Copy(all, changed)
		return set.Check(ctx, all)
	}
	done, _, err := remedy.ApplyAll(read, check, &remedy.Options{
		Unsafe: f.unsafe, Accept: func(x boltseal.Finding) bool { return x.Waived == nil },
	})
	if err != nil {
		return fmt.Errorf("fix: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(done)) {
		short, err := filepath.Rel(path, filepath.FromSlash(name))
		if err != nil {
			return err
		}
		short = filepath.ToSlash(short)
		p.changes[short] = done[name].Content
		p.Lint = append(p.Lint, lintStep{short, len(done[name].Fixed)})
	}
	return nil
}

// finish prints the plan, and carries it out if that was asked for.
func (f *fixFlags) finish(ctx context.Context, env *Env, path string, p *fixPlan) error {
	changes, err := p.files(path)
	if err != nil {
		return err
	}
	if f.diff {
		for _, c := range changes {
			if _, err := env.Stdout.Write(diff.Diff(c.Name, c.Old, c.Name, c.New)); err != nil {
				return err
			}
		}
		return f.leftStatus(p)
	}
	if f.body != "" {
		var b strings.Builder
		p.markdown(&b)
		if err := atomicfile.WriteBytes(f.body, 0o644, []byte(b.String())); err != nil {
			return err
		}
	}
	if f.branch != "" {
		if err := git(ctx, path, "switch", "--create", f.branch); err != nil {
			return err
		}
	}
	if f.apply || f.branch != "" {
		if err := atomicfile.Replace(changes); err != nil {
			return fmt.Errorf("fix: %w", err)
		}
	}
	if f.branch != "" && len(changes) > 0 {
		if err := f.commit(ctx, path, p); err != nil {
			return err
		}
	}
	switch f.output {
	case "json":
		e := json.NewEncoder(env.Stdout)
		e.SetIndent("", "  ")
		err = e.Encode(p)
	case "markdown":
		p.markdown(env.Stdout)
	default:
		p.table(env.Stdout, f.apply || f.branch != "")
	}
	return errors.Join(err, f.leftStatus(p))
}

func (f *fixFlags) leftStatus(p *fixPlan) error {
	if len(p.Left) > 0 {
		return status(statusGap)
	}
	return nil
}

// files are the plan's changes, ready to be written together.
func (p *fixPlan) files(path string) ([]atomicfile.Change, error) {
	var out []atomicfile.Change
	for _, name := range slices.Sorted(maps.Keys(p.changes)) {
		full := filepath.Join(path, filepath.FromSlash(name))
		info, err := os.Lstat(full)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("fix %s: it is a link; fix the file that it leads to", full)
		}
		old, err := os.ReadFile(full)
		if err != nil {
			return nil, err
		}
		out = append(out, atomicfile.Change{Name: full, Perm: info.Mode().Perm(), Old: old, New: p.changes[name]})
	}
	return out, nil
}

// git starts git in a project.
func git(ctx context.Context, dir string, args ...string) error {
	result, err := tool.Run(ctx, tool.Command{Name: "git", Args: args, Dir: dir})
	if err == nil && result.Status != 0 {
		err = fmt.Errorf("git %s: %s", args[0], strings.TrimSpace(string(result.Stderr)))
	}
	return err
}

// commit records the changes on the branch.
func (f *fixFlags) commit(ctx context.Context, path string, p *fixPlan) error {
	names := slices.Sorted(maps.Keys(p.changes))
	if err := git(ctx, path, append([]string{"add", "--"}, names...)...); err != nil {
		return err
	}
	var b strings.Builder
	p.markdown(&b)
	return git(ctx, path, "commit", "--quiet", "--message", p.title(), "--message", b.String())
}

// title is the plan in one line.
func (p *fixPlan) title() string {
	var parts []string
	if n := p.Before - p.After; n > 0 {
		parts = append(parts, fmt.Sprintf("clear %d vulnerabilities", n))
	}
	if len(p.Base) > 0 {
		parts = append(parts, fmt.Sprintf("update %d base images", len(p.Base)))
	}
	n := 0
	for _, s := range p.Lint {
		n += s.Fixed
	}
	if n > 0 {
		parts = append(parts, fmt.Sprintf("harden %d settings", n))
	}
	return cmp.Or(strings.Join(parts, ", "), "nothing to fix")
}

// table prints the plan for people.
func (p *fixPlan) table(w io.Writer, done bool) {
	for _, s := range p.Lock {
		what := fmt.Sprintf("clears %d findings", s.Cleared)
		if s.Cleared == 0 {
			what = "waits for " + s.Tool
		}
		fmt.Fprintf(w, "%s (%s): %s\n", report.Clean(s.File), s.Manager, what)
		for _, n := range s.Needs {
			fmt.Fprintf(w, "  %s %s -> %s  score %d, %s\n", report.Clean(n.Name), report.Clean(n.From), report.Clean(n.To), n.Score, report.Clean(strings.Join(n.Clears, " ")))
		}
	}
	for _, s := range p.Base {
		fmt.Fprintf(w, "%s:%d: %s -> %s  %s\n", report.Clean(s.File), s.Line, report.Clean(s.From), report.Clean(s.To), better(s))
	}
	for _, s := range p.Lint {
		fmt.Fprintf(w, "%s: %d fixes of lint\n", report.Clean(s.File), s.Fixed)
	}
	for _, l := range p.Left {
		fmt.Fprintf(w, "left: %s: %s\n", report.Clean(l.What), report.Clean(l.Why))
	}
	switch {
	case len(p.changes) == 0:
		fmt.Fprintln(w, "nothing to change")
	case done:
		fmt.Fprintf(w, "%d files written: %s\n", len(p.changes), p.title())
	default:
		fmt.Fprintf(w, "%d files would change: %s (--diff shows how, --apply does it)\n", len(p.changes), p.title())
	}
}

// better says what a base image's step brings.
func better(s baseStep) string {
	return fmt.Sprintf("findings %d -> %d, pulled %s -> %s", total(s.Before), total(s.After), size(s.Before.Stored), size(s.After.Stored))
}

func total(e extent) (n int) {
	for _, count := range e.Findings {
		n += count
	}
	return n
}

// markdown writes the plan as the body of a pull request.
func (p *fixPlan) markdown(w io.Writer) {
	fmt.Fprintf(w, "**%s**\n", p.title())
	if len(p.Lock) > 0 {
		fmt.Fprintf(w, "\n| file | component | from | to | clears |\n|---|---|---|---|---|\n")
		for _, s := range p.Lock {
			for _, n := range s.Needs {
				fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", cell(s.File), cell(n.Name), cell(n.From), cell(n.To), cell(strings.Join(n.Clears, " ")))
			}
		}
	}
	if len(p.Base) > 0 {
		fmt.Fprintf(w, "\n| Dockerfile | from | to | findings | pulled |\n|---|---|---|---|---|\n")
		for _, s := range p.Base {
			fmt.Fprintf(w, "| %s:%d | %s | %s | %d → %d | %s → %s |\n", cell(s.File), s.Line, cell(s.From), cell(s.To), total(s.Before), total(s.After), size(s.Before.Stored), size(s.After.Stored))
		}
	}
	if len(p.Lint) > 0 {
		fmt.Fprintf(w, "\n| file | fixes of lint |\n|---|---|\n")
		for _, s := range p.Lint {
			fmt.Fprintf(w, "| %s | %d |\n", cell(s.File), s.Fixed)
		}
	}
	if len(p.Left) > 0 {
		fmt.Fprintf(w, "\nLeft:\n\n")
		for _, l := range p.Left {
			fmt.Fprintf(w, "- %s: %s\n", cell(l.What), cell(l.Why))
		}
	}
}

// cell makes text safe in a table of Markdown.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "<", "&lt;", "`", "'", "[", "\\[", "@", "@\u200b").Replace(report.Clean(s))
}
