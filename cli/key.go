package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/internal/atomicfile"
	"github.com/boltseal/boltseal/seal"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make and convert the keys that images are signed with",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q; run: boltseal key --help", args[0])
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(keyGenerate(env), keyImport(env), keyPublic(env))
	return cmd
})

func keyGenerate(env *Env) *cobra.Command {
	var prefix, kind, kms string
	password := &passwordFlags{}
	var kinds []string
	for _, k := range seal.KeyKinds() {
		kinds = append(kinds, string(k))
	}
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Make a key pair, with the private key encrypted",
		Long: `Make a key pair. The private key is encrypted with a password and can be used
by cosign too; its file is readable by you alone. A file that is there already
is never overwritten.

With --kms a program makes the key and keeps it: sigstore-kms-NAME for NAME://KEY,
of which there are some for key management services and PKCS #11. Only the public
half is written.`,
		Example: `  boltseal key generate
  BOLTSEAL_PASSWORD=... boltseal key generate --output-prefix release --kind ed25519`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if kms != "" {
				if cmd.Flags().Changed("kind") {
					return usagef("--kms: the program chooses the algorithm; give no --kind")
				}
				return generateKept(cmd.Context(), env, kms, prefix)
			}
			key, err := seal.GenerateKey(seal.KeyKind(kind))
			if err != nil {
				return usageError{err}
			}
			return writeKeyPair(env, key, prefix, password)
		},
	}
	cmd.Flags().StringVar(&prefix, "output-prefix", "boltseal", "write PREFIX.key and PREFIX.pub")
	cmd.Flags().StringVar(&kms, "kms", "", "let the program sigstore-kms-NAME make the key NAME://KEY, and write PREFIX.pub alone")
	cmd.Flags().StringVar(&kind, "kind", kinds[0], "algorithm: "+strings.Join(kinds, ", "))
	password.register(cmd)
	return cmd
}

// generateKept lets a program make a key.
func generateKept(ctx context.Context, env *Env, uri, prefix string) error {
	if !kept(uri) {
		return usagef("--kms %s: want NAME://KEY", uri)
	}
	key, err := seal.GeneratePluginKey(ctx, uri, "", runPlugin(env))
	if err != nil {
		return err
	}
	if err := create(prefix+".pub", 0o644, key.Public().PEM()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Stderr, "wrote %s.pub (%s, %s)\n", prefix, key.Public().Kind(), key.Public().Fingerprint())
	return err
}

func keyImport(env *Env) *cobra.Command {
	var prefix string
	password := &passwordFlags{}
	cmd := &cobra.Command{
		Use:     "import FILE",
		Short:   "Encrypt a private key that openssl made",
		Long:    `Encrypt a private key in PEM (PKCS #8, PKCS #1 or SEC 1) and write it as "key generate" does.`,
		Example: `  openssl ecparam -name prime256v1 -genkey -noout | boltseal key import - --password-file pw`,
		Args:    exactly(1, "the file of one private key"),
		RunE: func(_ *cobra.Command, args []string) error {
			data, err := readKey(env, args[0])
			if err != nil {
				return err
			}
			key, err := seal.ImportPrivateKey(data)
			clear(data)
			if err != nil {
				return err
			}
			return writeKeyPair(env, key, prefix, password)
		},
	}
	cmd.Flags().StringVar(&prefix, "output-prefix", "boltseal", "write PREFIX.key and PREFIX.pub")
	password.register(cmd)
	return cmd
}

func keyPublic(env *Env) *cobra.Command {
	var key, out string
	password := &passwordFlags{}
	cmd := &cobra.Command{
		Use:     "public",
		Short:   "Write the public half of a private key",
		Example: `  boltseal key public --key boltseal.key -o boltseal.pub`,
		Args:    none,
		RunE: func(*cobra.Command, []string) error {
			k, err := privateKey(env, key, password)
			if err != nil {
				return err
			}
			defer k.Wipe()
			return writeTo(env, out, k.Public().PEM())
		},
	}
	cmd.Flags().StringVar(&key, "key", "boltseal.key", "private key: a file, env://VARIABLE, or NAME://KEY of the program sigstore-kms-NAME")
	cmd.Flags().StringVarP(&out, "output", "o", "-", "file to write")
	password.register(cmd)
	return cmd
}

// writeTo writes a file whole or not at all; "-" is standard output.
func writeTo(env *Env, name string, data []byte) error {
	if name == "-" || name == "" {
		_, err := env.Stdout.Write(data)
		return err
	}
	return atomicfile.WriteBytes(name, 0o644, data)
}

func writeKeyPair(env *Env, key *seal.PrivateKey, prefix string, flags *passwordFlags) error {
	defer key.Wipe()
	private, public := prefix+".key", prefix+".pub"
	for _, name := range []string{private, public} {
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			return usagef("%s is there already and is not overwritten; choose another --output-prefix", name)
		}
	}
	password, err := flags.read(env, true)
	if err != nil {
		return usageError{err}
	}
	data, err := key.Encrypt(password)
	clear(password)
	if err != nil {
		return err
	}
	if err := create(private, 0o600, data); err != nil {
		return err
	}
	if err := create(public, 0o644, key.Public().PEM()); err != nil {
		return errors.Join(err, os.Remove(private))
	}
	_, err = fmt.Fprintf(env.Stderr, "wrote %s and %s (%s, %s)\n", private, public, key.Public().Kind(), key.Public().Fingerprint())
	return err
}

// create writes a file that must not be there yet.
func create(name string, perm fs.FileMode, data []byte) (err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(name))
		}
	}()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}
