package scan

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/boltseal/boltseal"
)

// Limits on what is listed of a build context: rules ask for what lies at the
// top of it.
const (
	contextLevels  = 2
	contextEntries = 1000
)

// contexts are the folders of Dockerfiles, each listed once.
type contexts struct {
	mu    sync.Mutex
	lists map[contextKey]*contextList
}

type contextKey struct {
	root fs.FS
	dir  string
}

type contextList struct {
	once    sync.Once
	entries []string
}

// list is what lies in a folder, and at the top of its folders.
func (k *contexts) list(root fs.FS, dir string) []string {
	k.mu.Lock()
	l := k.lists[contextKey{root, dir}]
	if l == nil {
		if k.lists == nil {
			k.lists = map[contextKey]*contextList{}
		}
		l = &contextList{}
		k.lists[contextKey{root, dir}] = l
	}
	k.mu.Unlock()
	l.once.Do(func() { l.entries = listContext(root, dir, "", nil, contextLevels) })
	return l.entries
}

// buildContext lists the folder of a Dockerfile, which is what the builder
// most often gets, and reads what its .dockerignore keeps out.
func (l *linter) buildContext(c candidate) (entries []string, keptOut func(string) bool, gaps []boltseal.Gap) {
	dir := path.Dir(c.file)
	entries = l.contexts.list(c.root, dir)
	// A file of the Dockerfile's own comes first (docs.docker.com, "build
	// context", .dockerignore).
	for _, name := range []string{c.file + ".dockerignore", path.Join(dir, ".dockerignore")} {
		if _, err := fs.Stat(c.root, name); err != nil {
			continue
		}
		m, err := readDockerignore(c.root, name)
		if err != nil {
			gaps = append(gaps, unreadable(path.Join(path.Dir(c.name), path.Base(name)), err))
			return nil, nil, gaps
		}
		return entries, m, nil
	}
	return entries, nil, nil
}

func readDockerignore(fsys fs.FS, name string) (func(string) bool, error) {
	content, err := readSource(fsys, name, maxSource)
	if err != nil {
		return nil, err
	}
	patterns, err := ignorefile.ReadAll(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	if len(patterns) > maxIgnoreLines {
		return nil, fmt.Errorf("more than %d patterns", maxIgnoreLines)
	}
	m, err := patternmatcher.New(patterns)
	if err != nil {
		return nil, err
	}
	return func(name string) bool {
		out, err := m.MatchesOrParentMatches(strings.TrimSuffix(name, "/"))
		return err == nil && out
	}, nil
}

func listContext(fsys fs.FS, dir, prefix string, list []string, levels int) []string {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return list // whoever may not see it cannot build with it either
	}
	for _, e := range entries {
		if len(list) >= contextEntries {
			break
		}
		name := prefix + e.Name()
		list = append(list, name)
		if e.IsDir() && levels > 1 && !passedOver(e.Name()) {
			list = listContext(fsys, path.Join(dir, e.Name()), name+"/", list, levels-1)
		}
	}
	return list
}
