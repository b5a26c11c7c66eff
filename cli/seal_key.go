package cli

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/internal/tool"
	"github.com/boltseal/boltseal/seal"
)

// runPlugin starts a program that keeps keys. It gets here because the user
// wrote its name into a key's.
func runPlugin(env *Env) seal.RunPlugin {
	return func(ctx context.Context, program string, args []string, stdin []byte) ([]byte, error) {
		r, err := tool.Run(ctx, tool.Command{Name: program, Args: args, Stdin: bytes.NewReader(stdin), Stderr: env.Stderr, Limit: maxSmallFile})
		if errors.Is(err, tool.ErrMissing) {
			return nil, usagef("%v; a key named NAME://KEY is asked of the program %sNAME", err, seal.PluginPrefix)
		}
		if err == nil && r.Status != 0 && len(bytes.TrimSpace(r.Stdout)) == 0 {
			return nil, fmt.Errorf("%s ended with exit status %d and no answer", program, r.Status)
		}
		return r.Stdout, err
	}
}

// kept tells whether a program keeps the key of the name.
func kept(name string) bool {
	return seal.IsPluginURI(name) && !strings.HasPrefix(name, keyPrefix)
}

// privateKey is the key of a file, of a variable or of a program.
func privateKey(env *Env, name string, password *passwordFlags) (*seal.PrivateKey, error) {
	if kept(name) {
		return seal.PluginKey(context.Background(), name, runPlugin(env))
	}
	data, err := readKey(env, name)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	key, err := seal.ParsePrivateKey(data, func() ([]byte, error) { return password.read(env, false) })
	clear(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return key, nil
}

// publicKey is the same for verifying.
func publicKey(ctx context.Context, env *Env, name string) (*seal.PublicKey, error) {
	if kept(name) {
		key, err := seal.PluginKey(ctx, name, runPlugin(env))
		if err != nil {
			return nil, err
		}
		return key.Public(), nil
	}
	data, err := readKey(env, name)
	if err != nil {
		return nil, usageError{fmt.Errorf("--key: %w", err)}
	}
	key, err := seal.ParsePublicKey(data)
	if err != nil {
		return nil, usageError{fmt.Errorf("--key %s: %w", name, err)}
	}
	return key, nil
}

// notaryFlags say which signatures of the Notary project count.
type notaryFlags struct {
	roots, authorities, timestamps, revoked, identities []string
}

func (f *notaryFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringArrayVar(&f.roots, "certificate-chain", nil, "PEM certificates that signatures of the Notary project must come from; may be repeated")
	fl.StringArrayVar(&f.identities, "notary-identity", nil, `whom their certificates have to name: "x509.subject: C=US, O=acme", or "*" for all that the roots vouch for; may be repeated`)
	fl.StringArrayVar(&f.authorities, "notary-authority", nil, "PEM certificates of signing authorities, which say themselves when something was signed")
	fl.StringArrayVar(&f.timestamps, "notary-timestamp-root", nil, "PEM certificates that their timestamps must come from; a timestamp is asked for then")
	fl.StringArrayVar(&f.revoked, "notary-crl", nil, "certificate revocation list, in PEM or DER; may be repeated")
}

func (f *notaryFlags) any() bool {
	return len(f.roots)+len(f.authorities)+len(f.timestamps)+len(f.revoked)+len(f.identities) > 0
}

// read reads the files that the flags name.
func (f *notaryFlags) read(env *Env, opts *seal.VerifierOptions) error {
	if !f.any() {
		return nil
	}
	n := &seal.NotaryTrust{Identities: f.identities}
	for _, one := range []struct {
		flag  string
		names []string
		to    *[]*x509.Certificate
	}{{"certificate-chain", f.roots, &n.Roots}, {"notary-authority", f.authorities, &n.Authorities}, {"notary-timestamp-root", f.timestamps, &n.Timestamps}} {
		for _, name := range one.names {
			list, err := parsed(env, name, seal.ParseCertificates)
			if err != nil {
				return usageError{fmt.Errorf("--%s: %w", one.flag, err)}
			}
			*one.to = append(*one.to, list...)
		}
	}
	for _, name := range f.revoked {
		list, err := parsed(env, name, seal.ParseRevocationList)
		if err != nil {
			return usageError{fmt.Errorf("--notary-crl: %w", err)}
		}
		n.Revoked = append(n.Revoked, list)
	}
	opts.Notary = append(opts.Notary, n)
	return nil
}

func parsed[T any](env *Env, name string, parse func([]byte) (T, error)) (T, error) {
	data, err := readSmall(env, name)
	var v T
	if err == nil {
		v, err = parse(data)
	}
	if err != nil {
		return v, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}
