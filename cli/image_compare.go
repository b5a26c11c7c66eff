package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/remedy/image"
	"github.com/boltseal/boltseal/report"
	"github.com/boltseal/boltseal/source"
)

func imageCompare(env *Env) *cobra.Command {
	f := &buildFlags{}
	cmd := &cobra.Command{
		Use:   "compare IMAGE IMAGE...",
		Short: "Compare images, such as base images, by size, software and findings",
		Long: `Compare images, such as the base images that an application could be built on:
what is pulled, what it holds, and what is known to be wrong with it.`,
		Example: `  boltseal image compare node:22 node:22-slim node:22-alpine gcr.io/distroless/nodejs22-debian12
  boltseal image compare docker:app docker:app-slim --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usagef("want two images or more")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var all []measured
			for _, target := range args {
				list, err := f.compare(cmd.Context(), env, target)
				if err != nil {
					return err
				}
				all = append(all, list...)
			}
			if f.json {
				e := json.NewEncoder(env.Stdout)
				e.SetIndent("", "  ")
				return e.Encode(all)
			}
			return writeCompared(env, all)
		},
	}
	f.registerSource(cmd)
	cmd.Flags().StringVar(&f.db, "db", "", "the advisory database (default: where boltseal db path says)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON")
	return cmd
}

// measured is an image and how much there is of it.
type measured struct {
	Name     string `json:"name"`
	Platform string `json:"platform,omitempty"`
	extent
}

func (f *buildFlags) compare(ctx context.Context, env *Env, target string) (all []measured, err error) {
	opts, done, err := f.options(ctx, env)
	if err != nil {
		return nil, err
	}
	defer done()
	subject, err := source.Open(ctx, target, &opts.Source)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, subject.Close()) }()
	for _, s := range images(subject) {
		i, err := image.From(s)
		if err != nil {
			return nil, err
		}
		e, err := f.measure(ctx, env, i)
		if err != nil {
			return nil, err
		}
		all = append(all, measured{s.Artifact.Name, i.Platform().String(), e})
	}
	if len(all) == 0 {
		return nil, usagef("%s is no image", target)
	}
	return all, nil
}

func writeCompared(env *Env, all []measured) error {
	w := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	known := all[0].Findings != nil
	fmt.Fprint(w, "image\tplatform\tpulled\tfiles\tcomponents")
	if known {
		fmt.Fprint(w, "\tcritical\thigh\tmedium\tlow")
	}
	fmt.Fprintln(w)
	for _, m := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s in %d\t%d", report.Clean(m.Name), m.Platform, size(m.Stored), size(m.Bytes), m.Files, m.Components)
		if known {
			for _, s := range []string{"critical", "high", "medium", "low"} {
				fmt.Fprintf(w, "\t%d", m.Findings[s])
			}
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if !known {
		fmt.Fprintln(env.Stderr, "boltseal: without a database vulnerabilities are not known; run: boltseal db update")
	}
	return nil
}
