package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/scan"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	f := &auditFlags{failUnder: -1}
	cmd := &cobra.Command{
		Use:   "audit [PATH|IMAGE...]",
		Short: "Hold a project and its images to a checklist and public standards",
		Long: `Hold a project and its images to a checklist and public standards.

What applies is run: source files in a folder are linted and its components
compared with advisories, images are scanned. The scorecard says of each
control whether it passes, fails, was accepted by a waiver, or was not
assessed, with what speaks for it and what to do. What was not assessed never
counts as passed.

The default is the present folder. IMAGE is written as for boltseal scan.`,
		Example: `  boltseal audit
  boltseal audit . alpine:3.22 --fail-under 80
  boltseal audit . -o table -o html=audit.html -o json=audit.json
  boltseal audit deploy/ -o markdown > comment.md`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runAudit(cmd.Context(), env, f, args)
		},
	}
	f.scan.register(cmd, "table")
	f.scan.registerChecks(cmd)
	f.scan.registerCheckFiles(cmd)
	cmd.Flags().IntVar(&f.failUnder, "fail-under", -1, "block when the score is under this number, 0 to 100")
	return cmd
})

type auditFlags struct {
	scan      scanFlags
	failUnder int
}

func runAudit(ctx context.Context, env *Env, f *auditFlags, args []string) error {
	outputs, err := parseOutputs(f.scan.outputs)
	if err != nil {
		return err
	}
	if f.failUnder < -1 || f.failUnder > 100 {
		return usagef("--fail-under %d: want a number from 0 to 100", f.failUnder)
	}
	if len(args) == 0 {
		args = []string{"."}
	}
	targets := make([]scan.Target, len(args))
	for i, arg := range args {
		if targets[i], err = auditTarget(arg); err != nil {
			return err
		}
	}
	opts, done, err := f.scan.options(ctx, env)
	if err != nil {
		return err
	}
	defer done()
	if err := f.scan.checkOptions(ctx, env, opts); err != nil {
		return err
	}
	if opts.DB != nil {
		defer opts.DB.Close()
	}
	opts.IsFile = isFile
	opts.Policy.Checks = scan.AuditChecks()
	if err := f.scan.ownChecks(opts); err != nil {
		return err
	}
	bar := &progress{env: env}
	opts.Progress = bar.update
	r, err := scan.Audit(ctx, targets, opts)
	bar.clear()
	if err != nil {
		return err
	}
	if f.failUnder >= 0 {
		scan.HoldTo(r, f.failUnder)
	}
	if r.Artifact.Name == "." {
		// A page that is sent around should say of what it speaks.
		if dir, err := filepath.Abs("."); err == nil {
			r.Artifact.Name = filepath.Base(dir)
		}
	}
	ro := reportOptions(env, f.scan.verbose)
	ro.Checks, ro.Dockerfile = append(scan.AuditChecks(), opts.OwnChecks()...), f.scan.dockerfile
	if err := writeAll(env, outputs, r, ro); err != nil {
		return err
	}
	return exit(r.Verdict.ExitStatus())
}

// auditTarget tells source files from what is to be scanned. A folder is
// both. A path that is written like one must exist: a mistyped folder is no
// image.
func auditTarget(arg string) (scan.Target, error) {
	path := strings.TrimPrefix(arg, "dir:")
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		if isLayout(path) && path == arg {
			return scan.Target{Scan: arg}, nil
		}
		return scan.Target{Lint: path, Scan: "dir:" + path}, nil
	case err == nil && path == arg && isSource(path):
		return scan.Target{Lint: path}, nil
	case err != nil && (path != arg || path == "." || strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../") || filepath.IsAbs(path)):
		return scan.Target{}, usageError{err}
	}
	return scan.Target{Scan: arg}, nil
}

// isLayout tells an OCI image layout from a project.
func isLayout(path string) bool { return isFile(filepath.Join(path, "oci-layout")) }

// isSource tells by its name whether a file is one that people write.
func isSource(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".yaml", ".yml":
		return true
	}
	return scan.IsDockerfile(filepath.Base(path))
}
