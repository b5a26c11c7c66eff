package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/seal"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	f, reg := &signFlags{}, &registryFlags{}
	opts := &seal.SignOptions{}
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "sign IMAGE...",
		Short: "Sign images and attach the signatures to them",
		Long: `Sign images and attach the signatures to them, as sigstore bundles that cosign 3
reads too. --legacy also writes the tag that cosign 2, podman and skopeo read.

With --key nothing leaves for anywhere but the registry, unless a signing config
names logs or timestamp authorities. With --keyless a certificate for an OpenID
identity is used: the one of the CI job, of the pod, or of whoever signs in.
Sign what was built, by its digest: a tag may have moved.`,
		Example: `  boltseal sign --key boltseal.key registry.example.com/app@sha256:...
  boltseal sign --key env://SIGNING_KEY --recursive --legacy -a commit=4f1c2d registry.example.com/app:1.2
  boltseal sign --keyless --yes registry.example.com/app@sha256:...`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("want one image or more; run: %s --help", cmd.CommandPath())
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
				placed, err := s.Image(cmd.Context(), client, ref, opts)
				_ = client.Close()
				all = append(all, placed...)
				if err != nil {
					return err
				}
				if ref.Digest == "" && !asJSON {
					fmt.Fprintf(env.Stderr, "boltseal: note: %s is a tag; it was signed as what it is now\n", name)
				}
			}
			sayWho(env, s)
			return writePlaced(env, all, asJSON)
		},
	}
	f.register(cmd)
	reg.register(cmd)
	fl := cmd.Flags()
	fl.StringToStringVarP(&opts.Annotations, "annotations", "a", nil, "NAME=VALUE to sign with the image; may be repeated")
	fl.BoolVarP(&opts.Recursive, "recursive", "r", false, "sign every image of an index too")
	fl.BoolVar(&opts.Legacy, "legacy", false, "also write the signature as cosign 2 does")
	fl.BoolVar(&opts.LegacyOnly, "legacy-only", false, "write it as cosign 2 does and in no other way")
	fl.StringVar(&opts.Reference, "sign-container-identity", "", "name to sign with --legacy (default: the repository)")
	fl.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
})

// sayWho tells whom the certificate names that was signed with.
func sayWho(env *Env, s *seal.Signer) {
	if c := s.Certificate(); c != nil {
		fmt.Fprintf(env.Stderr, "boltseal: signed as %s, vouched for by %s\n", visible(c.Subject, ""), visible(c.Issuer, "nobody"))
	}
}

// writePlaced tells what was written where.
func writePlaced(env *Env, all []seal.Placed, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(env.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(all)
	}
	for _, p := range all {
		if _, err := fmt.Fprintf(env.Stdout, "%s  %s  %s\n", p.Subject, p.Form, p.Where); err != nil {
			return err
		}
		for _, e := range p.Log {
			fmt.Fprintf(env.Stdout, "  entry %d of the log %s\n", e.Index, e.Log)
		}
	}
	return nil
}
