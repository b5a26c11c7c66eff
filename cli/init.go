package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/remedy/project"
)

var _ = addVerb(func(env *Env) *cobra.Command {
	f := &initFlags{}
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a hardened Dockerfile, manifests and a workflow for a project",
		Long: `Write what a project needs to be sealed from its first image on.

DIR (default: the present one) is looked at: Go, Node.js (npm, yarn, pnpm),
Python (pip, Poetry, uv), Java (Maven, Gradle), Rust, .NET, Ruby, PHP, or a
static site. Nothing is run and nothing is downloaded. These are written:

  Dockerfile                        a build stage and a small runtime that is not root
  .dockerignore                     what must not reach the builder
  deploy/kubernetes.yaml            Deployment, Service, NetworkPolicies, a restricted Namespace
  .github/workflows/container.yml   lint, build, scan, SBOM, signature
  boltseal.yaml                     the policy that decides what blocks

A file that is there already is kept.`,
		Example: `  boltseal init --dry-run
  boltseal init --port 3000
  boltseal init shop --only dockerfile,dockerignore
  boltseal init --image ghcr.io/acme/shop:1.0.0@sha256:...`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return f.run(env, dir)
		},
	}
	fl := cmd.Flags()
	fl.StringSliceVar(&f.opts.Only, "only", nil, "write these alone: "+strings.Join(project.Parts(), ", "))
	fl.BoolVar(&f.force, "force", false, "replace files that are there")
	fl.BoolVar(&f.dryRun, "dry-run", false, "print what would be written, and write nothing")
	fl.IntVar(&f.opts.Port, "port", 0, "port that the application serves (default: what is usual for its kind)")
	fl.StringVar(&f.opts.Image, "image", "", "reference of the image to deploy, best with its digest")
	fl.StringVar(&f.opts.Namespace, "namespace", "", "namespace to deploy to (default: the project's name)")
	return cmd
})

type initFlags struct {
	opts          project.Options
	force, dryRun bool
}

func (f *initFlags) run(env *Env, dir string) (err error) {
	if f.opts.Port < 0 || f.opts.Port > 65535 {
		return usagef("--port %d is none", f.opts.Port)
	}
	if f.opts.Only != nil && len(f.opts.Only) == 0 {
		return usagef("--only names nothing to write")
	}
	if v := Version(); strings.HasPrefix(v, "v") && !strings.ContainsAny(v, "-+") {
		f.opts.Version = v
	}
	whole, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("init %s: %w", dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return usageError{fmt.Errorf("init %s: %w", dir, err)}
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	p, err := project.Detect(root.FS(), filepath.Base(whole), &f.opts)
	if err != nil {
		return fmt.Errorf("init %s: %w", dir, err)
	}
	files, err := p.Files(&f.opts)
	if err != nil {
		return usageError{err}
	}
	fmt.Fprintf(env.Stderr, "%s: a %s project (%s)\n", dir, p.Kind, p.Tool)
	for _, file := range files {
		if err := f.write(env, root, file); err != nil {
			return err
		}
	}
	for _, note := range p.Notes {
		fmt.Fprintf(env.Stderr, "note: %s\n", note)
	}
	return nil
}

// write writes one file, unless there is one of that name.
func (f *initFlags) write(env *Env, root *os.Root, file project.File) error {
	if f.dryRun {
		_, err := fmt.Fprintf(env.Stdout, "-- %s --\n%s", file.Name, file.Content)
		return err
	}
	info, err := root.Lstat(file.Name)
	switch {
	case err == nil && !f.force:
		fmt.Fprintf(env.Stderr, "kept    %s: it is there already (--force replaces it)\n", file.Name)
		return nil
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("write %s: it is there and is no file", file.Name)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("write: %w", err)
	}
	if err := root.MkdirAll(path.Dir(file.Name), 0o755); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	flag := os.O_CREATE | os.O_WRONLY | os.O_EXCL
	if f.force {
		flag = os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	}
	out, err := root.OpenFile(file.Name, flag, 0o644)
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	_, err = bytes.NewReader(file.Content).WriteTo(out)
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	fmt.Fprintf(env.Stderr, "written %s\n", file.Name)
	return nil
}
