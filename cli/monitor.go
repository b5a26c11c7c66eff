package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/report/foreign"
	"github.com/boltseal/boltseal/scan"
	"github.com/boltseal/boltseal/serve/client"
)

// clientFlags are the flags of the verbs that speak to a server.
type clientFlags struct {
	server, project, tokenFile, ca string
}

func (f *clientFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.server, "server", "", "address of a boltseal server; its token is in BOLTSEAL_TOKEN")
	fl.StringVar(&f.project, "project", "", "the project on the server (default: default)")
	fl.StringVar(&f.tokenFile, "token-file", "", "file that holds the server's token, instead of BOLTSEAL_TOKEN")
	fl.StringVar(&f.ca, "server-ca", "", "PEM file of further certificate authorities for the server")
}

func (f *clientFlags) client(env *Env) (*client.Client, error) {
	token, err := secretFrom(env, "BOLTSEAL_TOKEN", f.tokenFile)
	if err != nil {
		return nil, err
	}
	if token == "" {
		return nil, usagef("--server needs a token in BOLTSEAL_TOKEN or --token-file")
	}
	opts := &client.Options{Project: f.project, UserAgent: "boltseal/" + Version()}
	if f.ca != "" {
		if opts.CA, err = readWhole(f.ca, 4<<20); err != nil {
			return nil, usageError{fmt.Errorf("--server-ca: %w", err)}
		}
	}
	c, err := client.New(f.server, token, opts)
	if err != nil {
		return nil, usageError{err}
	}
	return c, nil
}

// check tells before the work whether upload could begin.
func (f *clientFlags) check(env *Env) error {
	if f.server == "" {
		return nil
	}
	_, err := f.client(env)
	return err
}

// upload sends a report to the server, if there is one, and says what the
// server made of it.
func (f *clientFlags) upload(ctx context.Context, env *Env, r *boltseal.Report) error {
	if f.server == "" {
		return nil
	}
	c, err := f.client(env)
	if err != nil {
		return err
	}
	receipt, err := c.Upload(ctx, r)
	if err != nil {
		return err
	}
	switch {
	case receipt.Repeated:
		fmt.Fprintf(env.Stderr, "boltseal: the server has this report already (report %d of image %d)\n", receipt.Report, receipt.Image)
	case receipt.Stale:
		fmt.Fprintf(env.Stderr, "boltseal: kept as report %d of image %d; the server has a newer one\n", receipt.Report, receipt.Image)
	default:
		fmt.Fprintf(env.Stderr, "boltseal: kept as report %d of image %d: %d new, %d fixed\n", receipt.Report, receipt.Image, receipt.New, receipt.Fixed)
	}
	if r.Verdict.Allow && !receipt.Allow {
		fmt.Fprintln(env.Stderr, "boltseal: the server's own policy does not allow it")
		return status(statusBlock)
	}
	return nil
}

var _ = addVerb(func(env *Env) *cobra.Command {
	f, to := &scanFlags{}, &clientFlags{}
	var take bool
	var name string
	cmd := &cobra.Command{
		Use:   "monitor TARGET|REPORT.json",
		Short: "Have a server watch a target: scan it and keep the report there",
		Long: `Have a server watch a target: scan it and keep the report there.

The server matches what is inside again whenever its advisories change, and
tells who wants to be told. REPORT.json is what scan -o json wrote.

With --import it is what another scanner wrote: Trivy, Grype, Snyk or Clair as
JSON, SARIF of any tool, or a bill of materials in CycloneDX or SPDX.

` + targets,
		Example: `  boltseal monitor alpine:3.22 --server http://127.0.0.1:7077
  boltseal monitor report.json --server https://boltseal.example.org --project shop
  boltseal monitor --import trivy.json --name shop/app:1.4`,
		Args: exactly(1, "one target or report"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if name != "" && !take {
				return usagef("--name goes with --import")
			}
			return runMonitor(cmd.Context(), env, to, func() (*boltseal.Report, error) {
				if take {
					return imported(env, args[0], name)
				}
				return f.monitored(cmd.Context(), env, args[0])
			})
		},
	}
	f.registerSource(cmd)
	f.registerChecks(cmd)
	f.registerCheckFiles(cmd)
	to.register(cmd)
	cmd.Flags().BoolVar(&take, "import", false, "the file is another scanner's report, or a bill of materials to keep as it is")
	cmd.Flags().StringVar(&name, "name", "", "what the imported report is about, where it does not say so itself")
	return cmd
})

func runMonitor(ctx context.Context, env *Env, to *clientFlags, report func() (*boltseal.Report, error)) error {
	if to.server == "" {
		return usagef("monitor needs --server")
	}
	if err := to.check(env); err != nil {
		return err
	}
	r, err := report()
	if err != nil {
		return err
	}
	if err := to.upload(ctx, env, r); err != nil {
		return err
	}
	return exit(r.Verdict.ExitStatus())
}

// imported reads what another scanner wrote, and judges it by the default
// policy: nobody has judged it by ours.
func imported(env *Env, file, name string) (*boltseal.Report, error) {
	data, err := readWhole(file, maxReport)
	if err != nil {
		return nil, usageError{fmt.Errorf("--import: %w", err)}
	}
	r, _, err := foreign.Read(data, env.Now())
	if err != nil {
		return nil, usageError{fmt.Errorf("--import %s: %w", file, err)}
	}
	if name != "" {
		r.Artifact.Name = name
		for i := range r.Findings {
			r.Findings[i].Subject.Name = name
			r.Findings[i].Seal()
		}
	}
	policy.Default().Judge(r, env.Now())
	return r, nil
}

func (f *scanFlags) monitored(ctx context.Context, env *Env, target string) (r *boltseal.Report, err error) {
	if isReport(target) {
		return readReport(target)
	}
	opts, done, err := f.options(ctx, env)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := f.checkOptions(ctx, env, opts); err != nil {
		return nil, err
	}
	if opts.DB != nil {
		defer func() { err = errors.Join(err, opts.DB.Close()) }()
	}
	if err := f.ownChecks(opts); err != nil {
		return nil, err
	}
	bar := &progress{env: env}
	opts.Progress = bar.update
	defer bar.clear()
	return scan.Run(ctx, target, opts)
}
