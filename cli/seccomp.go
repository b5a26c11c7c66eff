package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/seccomp"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/syntax/manifest"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "seccomp",
		Short: "Check, compare and show seccomp profiles",
		Long: `Check, compare and show seccomp profiles.

A profile is a JSON file in the dialect of the OCI specification, Docker or
containers/common, a ConfigMap that holds one, or a SeccompProfile object. The
names default (or docker) and podman stand for the profiles that these runtimes
use when they are told nothing else.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q; run: boltseal seccomp --help", args[0])
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(seccompCheck(env), seccompDiff(env), seccompShow(env))
	return cmd
})

func seccompCheck(env *Env) *cobra.Command {
	f := &scanFlags{}
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Find what is wrong with profiles",
		Long: `Find what is wrong with profiles: system calls that do not exist, calls that
every process needs and that are refused, rules that contradict or shadow each
other, and what is allowed although runtimes refuse it by default.

Exit status: 0 clean, 1 the verdict blocks, 2 usage, 3 a file could not be read.`,
		Example: `  boltseal seccomp check profile.json
  boltseal seccomp check profiles/*.json -o sarif=seccomp.sarif --fail-on medium`,
		Args: someProfiles,
		RunE: func(_ *cobra.Command, args []string) error { return runSeccompCheck(env, f, args) },
	}
	f.registerOutput(cmd, "table")
	f.registerPolicy(cmd)
	return cmd
}

func someProfiles(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("want one or more profiles; run: %s --help", cmd.CommandPath())
	}
	return nil
}

func runSeccompCheck(env *Env, f *scanFlags, args []string) error {
	outputs, err := parseOutputs(f.outputs)
	if err != nil {
		return err
	}
	p, err := f.policy()
	if err != nil {
		return err
	}
	p.Checks = append(seccomp.Checks(), policy.Checks()...)
	r := &boltseal.Report{
		Schema: boltseal.ReportSchema, Tool: boltseal.Tool{Name: "boltseal", Version: Version()}, Time: env.Now().UTC(),
		Artifact:   boltseal.Artifact{Kind: boltseal.KindDirectory, Name: strings.Join(args, " ")},
		Components: []boltseal.Component{}, Gaps: []boltseal.Gap{},
	}
	var files []*manifest.File
	for _, name := range args {
		data, err := readProfile(env, name)
		if err != nil {
			return err
		}
		file := manifest.Parse(name, data)
		if file.Kind != manifest.Seccomp && file.Kind != manifest.Kubernetes {
			r.Gaps = append(r.Gaps, boltseal.Gap{What: "file " + name, Why: whyNoProfile(file), Kind: "unreadable-file"})
			continue
		}
		files = append(files, file)
	}
	findings, gaps := seccomp.Run(files, seccomp.Rules(), nil)
	r.Findings, r.Gaps = findings, append(r.Gaps, gaps...)
	r.Sort()
	p.Judge(r, env.Now())
	ro := reportOptions(env, f.verbose)
	ro.Checks = seccomp.Checks()
	if err := writeAll(env, outputs, r, ro); err != nil {
		return err
	}
	return exit(r.Verdict.ExitStatus())
}

func whyNoProfile(f *manifest.File) string {
	if len(f.Errors) > 0 {
		return f.Errors[0].Error()
	}
	return "it is no seccomp profile: it has no defaultAction and no syscalls"
}

// maxProfile is more than any profile needs.
const maxProfile = 16 << 20

func readProfile(env *Env, name string) ([]byte, error) {
	if name == "-" {
		data, err := io.ReadAll(io.LimitReader(env.Stdin, maxProfile+1))
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		if len(data) > maxProfile {
			return nil, usagef("standard input is larger than %d bytes", maxProfile)
		}
		return data, nil
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, usageError{err}
	case !info.Mode().IsRegular():
		return nil, usagef("%s is no regular file", name)
	case info.Size() > maxProfile:
		return nil, usagef("%s is larger than %d bytes", name, maxProfile)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, usageError{err}
	}
	return data, nil
}

// loadProfile reads the one profile that a file holds.
var loadProfile = seccomp.Load
