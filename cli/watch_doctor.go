package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/sensor"
	"github.com/boltseal/boltseal/sensor/enforce"
)

func watchDoctor(env *Env) *cobra.Command {
	var asJSON bool
	var root string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what the sensor can see on this machine, and why not more",
		Long: `Say what the sensor can see on this machine, what can be prevented, and why not more.

Canaries are flown past every back-end of prevention: processes that do each
forbidden act and must be stopped. The sensor is attached for a moment, because that a kernel claims a feature is
no proof. Exit status: 0 the sensor runs here, 3 it does not.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			probes := sensor.Doctor(root)
			f := &watchFlags{root: root}
			probes = append(probes, enforce.Doctor(f.enforceOptions())...)
			if asJSON {
				e := json.NewEncoder(env.Stdout)
				e.SetIndent("", "  ")
				if err := e.Encode(probes); err != nil {
					return fmt.Errorf("doctor: %w", err)
				}
			}
			runs := true
			for _, p := range probes {
				word := "yes"
				if !p.OK {
					word = "no"
					runs = runs && !p.Must
				}
				if !asJSON {
					fmt.Fprintf(env.Stdout, "%-4s %-18s %s\n", word, p.Name, p.What)
				}
			}
			if !runs {
				return status(statusGap)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&root, "root", "/", "where the host's file system is, in a container")
	return cmd
}
