package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/report"
	"github.com/boltseal/boltseal/scan"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	f := &scanFlags{}
	cmd := &cobra.Command{
		Use:   "convert REPORT.json",
		Short: "Write a report that was kept as JSON in another format",
		Long: `Write a report that was kept as JSON in another format.

The report says what it said when it was made: nothing is scanned or judged
again, and the exit status is that of the report's own verdict only with
--exit-status. REPORT.json is what -o json wrote; - is standard input.`,
		Example: `  boltseal scan alpine:3.22 -o json=report.json
  boltseal convert report.json -o html=report.html -o sarif=report.sarif
  boltseal convert report.json -o template=mail.tmpl
  boltseal convert report.json -o trivy-json`,
		Args: exactly(1, "one report"),
		RunE: func(cmd *cobra.Command, args []string) error {
			own, err := cmd.Flags().GetBool("exit-status")
			if err != nil {
				return err
			}
			return runConvert(env, f, args[0], own)
		},
	}
	f.registerOutput(cmd, "table")
	cmd.Flags().StringVar(&f.dockerfile, "dockerfile", "", "what made the image, as a path in your repository: SARIF puts the findings there")
	cmd.Flags().Bool("exit-status", false, "end with the exit status of the report's verdict")
	return cmd
})

func runConvert(env *Env, f *scanFlags, name string, own bool) error {
	outputs, err := parseOutputs(f.outputs)
	if err != nil {
		return err
	}
	r, err := reportFrom(env, name)
	if err != nil {
		return usageError{err}
	}
	ro := reportOptions(env, f.verbose)
	ro.Checks, ro.Dockerfile = scan.AuditChecks(), f.dockerfile
	if err := writeAll(env, outputs, r, ro); err != nil {
		return err
	}
	if own {
		return exit(r.Verdict.ExitStatus())
	}
	return nil
}

func reportFrom(env *Env, name string) (*boltseal.Report, error) {
	if name != "-" {
		return readReport(name)
	}
	data, err := io.ReadAll(io.LimitReader(env.Stdin, maxReport+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read standard input: %w", err)
	case len(data) > maxReport:
		return nil, fmt.Errorf("read standard input: more than %d bytes", maxReport)
	}
	return report.Read(data)
}
