package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/remedy/image"
	"github.com/boltseal/boltseal/report"
	"github.com/boltseal/boltseal/scan"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/layer"
)

// slimFlags are what image slim is told beside the image.
type slimFlags struct {
	buildFlags
	opts image.SlimOptions
	used string
	why  bool
}

func imageSlim(env *Env) *cobra.Command {
	f := &slimFlags{}
	cmd := &cobra.Command{
		Use:   "slim IMAGE -o PLACE",
		Short: "Make a smaller image that holds what the program needs, and nothing else",
		Long: `Make a smaller image that holds what the program of another one needs: the
entry point, the libraries that it loads, the interpreters and runtimes behind
it, the files that its command line and environment name, certificates, time
zones and accounts. Shells and package managers stay only if a script of the
entry point calls them. Packages of which something is kept stay known, so that
scanners stay right.

What a program opens by names that it makes up cannot be seen in its files:
name it with --keep, or give what boltseal learn recorded with --used. Then run
the result before you trust it. An image that ran as root runs as user 65532.

PLACE is one of
` + image.Places,
		Example: `  boltseal image slim docker:app -o docker:app-slim
  boltseal image slim registry.example.com/app:1.0 -o registry.example.com/app:1.0-slim --keep /app/plugins
  boltseal image slim docker-archive:app.tar -o oci:slim --why`,
		Args: exactly(1, "one image"),
		RunE: func(cmd *cobra.Command, args []string) error { return runImageSlim(cmd.Context(), env, f, args[0]) },
	}
	f.registerSource(cmd)
	fl := cmd.Flags()
	fl.StringVarP(&f.to, "output", "o", "", "where the image goes")
	fl.StringArrayVar(&f.opts.Keep, "keep", nil, "path or pattern of what has to stay; of a folder, all that is in it")
	fl.StringVar(&f.used, "used", "", "file with the paths that a run used, one on a line")
	fl.BoolVar(&f.opts.KeepUser, "keep-user", false, "run as root if the image does")
	fl.BoolVar(&f.why, "why", false, "list what is kept, and why")
	fl.BoolVar(&f.json, "json", false, "print JSON")
	fl.BoolVar(&f.noSBOM, "no-sbom", false, "attach no bill of materials")
	fl.StringVar(&f.db, "db", "", "the advisory database, to compare findings (default: where boltseal db path says)")
	return cmd
}

func runImageSlim(ctx context.Context, env *Env, f *slimFlags, target string) (err error) {
	place, err := f.place()
	if err != nil {
		return err
	}
	if f.used != "" {
		data, err := readBounded(env, f.used, 64<<20, "")
		if err != nil {
			return usageError{err}
		}
		f.opts.Used = strings.Fields(string(data))
	}
	opts, done, err := f.options(ctx, env)
	if err != nil {
		return err
	}
	defer done()
	subject, err := source.Open(ctx, target, &opts.Source)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, subject.Close()) }()
	all := images(subject)
	if len(all) == 0 {
		return usagef("%s is no image", target)
	}
	var made []*image.Image
	defer func() {
		for _, i := range made {
			err = errors.Join(err, i.Close())
		}
	}()
	var changes []change
	for _, s := range all {
		i, c, err := f.slim(ctx, env, opts, s)
		if err != nil {
			return err
		}
		made, changes = append(made, i), append(changes, c)
	}
	if err := f.write(ctx, env, place, made, io.Discard); err != nil {
		return err
	}
	return f.say(env, place, changes)
}

// change is an image before and after.
type change struct {
	Name     string         `json:"name"`
	Platform string         `json:"platform,omitempty"`
	Before   extent         `json:"before"`
	After    extent         `json:"after"`
	Upgraded []image.Step   `json:"upgraded,omitempty"`
	Left     []image.Step   `json:"left,omitempty"` // packages that stay as they are
	Notes    []string       `json:"notes,omitempty"`
	Gaps     []boltseal.Gap `json:"gaps,omitempty"`
	Kept     []image.Kept   `json:"kept,omitempty"`
}

// extent is how much there is of an image.
type extent struct {
	Stored     int64          `json:"stored"` // bytes that are pulled
	Bytes      int64          `json:"bytes"`  // of files
	Files      int            `json:"files"`
	Components int            `json:"components"`
	Findings   map[string]int `json:"findings,omitempty"` // by severity
}

// slim makes one platform's image and measures both.
func (f *slimFlags) slim(ctx context.Context, env *Env, opts *scan.Options, s *source.Subject) (*image.Image, change, error) {
	c := change{Name: s.Artifact.Name}
	if s.Artifact.Platform != nil {
		c.Platform = s.Artifact.Platform.String()
	}
	files, err := layer.Read(ctx, s.Blobs, &layer.Options{Jobs: opts.Jobs, Limits: f.limits, TempDir: f.tempDir})
	if err != nil {
		return nil, c, fmt.Errorf("read %s: %w", s.Artifact.Name, err)
	}
	defer func() { _ = files.Close() }()
	o := f.opts
	o.TempDir, o.Author, o.Epoch = f.tempDir, "boltseal image slim", s.Artifact.Created
	out, err := image.Slim(ctx, s, files, &o)
	if err != nil {
		return nil, c, fmt.Errorf("slim %s: %w", s.Artifact.Name, err)
	}
	c.Notes, c.Gaps = out.Notes, append(files.Gaps(), out.Gaps...)
	if f.why {
		c.Kept = out.Kept
	}
	before, err := image.From(s)
	if err != nil {
		return nil, c, err
	}
	if c.Before, err = f.measure(ctx, env, before); err != nil {
		return nil, c, err
	}
	if c.After, err = f.measure(ctx, env, out.Image); err != nil {
		return nil, c, errors.Join(err, out.Image.Close())
	}
	return out.Image, c, nil
}

// measure reads an image as scan does.
func (f *buildFlags) measure(ctx context.Context, env *Env, i *image.Image) (extent, error) {
	var e extent
	err := f.stored(ctx, i, func(target string) error {
		all, err := dissect(ctx, env, &f.scanFlags, target, 0)
		if err != nil {
			return err
		}
		for n := range all {
			e.Stored, e.Bytes, e.Files = e.Stored+all[n].Stored, e.Bytes+all[n].Bytes, e.Files+all[n].Files
		}
		opts, done, err := f.options(ctx, env)
		if err != nil {
			return err
		}
		defer done()
		opts.Families = []string{"vuln"}
		if err := f.checkOptions(ctx, env, opts); err != nil {
			return err
		}
		if opts.DB != nil {
			defer opts.DB.Close()
		}
		r, err := scan.Run(ctx, target, opts)
		if err != nil {
			return err
		}
		e.Components = len(r.Components)
		if opts.DB != nil {
			e.Findings = map[string]int{}
			for n := range r.Findings {
				e.Findings[r.Findings[n].Severity.String()]++
			}
		}
		return nil
	})
	return e, err
}

// say prints what changed.
func (f *buildFlags) say(env *Env, place image.Place, changes []change) error {
	if f.json {
		e := json.NewEncoder(env.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(changes)
	}
	gaps := false
	for n := range changes {
		c := &changes[n]
		fmt.Fprintf(env.Stdout, "%s\n", strings.TrimSpace(place.String()+" "+c.Platform))
		w := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintf(w, "  \tbefore\tafter\t\n")
		fmt.Fprintf(w, "  pulled\t%s\t%s\t%s\n", size(c.Before.Stored), size(c.After.Stored), percent(c.Before.Stored, c.After.Stored))
		fmt.Fprintf(w, "  files\t%s in %d\t%s in %d\t%s\n", size(c.Before.Bytes), c.Before.Files, size(c.After.Bytes), c.After.Files, percent(c.Before.Bytes, c.After.Bytes))
		fmt.Fprintf(w, "  components\t%d\t%d\t%s\n", c.Before.Components, c.After.Components, percent(int64(c.Before.Components), int64(c.After.Components)))
		if c.Before.Findings != nil {
			for _, s := range []string{"critical", "high", "medium", "low"} {
				fmt.Fprintf(w, "  %s\t%d\t%d\t%s\n", s, c.Before.Findings[s], c.After.Findings[s], percent(int64(c.Before.Findings[s]), int64(c.After.Findings[s])))
			}
		}
		if err := w.Flush(); err != nil {
			return err
		}
		for _, u := range c.Upgraded {
			from := u.From
			if from == "" {
				from = "new"
			}
			fmt.Fprintf(env.Stdout, "  %s %s -> %s\n", report.Clean(u.Package), report.Clean(from), report.Clean(u.To))
		}
		for _, u := range c.Left {
			fmt.Fprintf(env.Stdout, "  %s %s stays: %s\n", report.Clean(u.Package), report.Clean(u.From), report.Clean(u.Why))
		}
		for _, k := range c.Kept {
			fmt.Fprintf(env.Stdout, "  /%s: %s\n", report.Clean(k.Path), report.Clean(k.Why))
		}
		for _, note := range c.Notes {
			fmt.Fprintf(env.Stderr, "boltseal: note: %s\n", report.Clean(note))
		}
		for _, g := range c.Gaps {
			gaps = true
			fmt.Fprintf(env.Stderr, "boltseal: gap: %s: %s", report.Clean(g.What), report.Clean(g.Why))
			if g.Hint != "" {
				fmt.Fprintf(env.Stderr, " (%s)", g.Hint)
			}
			fmt.Fprintln(env.Stderr)
		}
	}
	if gaps {
		return status(statusGap)
	}
	return nil
}

// percent is how much less there is.
func percent(before, after int64) string {
	if before == 0 {
		return ""
	}
	return fmt.Sprintf("%+.0f %%", 100*float64(after-before)/float64(before))
}
