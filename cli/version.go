package cli

import (
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/internal/sandbox"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	var asJSON, verbose bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print which boltseal this is",
		Example: "  boltseal version\n  boltseal version --json",
		Args:    none,
		RunE: func(*cobra.Command, []string) error {
			if !asJSON {
				fmt.Fprintf(env.Stdout, "boltseal %s %s %s/%s\n", Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
				if verbose {
					fmt.Fprintf(env.Stdout, "sandbox while scanning: %s\n", sandbox.Available())
				}
				return nil
			}
			return json.NewEncoder(env.Stdout).Encode(map[string]string{
				"version": Version(), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH,
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "say too what this system holds a scan with")
	return cmd
})
