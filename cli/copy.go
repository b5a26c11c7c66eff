package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/seal"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	reg := &registryFlags{}
	opts := &seal.CopyOptions{}
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "copy SOURCE DESTINATION",
		Short: "Copy an image with its signatures, attestations and other referrers",
		Long: `Copy an image from one registry or repository to another, with all platforms of
an index and everything that is attached to any of them. The destination's tag is
written last: it never names an image whose signatures are not there yet.

--username and --password-stdin are for the destination; for the source, log in
with docker or podman.`,
		Example: `  boltseal copy docker.io/library/alpine:3.22 registry.example.com/mirror/alpine:3.22
  boltseal copy --attachments-only build.example.com/app@sha256:... prod.example.com/app@sha256:...`,
		Args: exactly(2, "a source and a destination"),
		RunE: func(cmd *cobra.Command, args []string) error {
			to, dst, err := reg.client(env, args[1])
			if err != nil {
				return err
			}
			defer func() { _ = to.Close() }()
			source := *reg
			source.username, source.password = "", ""
			from, src, err := source.client(env, args[0])
			if err != nil {
				return err
			}
			defer func() { _ = from.Close() }()
			done, err := seal.Copy(cmd.Context(), from, src, to, dst, opts)
			if err != nil {
				return err
			}
			for _, d := range done.Gone {
				fmt.Fprintf(env.Stderr, "boltseal: note: %s is listed as attached, and the source no longer has it\n", d)
			}
			if asJSON {
				return json.NewEncoder(env.Stdout).Encode(done)
			}
			_, err = fmt.Fprintf(env.Stdout, "%s: %d manifests, %d attached, %d blobs copied (%d bytes), %d there already\n",
				dst.At(done.Digest), done.Manifests, done.Attached, done.Blobs, done.Bytes, done.Present)
			return err
		},
	}
	reg.register(cmd)
	cmd.Flags().BoolVar(&opts.AttachedOnly, "attachments-only", false, "copy what is attached and not the image, which has to be there")
	cmd.Flags().IntVarP(&opts.Jobs, "jobs", "j", 4, "blobs copied at once")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
})
