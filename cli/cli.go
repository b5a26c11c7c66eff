// Package cli is boltseal's command line: one file for each verb. [Run] gets
// everything it may touch of the process in one [Env], so that a test runs
// the same program that a user does.
//
// Exit status: 0 clean, 1 the verdict blocks, 2 usage, 3 something could not
// be looked at.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Env is what a run may touch of the process around it.
type Env struct {
	Args   []string // without the program's name
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Getenv func(string) string
	Now    func() time.Time

	Width     int  // columns of the terminal behind Stdout, 0 when there is none
	StderrTTY bool // a person watches Stderr
	Sandbox   bool // the process is this run's alone, and may give up rights for good
}

// The exit statuses.
const (
	statusClean = 0
	statusBlock = 1
	statusUsage = 2
	statusGap   = 3
)

// status ends a run with an exit status; what there is to say was said.
type status int

func (s status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// usageError is a mistake in how the command was called.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// Run executes one command line and returns its exit status.
func Run(ctx context.Context, env *Env) int {
	root := newRoot(env)
	root.SetArgs(env.Args)
	err := root.ExecuteContext(ctx)
	var code status
	var usage usageError
	switch {
	case err == nil:
		return statusClean
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &usage):
		fmt.Fprintf(env.Stderr, "boltseal: %v\n", err)
		return statusUsage
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(env.Stderr, "boltseal: interrupted")
		return statusGap
	}
	fmt.Fprintf(env.Stderr, "boltseal: %v\n", err)
	return statusGap
}

// verbs are the commands, each added by its own file.
var verbs []func(*Env) *cobra.Command

func addVerb(verb func(*Env) *cobra.Command) bool {
	verbs = append(verbs, verb)
	return true
}

func newRoot(env *Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "boltseal",
		Short: "Seal containers from Dockerfile to runtime",
		Long: `boltseal seals containers from Dockerfile to runtime: it finds what is inside
an image, what is known to be wrong with it, and says whether it may ship.

Exit status: 0 clean, 1 the verdict blocks, 2 usage, 3 something could not be
looked at. Every flag can also be set as BOLTSEAL_<FLAG>, with underscores.`,
		Example: `  boltseal db update
  boltseal scan alpine:3.22
  boltseal scan docker-archive:app.tar -o table -o sarif=app.sarif
  boltseal sbom oci:build/image -o cyclonedx-json=app.cdx.json`,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q; run: boltseal --help", args[0])
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return flagsFromEnv(cmd.Flags(), env.Getenv)
		},
	}
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%w; run: %s --help", err, cmd.CommandPath())
	})
	for _, verb := range verbs {
		root.AddCommand(verb(env))
	}
	root.InitDefaultCompletionCmd()
	return root
}

// flagsFromEnv sets flags that the command line left alone from their
// environment variables: --max-db-age from BOLTSEAL_MAX_DB_AGE.
func flagsFromEnv(flags *pflag.FlagSet, getenv func(string) string) error {
	var err error
	flags.VisitAll(func(f *pflag.Flag) {
		name := "BOLTSEAL_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if value := getenv(name); value != "" && !f.Changed && f.Name != "help" && err == nil {
			if setErr := flags.Set(f.Name, value); setErr != nil {
				err = usagef("%s=%q: %w", name, value, setErr)
			}
		}
	})
	return err
}

// exactly is cobra.ExactArgs with an error that says what is missing.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usagef("want %s; run: %s --help", what, cmd.CommandPath())
		}
		return nil
	}
}

func none(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no argument, got %q", cmd.CommandPath(), args[0])
	}
	return nil
}

// cacheDir is where boltseal keeps what it can make or fetch again.
func cacheDir(env *Env) (string, error) {
	if dir := env.Getenv("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "boltseal"), nil
	}
	if home := env.Getenv("HOME"); home != "" {
		return filepath.Join(home, ".cache", "boltseal"), nil
	}
	if dir, err := os.UserCacheDir(); err == nil {
		return filepath.Join(dir, "boltseal"), nil
	}
	return "", usagef("no home directory: set XDG_CACHE_HOME, or give --db and --cache-dir")
}

// version is overridden by release builds.
var version = ""

// Version is the release that this program is, or "devel" with the revision
// it was built from.
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}
