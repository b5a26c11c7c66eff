package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// maxManifest is more than people write into one file.
const maxManifest = 64 << 20

// manifests are the Kubernetes manifests at and below some paths, and what
// could not be read of them.
type manifests struct {
	files []*manifest.File
	gaps  []boltseal.Gap
}

// readManifests reads YAML and JSON files at and below paths. In folders,
// what holds no Kubernetes objects is passed over; what was named has to.
func readManifests(env *Env, paths []string) (*manifests, error) {
	m := &manifests{}
	for _, path := range paths {
		if path == "-" {
			data, err := io.ReadAll(io.LimitReader(env.Stdin, maxManifest+1))
			if err != nil {
				return nil, fmt.Errorf("read standard input: %w", err)
			}
			m.add("-", data, true)
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, usageError{err}
		}
		if !info.IsDir() {
			m.file(path, true)
			continue
		}
		if err := filepath.WalkDir(path, m.walk(path)); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
	}
	if len(m.files) == 0 && len(m.gaps) == 0 {
		return nil, usagef("%s: no Kubernetes manifest there", strings.Join(paths, " "))
	}
	return m, nil
}

func (m *manifests) walk(root string) fs.WalkDirFunc {
	return func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			m.gap(path, err)
			return nil
		case d.IsDir():
			if path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || d.Name() == "vendor") {
				return fs.SkipDir
			}
			return nil
		case !d.Type().IsRegular():
			return nil
		}
		switch strings.ToLower(filepath.Ext(path)) {
		case ".yaml", ".yml", ".json":
			m.file(path, false)
		}
		return nil
	}
}

func (m *manifests) file(path string, named bool) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no regular file")
	}
	if err == nil && info.Size() > maxManifest {
		err = fmt.Errorf("it is larger than %d bytes", maxManifest)
	}
	if err != nil {
		m.gap(path, err)
		return
	}
	data, err := os.ReadFile(path)
	if err != nil {
		m.gap(path, err)
		return
	}
	m.add(filepath.ToSlash(path), data, named)
}

func (m *manifests) add(name string, data []byte, named bool) {
	if len(data) > maxManifest {
		m.gap(name, fmt.Errorf("it is larger than %d bytes", maxManifest))
		return
	}
	f := manifest.Parse(name, data)
	lost := slices.IndexFunc(f.Errors, func(e manifest.Error) bool { return e.Lost })
	switch {
	case f.Kind == manifest.Template:
		m.gap(name, errors.New("it is a template: render it first, with helm template"))
		return
	case f.Kind == manifest.Kubernetes:
		m.files = append(m.files, f)
		if lost >= 0 {
			m.gap(name, f.Errors[lost])
		}
	case lost >= 0 && (named || bytes.Contains(data, []byte("apiVersion"))):
		m.gap(name, f.Errors[lost])
	case named:
		m.gap(name, errors.New("it holds no Kubernetes object"))
	}
}

func (m *manifests) gap(name string, err error) {
	m.gaps = append(m.gaps, boltseal.Gap{What: "file " + filepath.ToSlash(name), Why: err.Error(), Kind: "unreadable-file"})
}

// status says what could not be read, and is exit status 3 if there is any.
func (m *manifests) status(env *Env) error {
	slices.SortFunc(m.gaps, boltseal.Gap.Compare)
	for _, g := range m.gaps {
		fmt.Fprintf(env.Stderr, "boltseal: not looked at: %s: %s\n", g.What, g.Why)
	}
	if len(m.gaps) > 0 {
		return status(statusGap)
	}
	return nil
}
