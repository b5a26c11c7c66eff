package cli

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/seal"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	f := &signFlags{}
	var bundle, signature string
	cmd := &cobra.Command{
		Use:   "sign-blob FILE",
		Short: "Sign a file",
		Long: `Sign a file. A bundle holds all that is needed to verify it later, a detached
signature only what the key made (in base64, as cosign writes it).`,
		Example: `  boltseal sign-blob --key boltseal.key --bundle app.tar.sigstore.json app.tar
  boltseal sign-blob --key boltseal.key --signature app.tar.sig app.tar`,
		Args: exactly(1, "one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (bundle == "") == (signature == "") {
				return usagef("say what to write: --bundle FILE or --signature FILE")
			}
			s, done, err := f.signer(env)
			if err != nil {
				return err
			}
			defer done()
			blob, err := openBlob(env, args[0])
			if err != nil {
				return err
			}
			if signature != "" {
				sig, err := s.Detached(cmd.Context(), blob)
				if err != nil {
					return err
				}
				return writeTo(env, signature, append([]byte(base64.StdEncoding.EncodeToString(sig)), '\n'))
			}
			data, err := s.Blob(cmd.Context(), blob)
			if err != nil {
				return err
			}
			return writeTo(env, bundle, append(data, '\n'))
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&bundle, "bundle", "", "file to write the bundle to; - is standard output")
	cmd.Flags().StringVar(&signature, "signature", "", "file to write the signature to; - is standard output")
	return cmd
})

var _ = addVerb(func(env *Env) *cobra.Command {
	f := &verifyFlags{}
	var bundle, signature string
	var offline bool
	cmd := &cobra.Command{
		Use:   "verify-blob FILE",
		Short: "Verify the signature of a file, or a statement about it",
		Example: `  boltseal verify-blob --key boltseal.pub --bundle app.tar.sigstore.json app.tar
  boltseal verify-blob --key boltseal.pub --signature app.tar.sig app.tar
  boltseal verify-blob --bundle app.tar.sigstore.json --certificate-identity dev@example.com --certificate-oidc-issuer https://accounts.example.com app.tar`,
		Args: exactly(1, "one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (bundle == "") == (signature == "") {
				return usagef("say what to verify: --bundle FILE or --signature FILE")
			}
			if offline && f.fetchTrust {
				return usagef("--offline and --fetch-trusted-root contradict each other")
			}
			v, err := f.verifier(cmd.Context(), env)
			if err != nil {
				return err
			}
			want, err := f.want()
			if err != nil {
				return err
			}
			o := &outcome{File: args[0]}
			verified, err := verifyBlob(env, v, f, args[0], bundle, signature, want)
			o.add(verified, err)
			if err == nil {
				o.Digest = string(verified.Subject)
			}
			return f.write(env, []*outcome{o})
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&offline, "offline", false, "open no socket at all")
	cmd.Flags().StringVar(&bundle, "bundle", "", "file with the sigstore bundle")
	cmd.Flags().StringVar(&signature, "signature", "", "file with the signature, in base64 or as it is")
	return cmd
})

func verifyBlob(env *Env, v *seal.Verifier, f *verifyFlags, name, bundle, signature string, want seal.Want) (*seal.Verified, error) {
	blob, err := openBlob(env, name)
	if err != nil {
		return nil, err
	}
	if bundle != "" {
		data, err := readBounded(env, bundle, f.maxBytes, "--max-attestation-bytes")
		if err != nil {
			return nil, fmt.Errorf("--bundle: %w", err)
		}
		return v.Blob(data, blob, want)
	}
	sig, err := readSmall(env, signature)
	if err != nil {
		return nil, fmt.Errorf("--signature: %w", err)
	}
	if plain, err := base64.StdEncoding.Strict().DecodeString(string(bytes.TrimSpace(sig))); err == nil {
		sig = plain
	}
	return v.Detached(sig, blob)
}

// openBlob is the file as it is signed. Standard input is kept in memory.
func openBlob(env *Env, name string) (*seal.Blob, error) {
	if name == "-" {
		data, err := readBounded(env, name, 1<<30, "")
		if err != nil {
			return nil, err
		}
		return seal.BytesBlob(data), nil
	}
	if info, err := os.Stat(name); err != nil {
		return nil, err
	} else if info.IsDir() {
		return nil, usagef("%s is a folder; sign a file", name)
	}
	return seal.NewBlob(func() (io.ReadCloser, error) { return os.Open(name) }), nil
}
