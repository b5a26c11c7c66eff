package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/scan"
)

// targets is the part of --help that says what can be scanned.
const targets = `TARGET is one of
  alpine:3.22                       an image in a registry (registry:NAME says so)
  docker:NAME podman:NAME           an image of a local daemon
  containerd:NAME
  docker-archive:FILE[:NAME]        what docker save writes
  oci:DIR[:TAG] oci-archive:FILE    an OCI image layout
  dir:PATH rootfs:PATH              a project, an unpacked root file system
  sbom:FILE                         a CycloneDX or SPDX document
  -                                 an archive or an SBOM on standard input
A path that exists needs no scheme.`

var _ = addVerb(func(env *Env) *cobra.Command {
	f, to := &scanFlags{}, &clientFlags{}
	var checks, only, inUse []string
	cmd := &cobra.Command{
		Use:   "scan TARGET",
		Short: "Find what is inside a target and what is known to be wrong with it",
		Long: `Find what is inside a target and what is known to be wrong with it.

` + targets,
		Example: `  boltseal scan alpine:3.22
  boltseal scan docker-archive:app.tar --fail-on critical,fixed
  boltseal scan oci:build/image -o table -o json=report.json -o sarif=report.sarif
  docker save app | boltseal scan -`,
		Args: exactly(1, "one target"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runScan(cmd.Context(), env, f, to, args[0], func(opts *scan.Options) error {
				return errors.Join(families(opts, checks, only), readUse(opts, inUse))
			})
		},
	}
	f.register(cmd, "table")
	f.registerChecks(cmd)
	f.registerCheckFiles(cmd)
	to.register(cmd)
	fl := cmd.Flags()
	fl.StringSliceVar(&checks, "checks", nil, "families of checks to run, of "+strings.Join(scan.Families(), ", ")+" (default: all)")
	fl.StringSliceVar(&checks, "scanners", nil, "the same as --checks")
	_ = fl.MarkHidden("scanners")
	fl.StringArrayVar(&inUse, "in-use", nil, "what boltseal watch --record-use wrote: findings say whether what runs opens the component; may be repeated")
	fl.StringSliceVar(&only, "only", nil, "mine: leave out what the base image brought")
	return cmd
})

// families puts --checks and --only into the options.
func families(opts *scan.Options, checks, only []string) error {
	if len(checks) > 0 {
		list, err := scan.ParseFamilies(checks)
		if err != nil {
			return usagef("--checks: %v", err)
		}
		opts.Families = list
	}
	for _, word := range only {
		if word != "mine" {
			return usagef("--only %q: want mine", word)
		}
		opts.Mine = true
	}
	return nil
}

func runScan(ctx context.Context, env *Env, f *scanFlags, to *clientFlags, target string, more func(*scan.Options) error) (err error) {
	outputs, err := parseOutputs(f.outputs)
	if err != nil {
		return err
	}
	if err := to.check(env); err != nil {
		return err
	}
	opts, done, err := f.options(ctx, env)
	if err != nil {
		return err
	}
	defer done()
	if err := more(opts); err != nil {
		return err
	}
	if err := f.checkOptions(ctx, env, opts); err != nil {
		return err
	}
	if opts.DB != nil {
		defer opts.DB.Close()
	}
	if err := f.attestedVEX(ctx, env, opts, target); err != nil {
		return err
	}
	if err := f.ownChecks(opts); err != nil {
		return err
	}
	bar := &progress{env: env}
	opts.Progress = bar.update
	opts.Opened = f.sandbox(env, target, outputs, to.server != "")
	r, err := scan.Run(ctx, target, opts)
	bar.clear()
	if err != nil {
		return err
	}
	ro := reportOptions(env, f.verbose)
	ro.Checks, ro.Dockerfile = append(scan.Checks(), opts.OwnChecks()...), f.dockerfile
	if err := writeAll(env, outputs, r, ro); err != nil {
		return err
	}
	if err := to.upload(ctx, env, r); err != nil {
		return err
	}
	return exit(r.Verdict.ExitStatus())
}

func exit(code int) error {
	if code == statusClean {
		return nil
	}
	return status(code)
}
