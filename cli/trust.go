package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/scan"
	"github.com/boltseal/boltseal/seal"
	"github.com/boltseal/boltseal/source/registry"
	"github.com/boltseal/boltseal/trust"
)

// verifyPolicy holds images against what a policy file says of who must vouch
// for them.
func verifyPolicy(ctx context.Context, env *Env, f *verifyFlags, reg *registryFlags, name string, images []string) error {
	if len(f.keys) > 0 || f.id.String() != "" || len(f.types) > 0 || f.anyType || f.notary.any() {
		return usagef("--policy says whose signatures count and what is asked: give no --key, --certificate- or --type flags with it")
	}
	data, err := readSmall(env, name)
	if err != nil {
		return usageError{fmt.Errorf("--policy: %w", err)}
	}
	p, err := policy.Load(name, data)
	if err != nil {
		return usageError{err}
	}
	if err := trust.Compile(name, p); err != nil {
		return usageError{err}
	}
	if len(p.Trust) == 0 {
		return usagef("%s: it has no section images, which says who must vouch for which", name)
	}
	code := statusClean
	var reports []*boltseal.Report
	for _, image := range images {
		r, err := trustReport(ctx, env, f, reg, p, filepath.Dir(name), image)
		if err != nil {
			return err
		}
		reports = append(reports, r)
		code = max(code, r.Verdict.ExitStatus())
	}
	if f.format == "json" {
		e := json.NewEncoder(env.Stdout)
		e.SetIndent("", "  ")
		if err := e.Encode(reports); err != nil {
			return fmt.Errorf("verify: %w", err)
		}
	} else {
		for _, r := range reports {
			writeTrust(env.Stdout, r)
		}
	}
	if code != statusClean {
		return status(code)
	}
	return nil
}

func trustReport(ctx context.Context, env *Env, f *verifyFlags, reg *registryFlags, p *policy.Policy, dir, image string) (*boltseal.Report, error) {
	client, ref, err := reg.client(env, image)
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Close() }()
	return trust.Check(ctx, client, ref, trustOptions(ctx, env, f, p, dir))
}

func trustOptions(ctx context.Context, env *Env, f *verifyFlags, p *policy.Policy, dir string) *trust.Options {
	return &trust.Options{
		Policy: p, Tool: boltseal.Tool{Name: "boltseal", Version: Version()}, Now: env.Now,
		// Keys lie beside the policy that names them.
		File: func(name string) ([]byte, error) {
			if !filepath.IsAbs(name) {
				name = filepath.Join(dir, name)
			}
			data, err := readSmall(env, name)
			if err != nil {
				return nil, usageError{err}
			}
			return data, nil
		},
		Trust: func() (*seal.Trust, error) {
			opts := &seal.VerifierOptions{}
			err := f.trust(ctx, env, opts, true)
			return opts.Trust, err
		},
	}
}

// attestedVEX adds to the policy what is attached to an image of a registry
// and signed by whom the policy lets speak. What cannot be read leaves every
// finding where it is, and is a gap of the report.
func (f *scanFlags) attestedVEX(ctx context.Context, env *Env, opts *scan.Options, target string) error {
	p := opts.Policy
	name, named := strings.CutPrefix(target, "registry:")
	if _, err := os.Stat(target); f.offline || err == nil && !named {
		return nil
	}
	ref, err := registry.ParseRef(name)
	if err != nil {
		return nil // another kind of target
	}
	t := p.TrustFor(ref.Host + "/" + ref.Repository)
	if t == nil || len(t.VEX) == 0 {
		return nil
	}
	reg := &registryFlags{scanFlags: *f}
	client, ref, err := reg.client(env, name)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	dir := filepath.Dir(f.policyFile)
	statements, err := trust.VEX(ctx, client, ref, trustOptions(ctx, env, &verifyFlags{}, p, dir))
	p.VEX = append(p.VEX, statements...)
	if _, usage := errors.AsType[usageError](err); usage {
		return err
	}
	if err != nil {
		opts.Gaps = append(opts.Gaps, boltseal.Gap{Kind: "unread-attachment", What: "VEX statements attached to " + visible(name, ""), Why: err.Error(),
			Hint: "the statements that could not be read count for nothing; attach them anew, or take their signer out of vex-by"})
	}
	return nil
}

// writeTrust says of one image what speaks for it, what is missing and why,
// and the verdict.
func writeTrust(w io.Writer, r *boltseal.Report) {
	fmt.Fprintf(w, "%s\n", visible(r.Artifact.Name, ""))
	fmt.Fprintf(w, "  %s\n", r.Artifact.Digest)
	for _, e := range r.Evidence {
		fmt.Fprintf(w, "  ok  %s\n", visible(e.Statement, ""))
	}
	for _, found := range r.Findings {
		mark := "NO"
		if found.Waived != nil {
			mark = "--"
		}
		fmt.Fprintf(w, "  %s  %s: %s\n", mark, found.Check, visible(found.Message, ""))
		if found.Waived != nil {
			fmt.Fprintf(w, "      %s\n", visible(found.Waived.String(), ""))
		}
		for _, e := range found.Evidence {
			if e.Kind == boltseal.EvidenceSignature {
				fmt.Fprintf(w, "      does not count: %s\n", visible(e.Statement, ""))
			}
		}
	}
	for _, g := range r.Gaps {
		fmt.Fprintf(w, "  ??  %s: %s\n", visible(g.What, ""), visible(g.Why, ""))
	}
	verdict := "ALLOWED"
	if !r.Verdict.Allow {
		verdict = "REFUSED"
	}
	fmt.Fprintf(w, "  %s by policy %s\n", verdict, r.Verdict.Policy.Short())
}
