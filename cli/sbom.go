package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/scan"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	f := &scanFlags{}
	cmd := &cobra.Command{
		Use:   "sbom TARGET",
		Short: "List what is inside a target, as a bill of materials",
		Long: `List what is inside a target, as a bill of materials.

` + targets,
		Example: `  boltseal sbom alpine:3.22
  boltseal sbom dir:. -o spdx-json=app.spdx.json -o cyclonedx-json=app.cdx.json
  boltseal sbom convert app.spdx.json -o cyclonedx-json
  boltseal sbom diff docker-archive:v1.tar docker-archive:v2.tar
  boltseal sbom check app.cdx.json --profile ntia`,
		Args: exactly(1, "one target"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSBOM(cmd.Context(), env, f, args[0])
		},
	}
	f.register(cmd, componentsFormat)
	cmd.AddCommand(sbomVerbs(env)...)
	return cmd
})

func runSBOM(ctx context.Context, env *Env, f *scanFlags, target string) error {
	outputs, err := parseOutputs(f.outputs)
	if err != nil {
		return err
	}
	opts, done, err := f.options(ctx, env)
	if err != nil {
		return err
	}
	defer done()
	opts.ComponentsOnly = true
	bar := &progress{env: env}
	opts.Progress = bar.update
	opts.Opened = f.sandbox(env, target, outputs, false)
	r, err := scan.Run(ctx, target, opts)
	bar.clear()
	if err != nil {
		return err
	}
	if err := writeAll(env, outputs, r, reportOptions(env, f.verbose)); err != nil {
		return err
	}
	return tellGaps(env, outputs, r.Gaps)
}

// tellGaps says on standard error what could not be looked at, unless the
// table on standard output says it already.
func tellGaps(env *Env, outputs []output, gaps []boltseal.Gap) error {
	if len(gaps) == 0 {
		return nil
	}
	said := slices.ContainsFunc(outputs, func(o output) bool { return o.format == componentsFormat && o.file == "" })
	for _, gap := range gaps {
		if !said {
			fmt.Fprintf(env.Stderr, "boltseal: not looked at: %s: %s\n", gap.What, gap.Why)
		}
	}
	return status(statusGap)
}
