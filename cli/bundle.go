package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/seal"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bundle",
		Short: "Carry the advisory database, policies and trust roots to where there is no network",
		Example: `  boltseal bundle export --key boltseal.key --policy boltseal.yaml site.boltseal
  boltseal bundle import --key boltseal.pub site.boltseal`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q; run: boltseal bundle --help", args[0])
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(bundleExport(env), bundleImport(env))
	return cmd
})

// siteSchema is the form of a bundle's list of contents.
const siteSchema = "https://boltseal.dev/schema/site-bundle/v1"

// The names of the first two files of a bundle: what is in it, and who says
// so.
const (
	siteList      = "boltseal-bundle.json"
	siteSignature = "boltseal-bundle.json.sigstore.json"
	siteDB        = "advisories.db.zst"
)

// siteContents is the list of a bundle's contents: all that is signed, because
// it names everything else by its digest.
type siteContents struct {
	Schema   string             `json:"schema"`
	Created  time.Time          `json:"created"`  // of the database, so that the same contents make the same list
	Snapshot *boltseal.Snapshot `json:"snapshot"` // of the database
	Files    []siteFile         `json:"files"`
}

type siteFile struct {
	Name   string          `json:"name"` // "policy/boltseal.yaml"
	Digest boltseal.Digest `json:"digest"`
	Size   int64           `json:"size"`
}

// siteInput is a file that goes into a bundle.
type siteInput struct {
	siteFile
	path string
	data []byte // of small ones
}

func bundleExport(env *Env) *cobra.Command {
	var file dbFlag
	sign := &signFlags{}
	var policies, roots, keys []string
	cmd := &cobra.Command{
		Use:   "export FILE",
		Short: "Write one signed file with the database, policies and trust roots",
		Long: `Write one signed file with the advisory database, policies, trusted roots and
public keys. Its first entry lists the digest of every other one and is what is
signed; "boltseal bundle import" looks at nothing before that is verified.`,
		Example: `  boltseal bundle export --key boltseal.key site.boltseal
  boltseal bundle export --key boltseal.key --policy boltseal.yaml --root trusted_root.json --public-key release.pub site.boltseal`,
		Args: exactly(1, "the file to write"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dbPath, err := file.resolve(env)
			if err != nil {
				return err
			}
			dir, err := os.MkdirTemp("", "boltseal-bundle-")
			if err != nil {
				return fmt.Errorf("export: %w", err)
			}
			defer func() { _ = os.RemoveAll(dir) }()
			inputs, snapshot, err := bundleInputs(env, dir, dbPath, map[string][]string{"policy": policies, "trust": roots, "keys": keys})
			if err != nil {
				return err
			}
			s, done, err := sign.signer(env)
			if err != nil {
				return err
			}
			defer done()
			if err := writeBundle(cmd.Context(), s, args[0], snapshot, inputs); err != nil {
				return fmt.Errorf("export %s: %w", args[0], err)
			}
			_, err = fmt.Fprintf(env.Stdout, "%s: %d files, database %s\n", args[0], len(inputs), snapshot.ID)
			return err
		},
	}
	file.register(cmd)
	sign.register(cmd)
	fl := cmd.Flags()
	fl.StringArrayVar(&policies, "policy", nil, "policy file to take along; may be repeated")
	fl.StringArrayVar(&roots, "root", nil, "trusted_root.json to take along; may be repeated")
	fl.StringArrayVar(&keys, "public-key", nil, "public key to take along, to verify images with; may be repeated")
	return cmd
}

// bundleInputs gathers what goes into a bundle. What could not be read where
// it is going is refused here.
func bundleInputs(env *Env, dir, dbPath string, files map[string][]string) ([]siteInput, *boltseal.Snapshot, error) {
	edition, err := advisory.MakeEdition(context.Background(), dir, dbPath, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("%w; run: boltseal db update", err)
	}
	db, err := advisory.Open(dbPath)
	if err != nil {
		return nil, nil, err
	}
	defer db.Close()
	whole := edition.Files[0]
	out := []siteInput{{siteFile{siteDB, whole.Digest, whole.Size}, whole.Path, nil}}
	seen := map[string]bool{}
	for _, kind := range []string{"keys", "policy", "trust"} {
		for _, name := range files[kind] {
			data, err := readSmall(env, name)
			if err == nil {
				err = usableInBundle(kind, name, data)
			}
			if err != nil {
				return nil, nil, usageError{fmt.Errorf("%s: %w", name, err)}
			}
			to := path.Join(kind, filepath.Base(name))
			if seen[to] || !siteName().MatchString(to) {
				return nil, nil, usagef("%s: there is another file of this name, or it cannot be one; rename it", name)
			}
			seen[to] = true
			out = append(out, siteInput{siteFile{to, boltseal.Digest("sha256:" + sumOf(data)), int64(len(data))}, "", data})
		}
	}
	return out, db.Snapshot(), nil
}

// usableInBundle holds for files that can be read as what they are for.
func usableInBundle(kind, name string, data []byte) error {
	var err error
	switch kind {
	case "policy":
		_, err = policy.Load(name, data)
	case "trust":
		_, err = seal.ParseTrust(data)
	case "keys":
		_, err = seal.ParsePublicKey(data)
	}
	return err
}

func bundleImport(env *Env) *cobra.Command {
	verify := &verifyFlags{}
	var to string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Verify a bundle and put all of it in place, or nothing",
		Long: `Verify a bundle and put all of it in place, or nothing.

The signature is verified before anything else is read, every file against its
digest, and the database to its last byte. What is there is replaced by one
rename: a failure or a crash at any moment leaves the old files. The database
is where scans look for it; policies, roots and keys are in the folders that are
printed. No socket is opened.`,
		Example: `  boltseal bundle import --key boltseal.pub site.boltseal
  boltseal bundle import --key boltseal.pub --to /var/lib/boltseal site.boltseal`,
		Args: exactly(1, "one bundle"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if verify.fetchTrust {
				return usagef("an import opens no socket: give --trusted-root FILE instead of --fetch-trusted-root")
			}
			v, err := verify.verifier(cmd.Context(), env)
			if err != nil {
				return err
			}
			if to == "" {
				db, err := dbPath(env)
				if err != nil {
					return err
				}
				to = filepath.Dir(db)
			}
			im := importer{verifier: v, to: to}
			contents, err := im.run(args[0])
			if err != nil {
				err = fmt.Errorf("import %s: %w; nothing was changed", args[0], err)
				if _, refused := errors.AsType[*seal.Refusal](err); refused {
					fmt.Fprintf(env.Stderr, "boltseal: %v\n", err)
					return status(statusBlock)
				}
				return err
			}
			fmt.Fprintf(env.Stdout, "%s: database %s\n", filepath.Join(to, "advisories.db"), contents.Snapshot.ID)
			for _, f := range contents.Files {
				if f.Name != siteDB {
					fmt.Fprintf(env.Stdout, "%s\n", filepath.Join(to, siteCurrent, filepath.FromSlash(f.Name)))
				}
			}
			return nil
		},
	}
	verify.register(cmd)
	cmd.Flags().StringVar(&to, "to", "", "folder to put it in (default: where boltseal db path is)")
	return cmd
}

// encode is the list as it is signed.
func (c *siteContents) encode() ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetIndent("", "  ")
	err := e.Encode(c)
	return out.Bytes(), err
}
