package cli

import (
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
		if err := f.remedy(ctx, env, paths, opts); err != nil {
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

// remedy applies fixes to all files together, or prints what it would do. A
// finding that is waived is left alone, and so is one that the policy does not
// want to see. Either all files are written or none.
func (f *lintFlags) remedy(ctx context.Context, env *Env, paths []string, opts *scan.Options) (err error) {
	set, err := scan.OpenSet(ctx, paths, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	accept := func(found boltseal.Finding) bool {
		return found.Waived == nil && (len(opts.Policy.Severities) == 0 || slices.Contains(opts.Policy.Severities, found.Severity))
	}
	check := func(changed map[string][]byte) ([]boltseal.Finding, error) { return set.Check(ctx, changed) }
	done, gaps, err := remedy.ApplyAll(set.Content, check, &remedy.Options{Unsafe: f.unsafe, Accept: accept, Resolve: f.resolver(ctx, env)})
	if err != nil {
		return fmt.Errorf("fix: %w", err)
	}
	f.gaps = append(f.gaps, gaps...)
	names := slices.Sorted(maps.Keys(done))
	var changes []atomicfile.Change
	for _, name := range names {
		content, _ := set.Content(name)
		if f.diff {
			if _, err := env.Stdout.Write(diff.Diff(name, content, name, done[name].Content)); err != nil {
				return err
			}
			continue
		}
		path := filepath.FromSlash(name)
		info, err := os.Lstat(path)
		if err != nil {
			return fmt.Errorf("fix: %w", err)
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("fix %s: it is a link; fix the file that it leads to", name)
		}
		changes = append(changes, atomicfile.Change{Name: path, Perm: info.Mode().Perm(), Old: content, New: done[name].Content})
	}
	if err := atomicfile.Replace(changes); err != nil {
		return fmt.Errorf("fix: %w", err)
	}
	for i := range changes {
		fmt.Fprintf(env.Stderr, "%s: fixed %d\n", names[i], len(done[names[i]].Fixed))
	}
	return nil
}
