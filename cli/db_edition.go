package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
	"github.com/boltseal/boltseal/seal"
	"github.com/boltseal/boltseal/source/registry"
)

// An edition of the database is an OCI artifact with one layer for each file.
const (
	editionType      = "application/vnd.boltseal.advisories.v1"
	editionLayer     = "application/vnd.boltseal.advisories."
	editionEcosystem = "dev.boltseal.advisories.ecosystem"
	editionFrom      = "dev.boltseal.advisories.from"
	editionSnapshot  = "dev.boltseal.advisories.snapshot"
)

var editionSuffix = map[string]string{
	advisory.FileFull: "full.v1+zstd", advisory.FilePart: "part.v1+zstd", advisory.FileDelta: "delta.v1",
}

func dbPush(env *Env) *cobra.Command {
	var file dbFlag
	sign, reg := &signFlags{}, &registryFlags{}
	var parts, unsigned bool
	cmd := &cobra.Command{
		Use:   "push REF",
		Short: "Publish the advisory database in a registry",
		Long: `Publish the advisory database in a registry, as an OCI artifact that
"boltseal db update REF" reads: the whole of it, with --parts one database for
each ecosystem too, and the deltas that lead there from what the tag named
before. The manifest is signed with --key or --keyless as images are; the same
database and the same predecessor give the same artifact.`,
		Example: `  boltseal db push --key boltseal.key registry.example.com/boltseal/db:v1
  boltseal db push --parts --unsigned localhost:5000/db:v1`,
		Args: exactly(1, "one reference with a tag"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if signed := sign.key != "" || sign.keyless; signed == unsigned {
				return usagef("say what to sign with: --key FILE or --keyless; or --unsigned to publish what nobody can verify")
			}
			path, err := file.resolve(env)
			if err != nil {
				return err
			}
			client, ref, err := reg.client(env, strings.TrimPrefix(args[0], "oci://"))
			if err != nil {
				return err
			}
			defer func() { _ = client.Close() }()
			p := pusher{env: env, client: client, ref: ref, parts: parts}
			d, err := p.push(cmd.Context(), path)
			if err != nil {
				return err
			}
			fmt.Fprintf(env.Stdout, "%s: %s\n", ref, d)
			p.tell()
			if unsigned {
				return nil
			}
			s, done, err := sign.signer(env)
			if err != nil {
				return err
			}
			defer done()
			placed, err := s.Image(cmd.Context(), client, ref.At(d), &seal.SignOptions{})
			if err != nil {
				return err
			}
			sayWho(env, s)
			return writePlaced(env, placed, false)
		},
	}
	file.register(cmd)
	sign.register(cmd)
	reg.register(cmd)
	cmd.Flags().BoolVar(&parts, "parts", false, "also publish one database for each ecosystem")
	cmd.Flags().BoolVar(&unsigned, "unsigned", false, "do not sign")
	return cmd
}

// pusher publishes one edition.
type pusher struct {
	env     *Env
	client  *registry.Client
	ref     registry.Ref
	parts   bool
	edition *advisory.Edition
}

var errNoTag = errors.New("want a tag: the next edition is found by it")

func (p *pusher) push(ctx context.Context, path string) (boltseal.Digest, error) {
	if p.ref.Tag == "" || p.ref.Digest != "" {
		return "", usageError{fmt.Errorf("%s: %w", p.ref, errNoTag)}
	}
	last, _, err := readEdition(ctx, p.client, p.ref)
	if err != nil && !errors.Is(err, registry.ErrNotFound) {
		return "", err
	}
	dir, err := os.MkdirTemp("", "boltseal-edition-")
	if err != nil {
		return "", fmt.Errorf("push the advisory database: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	opts := &advisory.EditionOptions{Parts: p.parts, Last: last, Open: blobOpener(p.client, p.ref)}
	if p.edition, err = advisory.MakeEdition(ctx, dir, path, opts); err != nil {
		return "", err
	}
	manifest := &ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest,
		ArtifactType: editionType, Config: ocispec.DescriptorEmptyJSON,
	}
	for _, f := range p.edition.Files {
		desc := describeFile(f)
		manifest.Layers = append(manifest.Layers, desc)
		if f.Path == "" {
			continue // it is there from the last edition
		}
		if err := p.client.PutBlob(ctx, p.ref, desc, func() (io.ReadCloser, error) { return os.Open(f.Path) }); err != nil {
			return "", err
		}
		if f.Kind == advisory.FileFull {
			manifest.Annotations = map[string]string{editionSnapshot: string(f.To)}
		}
	}
	empty := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("{}")), nil }
	if err := p.client.PutBlob(ctx, p.ref, ocispec.DescriptorEmptyJSON, empty); err != nil {
		return "", err
	}
	data, err := json.Marshal(manifest)
	if err != nil {
		return "", err
	}
	return p.client.PutManifest(ctx, p.ref, ocispec.MediaTypeImageManifest, data)
}

// tell says what was published and what a client of yesterday has to fetch.
func (p *pusher) tell() {
	parts, deltas := 0, 0
	var whole, delta int64
	for _, f := range p.edition.Files {
		switch f.Kind {
		case advisory.FileFull:
			whole = f.Size
		case advisory.FilePart:
			parts++
		case advisory.FileDelta:
			deltas++
			if f.Ecosystem == "" && f.Path != "" {
				delta = f.Size
			}
		}
	}
	fmt.Fprintf(p.env.Stdout, "  %d bytes, %d parts, %d deltas", whole, parts, deltas)
	if delta > 0 {
		fmt.Fprintf(p.env.Stdout, "; from the last edition: %d bytes (%.2f %%)", delta, 100*float64(delta)/float64(whole))
	}
	fmt.Fprintln(p.env.Stdout)
}

func describeFile(f advisory.EditionFile) ocispec.Descriptor {
	annotations := map[string]string{editionSnapshot: string(f.To)}
	if f.Ecosystem != "" {
		annotations[editionEcosystem] = f.Ecosystem
	}
	if f.From != "" {
		annotations[editionFrom] = string(f.From)
	}
	return ocispec.Descriptor{
		MediaType: editionLayer + editionSuffix[f.Kind], Digest: registry.Wire(f.Digest), Size: f.Size, Annotations: annotations,
	}
}

var errNoEdition = errors.New("it is no edition of the advisory database")

// readEdition reads what a reference names, and which manifest that is.
func readEdition(ctx context.Context, client *registry.Client, ref registry.Ref) (*advisory.Edition, boltseal.Digest, error) {
	m, err := client.Manifest(ctx, ref)
	if err != nil {
		return nil, "", err
	}
	doc, err := registry.Decode(m.MediaType, m.Data)
	if err != nil {
		return nil, "", err
	}
	if doc.Manifest == nil || doc.Manifest.ArtifactType != editionType {
		return nil, "", fmt.Errorf("%s: %w", ref, errNoEdition)
	}
	e := &advisory.Edition{}
	for _, l := range doc.Manifest.Layers {
		f, ok := fileOf(l)
		if !ok {
			continue // of a kind that a later release has added
		}
		if f.Digest, err = boltseal.ParseDigest(string(l.Digest)); err == nil {
			f.To, err = boltseal.ParseDigest(l.Annotations[editionSnapshot])
		}
		if err == nil && f.Kind == advisory.FileDelta {
			f.From, err = boltseal.ParseDigest(l.Annotations[editionFrom])
		}
		if err != nil {
			return nil, "", fmt.Errorf("%s: layer %s: %w", ref, l.Digest, err)
		}
		e.Files = append(e.Files, f)
	}
	return e, m.Digest, nil
}

func fileOf(l ocispec.Descriptor) (advisory.EditionFile, bool) {
	for kind, suffix := range editionSuffix {
		if l.MediaType == editionLayer+suffix {
			return advisory.EditionFile{Kind: kind, Ecosystem: l.Annotations[editionEcosystem], Size: l.Size}, true
		}
	}
	return advisory.EditionFile{}, false
}

func blobOpener(client *registry.Client, ref registry.Ref) advisory.Opener {
	return func(ctx context.Context, f advisory.EditionFile) (io.ReadCloser, error) {
		return client.Blob(ctx, ref, describeFile(f))
	}
}

// pullFlags are the flags of db update that are about a registry and about
// whose signature counts.
type pullFlags struct {
	verify verifyFlags
	reg    registryFlags
	whole  bool
}

func (f *pullFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringArrayVar(&f.verify.keys, "key", nil, "public key that has to have signed the database in REF; may be repeated")
	fl.StringVar(&f.verify.id.Subject, "certificate-identity", "", "whom the certificate of the signature has to name")
	fl.StringVar(&f.verify.id.SubjectRegexp, "certificate-identity-regexp", "", "the same as a regular expression; anchor it with ^ and $")
	fl.StringVar(&f.verify.id.Issuer, "certificate-oidc-issuer", "", "who has to vouch for the identity")
	fl.StringVar(&f.verify.id.IssuerRegexp, "certificate-oidc-issuer-regexp", "", "the same as a regular expression; anchor it with ^ and $")
	fl.StringArrayVar(&f.verify.trustedRoot, "trusted-root", nil, "trusted_root.json of the sigstore instance (default: the public instance, as built in)")
	fl.BoolVar(&f.reg.plainHTTP, "plain-http", false, "speak to the registry of REF without TLS")
	fl.StringVar(&f.reg.username, "username", "", "user name for the registry of REF (default: the docker configuration)")
	fl.BoolVar(&f.reg.passwordStdin, "password-stdin", false, "read the registry password from standard input")
	f.verify.format, f.verify.maxBytes = "text", seal.MaxBytes
}

func (f *pullFlags) asked() bool { return len(f.verify.keys) > 0 || f.verify.id.String() != "" }

// pull brings the database to what a registry has.
func (f *pullFlags) pull(ctx context.Context, env *Env, name, path string, ecosystems []string, caFile string, timeout time.Duration) error {
	f.reg.caFile, f.reg.timeout = caFile, timeout
	client, ref, err := f.reg.client(env, strings.TrimPrefix(name, "oci://"))
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	edition, d, err := readEdition(ctx, client, ref)
	if err != nil {
		return fmt.Errorf("update the advisory database: %w; the old database stays", err)
	}
	if err := f.check(ctx, env, client, ref.At(d)); err != nil {
		return err
	}
	opts := &advisory.PullOptions{Ecosystems: ecosystems, Whole: f.whole}
	if slices.Contains(ecosystems, "*") {
		opts.Ecosystems = nil
	}
	got, err := advisory.Pull(ctx, path, edition, blobOpener(client, ref), opts)
	if err != nil {
		return fmt.Errorf("%w; the old database stays", err)
	}
	for _, note := range got.Notes {
		fmt.Fprintf(env.Stderr, "boltseal: note: fetched as a whole: %s\n", visible(note, ""))
	}
	fmt.Fprintf(env.Stderr, "boltseal: %d bytes fetched, %d deltas applied\n", got.Bytes, got.Deltas)
	return printBuilt(env, path, got.Snapshot)
}

// check verifies the signature of the manifest, which names everything else
// by its digest.
func (f *pullFlags) check(ctx context.Context, env *Env, client *registry.Client, ref registry.Ref) error {
	if !f.asked() {
		fmt.Fprintf(env.Stderr, "boltseal: note: nobody's signature was asked for: give --key, or --certificate-identity with --certificate-oidc-issuer\n")
		return nil
	}
	v, err := f.verify.verifier(ctx, env)
	if err != nil {
		return err
	}
	r, err := v.Image(ctx, client, ref, seal.Want{Digest: ref.Digest})
	if err != nil {
		return fmt.Errorf("update the advisory database: %s is not signed as asked for: %w; the old database stays", ref, err)
	}
	for _, one := range r.Verified {
		fmt.Fprintf(env.Stderr, "boltseal: verified: %s\n", visible(one.Form.Title(), ""))
	}
	return nil
}

func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("%s takes one reference, got %q", cmd.CommandPath(), args)
	}
	return nil
}
