package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/remedy/image"
	"github.com/boltseal/boltseal/report"
	"github.com/boltseal/boltseal/scan"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/layer"
	"github.com/boltseal/boltseal/source/repo"
	versions "github.com/boltseal/boltseal/version"
)

// patchFlags are what image patch is told beside the image.
type patchFlags struct {
	buildFlags
	opts         image.PatchOptions
	packages     []string
	all          bool
	repositories []string
	keyrings     []string
}

func imagePatch(env *Env) *cobra.Command {
	f := &patchFlags{}
	cmd := &cobra.Command{
		Use:   "patch IMAGE -o PLACE",
		Short: "Repair an image's system packages in one further layer, without building it again",
		Long: `Repair an image's system packages in one further layer, without building it
again and without a daemon: packages that have known vulnerabilities with a fix
are fetched from the image's own repositories, verified with the keys that the
image trusts, and put in place, and dpkg's records say so. Configuration files
that were changed stay.

No program of the image is run. A package whose installation scripts would have
to do something stays as it is, and is named; --skip-scripts upgrades it all the
same. Images of Debian and its kin can be patched.

PLACE is one of
` + image.Places,
		Example: `  boltseal image patch registry.example.com/app:1.0 -o registry.example.com/app:1.0-patched
  boltseal image patch docker:app -o docker:app-patched --skip-scripts libc6
  boltseal image patch oci:app --all -o oci:patched --repository 'deb http://deb.debian.org/debian-security bookworm-security main'`,
		Args: exactly(1, "one image"),
		RunE: func(cmd *cobra.Command, args []string) error { return runImagePatch(cmd.Context(), env, f, args[0]) },
	}
	f.registerSource(cmd)
	fl := cmd.Flags()
	fl.StringVarP(&f.to, "output", "o", "", "where the image goes")
	fl.StringVar(&f.db, "db", "", "the advisory database (default: where boltseal db path says)")
	fl.BoolVar(&f.all, "all", false, "upgrade every package that has a newer version, vulnerable or not; needs no database")
	fl.StringSliceVar(&f.packages, "package", nil, "upgrade this package, and no other that was not asked for")
	fl.StringSliceVar(&f.opts.SkipScripts, "skip-scripts", nil, "package that is upgraded though its scripts cannot run; all means any")
	fl.StringArrayVar(&f.repositories, "repository", nil, "repository as a line of sources.list, besides the image's own")
	fl.StringArrayVar(&f.keyrings, "keyring", nil, "OpenPGP keys to verify repositories with, besides the image's own")
	fl.BoolVar(&f.json, "json", false, "print JSON")
	fl.BoolVar(&f.noSBOM, "no-sbom", false, "attach no bill of materials")
	return cmd
}

func runImagePatch(ctx context.Context, env *Env, f *patchFlags, target string) (err error) {
	place, err := f.place()
	if err != nil {
		return err
	}
	if f.offline {
		return usagef("packages come from repositories: --offline leaves nothing to do")
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
	} else if !f.all && len(f.packages) == 0 {
		return fmt.Errorf("what is vulnerable is not known: %s; or name packages (--package), or take all (--all)", opts.NoDB)
	}
	subject, err := source.Open(ctx, target, &opts.Source)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, subject.Close()) }()
	var made []*image.Image
	defer func() {
		for _, i := range made {
			err = errors.Join(err, i.Close())
		}
	}()
	var changes []change
	for _, s := range images(subject) {
		i, c, err := f.patch(ctx, env, opts, s)
		if err != nil {
			return err
		}
		made, changes = append(made, i), append(changes, c)
	}
	if len(made) == 0 {
		return usagef("%s is no image", target)
	}
	if !slices.ContainsFunc(changes, func(c change) bool { return len(c.Upgraded) > 0 }) {
		if err := f.say(env, place, changes); err != nil {
			return err
		}
		fmt.Fprintln(env.Stderr, "boltseal: nothing was upgraded, and nothing written")
		return nil
	}
	if err := f.write(ctx, env, place, made, io.Discard); err != nil {
		return err
	}
	return f.say(env, place, changes)
}

// patch upgrades one platform's image and measures both.
func (f *patchFlags) patch(ctx context.Context, env *Env, opts *scan.Options, s *source.Subject) (*image.Image, change, error) {
	c := change{Name: s.Artifact.Name}
	arch := "amd64"
	if s.Artifact.Platform != nil {
		c.Platform, arch = s.Artifact.Platform.String(), debArch(s.Artifact.Platform)
	}
	files, err := layer.Read(ctx, s.Blobs, &layer.Options{Jobs: opts.Jobs, Limits: f.limits, TempDir: f.tempDir, Select: patchSelect})
	if err != nil {
		return nil, c, fmt.Errorf("read %s: %w", s.Artifact.Name, err)
	}
	defer func() { _ = files.Close() }()
	before, err := image.From(s)
	if err != nil {
		return nil, c, err
	}
	want, err := f.wanted(ctx, opts, before, files)
	if err != nil {
		return nil, c, err
	}
	if len(want) == 0 {
		return before, c, nil
	}
	from, err := f.packagesOf(ctx, env, files, arch)
	if err != nil {
		return nil, c, err
	}
	o := f.opts
	o.TempDir, o.Author, o.Epoch = f.tempDir, "boltseal image patch", s.Artifact.Created
	out, err := image.PatchDebian(ctx, s, files, want, from, &o)
	if err != nil {
		return nil, c, fmt.Errorf("patch %s: %w", s.Artifact.Name, err)
	}
	c.Upgraded, c.Left, c.Notes = out.Upgraded, out.Left, out.Notes
	if out.Image == nil {
		return before, c, nil
	}
	if c.Before, err = f.measure(ctx, env, before); err != nil {
		return nil, c, err
	}
	if c.After, err = f.measure(ctx, env, out.Image); err != nil {
		return nil, c, errors.Join(err, out.Image.Close())
	}
	return out.Image, c, nil
}

// patchSelect keeps what a patch reads of an image.
func patchSelect(name string, size int64, _ fs.FileMode) layer.Choice {
	if strings.HasPrefix(name, "var/lib/dpkg/") || strings.HasPrefix(name, "etc/") || strings.HasPrefix(name, "usr/share/keyrings/") {
		if size <= 256<<20 {
			return layer.Keep
		}
	}
	return layer.Skip
}

// debArch is Debian's name for a platform's architecture.
func debArch(p *boltseal.Platform) string {
	switch {
	case p.Arch == "386":
		return "i386"
	case p.Arch == "arm" && p.Variant == "v7":
		return "armhf"
	case p.Arch == "arm":
		return "armel"
	case p.Arch == "ppc64le":
		return "ppc64el"
	}
	return p.Arch
}

// wanted are the packages to upgrade, with the least version that helps.
func (f *patchFlags) wanted(ctx context.Context, opts *scan.Options, i *image.Image, files *layer.FS) (map[string]string, error) {
	want := map[string]string{}
	for _, name := range f.packages {
		want[name] = ""
	}
	if f.all {
		status, err := files.ReadFile("var/lib/dpkg/status")
		if err != nil {
			return nil, fmt.Errorf("the image keeps no list of Debian packages: %w", err)
		}
		for _, p := range repo.Paragraphs(status) {
			want[p["Package"]] = ""
		}
		delete(want, "")
		return want, nil
	}
	if len(want) > 0 {
		return want, nil
	}
	r, err := f.scanImage(ctx, opts, i)
	if err != nil {
		return nil, err
	}
	order, ok := versions.ForEcosystem("Debian")
	if !ok {
		return nil, errors.New("no order of Debian versions")
	}
	for n := range r.Findings {
		finding := &r.Findings[n]
		if finding.Component == nil || len(finding.FixedIn) == 0 || finding.Waived != nil {
			continue
		}
		p, err := boltseal.ParsePURL(finding.Component.PURL)
		if err != nil || p.Type != "deb" {
			continue
		}
		if least := want[p.Name]; least == "" || order.Compare(finding.FixedIn[0], least) > 0 {
			want[p.Name] = finding.FixedIn[0]
		}
	}
	return want, nil
}

// debs are the repositories of an image.
type debs struct {
	client *repo.Client
	lists  []*repo.DebIndex
}

// Find implements [image.Packages].
func (d *debs) Find(name string) []repo.Deb {
	var out []repo.Deb
	for _, l := range d.lists {
		out = append(out, l.Find(name)...)
	}
	return out
}

// Fetch implements [image.Packages].
func (d *debs) Fetch(ctx context.Context, p *repo.Deb) (*repo.File, error) {
	return d.client.Deb(ctx, p)
}

// packagesOf reads the lists of the image's repositories and of those that
// were named.
func (f *patchFlags) packagesOf(ctx context.Context, env *Env, files *layer.FS, arch string) (*debs, error) {
	sources := map[string][]byte{}
	for _, pattern := range []string{"etc/apt/sources.list", "etc/apt/sources.list.d/*"} {
		for _, name := range globs(files, pattern) {
			if data, err := files.ReadFile(name); err == nil && (strings.HasSuffix(name, ".list") || strings.HasSuffix(name, ".sources")) {
				sources[name] = data
			}
		}
	}
	list := append(repo.DebSources(sources), repo.DebSources(map[string][]byte{"flags.list": []byte(strings.Join(f.repositories, "\n"))})...)
	if len(list) == 0 {
		return nil, errors.New("the image names no repositories: give one with --repository 'deb URI SUITE COMPONENT'")
	}
	var keys [][]byte
	for _, pattern := range []string{"usr/share/keyrings/*", "etc/apt/trusted.gpg", "etc/apt/trusted.gpg.d/*", "etc/apt/keyrings/*"} {
		for _, name := range globs(files, pattern) {
			if data, err := files.ReadFile(name); err == nil && !strings.Contains(path.Base(name), "removed") {
				keys = append(keys, data)
			}
		}
	}
	for _, name := range f.keyrings {
		data, err := readBounded(env, name, maxSmallFile, "")
		if err != nil {
			return nil, usageError{err}
		}
		keys = append(keys, data)
	}
	out := &debs{client: &repo.Client{UserAgent: "boltseal/" + Version(), TempDir: f.tempDir, Now: env.Now}}
	for _, s := range list {
		x, err := out.client.Debs(ctx, s, arch, keys)
		if err != nil {
			return nil, fmt.Errorf("repository %s %s: %w", report.Clean(s.URI), report.Clean(s.Suite), err)
		}
		out.lists = append(out.lists, x)
	}
	return out, nil
}

func globs(files *layer.FS, pattern string) []string {
	matches, err := fs.Glob(files, pattern)
	if err != nil {
		return nil
	}
	return matches
}

// scanImage scans an image that is not stored yet.
func (f *buildFlags) scanImage(ctx context.Context, opts *scan.Options, i *image.Image) (*boltseal.Report, error) {
	var r *boltseal.Report
	err := f.stored(ctx, i, func(target string) (err error) {
		r, err = scan.Run(ctx, target, opts)
		return err
	})
	return r, err
}

// stored writes an image into a layout that is there as long as do runs.
func (f *buildFlags) stored(ctx context.Context, i *image.Image, do func(target string) error) error {
	dir, err := os.MkdirTemp(f.tempDir, "boltseal-image-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	place, err := image.ParsePlace("oci:" + dir)
	if err != nil {
		return err
	}
	if _, err := image.Write(ctx, place, []*image.Image{i}, nil, &image.WriteOptions{TempDir: f.tempDir}); err != nil {
		return err
	}
	return do("oci:" + dir)
}
