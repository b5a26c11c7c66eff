package cli

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/internal/atomicfile"
	"github.com/boltseal/boltseal/rule"
	"github.com/boltseal/boltseal/seal"
	"github.com/boltseal/boltseal/source/registry"
)

// The media types of falcoctl's artifacts.
const (
	rulesConfigType = "application/vnd.cncf.falco.rulesfile.config.v1+json"
	rulesLayerType  = "application/vnd.cncf.falco.rulesfile.layer.v1+tar.gz"
)

func rulesPull(env *Env) *cobra.Command {
	reg := &registryFlags{}
	verify := &verifyFlags{format: "text"}
	var dir string
	cmd := &cobra.Command{
		Use:   "pull REFERENCE",
		Short: "Fetch rule files from a registry",
		Long: `Fetch rule files from a registry, where falcoctl puts them: an artifact with one
layer, a compressed archive of rule files. The files are written below
--output-dir once they are known to load; a file with errors replaces nothing.

With --key, or --certificate-identity and --certificate-oidc-issuer, only what
they have signed is taken. What was pulled is named by its digest: pull by it to
get the same files again.

Exit status: 0 written, 1 not signed by whom it must be, 2 the files do not
load, 3 the registry could not be asked.`,
		Example: `  boltseal rules pull ghcr.io/falcosecurity/rules/falco-rules:5
  boltseal rules pull --key rules.pub -d /etc/boltseal/rules registry.example.com/rules@sha256:...`,
		Args: exactly(1, "one reference"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, ref, err := reg.client(env, args[0])
			if err != nil {
				return err
			}
			defer func() { _ = client.Close() }()
			return runRulesPull(cmd.Context(), env, client, ref, verify, dir)
		},
	}
	reg.register(cmd)
	fl := cmd.Flags()
	fl.StringVarP(&dir, "output-dir", "d", ".", "folder to write to")
	fl.StringArrayVar(&verify.keys, "key", nil, "public key that must have signed the artifact; may be repeated")
	fl.StringVar(&verify.id.Subject, "certificate-identity", "", "whom the signature's certificate has to name")
	fl.StringVar(&verify.id.Issuer, "certificate-oidc-issuer", "", "who has to vouch for that identity")
	fl.StringArrayVar(&verify.trustedRoot, "trusted-root", nil, "file of the authorities that are trusted (default: those of the public sigstore)")
	return cmd
}

// maxRulesLayer bounds an artifact as it is stored; maxRuleFile what a file in
// it may come to.
const maxRulesLayer = 64 << 20

func runRulesPull(ctx context.Context, env *Env, client *registry.Client, ref registry.Ref, verify *verifyFlags, dir string) error {
	m, err := client.Manifest(ctx, ref)
	if err != nil {
		return err
	}
	at := ref.At(m.Digest)
	if err := verifyRules(ctx, env, client, at, verify); err != nil {
		return err
	}
	layer, err := rulesLayer(m)
	if err != nil {
		return fmt.Errorf("pull rules %s: %w", at, err)
	}
	data, err := client.ReadBlob(ctx, at, layer)
	if err != nil {
		return fmt.Errorf("pull rules: %w", err)
	}
	files, err := ruleFiles(data)
	if err != nil {
		return fmt.Errorf("pull rules %s: %w", at, err)
	}
	failed := 0
	for _, f := range files {
		_, problems := rule.Parse(f.name, f.data)
		for _, p := range rule.Errors(problems) {
			fmt.Fprintln(env.Stderr, p)
			failed++
		}
	}
	if failed > 0 {
		return usagef("%s in the rules of %s: nothing was written", plural(failed, "error"), at)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("pull rules: %w", err)
	}
	for _, f := range files {
		if err := atomicfile.WriteBytes(filepath.Join(dir, f.name), usePerm, f.data); err != nil {
			return fmt.Errorf("pull rules: %w", err)
		}
		fmt.Fprintln(env.Stdout, filepath.Join(dir, f.name))
	}
	fmt.Fprintf(env.Stderr, "boltseal: pulled %s\n", at)
	return nil
}

// verifyRules holds the artifact to the signatures that were asked for.
func verifyRules(ctx context.Context, env *Env, client *registry.Client, ref registry.Ref, f *verifyFlags) error {
	if len(f.keys) == 0 && f.id.Subject == "" {
		if f.id.Issuer != "" {
			return usagef("--certificate-oidc-issuer needs --certificate-identity")
		}
		fmt.Fprintln(env.Stderr, "boltseal: note: nobody's signature was asked for; --key or --certificate-identity do")
		return nil
	}
	v, err := f.verifier(ctx, env)
	if err != nil {
		return err
	}
	if _, err := v.Image(ctx, client, ref, seal.Want{}); err != nil {
		fmt.Fprintf(env.Stderr, "boltseal: %v\n", err)
		if _, refused := errors.AsType[*seal.Refusal](err); refused || errors.Is(err, seal.ErrNoSignature) {
			return status(statusBlock)
		}
		return status(statusGap)
	}
	return nil
}

var errNoRules = errors.New("it is no artifact of rule files: want one layer of " + rulesLayerType)

// rulesLayer finds the archive of rule files in a manifest.
func rulesLayer(m *registry.Manifest) (ocispec.Descriptor, error) {
	var manifest ocispec.Manifest
	if err := json.Unmarshal(m.Data, &manifest); err != nil {
		return ocispec.Descriptor{}, err
	}
	if registry.IsIndex(m.MediaType) || manifest.Config.MediaType != rulesConfigType {
		return ocispec.Descriptor{}, errNoRules
	}
	for _, l := range manifest.Layers {
		if l.MediaType == rulesLayerType {
			if l.Size > maxRulesLayer {
				return l, fmt.Errorf("its layer has %d bytes, more than %d", l.Size, maxRulesLayer)
			}
			return l, nil
		}
	}
	return ocispec.Descriptor{}, errNoRules
}

type ruleFile struct {
	name string
	data []byte
}

// ruleFiles are the rule files of an archive. Of a name only its last part
// counts: an archive writes nowhere else than where the user says.
func ruleFiles(archive []byte) ([]ruleFile, error) {
	z, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, fmt.Errorf("read the archive: %w", err)
	}
	var out []ruleFile
	seen := map[string]bool{}
	left := int64(maxRuleFile)
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read the archive: %w", err)
		}
		name := path.Base(h.Name)
		if h.Typeflag != tar.TypeReg || !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml") || strings.ContainsAny(name, "\\\x00") {
			continue
		}
		data, err := io.ReadAll(io.LimitReader(t, left+1))
		if err != nil {
			return nil, fmt.Errorf("read the archive: %w", err)
		}
		if left -= int64(len(data)); left < 0 {
			return nil, fmt.Errorf("its rule files have more than %d bytes", maxRuleFile)
		}
		if seen[name] {
			return nil, fmt.Errorf("it has two files of the name %s", name)
		}
		seen[name] = true
		out = append(out, ruleFile{name, data})
	}
	if len(out) == 0 {
		return nil, errors.New("its archive has no rule file")
	}
	return out, nil
}
