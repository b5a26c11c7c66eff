package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/seal"
	"github.com/boltseal/boltseal/seal/slsa"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "provenance",
		Short: "Say how an artifact was built, and verify what others say of theirs",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q; run: boltseal provenance --help", args[0])
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(provenanceGenerate(env), provenanceVerify(env), provenanceSummary(env))
	return cmd
})

func provenanceVerify(env *Env) *cobra.Command {
	f, reg := &provenanceFlags{}, &registryFlags{}
	cmd := &cobra.Command{
		Use:   "verify IMAGE|FILE",
		Short: "Verify that an image or a file was built from a source, by whom one trusts",
		Long: `Verify that an image or a file was built from a source, by whom one trusts.

Read are SLSA provenance 0.2 and 1 as sigstore bundles and cosign attestations
(GitHub artifact attestations and SLSA's generators among them), and the
unsigned statements of BuildKit, which are level 1. Without --key and
--certificate-identity the builders that are known to keep their keys from
those who build count; --level 1 takes less.

A FILE needs --bundle. Exit status: 0 verified, 1 not what was asked for, 3
something could not be looked at.`,
		Example: `  boltseal provenance verify ghcr.io/org/app:1.2.0 --source-uri github.com/org/app --source-tag v1.2.0 --level 3
  boltseal provenance verify app.tar.gz --bundle app.sigstore.json --source-uri github.com/org/app
  boltseal provenance verify registry.example.com/app:1 --key ci.pub --builder-root 'CI=https://ci.example.com/*=3' --source-uri git.example.com/org/app`,
		Args: exactly(1, "one image or file"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), env, reg, args[0]) },
	}
	f.verify.register(cmd)
	reg.register(cmd)
	fl := cmd.Flags()
	fl.BoolVar(&reg.offline, "offline", false, "open no socket at all; needs --bundle")
	fl.StringVar(&f.bundle, "bundle", "", "file with the sigstore bundle")
	fl.StringVar(&f.expect.SourceURI, "source-uri", "", "repository that it has to be built from, such as github.com/org/app")
	fl.StringVar(&f.expect.Branch, "source-branch", "", "branch that it has to be built from")
	fl.StringVar(&f.expect.Tag, "source-tag", "", "tag that it has to be built from")
	fl.StringVar(&f.expect.VersionedTag, "source-versioned-tag", "", "tag within a version: v1 takes v1.2.3")
	fl.StringVar(&f.expect.Commit, "source-commit", "", "commit that it has to be built from")
	fl.StringVar(&f.expect.BuilderID, "builder-id", "", "builder that has to have built it, with or without @version")
	fl.StringVar(&f.expect.BuildType, "build-type", "", "build type that it has to have")
	fl.StringToStringVar(&f.expect.Inputs, "build-input", nil, "NAME=VALUE that the build has to be started with; may be repeated")
	fl.IntVar(&f.expect.Level, "level", 2, "least SLSA build level, 0 to 3")
	fl.StringArrayVar(&f.roots, "builder-root", nil, "NAME=BUILDER=LEVEL: trust whom --key or --certificate-identity names to speak for this builder; * is any run of characters")
	fl.StringVar(&f.vsa, "vsa", "", "write the predicate of a verification summary to this file; needs --verifier-id")
	fl.StringVar(&f.verifier, "verifier-id", "", "URI of who verifies, for --vsa")
	return cmd
}

type provenanceFlags struct {
	verify                verifyFlags
	expect                slsa.Expect
	roots                 []string
	bundle, vsa, verifier string
}

// judged is one statement of provenance and what came of it.
type judged struct {
	Signer    string       `json:"signer,omitempty"` // empty: nobody signed
	Source    string       `json:"source"`           // where it was found
	Predicate string       `json:"predicateType"`
	Error     string       `json:"error,omitempty"` // it could not be read
	Result    *slsa.Result `json:"result,omitempty"`

	provenance *slsa.Provenance
}

func (f *provenanceFlags) run(ctx context.Context, env *Env, reg *registryFlags, target string) error {
	switch {
	case f.expect.SourceURI == "":
		return usagef("built from what? Give --source-uri: provenance of any source proves nothing")
	case f.expect.Level < 0 || f.expect.Level > 3:
		return usagef("--level %d: SLSA's build levels are 0 to 3", f.expect.Level)
	case reg.offline && f.bundle == "":
		return usagef("--offline needs --bundle FILE: provenance is in the registry otherwise")
	case f.vsa != "" && f.verifier == "":
		return usagef("--vsa needs --verifier-id URI: who verifies")
	case f.verify.format == "payload":
		return usagef("-o payload: want text or json")
	}
	if err := f.builderRoots(); err != nil {
		return err
	}
	if f.verify.id.String() == "" && len(f.verify.keys) == 0 {
		f.verify.anyIdentity = true // the builders' roots say whose certificates count
	}
	v, err := f.verify.verifier(ctx, env)
	if err != nil {
		return err
	}
	var all []judged
	var digest string
	if f.bundle != "" {
		all, digest, err = f.file(env, v, target)
	} else {
		all, digest, err = f.image(ctx, env, v, reg, target)
	}
	if err != nil && len(all) == 0 {
		if code := statusOf(err); code == statusBlock {
			fmt.Fprintf(env.Stderr, "boltseal: %s\n", visible(err.Error(), ""))
			return status(statusBlock)
		}
		return err
	}
	best := choose(all)
	if err := f.print(env.Stdout, target, digest, all, best); err != nil {
		return err
	}
	if best == nil || !best.Result.OK {
		return status(statusBlock)
	}
	return f.summary(env, target, best)
}

var slsaTypes = []string{slsa.PredicateV02, slsa.PredicateV1}

// file verifies the provenance of a file, which stands in a bundle.
func (f *provenanceFlags) file(env *Env, v *seal.Verifier, name string) ([]judged, string, error) {
	data, err := readBounded(env, f.bundle, f.verify.maxBytes, "--max-attestation-bytes")
	if err != nil {
		return nil, "", fmt.Errorf("--bundle: %w", err)
	}
	content, err := readBounded(env, name, 1<<30, "")
	if err != nil {
		return nil, "", err
	}
	verified, err := v.Blob(data, seal.BytesBlob(content), seal.Want{PredicateTypes: slsaTypes})
	if err != nil {
		return nil, "", err
	}
	return []judged{f.judge(verified)}, string(verified.Subject), nil
}

// image verifies what is attached to an image: what was signed, and for those
// whom that is enough for, what BuildKit stated without a signature.
func (f *provenanceFlags) image(ctx context.Context, env *Env, v *seal.Verifier, reg *registryFlags, name string) (all []judged, digest string, err error) {
	client, ref, err := reg.client(env, name)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = client.Close() }()
	r, err := v.Image(ctx, client, ref, seal.Want{PredicateTypes: slsaTypes})
	if r == nil {
		return nil, "", err
	}
	for _, verified := range r.Verified {
		all = append(all, f.judge(verified))
	}
	if f.expect.Level > 1 {
		return all, string(r.Digest), err
	}
	ref.Digest = r.Digest
	for a, listErr := range seal.Attestations(ctx, client, ref, &seal.AttachedOptions{Kinds: []seal.Kind{seal.KindBuildKit}}) {
		if listErr != nil {
			return all, string(r.Digest), errors.Join(err, listErr)
		}
		if a.Kind == seal.KindBuildKit && slices.Contains(slsaTypes, a.PredicateType) {
			all = append(all, f.unsigned(ctx, a))
		}
	}
	return all, string(r.Digest), err
}

func (f *provenanceFlags) judge(v *seal.Verified) judged {
	j := judged{Signer: v.Signer.String(), Source: v.Form.Title(), Predicate: v.PredicateType}
	p, err := slsa.Parse(v.PredicateType, v.Statement.Predicate)
	if err != nil {
		j.Error = err.Error()
		return j
	}
	j.provenance, j.Result = p, slsa.Verify(p, &v.Signer, &f.expect)
	return j
}

func (f *provenanceFlags) unsigned(ctx context.Context, a *seal.Attached) judged {
	j := judged{Source: "BuildKit, " + a.Where, Predicate: a.PredicateType}
	data, err := a.Read(ctx, f.verify.maxBytes)
	if err != nil {
		j.Error = err.Error()
		return j
	}
	s, err := seal.ParseStatement(data)
	if err != nil {
		j.Error = err.Error()
		return j
	}
	if !slices.ContainsFunc(s.Subject, func(sub seal.StatementSubject) bool { return sub.Digest[a.About.Algorithm()] == a.About.Hex() }) {
		j.Error = "it is about another image"
		return j
	}
	p, err := slsa.Parse(s.PredicateType, s.Predicate)
	if err != nil {
		j.Error = err.Error()
		return j
	}
	j.provenance, j.Result = p, slsa.Verify(p, nil, &f.expect)
	return j
}

// choose is the best of what was judged: that which is as expected, and of
// those the highest level.
func choose(all []judged) *judged {
	var best *judged
	for i := range all {
		j := &all[i]
		if j.Result == nil {
			continue
		}
		if best == nil || j.Result.OK && !best.Result.OK || j.Result.OK == best.Result.OK && j.Result.Level > best.Result.Level {
			best = j
		}
	}
	return best
}

func (f *provenanceFlags) print(w io.Writer, target, digest string, all []judged, best *judged) error {
	if f.verify.format == "json" {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(struct {
			Target      string       `json:"target"`
			Digest      string       `json:"digest"`
			OK          bool         `json:"ok"`
			Level       int          `json:"level"`
			Provenances []judged     `json:"provenances"`
			Best        *slsa.Result `json:"best,omitempty"`
		}{target, digest, best != nil && best.Result.OK, levelOf(best), all, resultOf(best)})
	}
	fmt.Fprintf(w, "%s\n", visible(target, ""))
	for i := range all {
		j := &all[i]
		signer := j.Signer
		if signer == "" {
			signer = "nobody: it is not signed"
		}
		fmt.Fprintf(w, "  %s\n    signed by %s\n    %s\n", visible(j.Predicate, ""), visible(signer, ""), visible(j.Source, ""))
		if j.Error != "" {
			fmt.Fprintf(w, "    NOT READ %s\n", visible(j.Error, ""))
			continue
		}
		fmt.Fprintf(w, "    built by %s\n    from %s %s %s\n", visible(j.provenance.BuilderID, "nobody it names"),
			visible(j.provenance.Source.URI, "a source it does not name"), visible(j.provenance.Source.Ref, ""), visible(j.provenance.Source.Commit, ""))
		for _, s := range j.Result.Steps {
			if s.OK {
				fmt.Fprintf(w, "    ok  %-11s %s\n", s.Name, visible(s.Text, ""))
			} else {
				fmt.Fprintf(w, "    NO  %-11s %s: want %s, got %s\n", s.Name, visible(s.Text, ""), visible(s.Want, "none"), visible(s.Got, "none"))
			}
		}
		if j.Result.OK {
			fmt.Fprintf(w, "    VERIFIED at SLSA build level %d\n", j.Result.Level)
		}
		if j.Result.NotNext != "" {
			fmt.Fprintf(w, "    not level %d: %s\n", j.Result.Level+1, visible(j.Result.NotNext, ""))
		}
	}
	if best == nil {
		fmt.Fprintln(w, "  NOT VERIFIED: no provenance that counts")
	}
	return nil
}

func levelOf(j *judged) int {
	if j == nil {
		return 0
	}
	return j.Result.Level
}

func resultOf(j *judged) *slsa.Result {
	if j == nil {
		return nil
	}
	return j.Result
}

// builderRoots reads NAME=BUILDER=LEVEL. Whom the other flags name speaks for
// these builders, and the known ones stay.
func (f *provenanceFlags) builderRoots() error {
	if len(f.roots) == 0 {
		return nil
	}
	f.expect.Roots = slsa.DefaultRoots()
	for _, text := range f.roots {
		name, rest, ok := strings.Cut(text, "=")
		builder, level, ok2 := cutLast(rest, "=")
		n := strings.Index("0123", level)
		if !ok || !ok2 || len(level) != 1 || n < 0 || builder == "" {
			return usagef("--builder-root %q: want NAME=BUILDER=LEVEL, such as CI=https://ci.example.com/*=3", text)
		}
		if len(f.verify.keys) == 0 && f.verify.id.String() == "" {
			return usagef("--builder-root needs --key or --certificate-identity: who speaks for the builder")
		}
		f.expect.Roots = append(f.expect.Roots, slsa.Root{Name: name, Builder: builder, Level: n, Named: true})
	}
	return nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// verifiedStatements are the statements of one type that are attached to an
// image and count.
func verifiedStatements(ctx context.Context, env *Env, v *seal.Verifier, reg *registryFlags, name, predicate string) ([]*seal.Verified, error) {
	client, ref, err := reg.client(env, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Close() }()
	r, err := v.Image(ctx, client, ref, seal.Want{PredicateTypes: []string{predicate}})
	if r == nil {
		return nil, err
	}
	return r.Verified, err
}
