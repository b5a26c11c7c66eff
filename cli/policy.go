package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/check/custom"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Check and test checks of your own, and export them to a cluster",
		Long: `Check and test checks of your own, and export them to a cluster.

A check of your own is an expression in CEL, the language that Kubernetes
admits objects by, over Dockerfiles, manifests, images, components or
findings; docs/guide/policy-as-code.md tells how to write them. What blocks
and what is accepted is in boltseal.yaml: docs/guide/policy.md.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q; run: boltseal policy --help", args[0])
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(policyCheck(env), policyTest(env), policyExport(env))
	return cmd
})

// loadChecks reads files of checks. All of their mistakes are in the error.
func loadChecks(names []string) ([]*custom.Set, error) {
	var sets []*custom.Set
	var errs []error
	seen := map[string]string{}
	for _, name := range names {
		data, err := readRuleFile(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		set, err := custom.Load(name, data)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, r := range set.Rules {
			if other, ok := seen[r.ID]; ok {
				errs = append(errs, fmt.Errorf("%s:%d:%d: check %s stands in %s too", name, r.At.Line, r.At.Col, r.ID, other))
			}
			seen[r.ID] = name
		}
		sets = append(sets, set)
	}
	return sets, errors.Join(errs...)
}

func someChecks(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("want one or more files of checks; run: %s --help", cmd.CommandPath())
	}
	return nil
}

func policyCheck(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE...",
		Short: "Say what is wrong with files of checks",
		Long: `Say what is wrong with files of checks, with line and column.

Exit status: 0 all can be used, 2 they cannot.`,
		Example: `  boltseal policy check checks/acme.yaml`,
		Args:    someChecks,
		RunE: func(_ *cobra.Command, args []string) error {
			sets, err := loadChecks(args)
			if err != nil {
				fmt.Fprintln(env.Stdout, cleanText(err.Error()))
				return status(statusUsage)
			}
			for _, set := range sets {
				fmt.Fprintf(env.Stdout, "%s: %s, %s\n", set.Name, plural(len(set.Rules), "check"), plural(len(set.Tests), "test"))
				for _, id := range set.Untested() {
					fmt.Fprintf(env.Stdout, "%s: no test wants %s to fail\n", set.Name, id)
				}
			}
			return nil
		},
	}
}

func policyTest(env *Env) *cobra.Command {
	var asJSON, verbose bool
	cmd := &cobra.Command{
		Use:   "test FILE...",
		Short: "Run the test cases that stand in files of checks",
		Long: `Run the test cases that stand in files of checks.

Exit status: 0 all pass, 1 some do not, 2 a file cannot be used, 3 there is
no test.`,
		Example: `  boltseal policy test checks/*.yaml
  boltseal policy test checks/acme.yaml -v`,
		Args: someChecks,
		RunE: func(cmd *cobra.Command, args []string) error {
			sets, err := loadChecks(args)
			if err != nil {
				fmt.Fprintln(env.Stdout, cleanText(err.Error()))
				return status(statusUsage)
			}
			return runPolicyTest(cmd.Context(), env, sets, asJSON, verbose)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "name the tests that pass too")
	return cmd
}

func runPolicyTest(ctx context.Context, env *Env, sets []*custom.Set, asJSON, verbose bool) error {
	type line struct {
		File string   `json:"file"`
		Line int      `json:"line"`
		Name string   `json:"name"`
		Pass bool     `json:"pass"`
		Want []string `json:"want"`
		Got  []string `json:"got"`
		Why  string   `json:"why,omitempty"`
	}
	lines := []line{}
	failed := 0
	for _, set := range sets {
		for _, r := range set.Test(ctx) {
			at := line{File: set.Name, Line: r.Test.At.Line, Name: r.Test.Name, Pass: r.Pass, Want: r.Test.Want, Got: r.Got}
			if !r.Pass {
				failed++
				at.Why = r.Words()
			}
			lines = append(lines, at)
		}
	}
	if asJSON {
		if err := json.NewEncoder(env.Stdout).Encode(lines); err != nil {
			return err
		}
	} else {
		for _, l := range lines {
			switch {
			case !l.Pass:
				fmt.Fprintf(env.Stdout, "%s:%d: FAIL %s: %s\n", l.File, l.Line, cleanText(l.Name), cleanText(l.Why))
			case verbose:
				fmt.Fprintf(env.Stdout, "%s:%d: ok %s\n", l.File, l.Line, cleanText(l.Name))
			}
		}
		fmt.Fprintf(env.Stdout, "%s passed, %d failed\n", plural(len(lines)-failed, "test"), failed)
	}
	switch {
	case failed > 0:
		return status(statusBlock)
	case len(lines) == 0:
		return errors.New("there is no test in these files: nothing is known to work")
	}
	return nil
}

func policyExport(env *Env) *cobra.Command {
	var action, exempt []string
	cmd := &cobra.Command{
		Use:   "export vap FILE...",
		Short: "Write checks over manifests as ValidatingAdmissionPolicies",
		Long: `Write checks over manifests as ValidatingAdmissionPolicies and their bindings,
for Kubernetes 1.30 and later: the API server itself then refuses what the
checks refuse. Checks over other things are named and left out.`,
		Example: `  boltseal policy export vap checks/acme.yaml | kubectl apply -f -
  boltseal policy export vap checks/acme.yaml --action Warn,Audit`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 || args[0] != "vap" {
				return usagef("want vap and one or more files of checks; run: %s --help", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			for _, a := range action {
				if !slices.Contains([]string{"Deny", "Warn", "Audit"}, a) {
					return usagef("--action %q: want Deny, Warn or Audit", a)
				}
			}
			if slices.Contains(action, "Deny") && slices.Contains(action, "Warn") {
				return usagef("--action: a cluster takes Deny or Warn, not both")
			}
			sets, err := loadChecks(args[1:])
			if err != nil {
				fmt.Fprintln(env.Stdout, cleanText(err.Error()))
				return status(statusUsage)
			}
			var all []string
			for _, set := range sets {
				text, left, err := set.VAP(&custom.VAPOptions{Actions: action, Exempt: exempt})
				if err != nil {
					return usageError{err}
				}
				for _, id := range left {
					fmt.Fprintf(env.Stderr, "%s: %s is not about manifests: left out\n", set.Name, id)
				}
				if len(text) > 0 {
					all = append(all, string(text))
				}
			}
			if len(all) == 0 {
				return errors.New("no check is about manifests: there is nothing to export")
			}
			_, err = fmt.Fprint(env.Stdout, strings.Join(all, "---\n"))
			return err
		},
	}
	cmd.Flags().StringSliceVar(&action, "action", []string{"Deny"}, "what the cluster does: Deny, Warn, Audit")
	cmd.Flags().StringSliceVar(&exempt, "exempt", []string{"kube-system", "kube-node-lease"}, "namespaces that are left alone")
	return cmd
}

// cleanText keeps what a file says from steering the terminal.
func cleanText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r >= 0x7F && r <= 0x9F || r >= 0x200B && r <= 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r == 0xFEFF {
			return '\uFFFD'
		}
		return r
	}, s)
}
