package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/rule"
)

func rulesTest(env *Env) *cobra.Command {
	var cases []string
	cmd := &cobra.Command{
		Use:   "test FILE...",
		Short: "Hold rule files to cases: an event, and the rules that it must match",
		Long: `Hold rule files to cases: an event, and the rules that it must match.

A file of cases is a list:

  - name: a shell in a container
    event: {evt.type: execve, proc.name: sh, container.id: 3f1a2b4c5d6e}
    expect: [Terminal shell in container]

Values are texts, numbers, truths or lists of them. evt.source is syscall
unless the event says otherwise. A field that is left out has no value, and
every check on it is false. Rules that are off match nothing.

Exit status: 0 all cases pass, 1 one fails, 2 a file cannot be used.`,
		Example: `  boltseal rules test falco_rules.yaml --cases cases.yaml`,
		Args:    someFiles,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(cases) == 0 {
				return usagef("want --cases FILE")
			}
			set, problems, err := loadRules(args)
			if err != nil {
				return err
			}
			if failed := rule.Errors(problems); len(failed) > 0 {
				for _, p := range failed {
					fmt.Fprintln(env.Stderr, p)
				}
				return status(statusUsage)
			}
			return runCases(env, set, cases)
		},
	}
	cmd.Flags().StringArrayVar(&cases, "cases", nil, "file of cases; may be given again")
	return cmd
}

// ruleCase is one event and the rules that it must match.
type ruleCase struct {
	Name   string         `yaml:"name"`
	Event  map[string]any `yaml:"event"`
	Expect []string       `yaml:"expect"`
}

func runCases(env *Env, set *rule.Set, files []string) error {
	known := map[string]bool{}
	for _, r := range set.Rules() {
		known[r.Name] = true
	}
	total, failed := 0, 0
	for _, file := range files {
		list, err := readCases(file)
		if err != nil {
			return err
		}
		for i, c := range list {
			if c.Name == "" {
				c.Name = fmt.Sprintf("case %d", i+1)
			}
			for _, name := range c.Expect {
				if !known[name] {
					return usagef("%s: %s: no rule %q", file, c.Name, name)
				}
			}
			got, err := matchCase(set, c.Event)
			if err != nil {
				return usagef("%s: %s: %w", file, c.Name, err)
			}
			total++
			if !printCase(env, c, got) {
				failed++
			}
		}
	}
	if total == 0 {
		return usagef("no cases in %s", strings.Join(files, ", "))
	}
	fmt.Fprintf(env.Stdout, "%s, %d failed\n", plural(total, "case"), failed)
	if failed > 0 {
		return status(statusBlock)
	}
	return nil
}

func readCases(file string) ([]ruleCase, error) {
	data, err := readRuleFile(file)
	if err != nil {
		return nil, err
	}
	var list []ruleCase
	err = yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(&list)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, usagef("%s: %s", file, strings.TrimSpace(err.Error()))
	}
	return list, nil
}

func printCase(env *Env, c ruleCase, got []string) bool {
	missing, extra := without(c.Expect, got), without(got, c.Expect)
	if len(missing) == 0 && len(extra) == 0 {
		fmt.Fprintf(env.Stdout, "pass  %s\n", c.Name)
		return true
	}
	fmt.Fprintf(env.Stdout, "FAIL  %s\n", c.Name)
	for _, name := range missing {
		fmt.Fprintf(env.Stdout, "        did not match: %s\n", name)
	}
	for _, name := range extra {
		fmt.Fprintf(env.Stdout, "        matched too:   %s\n", name)
	}
	return false
}

func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}

// matchCase gives the names of the rules that an event matches.
func matchCase(set *rule.Set, fields map[string]any) ([]string, error) {
	ev := &caseEvent{source: "syscall", values: map[caseField][]any{}}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		f, arg, ok := rule.LookupField(name)
		if !ok {
			return nil, fmt.Errorf("unknown field %q", name)
		}
		values, ok := fields[name].([]any)
		if !ok {
			values = []any{fields[name]}
		}
		for _, v := range values {
			if !isScalar(v) {
				return nil, fmt.Errorf("%s: want a text, a number, a truth or a list of them", name)
			}
		}
		switch name {
		case "evt.source":
			ev.source = fmt.Sprint(values...)
		case "evt.type":
			ev.name = fmt.Sprint(values...)
		}
		ev.values[caseField{f.ID, arg.Text}] = values
	}
	if ev.name == "" && ev.source == "syscall" {
		return nil, errors.New("the event has no evt.type")
	}
	var got []string
	set.Eval(ev, func(m *rule.Match) bool { got = append(got, m.Rule.Name); return true })
	return got, nil
}

func isScalar(v any) bool {
	switch v.(type) {
	case string, bool, int, int64, uint64, float64:
		return true
	}
	return false
}

// caseEvent is an event that somebody wrote down.
type caseEvent struct {
	source, name string
	values       map[caseField][]any
}

type caseField struct {
	id  rule.FieldID
	arg string
}

func (e *caseEvent) Source() string { return e.source }
func (e *caseEvent) Name() string   { return e.name }

// Field gives values as texts: the set makes of them what the field is.
func (e *caseEvent) Field(id rule.FieldID, arg rule.Arg, v *rule.Value) {
	for _, value := range e.values[caseField{id, arg.Text}] {
		if f, ok := value.(float64); ok && f == float64(int64(f)) {
			value = int64(f)
		}
		v.AddString(fmt.Sprint(value))
	}
}
