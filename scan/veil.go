package scan

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sync"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/source"
)

// ignoreName is the file in a folder's root that lists, as .gitignore does,
// what boltseal shall leave out: test data that is wrong on purpose, examples.
const ignoreName = ".boltsealignore"

// veil hides what a folder's .boltsealignore lists from everything that reads
// the folder. It returns what to say about that in the report, because
// leaving out is never silent.
func veil(subject *source.Subject) (note func() string) {
	nothing := func() string { return "" }
	if subject.Artifact.Kind != boltseal.KindDirectory || subject.Root == nil {
		return nothing
	}
	content, err := readSource(subject.Root, ignoreName, maxSource)
	if err != nil {
		return nothing
	}
	v := &veiled{FS: subject.Root, ignores: []*ignoreFile{parseIgnore("", "", content)}, hidden: map[string]bool{}}
	subject.Root = v
	return func() string {
		v.mu.Lock()
		defer v.mu.Unlock()
		if len(v.hidden) == 0 {
			return ""
		}
		return fmt.Sprintf("%d files and folders", len(v.hidden)) + leftOutBy
	}
}

const leftOutBy = " left out by " + ignoreName

// say adds what was left out to the reasons of a verdict, each once.
func say(report *boltseal.Report, notes ...func() string) {
	for _, note := range notes {
		if text := note(); text != "" && !slices.Contains(report.Verdict.Reasons, text) {
			report.Verdict.Reasons = append(report.Verdict.Reasons, text)
		}
	}
}

type veiled struct {
	fs.FS
	ignores []*ignoreFile

	mu     sync.Mutex
	hidden map[string]bool
}

// hides tells whether a path, or a folder that it lies in, is left out.
func (v *veiled) hides(name string) bool {
	for at := name; at != "." && at != "/"; at = path.Dir(at) {
		if ignored(v.ignores, at, at != name) {
			return true
		}
	}
	return false
}

func (v *veiled) check(op, name string) error {
	if v.hides(name) {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return nil
}

// Open implements [fs.FS].
func (v *veiled) Open(name string) (fs.File, error) {
	if err := v.check("open", name); err != nil {
		return nil, err
	}
	return v.FS.Open(name)
}

// ReadDir implements [fs.ReadDirFS].
func (v *veiled) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := v.check("readdir", name); err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(v.FS, name)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		file := path.Join(name, e.Name())
		if !ignored(v.ignores, file, e.IsDir()) {
			return false
		}
		v.mu.Lock()
		v.hidden[file] = true
		v.mu.Unlock()
		return true
	}), err
}

// Stat implements [fs.StatFS].
func (v *veiled) Stat(name string) (fs.FileInfo, error) {
	if err := v.check("stat", name); err != nil {
		return nil, err
	}
	return fs.Stat(v.FS, name)
}

// ReadLink implements [fs.ReadLinkFS].
func (v *veiled) ReadLink(name string) (string, error) {
	if err := v.check("readlink", name); err != nil {
		return "", err
	}
	return fs.ReadLink(v.FS, name)
}

// Lstat implements [fs.ReadLinkFS].
func (v *veiled) Lstat(name string) (fs.FileInfo, error) {
	if err := v.check("lstat", name); err != nil {
		return nil, err
	}
	return fs.Lstat(v.FS, name)
}
