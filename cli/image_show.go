package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal/remedy/image"
	"github.com/boltseal/boltseal/report"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/layer"
)

func imageShow(env *Env) *cobra.Command {
	f := &scanFlags{}
	var output string
	var most int
	cmd := &cobra.Command{
		Use:   "show TARGET",
		Short: "Show an image layer by layer: sizes, wasted bytes, what is in them",
		Long: `Show an image layer by layer: what is pulled, what a container sees, and the
bytes of files that later layers delete or replace, which are pulled for nothing.

` + targets,
		Example: `  boltseal image show alpine:3.22
  boltseal image show docker:app --most 10
  boltseal image show oci:build/image -o json`,
		Args: exactly(1, "one image"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "table" && output != "json" {
				return usagef("-o %q: want table or json", output)
			}
			all, err := dissect(cmd.Context(), env, f, args[0], most)
			if err != nil {
				return err
			}
			if output == "json" {
				e := json.NewEncoder(env.Stdout)
				e.SetIndent("", "  ")
				return e.Encode(all)
			}
			for n := range all {
				if err := writeAnatomy(env.Stdout, &all[n]); err != nil {
					return err
				}
			}
			return nil
		},
	}
	f.registerSource(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	cmd.Flags().IntVar(&most, "most", 5, "files and folders listed of a layer")
	return cmd
}

// dissect measures every image of a target.
func dissect(ctx context.Context, env *Env, f *scanFlags, target string, most int) ([]image.Anatomy, error) {
	opts, done, err := f.options(ctx, env)
	if err != nil {
		return nil, err
	}
	defer done()
	subject, err := source.Open(ctx, target, &opts.Source)
	if err != nil {
		return nil, err
	}
	defer func() { _ = subject.Close() }()
	var all []image.Anatomy
	for _, s := range images(subject) {
		files, err := layer.Read(ctx, s.Blobs, &layer.Options{
			Jobs: opts.Jobs, Select: func(string, int64, fs.FileMode) layer.Choice { return layer.Skip }, Limits: f.limits, TempDir: f.tempDir,
		})
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", s.Artifact.Name, err)
		}
		all = append(all, image.Dissect(&s.Artifact, files, most))
		if err := files.Close(); err != nil {
			return nil, err
		}
	}
	if len(all) == 0 {
		return nil, usagef("%s is no image", target)
	}
	return all, nil
}

// images are the images of a subject: itself, or those of an index.
func images(s *source.Subject) []*source.Subject {
	if len(s.Children) > 0 {
		return s.Children
	}
	if len(s.Blobs) > 0 || len(s.Config) > 0 {
		return []*source.Subject{s}
	}
	return nil
}

// writeAnatomy prints one image for people.
func writeAnatomy(w io.Writer, a *image.Anatomy) error {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	say("%s", report.Clean(a.Artifact.Name))
	if a.Artifact.Platform != nil {
		say(" (%s)", a.Artifact.Platform)
	}
	say("\n%s pulled, %s in %d files", size(a.Stored), size(a.Bytes), a.Files)
	if a.Wasted > 0 {
		say(", %s wasted: %.1f %% efficient", size(a.Wasted), 100*a.Efficiency)
	}
	say("\n")
	for n := range a.Layers {
		l := &a.Layers[n]
		whose := ""
		if l.FromBase {
			whose = ", of the base image"
		}
		say("\nlayer %d  %s  %s pulled%s\n", n+1, l.Digest.Short(), size(l.Size), whose)
		if by := oneLine(l.CreatedBy); by != "" {
			say("  %s\n", by)
		}
		say("  %s in %d files\n", size(l.Bytes), l.Files)
		for _, x := range l.Folders {
			say("  %10s  %s\n", size(x.Bytes), strings.TrimSuffix("/"+strings.TrimPrefix(report.Clean(x.Path), "/"), "/")+"/")
		}
		for _, x := range l.Largest {
			say("  %10s  /%s\n", size(x.Bytes), report.Clean(x.Path))
		}
		for _, x := range l.Hidden {
			what := "replaced by"
			if x.Deleted {
				what = "deleted by"
			}
			say("  %10s  /%s, %s layer %d\n", size(x.Bytes), report.Clean(x.Path), what, x.By)
		}
	}
	say("\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// oneLine is a line of history in at most 110 printable characters.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(report.Clean(s)), " ")
	if r := []rune(s); len(r) > 110 {
		s = string(r[:107]) + "..."
	}
	return s
}
