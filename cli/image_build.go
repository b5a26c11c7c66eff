package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	"github.com/spf13/cobra"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/remedy/image"
	"github.com/boltseal/boltseal/sbom"
	"github.com/boltseal/boltseal/scan"
	"github.com/boltseal/boltseal/source"
)

// buildFlags are what image build is told beside the files.
type buildFlags struct {
	registryFlags
	to     string
	spec   image.Spec
	env    map[string]string
	labels map[string]string
	certs  string
	noSBOM bool
	json   bool
}

func imageBuild(env *Env) *cobra.Command {
	f := &buildFlags{}
	cmd := &cobra.Command{
		Use:   "build FILE|DIR|SPEC.yaml... -o PLACE",
		Short: "Make a minimal image of files or a static binary, without a daemon",
		Long: `Make a minimal image of files, or of a static binary, without a daemon.

The image has no shell and no package manager, runs as user 65532 unless told
otherwise, and is the same bytes whenever the files are: times are those of
SOURCE_DATE_EPOCH, or 1970. Its bill of materials is attached to it.

One FILE becomes the image's only program and its entry point; a DIR becomes
the root of its file system, as its .dockerignore says. A SPEC says more:

  files:                      # a list, or several images under platforms:
    - {from: bin/app, to: /app, mode: "0755"}
    - {from: static, to: /srv}
  user: "65532:65532"
  entrypoint: [/app]
  env: {PORT: "8080"}
  ports: [8080]

Several FILEs or SPECs, one for each platform, become an index.

PLACE is one of
` + image.Places,
		Example: `  CGO_ENABLED=0 go build -o app . && boltseal image build app -o docker:app
  boltseal image build app-amd64 app-arm64 --certs auto -o registry.example.com/app:1.0
  boltseal image build image.yaml -o oci:build/image:1.0`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("want a file, a folder or a specification")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return runImageBuild(cmd.Context(), env, f, args) },
	}
	f.register(cmd)
	fl := cmd.Flags()
	fl.StringVarP(&f.to, "output", "o", "", "where the image goes")
	fl.StringVar(&f.spec.Platform, "platform", "", "os/arch[/variant] (default: what the programs are for)")
	fl.StringVar(&f.spec.User, "user", "", "uid[:gid] that the image runs as (default 65532:65532)")
	fl.StringArrayVar(&f.spec.Entrypoint, "entrypoint", nil, "entry point, one flag for each word (default: the one program)")
	fl.StringArrayVar(&f.spec.Cmd, "cmd", nil, "default arguments, one flag for each word")
	fl.StringToStringVar(&f.env, "env", nil, "NAME=VALUE, may be repeated")
	fl.StringToStringVar(&f.labels, "label", nil, "NAME=VALUE, may be repeated")
	fl.StringVar(&f.spec.WorkingDir, "workdir", "", "working directory (default /)")
	fl.StringSliceVar(&f.spec.Ports, "port", nil, "port that the image listens on, as 8080 or 53/udp")
	fl.StringSliceVar(&f.spec.Writable, "writable", nil, "directory that the user may write to")
	fl.StringVar(&f.certs, "certs", "", "PEM file of certificate authorities to put into the image; auto takes this machine's")
	fl.BoolVar(&f.noSBOM, "no-sbom", false, "attach no bill of materials")
	fl.BoolVar(&f.json, "json", false, "print what was made as JSON")
	return cmd
}

func runImageBuild(ctx context.Context, env *Env, f *buildFlags, args []string) (err error) {
	place, err := f.place()
	if err != nil {
		return err
	}
	epoch, err := sourceDate(env)
	if err != nil {
		return err
	}
	f.spec.Env, f.spec.Labels = f.env, f.labels
	specs, err := f.specs(args)
	if err != nil {
		return err
	}
	var images []*image.Image
	defer func() {
		for _, i := range images {
			err = errors.Join(err, i.Close())
		}
	}()
	for _, s := range specs {
		i, buildErr := image.Build(ctx, &s.Spec, &image.BuildOptions{Epoch: epoch, Author: "boltseal image build", TempDir: f.tempDir, Ignore: s.ignore})
		if buildErr != nil {
			return usageError{fmt.Errorf("build %s: %w", s.from, buildErr)}
		}
		images = append(images, i)
	}
	return f.write(ctx, env, place, images, env.Stdout)
}

// place is where the image goes.
func (f *buildFlags) place() (image.Place, error) {
	if f.to == "" {
		return image.Place{}, usagef("where does the image go? -o oci:DIR, docker:NAME or a registry's REGISTRY/NAME:TAG")
	}
	place, err := image.ParsePlace(f.to)
	if err != nil {
		return place, usagef("-o %s: %v", f.to, err)
	}
	return place, nil
}

// write stores images with their bills of materials, and says what was made.
func (f *buildFlags) write(ctx context.Context, env *Env, place image.Place, images []*image.Image, w io.Writer) error {
	opts := &image.WriteOptions{TempDir: f.tempDir, Load: func(ctx context.Context, daemon string, archive io.Reader) error {
		src, err := f.source(env)
		if err != nil {
			return err
		}
		return source.Load(ctx, daemon, archive, src)
	}}
	if ref, ok := place.Registry(); ok {
		client, _, err := f.client(env, ref.String())
		if err != nil {
			return err
		}
		defer func() { _ = client.Close() }()
		opts.Client = client
	}
	extras := func(d boltseal.Digest, i *image.Image) ([]image.Extra, error) { return f.bill(ctx, d, i) }
	if f.noSBOM {
		extras = nil
	}
	made, err := image.Write(ctx, place, images, extras, opts)
	if err != nil {
		return err
	}
	if f.json {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(made)
	}
	_, err = fmt.Fprintf(w, "%s\n%s, %s in %d layer(s)\n", place, made.Digest, size(made.Size), layersOf(images))
	return err
}

func layersOf(images []*image.Image) (n int) {
	for _, i := range images {
		n += len(i.Layers)
	}
	return n
}

// bill reads an image that was made as scan would, and writes down what is in
// it.
func (f *buildFlags) bill(ctx context.Context, d boltseal.Digest, i *image.Image) ([]image.Extra, error) {
	r, err := f.scanImage(ctx, &scan.Options{
		ComponentsOnly: true, TempDir: f.tempDir, Now: func() time.Time { return i.Config.Created.Time },
		Tool: boltseal.Tool{Name: "boltseal", Version: Version()},
	}, i)
	if err != nil {
		return nil, fmt.Errorf("bill of materials: %w", err)
	}
	r.Artifact.Name = string(d)
	format, ok := sbom.Lookup("cyclonedx-json")
	if !ok {
		return nil, errors.New("bill of materials: no format cyclonedx-json")
	}
	var out bytes.Buffer
	if err := format.Write(&out, sbom.FromReport(r)); err != nil {
		return nil, fmt.Errorf("bill of materials: %w", err)
	}
	return []image.Extra{{ArtifactType: "application/vnd.cyclonedx+json", Data: out.Bytes()}}, nil
}

// fileSpec is a specification and where it is from.
type fileSpec struct {
	image.Spec
	from   string
	ignore func(string, bool) bool
}

// specs makes a specification of each argument, and the flags count for all.
func (f *buildFlags) specs(args []string) ([]fileSpec, error) {
	var out []fileSpec
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, usageError{err}
		}
		s := fileSpec{Spec: f.spec, from: arg}
		switch ext := strings.ToLower(filepath.Ext(arg)); {
		case info.IsDir():
			s.Files = []image.Source{{From: arg, To: "/"}}
			if s.ignore, err = dockerignore(arg); err != nil {
				return nil, err
			}
		case ext == ".yaml" || ext == ".yml":
			if err := readSpec(arg, &s.Spec, f); err != nil {
				return nil, err
			}
		default:
			s.Files = []image.Source{{From: arg, To: "/" + programName(arg), Mode: "0755"}}
		}
		if f.certs != "" {
			from, err := certificates(f.certs)
			if err != nil {
				return nil, err
			}
			s.Entrypoint = entrypointOf(&s)
			s.Files = append(s.Files, image.Source{From: from, To: "/etc/ssl/certs/ca-certificates.crt", Mode: "0644"})
		}
		out = append(out, s)
	}
	return out, nil
}

// entrypointOf is the entry point that the one program makes, before further
// files join it.
func entrypointOf(s *fileSpec) []string {
	if len(s.Entrypoint) == 0 && len(s.Cmd) == 0 && len(s.Files) == 1 && s.ignore == nil && s.Files[0].To != "/" {
		return []string{s.Files[0].To}
	}
	return s.Entrypoint
}

// programName takes the platform off a file's name, so that the images of an
// index have their program at one path: app-linux-arm64 is app.
func programName(name string) string {
	base := filepath.Base(name)
	parts := strings.FieldsFunc(base, func(r rune) bool { return r == '-' || r == '_' })
	for len(parts) > 1 {
		switch parts[len(parts)-1] {
		case "linux", "amd64", "x86", "64", "arm64", "aarch64", "arm", "armv7", "386", "ppc64le", "s390x", "riscv64", "v1", "v8", "8.0":
			base = strings.TrimRight(strings.TrimSuffix(base, parts[len(parts)-1]), "-_")
			parts = parts[:len(parts)-1]
			continue
		}
		break
	}
	return base
}

// readSpec reads a specification. Paths in it are relative to it, and what
// flags say comes first.
func readSpec(name string, s *image.Spec, f *buildFlags) error {
	data, err := readWhole(name, 1<<20)
	if err != nil {
		return err
	}
	flags := *s
	*s = image.Spec{}
	if err := yaml.UnmarshalWithOptions(data, s, yaml.Strict()); err != nil {
		return usagef("%s: %v", name, err)
	}
	for n := range s.Files {
		if !filepath.IsAbs(s.Files[n].From) {
			s.Files[n].From = filepath.Join(filepath.Dir(name), filepath.FromSlash(s.Files[n].From))
		}
	}
	over := func(to *string, from string) {
		if from != "" {
			*to = from
		}
	}
	over(&s.Platform, flags.Platform)
	over(&s.User, flags.User)
	over(&s.WorkingDir, flags.WorkingDir)
	if len(flags.Entrypoint) > 0 {
		s.Entrypoint = flags.Entrypoint
	}
	if len(flags.Cmd) > 0 {
		s.Cmd = flags.Cmd
	}
	s.Env, s.Labels = merged(s.Env, f.env), merged(s.Labels, f.labels)
	s.Ports, s.Writable = append(s.Ports, flags.Ports...), append(s.Writable, flags.Writable...)
	return nil
}

func merged(a, b map[string]string) map[string]string {
	if len(b) == 0 {
		return a
	}
	out := map[string]string{}
	maps.Copy(out, a)
	maps.Copy(out, b)
	return out
}

// dockerignore is what a folder's .dockerignore keeps out.
func dockerignore(dir string) (func(string, bool) bool, error) {
	out := func(name string, _ bool) bool { return name == ".dockerignore" }
	data, err := os.ReadFile(filepath.Join(dir, ".dockerignore"))
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	patterns, err := ignorefile.ReadAll(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, ".dockerignore"), err)
	}
	m, err := patternmatcher.New(patterns)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, ".dockerignore"), err)
	}
	return func(name string, isDir bool) bool {
		// A folder is entered when a pattern might let something below it in.
		matched, err := m.MatchesOrParentMatches(filepath.FromSlash(name))
		return out(name, isDir) || err == nil && matched && !(isDir && m.Exclusions())
	}, nil
}

// certificates finds the authorities that go into the image.
func certificates(flag string) (string, error) {
	if flag != "auto" {
		return flag, nil
	}
	for _, name := range []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"} {
		if _, err := os.Stat(name); err == nil {
			return name, nil
		}
	}
	return "", errors.New("--certs auto: this machine has no file of certificate authorities; name one")
}

// sourceDate is the time that things made get, so that they come out the same
// (reproducible-builds.org, SOURCE_DATE_EPOCH).
func sourceDate(env *Env) (time.Time, error) {
	value := env.Getenv("SOURCE_DATE_EPOCH")
	if value == "" {
		return time.Unix(0, 0).UTC(), nil
	}
	seconds, err := strconv.ParseInt(value, 10, 64)
	if err != nil || seconds < 0 {
		return time.Time{}, usagef("SOURCE_DATE_EPOCH=%s: want seconds since 1970", value)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
