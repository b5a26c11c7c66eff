// Package project looks at the files of a project and writes what its
// container needs to be sealed from the first build on: a Dockerfile with a
// build stage and an unprivileged runtime, a .dockerignore, Kubernetes
// manifests that the restricted Pod Security Standard accepts, a workflow
// that checks, scans, and describes what it pushes, and a policy.
//
// It decides only what the files prove, and says what it could not know. It
// writes nothing: start with [Detect] and [Project.Files].
package project

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Project is what the files of a folder say about an application.
type Project struct {
	Name  string   // a DNS label
	Kind  string   // "go", "node", "python", "java", "rust", "dotnet", "ruby", "php" or "static"
	Tool  string   // what installs and builds: "npm", "poetry", "gradle" …
	Port  int      // that it serves; 0 when it serves none
	Notes []string // what was chosen and could not be proved

	dockerfile string
	ignore     []string // for .dockerignore, besides what never belongs in a context
}

// Options are the optional parameters of [Project.Files].
type Options struct {
	Image     string   // the reference to deploy, best with a digest; empty: NAME:0.1.0 of a registry to fill in
	Port      int      // that the application serves, instead of the one that is usual for its kind
	Namespace string   // empty: the project's name
	Version   string   // of boltseal, for the workflow to install
	Only      []string // parts to write, of [Parts]; nil is all of them
}

// File is one file to write.
type File struct {
	Name    string // relative to the project
	Part    string
	Content []byte
}

// Parts lists what can be written.
func Parts() []string {
	return []string{"dockerfile", "dockerignore", "kubernetes", "workflow", "policy"}
}

// ErrUnknown says that the files prove no kind of project.
var ErrUnknown = errors.New("no go.mod, package.json, requirements.txt, pyproject.toml, pom.xml, build.gradle, Cargo.toml, *.csproj, config.ru, composer.json or index.html tells what it is")

// maxFile bounds a file that is looked into.
const maxFile = 1 << 20

// kinds are the kinds of project, each found by a file; the first that fits
// decides.
var kinds = []struct {
	found  func(*folder) bool
	detect func(*folder, *Project) error
}{
	{func(f *folder) bool { return f.has("go.mod") }, goProject},
	{func(f *folder) bool { return f.has("Cargo.toml") }, rustProject},
	{func(f *folder) bool { return f.has("pom.xml") }, mavenProject},
	{func(f *folder) bool { return f.has("build.gradle") || f.has("build.gradle.kts") }, gradleProject},
	{func(f *folder) bool { return len(f.glob("*.csproj")) > 0 }, dotnetProject},
	{func(f *folder) bool { return f.has("config.ru") && f.has("Gemfile.lock") }, rubyProject},
	{func(f *folder) bool { return f.has("composer.json") }, phpProject},
	{func(f *folder) bool { return f.has("requirements.txt") || f.has("pyproject.toml") }, pythonProject},
	{func(f *folder) bool { return f.has("package.json") }, nodeProject},
	{func(f *folder) bool { return f.has("index.html") }, staticProject},
}

// Detect looks at the files at the root of fsys, and at no others but those
// that they lead to. name is the folder's name.
func Detect(fsys fs.FS, name string, opts *Options) (*Project, error) {
	f := &folder{fsys: fsys}
	p := &Project{Name: label(name), Port: 8080}
	if opts != nil && opts.Port != 0 {
		p.Port = opts.Port
	}
	for _, kind := range kinds {
		if !kind.found(f) {
			continue
		}
		if err := kind.detect(f, p); err != nil {
			return nil, err
		}
		return p, f.err
	}
	if f.err != nil {
		return nil, f.err
	}
	return nil, ErrUnknown
}

// Files are the files to write, in the order of [Parts].
func (p *Project) Files(opts *Options) ([]File, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	for _, part := range o.Only {
		if !slices.Contains(Parts(), part) {
			return nil, fmt.Errorf("there is no part %q; there are %s", part, strings.Join(Parts(), ", "))
		}
	}
	all := []File{
		{Name: "Dockerfile", Part: "dockerfile", Content: []byte(p.dockerfile)},
		{Name: ".dockerignore", Part: "dockerignore", Content: []byte(p.dockerignore())},
		{Name: "deploy/kubernetes.yaml", Part: "kubernetes", Content: []byte(p.kubernetes(&o))},
		{Name: ".github/workflows/container.yml", Part: "workflow", Content: []byte(p.workflow(&o))},
		{Name: "boltseal.yaml", Part: "policy", Content: []byte(policyText)},
	}
	if o.Only == nil {
		return all, nil
	}
	return slices.DeleteFunc(all, func(f File) bool { return !slices.Contains(o.Only, f.Part) }), nil
}

// note adds something that could not be proved.
func (p *Project) note(format string, args ...any) {
	p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
}

// folder reads files of a project. The first file that is there and cannot
// be read is kept as an error.
type folder struct {
	fsys fs.FS
	err  error
}

func (f *folder) has(name string) bool {
	info, err := fs.Stat(f.fsys, name)
	return err == nil && info.Mode().IsRegular()
}

func (f *folder) glob(pattern string) []string {
	names, err := fs.Glob(f.fsys, pattern)
	if err != nil {
		return nil // a pattern of ours that is wrong shows in the tests
	}
	return names
}

// read is the content of a file, empty when there is none.
func (f *folder) read(name string) string {
	file, err := f.fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	if err == nil {
		defer file.Close()
		var content []byte
		if content, err = io.ReadAll(io.LimitReader(file, maxFile+1)); err == nil && len(content) <= maxFile {
			return string(content)
		}
		if err == nil {
			err = fmt.Errorf("it is larger than %d bytes", maxFile)
		}
	}
	if f.err == nil {
		f.err = fmt.Errorf("read %s: %w", name, err)
	}
	return ""
}

// first is the first of the names that is there.
func (f *folder) first(names ...string) string {
	for _, name := range names {
		if f.has(name) {
			return name
		}
	}
	return ""
}

// label makes a DNS label of a name.
func label(name string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(path.Base(name)) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			b.WriteRune(c)
		default:
			b.WriteByte('-')
		}
	}
	out := strings.Trim(b.String(), "-")
	for strings.Contains(out, "--") {
		out = strings.ReplaceAll(out, "--", "-")
	}
	out = strings.TrimRight(out[:min(len(out), 50)], "-")
	if out == "" || out[0] >= '0' && out[0] <= '9' {
		out = strings.TrimRight("app-"+out, "-")
	}
	return out
}

// plain tells whether a name may stand in a Dockerfile and in JSON as it is.
func plain(s string) bool {
	for _, c := range s {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("._-/@:", c)) {
			return false
		}
	}
	return s != "" && !strings.HasPrefix(s, "-") && !strings.Contains(s, "..")
}

// fill puts values in the place of {{name}}.
func fill(template string, pairs ...string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		pairs[i] = "{{" + pairs[i] + "}}"
	}
	return strings.NewReplacer(pairs...).Replace(strings.TrimLeft(template, "\n"))
}
