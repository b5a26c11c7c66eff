package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/rule"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "Fetch, check and test runtime rules in Falco's language",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q; run: boltseal rules --help", args[0])
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(rulesCheck(env), rulesPull(env), rulesTest(env))
	return cmd
})

func rulesCheck(env *Env) *cobra.Command {
	var strict, list bool
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Say what is wrong with rule files, and what they need",
		Long: `Say what is wrong with rule files, and what they need.

The files are loaded in the order given, as Falco loads them: later ones
append to and override what stands in earlier ones.

Exit status: 0 the files load, 2 they do not (with --strict: or there are
warnings).`,
		Example: `  boltseal rules check falco_rules.yaml local_rules.yaml
  boltseal rules check --list falco_rules.yaml`,
		Args: someFiles,
		RunE: func(_ *cobra.Command, args []string) error {
			set, problems, err := loadRules(args)
			if err != nil {
				return err
			}
			for _, p := range problems {
				fmt.Fprintln(env.Stdout, p)
			}
			if list {
				for _, r := range set.Rules() {
					fmt.Fprintf(env.Stdout, "%s:%d: %s (%s, %s%s)\n", r.File, r.Line, r.Name, r.Priority, r.Source, offWord(r))
				}
			}
			rulesSummary(env, set)
			failed := len(rule.Errors(problems))
			if failed > 0 || strict && len(problems) > 0 {
				fmt.Fprintf(env.Stderr, "boltseal: %s, %s\n", plural(failed, "error"), plural(len(problems)-failed, "warning"))
				return status(statusUsage)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&strict, "strict", false, "take warnings for errors")
	cmd.Flags().BoolVar(&list, "list", false, "list the rules")
	return cmd
}

func offWord(r *rule.Rule) string {
	if r.Enabled {
		return ""
	}
	return ", off"
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

func someFiles(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("want one or more rule files; run: %s --help", cmd.CommandPath())
	}
	return nil
}

// maxRuleFile is more than any set of rules needs.
const maxRuleFile = 32 << 20

func readRuleFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, usageError{err}
	case !info.Mode().IsRegular():
		return nil, usagef("%s is no regular file", name)
	case info.Size() > maxRuleFile:
		return nil, usagef("%s is larger than %d bytes", name, maxRuleFile)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, usageError{err}
	}
	return data, nil
}

func loadRules(names []string) (*rule.Set, []rule.Problem, error) {
	var files []*rule.File
	var all []rule.Problem
	for _, name := range names {
		data, err := readRuleFile(name)
		if err != nil {
			return nil, nil, err
		}
		f, problems := rule.Parse(name, data)
		files = append(files, f)
		all = append(all, problems...)
	}
	set, problems := rule.Compile(files, &rule.Options{All: true})
	return set, append(all, problems...), nil
}

func rulesSummary(env *Env, set *rule.Set) {
	n := set.Counts()
	fmt.Fprintf(env.Stdout, "%s (%d on), %s, %s\n", plural(n.Rules, "rule"), n.Enabled, plural(n.Macros, "macro"), plural(n.Lists, "list"))
	if names, every := set.EventTypes("syscall"); every {
		fmt.Fprintln(env.Stdout, "events: all")
	} else if len(names) > 0 {
		fmt.Fprintf(env.Stdout, "events: %s\n", strings.Join(names, " "))
	}
	conditions, outputs := 0, 0
	for _, u := range set.Fields() {
		switch {
		case !u.Known:
			fmt.Fprintf(env.Stdout, "unknown field %s: %s\n", u.Field, strings.Join(u.Rules, ", "))
		case u.Output:
			outputs++
		default:
			conditions++
		}
	}
	fmt.Fprintf(env.Stdout, "%s in conditions, %d more in outputs\n", plural(conditions, "field"), outputs)
}
