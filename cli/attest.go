package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/internal/strictjson"
	"github.com/boltseal/boltseal/seal"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	f, reg := &signFlags{}, &registryFlags{}
	opts := &seal.SignOptions{}
	var predicate, kind string
	var asJSON bool
	var most int64
	cmd := &cobra.Command{
		Use:   "attest IMAGE...",
		Short: "Sign a statement about images: provenance, an SBOM, a scan, VEX",
		Long: `Sign an in-toto statement about images and attach it to them. The predicate is a
file with one JSON value, the type one of the short names or a URI of your own.
"boltseal verify --type" verifies it.`,
		Example: `  boltseal sbom registry.example.com/app:1 -o cyclonedx-json=app.cdx.json
  boltseal attest --key boltseal.key --type cyclonedx --predicate app.cdx.json registry.example.com/app@sha256:...
  boltseal attest --key boltseal.key --type https://example.com/review/v1 --predicate review.json registry.example.com/app:1`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("want one image or more; run: %s --help", cmd.CommandPath())
			}
			if predicate == "" || kind == "" {
				return usagef("want --predicate FILE and --type TYPE; run: %s --help", cmd.CommandPath())
			}
			types, err := seal.PredicateTypes(kind)
			if err != nil {
				return usageError{fmt.Errorf("--type: %w", err)}
			}
			data, err := readBounded(env, predicate, most, "--max-attestation-bytes")
			if err != nil {
				return fmt.Errorf("--predicate: %w", err)
			}
			if err := strictjson.Check(data); err != nil {
				return usageError{fmt.Errorf("--predicate %s: %w", predicate, err)}
			}
			s, done, err := f.signer(env)
			if err != nil {
				return err
			}
			defer done()
			var all []seal.Placed
			for _, name := range args {
				client, ref, err := reg.client(env, name)
				if err != nil {
					return err
				}
				placed, err := s.Attest(cmd.Context(), client, ref, types[0], json.RawMessage(data), opts)
				_ = client.Close()
				all = append(all, placed...)
				if err != nil {
					return err
				}
			}
			sayWho(env, s)
			return writePlaced(env, all, asJSON)
		},
	}
	f.register(cmd)
	reg.register(cmd)
	fl := cmd.Flags()
	fl.StringVar(&predicate, "predicate", "", "file with the predicate, in JSON; - is standard input")
	fl.StringVar(&kind, "type", "", "predicate type: a short name or a URI")
	fl.BoolVarP(&opts.Recursive, "recursive", "r", false, "attest every image of an index too")
	fl.BoolVar(&opts.Legacy, "legacy", false, "also write it as cosign 2 does")
	fl.BoolVar(&opts.LegacyOnly, "legacy-only", false, "write it as cosign 2 does and in no other way")
	fl.Int64Var(&most, "max-attestation-bytes", seal.MaxBytes/2, "bytes of the predicate")
	fl.BoolVar(&asJSON, "json", false, "print JSON")
	_ = cmd.RegisterFlagCompletionFunc("type", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return seal.PredicateNames(), cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
})
