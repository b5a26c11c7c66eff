package cli

import (
	"github.com/spf13/cobra"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "image",
		Short: "Look into images, and make them",
		Long: `Look into images, and make them.

No daemon is needed: layers, configurations and manifests are read and written
as the OCI image specification says, and the same input gives the same bytes.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q; run: boltseal image --help", args[0])
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(imageShow(env), imageBuild(env), imageSlim(env), imagePatch(env), imageRebase(env), imageCompare(env))
	return cmd
})
