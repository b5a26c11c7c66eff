package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/internal/atomicfile"
	"github.com/boltseal/boltseal/internal/tool"
	"github.com/boltseal/boltseal/learn"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	f := &learnFlags{}
	cmd := &cobra.Command{
		Use:   "learn [-- COMMAND...]",
		Short: "Watch a workload and write the profiles that it needs",
		Long: `Watch a workload and write the profiles that it needs.

The workload is a container (--container), a pod (--pod), or what a command
runs: the containers that start meanwhile, and where none do, the command
itself. The recording ends with the command, at a signal, or after --for.

Into the folder of --output-dir are written, for each container:
  recording.json      what was seen; boltseal learn merge joins several
  seccomp.json        a seccomp profile that allows what was called
  pod-patch.yaml      capabilities, read-only root file system, volumes
  networkpolicy.yaml  the connections that were seen
  apparmor            an AppArmor profile
  allow.json          executables, libraries, files, connections

What did not happen while it was watched is not in a profile: it says how
confident it is, and why. --validate runs the command once more under the
seccomp profile. It needs Linux 5.17 or later with BTF, and root.

Exit status: 0 written, 1 the workload fails under its profile, 2 usage,
3 nothing of the workload was seen, or not everything.`,
		Example: `  boltseal learn --validate -- docker run --rm nginx:1.29 nginx -t
  boltseal learn --container web --for 10m
  boltseal learn --pod shop/api-7d9 --cluster cluster.json --for 1h
  boltseal learn merge monday/recording.json tuesday/recording.json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if at := cmd.ArgsLenAtDash(); len(args) > 0 && at != 0 {
				return usagef("unknown command %q; a command to learn stands behind --; run: boltseal learn --help", args[0])
			}
			return runLearn(cmd.Context(), env, f, args)
		},
	}
	f.registerWrite(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.container, "container", "", "learn this container: its name, or the beginning of its id")
	fl.StringVar(&f.pod, "pod", "", "learn the containers of this pod, as NAMESPACE/NAME")
	fl.DurationVar(&f.length, "for", 0, "end after so long (default: with the command, or at a signal)")
	fl.BoolVar(&f.validate, "validate", false, "run the command once more under the seccomp profile (docker, podman or nerdctl run)")
	fl.StringVar(&f.root, "root", "/", "where the host's file system is, in a container")
	cmd.AddCommand(learnMerge(env))
	return cmd
})

type learnFlags struct {
	container, pod, root string
	length               time.Duration
	validate             bool

	dir, cluster string
	selector     map[string]string
}

func (f *learnFlags) registerWrite(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVarP(&f.dir, "output-dir", "d", "learned", "folder to write to")
	fl.StringVar(&f.cluster, "cluster", "", "file of `kubectl get pods,services -A -o json`: whose addresses are whose")
	fl.StringToStringVar(&f.selector, "selector", nil, "labels of the workload's pods, for its network policy (default: app=NAME)")
}

func learnMerge(env *Env) *cobra.Command {
	f := &learnFlags{}
	cmd := &cobra.Command{
		Use:   "merge RECORDING...",
		Short: "Join the recordings of several runs, and write the profiles anew",
		Long: `Join the recordings of several runs of one workload, and write the profiles
anew: they allow what any of the runs needed.`,
		Example: `  boltseal learn merge run1/recording.json run2/recording.json -d profiles`,
		Args:    cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("want one or more recordings; run: boltseal learn merge --help")
			}
			var list []*learn.Recording
			for _, name := range args {
				data, err := readWhole(name, maxReport)
				if err != nil {
					return usageError{err}
				}
				r, err := learn.Decode(data)
				if err != nil {
					return usagef("%s: %w", name, err)
				}
				list = append(list, r)
			}
			all, err := learn.Merge(list)
			if err != nil {
				return usageError{err}
			}
			return f.write(env, []*learn.Recording{all})
		},
	}
	f.registerWrite(cmd)
	return cmd
}

func runLearn(ctx context.Context, env *Env, f *learnFlags, command []string) error {
	if len(command) == 0 && f.container == "" && f.pod == "" {
		return usagef("want --container, --pod, or a command behind --; run: boltseal learn --help")
	}
	confined := confine(command)
	if f.validate && confined == nil {
		return usagef("--validate runs docker, podman or nerdctl run; this command is none of them")
	}
	if _, err := f.directory(); err != nil {
		return err
	}
	if f.length > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, f.length)
		defer stop()
	}
	o := &learn.Options{Container: f.container, Pod: f.pod, Root: f.root, Line: command, Now: env.Now,
		Ready: func() { fmt.Fprintln(env.Stderr, "boltseal: learning") }}
	exit := 0
	if len(command) > 0 {
		run, only, done, err := identified(command)
		if err != nil {
			return err
		}
		defer done()
		o.Only = only
		o.Command = func(ctx context.Context) (err error) {
			exit, err = runTool(ctx, env, run)
			return err
		}
	}
	list, err := learn.Record(ctx, o)
	if errors.Is(err, learn.ErrNothing) {
		return fmt.Errorf("%w: is it a container of docker, containerd, CRI-O or podman on this machine, and did it start, or do something, meanwhile?", err)
	}
	if err != nil {
		return err
	}
	if exit != 0 {
		fmt.Fprintf(env.Stderr, "boltseal: the command ended with status %d: what it would have done otherwise was not seen\n", exit)
	}
	if err := f.write(env, list); err != nil && !errors.Is(err, status(statusGap)) {
		return err
	}
	if f.validate {
		if len(list) != 1 {
			return usagef("--validate is for one container, and %d started", len(list))
		}
		if err := f.prove(context.WithoutCancel(ctx), env, list[0], confined, exit); err != nil {
			return err
		}
	}
	return gapsOf(list)
}

// gapsOf is exit status 3 when something could not be looked at.
func gapsOf(list []*learn.Recording) error {
	if slices.ContainsFunc(list, func(r *learn.Recording) bool { return len(r.Gaps) > 0 }) {
		return status(statusGap)
	}
	return nil
}

// runTool runs the user's command with the user's streams. That it was
// stopped because the recording ended is no failure.
func runTool(ctx context.Context, env *Env, command []string) (int, error) {
	result, err := tool.Run(ctx, tool.Command{Name: command[0], Args: command[1:], Stdin: env.Stdin, Stdout: env.Stderr, Stderr: env.Stderr, Grace: 10 * time.Second})
	if err != nil && ctx.Err() == nil {
		return 0, err
	}
	return max(result.Status, 0), nil
}

// runsContainer is where options of the container go in a command that runs
// one; 0 when it is no such command.
func runsContainer(command []string) int {
	if len(command) == 0 || !slices.Contains([]string{"docker", "podman", "nerdctl"}, filepath.Base(command[0])) {
		return 0
	}
	return slices.Index(command, "run") + 1
}

// confine puts a place for a seccomp profile into a command that runs a
// container; nil when it is no such command.
func confine(command []string) func(profile string) []string {
	at := runsContainer(command)
	if at == 0 {
		return nil
	}
	return func(profile string) []string {
		return slices.Insert(slices.Clone(command), at, "--security-opt", "seccomp="+profile)
	}
}

// identified lets a command that runs a container say which one it is, so
// that those of others are told from it.
func identified(command []string) (run []string, only func() string, done func(), err error) {
	at := runsContainer(command)
	named := slices.ContainsFunc(command, func(word string) bool { return strings.HasPrefix(word, "--cidfile") })
	if at == 0 || named {
		return command, nil, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "boltseal-learn-")
	if err != nil {
		return nil, nil, nil, fmt.Errorf("learn: %w", err)
	}
	file := filepath.Join(dir, "id")
	only = func() string {
		id, err := os.ReadFile(file)
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(id))
	}
	return slices.Insert(slices.Clone(command), at, "--cidfile", file), only, func() { _ = os.RemoveAll(dir) }, nil
}

// prove runs the workload under its profile.
func (f *learnFlags) prove(ctx context.Context, env *Env, r *learn.Recording, confined func(string) []string, want int) error {
	profile, err := filepath.Abs(filepath.Join(f.dir, "seccomp.json"))
	if err != nil {
		return fmt.Errorf("validate: %w", err)
	}
	if f.length > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, f.length)
		defer stop()
	}
	got, err := runTool(ctx, env, confined(profile))
	switch {
	case err != nil:
		return fmt.Errorf("validate: %w", err)
	case got != want:
		fmt.Fprintf(env.Stdout, "FAILED: under the profile %s ends with status %d, and without it with %d\n", r.Title(), got, want)
		return status(statusBlock)
	}
	fmt.Fprintf(env.Stdout, "validated: under the profile %s ends with status %d as before\n", r.Title(), got)
	return nil
}

func (f *learnFlags) directory() (*learn.Directory, error) {
	if f.cluster == "" {
		return nil, nil
	}
	data, err := readWhole(f.cluster, maxReport)
	if err != nil {
		return nil, usageError{fmt.Errorf("--cluster: %w", err)}
	}
	d, err := learn.ReadDirectory(data)
	if err != nil {
		return nil, usageError{fmt.Errorf("--cluster %s: %w", f.cluster, err)}
	}
	return d, nil
}

// write writes the files of each recording, and says what is in them.
func (f *learnFlags) write(env *Env, list []*learn.Recording) error {
	directory, err := f.directory()
	if err != nil {
		return err
	}
	for i, r := range list {
		dir := f.dir
		if len(list) > 1 {
			dir = filepath.Join(f.dir, fmt.Sprintf("%d-%s", i+1, r.Slug()))
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("write profiles: %w", err)
		}
		policy, gaps, err := r.Policy(f.selector, directory)
		if err != nil {
			return err
		}
		for _, file := range []struct {
			name string
			data func() ([]byte, error)
		}{
			{"recording.json", r.Encode},
			{"seccomp.json", r.Seccomp},
			{"pod-patch.yaml", func() ([]byte, error) { return r.PodPatch("boltseal/" + r.Slug() + ".json") }},
			{"networkpolicy.yaml", func() ([]byte, error) { return policy, nil }},
			{"apparmor", func() ([]byte, error) { return r.AppArmor(), nil }},
			{"allow.json", r.AllowList},
		} {
			data, err := file.data()
			if err != nil {
				return err
			}
			if err := atomicfile.WriteBytes(filepath.Join(dir, file.name), 0o644, data); err != nil {
				return fmt.Errorf("write profiles: %w", err)
			}
		}
		describe(env.Stdout, r, dir, len(gaps))
		for _, gap := range r.Gaps {
			fmt.Fprintf(env.Stderr, "boltseal: not assessed: %s: %s\n", gap.What, gap.Why)
		}
	}
	return gapsOf(list)
}

// describe says in a few lines what was learned.
func describe(w io.Writer, r *learn.Recording, dir string, unresolved int) {
	degree, why := r.Confidence()
	refused := r.Refused()
	caps := learn.Names(r.Capabilities)
	capText := strings.Join(caps, " ")
	if len(caps) == 0 {
		capText = "none"
	}
	if r.Inferred {
		capText += " (inferred from system calls: this kernel does not tell)"
	}
	fmt.Fprintf(w, "%s → %s\n", r.Title(), dir)
	fmt.Fprintf(w, "  system calls  %d; %d that runtimes allow by default are refused\n", len(r.Calls), len(refused))
	fmt.Fprintf(w, "  capabilities  %s\n", capText)
	var dirs []string
	for _, one := range r.Writable() {
		dirs = append(dirs, one.Dir)
	}
	fmt.Fprintf(w, "  writes        %s\n", orNone(dirs))
	fmt.Fprintf(w, "  executables   %d", len(r.Executables))
	if added := r.Added(); len(added) > 0 {
		fmt.Fprintf(w, ", not of the image: %s", strings.Join(added, " "))
	}
	fmt.Fprintf(w, "\n  connections   %d", len(r.Flows))
	if unresolved > 0 {
		fmt.Fprintf(w, ", %d with addresses that --cluster does not explain", unresolved)
	}
	fmt.Fprintf(w, "\n  confidence    %s: %s\n", degree, strings.Join(why, "; "))
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, " ")
}
