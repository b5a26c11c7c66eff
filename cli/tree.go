package cli

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/seal"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	reg := &registryFlags{}
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "tree IMAGE",
		Short: "List what is attached to an image: signatures, attestations, documents",
		Long: `List what is attached to an image, and to each image of an index: referrers, the
tags of cosign 2, and the statements of BuildKit. Nothing of it is verified here:
what it says of itself is a claim.`,
		Example: `  boltseal tree registry.example.com/app:1
  boltseal tree --json registry.example.com/app@sha256:...`,
		Args: exactly(1, "one image"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, ref, err := reg.client(env, args[0])
			if err != nil {
				return err
			}
			defer func() { _ = client.Close() }()
			n, err := seal.Tree(cmd.Context(), client, ref)
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(env.Stdout)
				e.SetIndent("", "  ")
				return e.Encode(n)
			}
			fmt.Fprintf(env.Stdout, "%s\n", visible(ref.At(n.Digest).String(), ""))
			writeNode(env.Stdout, n, "")
			return nil
		},
	}
	reg.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
})

func writeNode(w io.Writer, n *seal.Node, indent string) {
	if len(n.Attached)+len(n.Images) == 0 {
		fmt.Fprintf(w, "%s  nothing is attached\n", indent)
	}
	writeLeaves(w, n.Attached, indent)
	for _, child := range n.Images {
		fmt.Fprintf(w, "%s  %s %s\n", indent, visible(child.Platform, "image"), child.Digest)
		writeNode(w, child, indent+"  ")
	}
}

func writeLeaves(w io.Writer, list []seal.Leaf, indent string) {
	for _, l := range list {
		what := l.PredicateType
		switch {
		case l.Broken != "":
			what = "cannot be read: " + l.Broken
		case what == seal.PredicateSignature || l.Kind == seal.KindSignature:
			what = "signature"
		case what == "":
			what = l.ArtifactType
		}
		if !l.Signed {
			what += " (unsigned)"
		}
		fmt.Fprintf(w, "%s  %-18s %s\n%s    %s", indent, l.Kind, visible(what, ""), indent, visible(l.Where, ""))
		if l.Created != "" {
			fmt.Fprintf(w, ", %s", l.Created)
		}
		fmt.Fprintln(w)
		writeLeaves(w, l.Attached, indent+"  ")
	}
}
