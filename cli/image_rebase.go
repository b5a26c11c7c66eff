package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/remedy/image"
	"github.com/boltseal/boltseal/report"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/layer"
)

// rebaseFlags are what image rebase is told beside the image.
type rebaseFlags struct {
	buildFlags
	from, to string
	force    bool
}

func imageRebase(env *Env) *cobra.Command {
	f := &rebaseFlags{}
	cmd := &cobra.Command{
		Use:   "rebase IMAGE --old-base BASE --new-base BASE -o PLACE",
		Short: "Put an image's own layers on another base image, without building it again",
		Long: `Put an image's own layers on another base image, without building it again: the
layers of the old base go, those of the new one come in their place, and what
the configuration took over from the old base is taken from the new one.

That works when the application's layers hold nothing of the system. What
speaks against it is said, and stops it; --force goes on all the same.`,
		Example: `  boltseal image rebase registry.example.com/app:1.0 --old-base debian:12.5 --new-base debian:12.6 -o registry.example.com/app:1.0-r1`,
		Args:    exactly(1, "one image"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runImageRebase(cmd.Context(), env, f, args[0]) },
	}
	f.registerSource(cmd)
	fl := cmd.Flags()
	fl.StringVarP(&f.buildFlags.to, "output", "o", "", "where the image goes")
	fl.StringVar(&f.from, "old-base", "", "the image that this one was built on")
	fl.StringVar(&f.to, "new-base", "", "the image to put it on")
	fl.BoolVar(&f.force, "force", false, "go on although something speaks against it")
	fl.BoolVar(&f.json, "json", false, "print JSON")
	fl.BoolVar(&f.noSBOM, "no-sbom", false, "attach no bill of materials")
	fl.StringVar(&f.db, "db", "", "the advisory database, to compare findings (default: where boltseal db path says)")
	return cmd
}

func runImageRebase(ctx context.Context, env *Env, f *rebaseFlags, target string) (err error) {
	place, err := f.place()
	if err != nil {
		return err
	}
	if f.from == "" || f.to == "" {
		return usagef("want --old-base and --new-base")
	}
	opts, done, err := f.options(ctx, env)
	if err != nil {
		return err
	}
	defer done()
	subjects := make([]*source.Subject, 3)
	for n, name := range []string{target, f.from, f.to} {
		if subjects[n], err = source.Open(ctx, name, &opts.Source); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, subjects[n].Close()) }()
		if len(images(subjects[n])) != 1 {
			return usagef("%s is not one image: choose one with --platform", name)
		}
		subjects[n] = images(subjects[n])[0]
	}
	var trees [2]*layer.FS
	for n, s := range []*source.Subject{subjects[0], subjects[2]} {
		trees[n], err = layer.Read(ctx, s.Blobs, &layer.Options{
			Jobs: opts.Jobs, Limits: f.limits, TempDir: f.tempDir, Select: func(name string, _ int64, _ fs.FileMode) layer.Choice {
				if image.RebaseSelect(name) {
					return layer.Keep
				}
				return layer.Skip
			},
		})
		if err != nil {
			return fmt.Errorf("read %s: %w", s.Artifact.Name, err)
		}
		defer func() { err = errors.Join(err, trees[n].Close()) }()
	}
	out, err := image.Rebase(subjects[0], subjects[1], subjects[2], trees[0], trees[1])
	if err != nil {
		return usageError{fmt.Errorf("rebase: %w", err)}
	}
	for _, why := range out.Reasons {
		fmt.Fprintf(env.Stderr, "boltseal: %s\n", report.Clean(why))
	}
	if len(out.Reasons) > 0 && !f.force {
		fmt.Fprintln(env.Stderr, "boltseal: nothing was written; --force goes on all the same")
		return status(statusBlock)
	}
	c := change{Name: subjects[0].Artifact.Name, Platform: out.Image.Platform().String(), Notes: []string{fmt.Sprintf("%d layers were carried over", out.Layers)}}
	before, err := image.From(subjects[0])
	if err != nil {
		return err
	}
	if c.Before, err = f.measure(ctx, env, before); err != nil {
		return err
	}
	if c.After, err = f.measure(ctx, env, out.Image); err != nil {
		return err
	}
	if err := f.write(ctx, env, place, []*image.Image{out.Image}, io.Discard); err != nil {
		return err
	}
	return f.say(env, place, []change{c})
}
