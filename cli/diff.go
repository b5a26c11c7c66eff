package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/report"
	"github.com/boltseal/boltseal/scan"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	f := &scanFlags{}
	var format string
	cmd := &cobra.Command{
		Use:   "diff BEFORE AFTER",
		Short: "Tell what a change brings in and what it mends",
		Long: `Tell what a change brings in and what it mends.

BEFORE and AFTER are reports (boltseal scan -o json=FILE) or targets to scan,
written as for boltseal scan. Only findings that are new count for the verdict.`,
		Example: `  boltseal diff app:1.4 app:1.5
  boltseal diff main.json docker-archive:app.tar -o markdown > comment.md
  boltseal diff before.cdx.json after.cdx.json --fail-on critical`,
		Args: exactly(2, "two reports or targets"),
		RunE: func(cmd *cobra.Command, args []string) error {
			write, ok := map[string]func(*report.Difference, io.Writer) error{
				"text": (*report.Difference).WriteText, "json": (*report.Difference).WriteJSON, "markdown": (*report.Difference).WriteMarkdown,
			}[format]
			if !ok {
				return usagef("-o %s: no such format; there are text, json, markdown", format)
			}
			return runDiff(cmd.Context(), env, f, args, write)
		},
	}
	cmd.Flags().StringVarP(&format, "output", "o", "text", "text, json or markdown")
	f.registerSource(cmd)
	f.registerChecks(cmd)
	return cmd
})

func runDiff(ctx context.Context, env *Env, f *scanFlags, args []string, write func(*report.Difference, io.Writer) error) (err error) {
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
	var sides [2]*boltseal.Report
	for i, arg := range args {
		if i == 1 {
			judge := *opts.Policy
			judge.Baseline = baselineOf(sides[0])
			opts.Policy = &judge
		}
		if sides[i], err = reportOf(ctx, arg, opts); err != nil {
			return err
		}
	}
	if err := write(report.Compare(sides[0], sides[1]), env.Stdout); err != nil {
		return fmt.Errorf("diff: %w", err)
	}
	return exit(sides[1].Verdict.ExitStatus())
}

// reportOf reads a report, or makes one of a target. Either way the policy at
// hand has judged it.
func reportOf(ctx context.Context, arg string, opts *scan.Options) (*boltseal.Report, error) {
	if !isReport(arg) {
		return scan.Run(ctx, arg, opts)
	}
	r, err := readReport(arg)
	if err != nil {
		return nil, err
	}
	p := opts.Policy
	if p == nil {
		p = policy.Default()
	}
	p.Judge(r, opts.Now())
	return r, nil
}

func isReport(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 4096)
	n, _ := io.ReadFull(f, head)
	return report.IsReport(bytes.TrimSpace(head[:n]))
}
