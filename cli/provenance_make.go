package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/internal/atomicfile"
	"github.com/boltseal/boltseal/seal/slsa"
)

func provenanceGenerate(env *Env) *cobra.Command {
	f := &slsa.Facts{}
	var metadata, file string
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Write the provenance of the build that is going on",
		Long: `Write the provenance of the build that is going on: the predicate of SLSA 1, as
the environment of GitHub Actions or GitLab CI describes it, or else as the
flags do. --buildkit takes it out of what docker buildx build --metadata-file
wrote. Attach it with boltseal attest --type slsaprovenance1 --predicate FILE.`,
		Example: `  boltseal provenance generate -o provenance.json
  boltseal attest --key ci.key --type slsaprovenance1 --predicate provenance.json registry.example.com/app:1
  boltseal provenance generate --builder-id https://ci.example.com/runner --source-uri https://git.example.com/org/app --source-commit $COMMIT
  boltseal provenance generate --buildkit metadata.json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			var predicate []byte
			var err error
			if metadata != "" {
				var data []byte
				if data, err = readSmall(env, metadata); err != nil {
					return usageError{err}
				}
				kind, raw, digest, err := slsa.BuildKit(data)
				if err != nil {
					return usageError{fmt.Errorf("%s: %w", metadata, err)}
				}
				fmt.Fprintf(env.Stderr, "boltseal: the predicate is of type %s and about %s\n", kind, visible(digest, "an image that it does not name"))
				predicate = raw
			} else if predicate, err = slsa.Generate(env.Getenv, f); err != nil {
				return usageError{err}
			}
			predicate = append(predicate, '\n')
			if file == "" || file == "-" {
				_, err = env.Stdout.Write(predicate)
				return err
			}
			return atomicfile.WriteBytes(file, 0o644, predicate)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&metadata, "buildkit", "", "file that docker buildx build --metadata-file wrote")
	fl.StringVarP(&file, "output", "o", "", "file to write (default: standard output)")
	fl.StringVar(&f.BuilderID, "builder-id", "", "URI of the builder")
	fl.StringVar(&f.BuildType, "build-type", "", "URI that says how to read the parameters")
	fl.StringVar(&f.SourceURI, "source-uri", "", "repository that is built")
	fl.StringVar(&f.SourceRef, "source-ref", "", "reference that is built, such as refs/heads/main")
	fl.StringVar(&f.Commit, "source-commit", "", "commit that is built")
	fl.StringVar(&f.EntryPoint, "entry-point", "", "file or job that says how to build")
	fl.StringToStringVar(&f.Parameters, "build-input", nil, "NAME=VALUE that the build was started with; may be repeated")
	return cmd
}

// summary writes the predicate of a verification summary, if asked to.
func (f *provenanceFlags) summary(env *Env, target string, j *judged) error {
	if f.vsa == "" {
		return nil
	}
	s := slsa.Summarise(j.Result, f.verifier, resourceOf(target), slsa.Material{URI: "boltseal provenance verify --source-uri " + f.expect.SourceURI}, env.Now())
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("--vsa: %w", err)
	}
	return atomicfile.WriteBytes(f.vsa, 0o644, append(data, '\n'))
}

// resourceOf is an image's name without what changes: its tag and its digest.
func resourceOf(target string) string {
	name, _, _ := strings.Cut(target, "@")
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name = name[:colon]
	}
	return name
}

func provenanceSummary(env *Env) *cobra.Command {
	f, reg := &verifyFlags{}, &registryFlags{}
	e := &slsa.ExpectSummary{}
	cmd := &cobra.Command{
		Use:   "summary IMAGE",
		Short: "Verify that somebody else verified an image (SLSA verification summary)",
		Long: `Verify that somebody else verified an image: a verification summary that is
attached to it, signed by whom --key or --certificate-identity names.

Exit status: 0 verified, 1 not, 3 something could not be looked at.`,
		Example: `  boltseal provenance summary registry.example.com/app:1 --key verifier.pub --verifier-id https://verify.example.com --level 3`,
		Args:    exactly(1, "one image"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if e.Verifier == "" {
				return usagef("verified by whom? Give --verifier-id URI")
			}
			if e.Resource == "" {
				e.Resource = resourceOf(args[0])
			}
			e.Now = env.Now()
			return runSummary(cmd.Context(), env, f, reg, args[0], e)
		},
	}
	f.register(cmd)
	reg.register(cmd)
	fl := cmd.Flags()
	fl.StringVar(&e.Verifier, "verifier-id", "", "URI of the verifier that counts")
	fl.StringVar(&e.Resource, "resource", "", "what has to have been verified (default: the image's name without tag)")
	fl.IntVar(&e.Level, "level", 1, "least SLSA build level, 0 to 3")
	fl.DurationVar(&e.MaxAge, "max-age", 0, "how long ago it may have been, such as 24h (default: any time)")
	return cmd
}

func runSummary(ctx context.Context, env *Env, f *verifyFlags, reg *registryFlags, name string, e *slsa.ExpectSummary) error {
	v, err := f.verifier(ctx, env)
	if err != nil {
		return err
	}
	found, err := verifiedStatements(ctx, env, v, reg, name, slsa.PredicateSummary)
	if err != nil && len(found) == 0 {
		fmt.Fprintf(env.Stderr, "boltseal: %s\n", visible(err.Error(), ""))
		return status(statusOf(err))
	}
	good := false
	for _, one := range found {
		fmt.Fprintf(env.Stdout, "%s\n  signed by %s\n", visible(name, ""), visible(one.Signer.String(), ""))
		s, err := slsa.ParseSummary(one.Statement.Predicate)
		if err != nil {
			fmt.Fprintf(env.Stdout, "  NOT READ %s\n", visible(err.Error(), ""))
			continue
		}
		r := slsa.VerifySummary(s, e)
		good = good || r.OK
		for _, step := range r.Steps {
			mark := "ok"
			if !step.OK {
				mark = "NO"
			}
			fmt.Fprintf(env.Stdout, "  %s  %-9s want %s, got %s\n", mark, step.Name, visible(step.Want, "none"), visible(step.Got, "none"))
		}
		if r.OK {
			fmt.Fprintf(env.Stdout, "  VERIFIED at SLSA build level %d on %s\n", r.Level, s.TimeVerified.UTC().Format(time.RFC3339))
		}
	}
	if !good {
		return status(statusBlock)
	}
	return nil
}
