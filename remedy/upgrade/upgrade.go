// Package upgrade plans and makes upgrades of the components that a project's
// lock files fix: which versions clear the findings, and how the file comes to
// name them. An ecosystem's own resolver does it where the user lets it run;
// without one, a file is edited where that is provably right, and left alone
// where it is not.
//
// Nothing is written into the project: Make gives the new bytes of files, and
// its caller proves them by scanning them before it writes any.
package upgrade

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/tool"
	"github.com/boltseal/boltseal/version"
)

// Need is a component that has to get another version.
type Need struct {
	PURL   string   `json:"purl"`
	Name   string   `json:"name"`
	From   string   `json:"from"`
	To     string   `json:"to"`
	Direct bool     `json:"direct,omitempty"`
	Dev    bool     `json:"dev,omitempty"`
	Score  int      `json:"score"`  // the highest of its findings
	Clears []string `json:"clears"` // advisories
}

// Step is what has to happen to one file.
type Step struct {
	File    string `json:"file"` // in the project, slash-separated
	Manager string `json:"manager"`
	Needs   []Need `json:"needs"`
	// Tool is the program that can do it, and Commands what it would be
	// started with. Both are empty where the file is edited.
	Tool     string     `json:"tool,omitempty"`
	Commands [][]string `json:"commands,omitempty"`
	manager  *manager
}

// manager is one way to fix components in files. Each is an entry in a file of
// this package.
type manager struct {
	name   string
	types  []string // purl types
	locks  []string // names of the files that components are found in, path.Match patterns
	beside []string // what the resolver reads beside them, patterns in the same folder
	tool   string

	// commands are what the resolver is started with, in the file's folder.
	commands func(lock string, needs []Need) [][]string
	env      []string

	// edit changes a file where that is provably right, and says what is left.
	edit func(content []byte, needs []Need) (changed []byte, left []Left)
}

// Left is a need that could not be met.
type Left struct {
	Need
	Why string `json:"why"`
}

var managers []*manager

func add(m manager) *manager {
	managers = append(managers, &m)
	return &m
}

// Plan lists what would clear a report's findings: the files by their paths,
// and in each the components with the version that clears most. What no
// manager can change is left.
func Plan(r *boltseal.Report) (steps []Step, left []Left) {
	type key struct{ file, purl string }
	needs := map[key]*Need{}
	for i := range r.Findings {
		f := &r.Findings[i]
		to := best(f)
		if f.Component == nil || to == "" || f.Waived != nil {
			continue
		}
		for _, l := range f.Component.Locations {
			k := key{l.File, f.Component.PURL}
			n := needs[k]
			if n == nil {
				n = &Need{PURL: f.Component.PURL, Name: f.Component.Name, From: f.Component.Version, To: to, Direct: f.Component.Direct, Dev: f.Component.Dev}
				needs[k] = n
			}
			if less(f.Component.PURL, n.To, to) {
				n.To = to
			}
			n.Score = max(n.Score, f.Score)
			if f.Advisory != nil && !slices.Contains(n.Clears, f.Advisory.ID) {
				n.Clears = append(n.Clears, f.Advisory.ID)
			}
		}
	}
	byFile := map[string]*Step{}
	for k, n := range needs {
		slices.Sort(n.Clears)
		m := managerOf(k.file, k.purl)
		if m == nil {
			left = append(left, Left{*n, "nothing is known to change " + k.file})
			continue
		}
		s := byFile[k.file]
		if s == nil {
			s = &Step{File: k.file, Manager: m.name, Tool: m.tool, manager: m}
			byFile[k.file] = s
		}
		s.Needs = append(s.Needs, *n)
	}
	for _, s := range byFile {
		slices.SortFunc(s.Needs, func(a, b Need) int {
			return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.PURL, b.PURL))
		})
		if s.manager.commands != nil {
			s.Commands = s.manager.commands(path.Base(s.File), s.Needs)
		}
		steps = append(steps, *s)
	}
	slices.SortFunc(steps, func(a, b Step) int { return strings.Compare(a.File, b.File) })
	slices.SortFunc(left, func(a, b Left) int { return cmp.Or(strings.Compare(a.PURL, b.PURL), strings.Compare(a.Why, b.Why)) })
	return steps, left
}

// best is the version that clears most of a finding's component's findings:
// that of its last fix.
func best(f *boltseal.Finding) string {
	for _, fix := range slices.Backward(f.Fixes) {
		if fix.Upgrade != nil {
			return fix.Upgrade.To
		}
	}
	return ""
}

// less orders versions as the component's ecosystem does.
func less(purl, a, b string) bool {
	p, err := boltseal.ParsePURL(purl)
	if err != nil {
		return false
	}
	ecosystem := map[string]string{"npm": "npm", "golang": "Go", "pypi": "PyPI", "cargo": "crates.io", "maven": "Maven", "composer": "Packagist", "gem": "RubyGems", "nuget": "NuGet"}[p.Type]
	scheme, ok := version.ForEcosystem(ecosystem)
	return ok && scheme.Compare(a, b) < 0
}

func managerOf(file, purl string) *manager {
	p, err := boltseal.ParsePURL(purl)
	if err != nil {
		return nil
	}
	for _, m := range managers {
		if slices.Contains(m.types, p.Type) && slices.ContainsFunc(m.locks, func(pattern string) bool {
			ok, err := path.Match(pattern, path.Base(file))
			return ok && err == nil
		}) {
			return m
		}
	}
	return nil
}

// Options say how steps are made.
type Options struct {
	Tools   bool // resolvers may be started
	TempDir string
}

// ErrTool is returned by Make for a step that needs a program which may not be
// started, or is not there.
var ErrTool = errors.New("its resolver has to run")

// Make carries a step out on a copy of the files and gives those that changed,
// by their paths in the project. Root is the project's folder.
func Make(ctx context.Context, s *Step, root string, o *Options) (changed map[string][]byte, left []Left, err error) {
	m := s.manager
	dir := path.Dir(s.File)
	project, err := os.OpenRoot(root)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = project.Close() }()
	content, err := project.ReadFile(filepath.FromSlash(s.File))
	if err != nil {
		return nil, nil, err
	}
	if m.edit != nil {
		out, left := m.edit(content, s.Needs)
		if string(out) == string(content) {
			return nil, left, nil
		}
		return map[string][]byte{s.File: out}, left, nil
	}
	if !o.Tools {
		return nil, nil, fmt.Errorf("%s: %w: %s", s.File, ErrTool, m.tool)
	}
	temp, err := os.MkdirTemp(o.TempDir, "boltseal-upgrade-*")
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = os.RemoveAll(temp) }()
	before, err := copyBeside(project, dir, temp, append([]string{path.Base(s.File)}, m.beside...))
	if err != nil {
		return nil, nil, err
	}
	for _, argv := range s.Commands {
		result, err := tool.Run(ctx, tool.Command{Name: argv[0], Args: argv[1:], Dir: temp, Env: m.env})
		if errors.Is(err, tool.ErrMissing) {
			return nil, nil, fmt.Errorf("%s: %w: %s is not on the PATH", s.File, ErrTool, m.tool)
		}
		if err != nil {
			return nil, nil, err
		}
		if result.Status != 0 {
			return nil, nil, fmt.Errorf("%s ended with status %d: %s", strings.Join(argv, " "), result.Status, lastLines(result.Stderr, result.Stdout))
		}
	}
	changed = map[string][]byte{}
	for name, old := range before {
		now, err := os.ReadFile(filepath.Join(temp, name))
		if err != nil {
			return nil, nil, err
		}
		if string(now) != string(old) {
			changed[path.Join(dir, name)] = now
		}
	}
	return changed, nil, nil
}

// maxFile bounds the files that are copied for a resolver.
const maxFile = 64 << 20

// copyBeside copies the files that a resolver reads.
func copyBeside(project *os.Root, dir, temp string, patterns []string) (map[string][]byte, error) {
	out := map[string][]byte{}
	folder, err := project.Open(filepath.FromSlash(dir))
	if err != nil {
		return nil, err
	}
	defer func() { _ = folder.Close() }()
	entries, err := folder.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || !slices.ContainsFunc(patterns, func(p string) bool { ok, err := path.Match(p, e.Name()); return ok && err == nil }) {
			continue
		}
		if info, err := e.Info(); err != nil || info.Size() > maxFile {
			return nil, errors.Join(err, fmt.Errorf("%s is too large", e.Name()))
		}
		data, err := project.ReadFile(filepath.Join(filepath.FromSlash(dir), e.Name()))
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(temp, e.Name()), data, 0o600); err != nil {
			return nil, err
		}
		out[e.Name()] = data
	}
	return out, nil
}

// lastLines is the end of what a program said.
func lastLines(texts ...[]byte) string {
	for _, text := range texts {
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		if lines[0] != "" {
			return strings.Join(lines[max(0, len(lines)-4):], " / ")
		}
	}
	return "it said nothing"
}
