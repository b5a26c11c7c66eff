package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/source"
)

// form is what a file's name lets expect.
type form uint8

const (
	formOther form = iota
	formDockerfile
	formData // YAML or JSON
	formMarkdown
	formScript // a shell script, which is for ShellCheck alone
)

// candidate is a file that may be one to check.
type candidate struct {
	root fs.FS
	file string // in root
	name string // as the user would write it
	form form
	// named is a file that the user named itself: it is read whatever it is
	// called, and what it is has to be found out.
	named bool
}

// Limits on what one run looks at.
const (
	maxFiles  = 200_000
	maxFolder = 64 // levels of folders
)

// discovery finds the files to check below paths.
type discovery struct {
	files  []candidate
	gaps   []boltseal.Gap
	charts []string // folders with a Chart.yaml, as the user would write them
	seen   map[string]bool
	full   bool
	veils  []func() string // what to say of each folder's .boltsealignore
}

// closer is what has to be closed after the files were read.
type closer interface{ Close() error }

// discover lists the candidates at and below paths. The returned subjects
// have to be closed once the files are read.
func discover(ctx context.Context, paths []string, o *Options) (*discovery, []closer, error) {
	d := &discovery{seen: map[string]bool{}}
	var open []closer
	for _, name := range paths {
		file := o.IsFile != nil && o.IsFile(name)
		scheme, root := "dir:", name
		if file {
			scheme, root = "file:", path.Dir(filepath.ToSlash(name))
		}
		subject, err := source.Open(ctx, scheme+name, &o.Source)
		if err != nil {
			return nil, open, err
		}
		open = append(open, subject)
		d.gaps = append(d.gaps, subject.Gaps...)
		if file {
			d.named(ctx, subject.Root, root, path.Base(filepath.ToSlash(name)), o, &open)
			continue
		}
		d.veils = append(d.veils, veil(subject))
		w := &walk{discovery: d, ctx: ctx, fsys: subject.Root, root: filepath.ToSlash(root), scripts: o.ShellCheck}
		w.folder(".", outerIgnores(ctx, root, o), 0)
		if ctx.Err() != nil {
			return nil, open, ctx.Err()
		}
	}
	return d, open, nil
}

// named takes in a file that the user named. Its folder is opened too, since
// the rules ask what else is in it.
func (d *discovery) named(ctx context.Context, alone fs.FS, root, base string, o *Options, open *[]closer) {
	c := candidate{root: alone, file: base, name: path.Join(root, base), form: formOf(base), named: true}
	if folder, err := source.Open(ctx, "dir:"+root, &o.Source); err == nil {
		*open = append(*open, folder)
		if info, err := fs.Stat(folder.Root, base); err == nil && info.Mode().IsRegular() {
			c.root = folder.Root
		}
	}
	if c.root == alone {
		entries, err := fs.ReadDir(alone, ".")
		if err == nil && len(entries) == 1 {
			c.file = entries[0].Name()
		}
	}
	d.add(c)
}

func (d *discovery) add(c candidate) {
	if d.seen[c.name] {
		return
	}
	if len(d.files) >= maxFiles {
		if !d.full {
			d.full = true
			d.gaps = append(d.gaps, boltseal.Gap{Kind: "limit", What: "files behind " + c.name,
				Why: fmt.Sprintf("more than %d files that may be ones to check", maxFiles), Hint: "lint parts of the tree by themselves"})
		}
		return
	}
	d.seen[c.name] = true
	d.files = append(d.files, c)
}

// formOf goes by a file's name.
func formOf(name string) form {
	if IsDockerfile(name) {
		return formDockerfile
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".yaml", ".yml", ".json":
		return formData
	case ".md", ".markdown", ".mdx":
		return formMarkdown
	case ".sh", ".bash", ".dash", ".ksh":
		return formScript
	}
	return formOther
}

// walk goes through one tree.
type walk struct {
	*discovery
	ctx  context.Context
	fsys fs.FS
	root string // the tree's name as the user wrote it

	scripts bool // shell scripts are wanted too
}

func (w *walk) name(file string) string { return path.Join(w.root, file) }

func (w *walk) folder(dir string, ignores []*ignoreFile, depth int) {
	if w.ctx.Err() != nil {
		return
	}
	entries, err := fs.ReadDir(w.fsys, dir)
	if err != nil {
		w.gaps = append(w.gaps, unreadable(w.name(dir), err))
		return
	}
	if depth > maxFolder {
		w.gaps = append(w.gaps, boltseal.Gap{Kind: "limit", What: "folder " + w.name(dir), Why: fmt.Sprintf("it lies more than %d levels deep", maxFolder)})
		return
	}
	for _, e := range entries {
		if e.Name() == ".gitignore" && e.Type().IsRegular() {
			ignores = append(slices.Clip(ignores), w.ignores(dir, path.Join(dir, e.Name()))...)
		}
		if strings.EqualFold(e.Name(), "Chart.yaml") {
			w.charts = append(w.charts, w.name(dir))
		}
	}
	for _, e := range entries {
		file := path.Join(dir, e.Name())
		switch {
		case ignored(ignores, file, e.IsDir()):
		case e.IsDir():
			if !passedOver(e.Name()) {
				w.folder(file, ignores, depth+1)
			}
		case e.Type().IsRegular():
			if f := formOf(e.Name()); f != formOther && (f != formScript || w.scripts) {
				w.add(candidate{root: w.fsys, file: file, name: w.name(file), form: f})
			}
		case e.Type()&fs.ModeSymlink != 0:
			w.link(file)
		case formOf(e.Name()) == formDockerfile:
			w.gaps = append(w.gaps, unreadable(w.name(file), errors.New("it is no regular file")))
		}
	}
}

// link looks at a symbolic link. One to a folder is not followed: what lies
// in the tree is found there. One to a file is read unless the file is found
// by its own name.
func (w *walk) link(file string) {
	f := formOf(path.Base(file))
	if f == formOther || f == formScript {
		return
	}
	info, err := fs.Stat(w.fsys, file)
	switch {
	case err != nil && f == formDockerfile:
		w.gaps = append(w.gaps, unreadable(w.name(file), fmt.Errorf("the link leads nowhere, or out of %s: %w", w.root, err)))
	case err != nil || !info.Mode().IsRegular():
	case !w.foundItself(file):
		w.add(candidate{root: w.fsys, file: file, name: w.name(file), form: f})
	}
}

func (w *walk) foundItself(file string) bool {
	links, ok := w.fsys.(fs.ReadLinkFS)
	if !ok {
		return false
	}
	target, err := links.ReadLink(file)
	return err == nil && !path.IsAbs(target) && formOf(path.Base(target)) != formOther
}

func (w *walk) ignores(dir, file string) []*ignoreFile {
	content, err := readSource(w.fsys, file, maxSource)
	if err != nil {
		w.gaps = append(w.gaps, unreadable(w.name(file), err))
		return nil
	}
	return []*ignoreFile{parseIgnore(strings.TrimPrefix(dir, "."), "", content)}
}

// outerIgnores are the .gitignore files of the folders above a root that
// belong to the same repository, outermost first.
func outerIgnores(ctx context.Context, root string, o *Options) []*ignoreFile {
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil
	}
	var out []*ignoreFile
	below := ""
	for dir := abs; len(out) < maxFolder; {
		subject, err := source.Open(ctx, "dir:"+dir, &o.Source)
		if err != nil {
			return nil
		}
		if dir != abs {
			if content, err := readSource(subject.Root, ".gitignore", maxSource); err == nil {
				out = append(out, parseIgnore("", below, content))
			}
		}
		_, err = fs.Stat(subject.Root, ".git")
		top := err == nil
		if exclude, err := readSource(subject.Root, ".git/info/exclude", maxSource); err == nil && top {
			out = append(out, parseIgnore("", below, exclude))
		}
		if err := subject.Close(); err != nil {
			return nil
		}
		if top {
			slices.Reverse(out)
			return out
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil // no repository
		}
		below = path.Join(filepath.Base(dir), below)
		dir = parent
	}
	return nil
}

func unreadable(name string, err error) boltseal.Gap {
	return boltseal.Gap{Kind: "unreadable-file", What: "file " + name, Why: err.Error()}
}

// passedOver are folders that hold what others wrote.
func passedOver(name string) bool {
	return name == "node_modules" || name == "vendor" || len(name) > 1 && name[0] == '.' && name != ".github" && name != ".devcontainer"
}

// notDockerfiles are the ends of names such as dockerfile.go: files about
// Dockerfiles.
var notDockerfiles = []string{
	".dockerignore", ".go", ".md", ".markdown", ".rst", ".adoc", ".html", ".js", ".mjs", ".ts", ".tsx", ".jsx", ".py", ".rb", ".rs", ".java", ".kt", ".cs",
	".c", ".h", ".cc", ".cpp", ".php", ".pl", ".lua", ".sh", ".json", ".yaml", ".yml", ".toml", ".xml", ".svg", ".png", ".snap", ".lock", ".sum", ".vim", ".el",
}

// IsDockerfile tells by its name whether a file is a Dockerfile.
func IsDockerfile(name string) bool {
	lower := strings.ToLower(name)
	for _, word := range []string{"dockerfile", "containerfile"} {
		if lower == word || strings.HasPrefix(lower, word+".") || strings.HasSuffix(lower, "."+word) {
			return !slices.Contains(notDockerfiles, path.Ext(lower))
		}
	}
	return false
}

var errNotText = errors.New("it is not text")

type tooLargeError struct{ limit int }

func (e tooLargeError) Error() string {
	return fmt.Sprintf("it is larger than %d bytes, and nobody wrote that", e.limit)
}

// readSource reads a text file of at most limit bytes.
func readSource(fsys fs.FS, name string, limit int) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var content []byte
	if info, err := f.Stat(); err == nil && info.Size() > 0 && info.Size() <= int64(limit) {
		content = make([]byte, 0, info.Size()+1)
	}
	buf := bytes.NewBuffer(content)
	if _, err := io.Copy(buf, io.LimitReader(f, int64(limit)+1)); err != nil {
		return nil, err
	}
	content = buf.Bytes()
	if len(content) > limit {
		return content[:limit], tooLargeError{limit}
	}
	if bytes.IndexByte(content, 0) >= 0 {
		return nil, errNotText
	}
	return content, nil
}
