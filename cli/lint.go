package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/atomicfile"
	"github.com/boltseal/boltseal/remedy"
	"github.com/boltseal/boltseal/scan"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	f := &lintFlags{}
	cmd := &cobra.Command{
		Use:   "lint [PATH...]",
		Short: "Find, explain and fix what is wrong with Dockerfiles, manifests and workflows",
		Long: `Find, explain and fix what is wrong with Dockerfiles, manifests and workflows.

PATH is a file or a folder (default: the present one). In a folder everything
that .gitignore does not keep out is looked at, and told apart by its content:
Dockerfiles, Kubernetes manifests, Compose files, GitHub workflows and
actions, seccomp profiles, Falco rules, and fenced blocks of all these and of
shell commands in Markdown. Charts and kustomizations with patches have to be
rendered first: with --render the programs for that are started, without it
they are reported as a gap.

Comments accept findings, in the words of other tools too:
  # boltseal ignore=docker/root-user    # hadolint ignore=DL3002
  # check=skip=JSONArgsRecommended      # checkov:skip=CKV_DOCKER_3:reason
  # zizmor: ignore[unpinned-uses]       #trivy:ignore:KSV-0014`,
		Example: `  boltseal lint
  boltseal lint deploy/ compose.yaml README.md
  boltseal lint --diff
  boltseal lint Dockerfile --fix
  boltseal lint --fix --resolve
  boltseal lint . -o sarif=lint.sarif --fail-on medium`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runLint(cmd.Context(), env, f, args)
		},
	}
	f.scan.registerOutput(cmd, "table")
	f.scan.registerPolicy(cmd)
	f.scan.registerCheckFiles(cmd)
	cmd.Flags().BoolVar(&f.fix, "fix", false, "apply the safe fixes")
	cmd.Flags().BoolVar(&f.diff, "diff", false, "print what --fix would change, and change nothing")
	cmd.Flags().BoolVar(&f.unsafe, "unsafe", false, "with --fix or --diff: also fixes that change behaviour")
	cmd.Flags().BoolVar(&f.shellCheck, "shellcheck", false, "ask ShellCheck, which has to be installed, about RUN, workflow steps and shell scripts")
	cmd.Flags().BoolVar(&f.render, "render", false, "render charts with helm, and kustomizations with kustomize or kubectl, which may fetch what these name")
	cmd.Flags().StringArrayVar(&f.values, "values", nil, "with --render: file of values for charts; may be repeated")
	f.registerResolve(cmd)
	return cmd
})

type lintFlags struct {
	scan              scanFlags
	fix, diff, unsafe bool
	shellCheck        bool
	render            bool
	values            []string
	resolving
}

func runLint(ctx context.Context, env *Env, f *lintFlags, paths []string) error {
	outputs, err := parseOutputs(f.scan.outputs)
	if err != nil {
		return err
	}
	if f.resolve && !f.fix && !f.diff {
		return usagef("--resolve says which fixes to apply: give --fix or --diff too")
	}
	if f.unsafe && !f.fix && !f.diff {
		return usagef("--unsafe says which fixes to apply: give --fix or --diff too")
	}
	if f.render && (f.fix || f.diff) {
		return usagef("--render shows what templates come to, and --fix and --diff change files: give one")
	}
	if len(f.values) > 0 && !f.render {
		return usagef("--values are for charts that are rendered: give --render too")
	}
	if f.fix && f.diff {
		return usagef("--fix changes files and --diff does not: give one")
	}
	if len(paths) == 0 {
		paths = []string{"."}
	}
	p, err := f.scan.policy()
	if err != nil {
		return err
	}
	p.Checks = scan.LintChecks()
	opts := &scan.Options{
		Policy: p, Now: env.Now, IsFile: isFile, Jobs: runtime.GOMAXPROCS(0),
		Tool:       boltseal.Tool{Name: "boltseal", Version: Version()},
		ShellCheck: f.shellCheck, Render: f.render, Values: f.values,
	}
	if err := f.scan.ownChecks(opts); err != nil {
		return err
	}
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			return usageError{err}
		}
	}
	r, err := scan.Lint(ctx, paths, opts)
	if errors.Is(err, scan.ErrNoShellCheck) {
		return usageError{fmt.Errorf("--shellcheck: %w", err)}
	}
	if err != nil {
		return err
	}
	if f.fix || f.diff {
		if err := f.remedy(ctx, env, r, opts); err != nil {
			return err
		}
		if f.diff {
			return exit(f.gapStatus(env, statusClean))
		}
		if r, err = scan.Lint(ctx, paths, opts); err != nil {
			return err
		}
	}
	ro := reportOptions(env, f.scan.verbose)
	ro.Checks = slices.Concat(scan.LintChecks(), opts.OwnChecks(), scan.ShellCheckChecks(r))
	if err := writeAll(env, outputs, r, ro); err != nil {
		return err
	}
	return exit(f.gapStatus(env, r.Verdict.ExitStatus()))
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// remedy applies fixes to every file with findings that have some, or prints
// what it would do. A finding that is waived is left alone, and so is one
// that only shows when the file is looked at without the others.
func (f *lintFlags) remedy(ctx context.Context, env *Env, r *boltseal.Report, opts *scan.Options) error {
	wanted := map[string]map[string]bool{} // checks by file
	waived := map[string]bool{}
	fixable := map[string]bool{}
	for _, found := range r.Findings {
		file := found.Location.File
		if found.Waived != nil {
			waived[found.Key] = true
			continue
		}
		// What has no fix now may have one once another finding is gone.
		if wanted[file] == nil {
			wanted[file] = map[string]bool{}
		}
		wanted[file][found.Check] = true
		fixable[file] = fixable[file] || len(found.Fixes) > 0
	}
	for _, name := range slices.Sorted(maps.Keys(fixable)) {
		if !fixable[name] {
			continue
		}
		if err := f.remedyFile(ctx, env, name, wanted[name], waived, opts); err != nil {
			return err
		}
	}
	return nil
}

func (f *lintFlags) remedyFile(ctx context.Context, env *Env, name string, wanted, waived map[string]bool, opts *scan.Options) error {
	path := filepath.FromSlash(name)
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("fix: %w", err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("fix: %w", err)
	}
	check := func(data []byte) ([]boltseal.Finding, error) { return scan.LintFile(name, data, opts), nil }
	// One fix may bring the next finding to light, which is wanted then too.
	alone := map[string]bool{}
	for _, found := range scan.LintFile(name, content, opts) {
		alone[found.Check] = !wanted[found.Check]
	}
	accept := func(found boltseal.Finding) bool {
		shown := len(opts.Policy.Severities) == 0 || slices.Contains(opts.Policy.Severities, found.Severity)
		return shown && !alone[found.Check] && !waived[found.Key]
	}
	done, err := remedy.Apply(content, check, &remedy.Options{Unsafe: f.unsafe, Accept: accept, Resolve: f.resolver(ctx, env)})
	if err != nil {
		return fmt.Errorf("fix %s: %w", name, err)
	}
	f.gaps = append(f.gaps, done.Gaps...)
	if bytes.Equal(done.Content, content) {
		return nil
	}
	if f.diff {
		_, err := env.Stdout.Write(diff.Diff(name, content, name, done.Content))
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("fix %s: it is a link; fix the file that it leads to", name)
	}
	if err := atomicfile.WriteBytes(path, info.Mode().Perm(), done.Content); err != nil {
		return fmt.Errorf("fix: %w", err)
	}
	fmt.Fprintf(env.Stderr, "%s: fixed %d\n", name, len(done.Fixed))
	return nil
}
