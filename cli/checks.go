package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/scan"
	"github.com/boltseal/boltseal/serve/admission"
	"github.com/boltseal/boltseal/trust"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "checks [ID]",
		Short: "List what boltseal looks for, or explain one check",
		Example: `  boltseal checks
  boltseal checks docker/root-user
  boltseal checks hadolint:DL3002`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			checks := allChecks()
			if len(args) == 1 {
				checks = slices.DeleteFunc(checks, func(c boltseal.Check) bool {
					return c.ID != args[0] && !slices.Contains(c.Aliases, args[0])
				})
				if len(checks) == 0 {
					return usagef("no check %q; run: boltseal checks", args[0])
				}
			}
			switch {
			case asJSON:
				return json.NewEncoder(env.Stdout).Encode(checks)
			case len(args) == 1:
				return explain(env, checks)
			}
			table := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
			for _, c := range checks {
				fmt.Fprintf(table, "%s\t%s\t%s\n", c.ID, c.Severity, c.Title)
			}
			return table.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
})

// allChecks lists every check of every family, each once, by id.
func allChecks() []boltseal.Check {
	all := slices.Concat(scan.Checks(), scan.LintChecks(), trust.Checks(), admission.Checks())
	slices.SortFunc(all, func(a, b boltseal.Check) int { return strings.Compare(a.ID, b.ID) })
	return slices.CompactFunc(all, func(a, b boltseal.Check) bool { return a.ID == b.ID })
}

func explain(env *Env, checks []boltseal.Check) error {
	for _, c := range checks {
		fmt.Fprintf(env.Stdout, "%s (%s)\n%s\n\n%s\n", c.ID, c.Severity, c.Title, c.Doc)
		if len(c.Controls) > 0 {
			fmt.Fprintf(env.Stdout, "\nControls: %s\n", strings.Join(c.Controls, ", "))
		}
		if len(c.Aliases) > 0 {
			fmt.Fprintf(env.Stdout, "\nOther tools' names: %s\n", strings.Join(c.Aliases, ", "))
		}
	}
	return nil
}
