package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/remedy"
)

// resolving is what lint needs to ask registries for digests.
type resolving struct {
	resolve  bool
	registry registryFlags
	answers  map[string]resolved
	gaps     []boltseal.Gap
}

// resolved is what a registry said of a reference.
type resolved struct {
	digest boltseal.Digest
	err    error
}

func (f *resolving) registerResolve(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.BoolVar(&f.resolve, "resolve", false, "with --fix or --diff: also fixes that ask a registry, such as pinning a tag to its digest")
	fl.BoolVar(&f.registry.plainHTTP, "plain-http", false, "with --resolve: speak to registries without TLS")
	fl.BoolVar(&f.registry.insecure, "insecure-skip-tls-verify", false, "with --resolve: take any certificate of a registry")
	fl.StringVar(&f.registry.caFile, "ca-file", "", "with --resolve: PEM file of further certificate authorities for registries")
	fl.DurationVar(&f.registry.timeout, "timeout", 0, "with --resolve: give up on a registry that sends nothing for so long (default 1m0s)")
}

// resolver asks the registry of a reference, each reference once in a run;
// nil unless that was asked for.
func (f *resolving) resolver(ctx context.Context, env *Env) remedy.Resolver {
	if !f.resolve {
		return nil
	}
	return func(ref string) (boltseal.Digest, error) {
		if answer, ok := f.answers[ref]; ok {
			return answer.digest, answer.err
		}
		digest, err := f.ask(ctx, env, ref)
		if f.answers == nil {
			f.answers = map[string]resolved{}
		}
		f.answers[ref] = resolved{digest, err}
		return digest, err
	}
}

func (f *resolving) ask(ctx context.Context, env *Env, name string) (digest boltseal.Digest, err error) {
	client, ref, err := f.registry.client(env, name)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	found, err := client.Resolve(ctx, ref)
	if err != nil {
		return "", err
	}
	return boltseal.Digest(found.Digest), nil
}

// gapStatus says what no registry could tell, and is the status to end with.
func (f *resolving) gapStatus(env *Env, status int) int {
	seen := map[string]bool{}
	for _, gap := range f.gaps {
		if !seen[gap.What] {
			fmt.Fprintf(env.Stderr, "not pinned: %s: %s\n", gap.What, gap.Why)
		}
		seen[gap.What] = true
	}
	if status == statusClean && len(f.gaps) > 0 {
		return statusGap
	}
	return status
}
