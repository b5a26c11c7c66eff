package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/seal"
	"github.com/boltseal/boltseal/source/registry"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	f, reg := &verifyFlags{}, &registryFlags{}
	var reference, bundle, policyFile string
	cmd := &cobra.Command{
		Use:   "verify IMAGE...",
		Short: "Verify the signatures and attestations of images",
		Long: `Verify what is attached to images - sigstore bundles of cosign 3, the tags of
cosign 2, signatures of the Notary project - and say step by step what was looked
at. With --type, attestations of that type are verified instead of signatures.

One signature that counts is enough. Whose signatures count has to be said: with
--key, with the identity that a certificate has to name and who vouches for it, or
with the root and the identity of Notary signatures.

With --bundle the signature comes from a file and nothing is asked of any
registry: the image is then named by its digest. --offline makes sure of it.

Exit status: 0 verified, 1 not signed or refused, 3 something could not be
looked at.`,
		Example: `  boltseal verify --key boltseal.pub registry.example.com/app:1
  boltseal verify --certificate-identity https://github.com/org/app/.github/workflows/release.yml@refs/tags/v1.2.0 \
      --certificate-oidc-issuer https://token.actions.githubusercontent.com ghcr.io/org/app:1.2.0
  boltseal verify --certificate-chain root.pem --notary-identity "x509.subject: C=US, O=acme" registry.example.com/app:1
  boltseal verify --key boltseal.pub --type cyclonedx -o payload registry.example.com/app:1
  boltseal verify --policy boltseal.yaml ghcr.io/org/app:1.2.0 ghcr.io/org/api:2
  boltseal verify --offline --bundle app.sigstore.json --trusted-root trusted_root.json --key boltseal.pub app@sha256:...`,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usagef("want one image or more; run: %s --help", cmd.CommandPath())
			case bundle != "" && len(args) != 1:
				return usagef("--bundle is about one image")
			case reg.offline && bundle == "":
				return usagef("--offline needs --bundle FILE: signatures are in the registry otherwise")
			case reg.offline && f.fetchTrust:
				return usagef("--offline and --fetch-trusted-root contradict each other")
			}
			if policyFile != "" {
				return verifyPolicy(cmd.Context(), env, f, reg, policyFile, args)
			}
			v, err := f.verifier(cmd.Context(), env)
			if err != nil {
				return err
			}
			want, err := f.want()
			if err != nil {
				return err
			}
			want.Reference = reference
			var all []*outcome
			for _, name := range args {
				o, err := verifyOne(cmd.Context(), env, v, f, reg, name, bundle, want)
				if err != nil {
					return err
				}
				all = append(all, o)
			}
			return f.write(env, all)
		},
	}
	f.register(cmd)
	f.notary.register(cmd)
	reg.register(cmd)
	fl := cmd.Flags()
	fl.BoolVar(&reg.offline, "offline", false, "open no socket at all; needs --bundle")
	fl.StringVar(&reg.platform, "platform", "", "verify the image for this os/arch[/variant] of an index, and not the index")
	fl.BoolVar(&f.anyType, "any-type", false, "verify attestations of every type, and signatures")
	fl.StringVar(&policyFile, "policy", "", "policy file whose section images says who must vouch for which images")
	fl.StringVar(&bundle, "bundle", "", "file with the sigstore bundle, instead of what is in the registry")
	fl.StringVar(&reference, "reference", "", "name that has to be signed with it (signatures in the form of cosign 2 only)")
	fl.StringToStringVarP(&f.annotations, "annotations", "a", nil, "NAME=VALUE that has to be signed with it; may be repeated")
	return cmd
})

var errNeedsDigest = errors.New("with --bundle the image is named by its digest, as NAME@sha256:…")

func verifyOne(ctx context.Context, env *Env, v *seal.Verifier, f *verifyFlags, reg *registryFlags, name, bundle string, want seal.Want) (*outcome, error) {
	o := &outcome{Image: name}
	if bundle != "" {
		ref, err := registry.ParseRef(name)
		if err == nil && ref.Digest == "" {
			err = errNeedsDigest
		}
		if err != nil {
			return nil, usageError{err}
		}
		data, err := readBounded(env, bundle, f.maxBytes, "--max-attestation-bytes")
		if err != nil {
			return nil, fmt.Errorf("--bundle: %w", err)
		}
		want.Digest, o.Digest = ref.Digest, string(ref.Digest)
		verified, err := v.Bundle(data, want)
		o.add(verified, err)
		return o, nil
	}
	client, ref, err := reg.client(env, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Close() }()
	if reg.platform != "" {
		platform, ok := boltseal.ParsePlatform(reg.platform)
		if !ok {
			return nil, usagef("--platform %q: want os/arch[/variant]", reg.platform)
		}
		if ref, err = seal.ForPlatform(ctx, client, ref, platform); err != nil {
			o.err = err
			return o, nil
		}
	}
	r, err := v.Image(ctx, client, ref, want)
	if r != nil {
		o.Image, o.Digest, o.Verified, o.Refused = r.Image, string(r.Digest), r.Verified, r.Refused
		if r.Unread() != nil && err == nil {
			fmt.Fprintf(env.Stderr, "boltseal: note: not all that is attached to %s could be read: %v\n", name, r.Unread())
		}
	}
	o.err = err
	return o, nil
}

// add takes over the outcome of verifying one signature.
func (o *outcome) add(v *seal.Verified, err error) {
	if err == nil {
		o.Verified = append(o.Verified, v)
		return
	}
	o.err = err
	if refusal, ok := errors.AsType[*seal.Refusal](err); ok {
		o.Refused = append(o.Refused, refusal)
	}
}
