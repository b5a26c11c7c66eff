package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/internal/seccomp"
	"github.com/boltseal/boltseal/syntax/manifest"
)

func seccompDiff(env *Env) *cobra.Command {
	f := &targetFlags{}
	var output string
	var failOnMore bool
	cmd := &cobra.Command{
		Use:   "diff BEFORE AFTER",
		Short: "Say which system calls one profile allows and another does not",
		Long: `Say which system calls one profile allows and another does not, on one
architecture. Either may be default or podman: what does this profile allow that
the runtime's default does not?

Exit status: 0, 1 with --fail-on-more: AFTER allows more than BEFORE, 2 usage.`,
		Example: `  boltseal seccomp diff default profile.json
  boltseal seccomp diff old.json new.json --arch arm64 --fail-on-more
  boltseal seccomp diff default default --cap SYS_ADMIN`,
		Args: exactly(2, "two profiles"),
		RunE: func(_ *cobra.Command, args []string) error {
			t, err := f.target()
			if err != nil {
				return err
			}
			var sides [2]*seccomp.Filter
			for i, name := range args {
				p, err := profileNamed(env, name)
				if err != nil {
					return err
				}
				target := *t
				if _, known := seccomp.Default(name); known {
					target.OCI = false
					if i == 0 && args[0] == args[1] {
						target.Caps = nil // what do the capabilities bring
					}
				}
				sides[i] = p.Apply(&target)
			}
			d := seccomp.Compare(sides[0], sides[1])
			switch output {
			case "text":
				err = writeCallsText(env.Stdout, d)
			case "json":
				err = writeCallsJSON(env.Stdout, d)
			default:
				return usagef("-o %s: no such format; there are text, json", output)
			}
			if err != nil {
				return err
			}
			for i := range d {
				if failOnMore && d[i].More() {
					return status(statusBlock)
				}
			}
			return nil
		},
	}
	f.register(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	cmd.Flags().BoolVar(&failOnMore, "fail-on-more", false, "exit status 1 when AFTER allows more than BEFORE")
	return cmd
}

var verdictWords = [...]string{seccomp.Never: "refused", seccomp.Sometimes: "allowed with some arguments", seccomp.Always: "allowed"}

func writeCallsText(w io.Writer, list []seccomp.Difference) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "both allow the same")
		return err
	}
	for i := range list {
		d := &list[i]
		sign := "~"
		switch {
		case d.More():
			sign = "+"
		case d.Less():
			sign = "-"
		}
		before, after := verdictWords[d.Before.Verdict()], verdictWords[d.After.Verdict()]
		text := before + ", then " + after
		if before == after {
			text = after + ", but others than before"
		}
		if danger, ok := seccomp.DangerOf(d.Name); ok && d.More() {
			text += ": " + danger.Why
		}
		if _, err := fmt.Fprintf(w, "%s %-24s %s\n", sign, d.Name, text); err != nil {
			return err
		}
	}
	return nil
}

func writeCallsJSON(w io.Writer, list []seccomp.Difference) error {
	type call struct {
		Name   string `json:"name"`
		Before string `json:"before"`
		After  string `json:"after"`
		Change string `json:"change"`
		Danger string `json:"danger,omitempty"`
	}
	out := struct {
		Calls []call `json:"calls"`
	}{[]call{}}
	words := [...]string{"never", "sometimes", "always"}
	for i := range list {
		d := &list[i]
		c := call{Name: d.Name, Before: words[d.Before.Verdict()], After: words[d.After.Verdict()], Change: "other"}
		switch {
		case d.More():
			c.Change = "more"
		case d.Less():
			c.Change = "less"
		}
		if danger, ok := seccomp.DangerOf(d.Name); ok {
			c.Danger = danger.Why
		}
		out.Calls = append(out.Calls, c)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

func seccompShow(env *Env) *cobra.Command {
	f := &targetFlags{}
	var all bool
	cmd := &cobra.Command{
		Use:   "show PROFILE",
		Short: "Say what a profile does with each system call",
		Long: `Say what a profile does with each system call of an architecture: the calls
that are allowed, those that are with some arguments, and how the others are
refused. With --all those that are refused by default are listed too.`,
		Example: `  boltseal seccomp show default
  boltseal seccomp show profile.json --arch arm64 --all`,
		Args: exactly(1, "a profile"),
		RunE: func(_ *cobra.Command, args []string) error {
			t, err := f.target()
			if err != nil {
				return err
			}
			p, err := profileNamed(env, args[0])
			if err != nil {
				return err
			}
			return writeFilter(env.Stdout, p.Apply(t), all)
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "list calls that no rule names too")
	return cmd
}

func writeFilter(w io.Writer, f *seccomp.Filter, all bool) error {
	var b strings.Builder
	counts := map[seccomp.Verdict]int{}
	for _, name := range seccomp.Calls(f.Arch) {
		d := f.Decide(name)
		counts[d.Verdict()]++
		if !all && !d.Listed && len(d.When) == 0 {
			continue
		}
		number, _ := seccomp.Number(f.Arch, name)
		fmt.Fprintf(&b, "%6d  %-24s %s%s\n", number, name, strings.TrimPrefix(string(d.Action), "SCMP_ACT_"), errnoText(&d))
		for i := range d.When {
			r := &d.When[i]
			fmt.Fprintf(&b, "        %-24s %s when %s\n", "", strings.TrimPrefix(string(r.Action), "SCMP_ACT_"), argsText(r.Args))
		}
	}
	fmt.Fprintf(&b, "%s: %d allowed, %d with some arguments, %d refused; default %s\n", f.Arch.Docker(),
		counts[seccomp.Always], counts[seccomp.Sometimes], counts[seccomp.Never], strings.TrimPrefix(string(f.Default), "SCMP_ACT_"))
	_, err := io.WriteString(w, b.String())
	return err
}

func errnoText(d *seccomp.Decision) string {
	if d.Action == seccomp.ActErrno && d.Errno != nil && *d.Errno != 1 {
		return fmt.Sprintf(" (errno %d)", *d.Errno)
	}
	return ""
}

func argsText(args []seccomp.Arg) string {
	var parts []string
	for _, a := range args {
		op := strings.TrimPrefix(a.Op, "SCMP_CMP_")
		if op == "MASKED_EQ" {
			parts = append(parts, fmt.Sprintf("argument %d & %#x == %#x", a.Index, a.Value, a.ValueTwo))
			continue
		}
		sign, ok := map[string]string{"EQ": "==", "NE": "!=", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}[op]
		if !ok {
			sign = op
		}
		parts = append(parts, fmt.Sprintf("argument %d %s %d", a.Index, sign, a.Value))
	}
	return strings.Join(parts, " and ")
}

// profileNamed is a default profile, or the one of a file.
func profileNamed(env *Env, name string) (*seccomp.Profile, error) {
	if p, ok := seccomp.Default(name); ok {
		return p, nil
	}
	data, err := readProfile(env, name)
	if err != nil {
		return nil, err
	}
	p, err := loadProfile(manifest.Parse(name, data))
	if err != nil {
		return nil, usageError{fmt.Errorf("%s: %w", name, err)}
	}
	return p, nil
}

// targetFlags say what a profile is applied to.
type targetFlags struct {
	arch   string
	caps   []string
	kernel string
	oci    bool
}

func (f *targetFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.arch, "arch", "amd64", "architecture, such as arm64")
	fl.StringSliceVar(&f.caps, "cap", nil, "capabilities of the container, such as SYS_ADMIN: some rules depend on them")
	fl.StringVar(&f.kernel, "kernel", "", "version of the kernel, such as 5.10 (default: new enough for every rule)")
	fl.BoolVar(&f.oci, "oci", false, "read the file as containerd does: without archMap, includes and excludes")
}

func (f *targetFlags) target() (*seccomp.Target, error) {
	arch, ok := seccomp.ParseArch(f.arch)
	if !ok || len(seccomp.Calls(arch)) == 0 {
		return nil, usagef("--arch %s: its system calls are not known; there are %s", f.arch, archNames())
	}
	t := &seccomp.Target{Arch: arch, Kernel: f.kernel, OCI: f.oci}
	for _, c := range f.caps {
		c = strings.ToUpper(c)
		if !strings.HasPrefix(c, "CAP_") {
			c = "CAP_" + c
		}
		t.Caps = append(t.Caps, c)
	}
	return t, nil
}

func archNames() string {
	var names []string
	for _, a := range seccomp.Tabled() {
		names = append(names, a.Docker())
	}
	return strings.Join(names, ", ")
}
