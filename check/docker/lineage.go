package docker

import (
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal/syntax/dockerfile"
)

// lineage are the stages that one is built of, the lowest first.
func (s *Stage) lineage() []*Stage {
	var out []*Stage
	for ; s != nil; s = s.Base {
		out = append(out, s)
	}
	slices.Reverse(out)
	return out
}

// history gives the instructions of a stage and of those it builds on, in
// the order in which they are carried out.
func (s *Stage) history(names ...string) iter.Seq[*Step] {
	return func(yield func(*Step) bool) {
		for _, stage := range s.lineage() {
			for step := range stage.All(names...) {
				if !yield(step) {
					return
				}
			}
		}
	}
}

// earlier gives what was carried out before an instruction. It walks through
// all of that: a rule that asks for many instructions finds it in their past.
func (s *Step) earlier() iter.Seq[*Step] {
	return func(yield func(*Step) bool) {
		for step := range s.In.history() {
			if step == s || !yield(step) {
				return
			}
		}
	}
}

// shipped gives the instructions whose layers are in the image that the file
// builds by default.
func (m *Model) shipped(names ...string) iter.Seq[*Step] {
	final := m.Final()
	if final == nil {
		return func(func(*Step) bool) {}
	}
	return final.history(names...)
}

// origin is the stage that COPY --from names; nil for the context and for
// images.
func (m *Model) origin(step *Step) *Stage {
	from, ok := step.Flag("from")
	if !ok {
		return nil
	}
	return m.Named(from.Value.Text, step.In.Index)
}

// fromContext tells whether COPY or ADD reads the build context.
func fromContext(step *Step) bool {
	if step.Name != "COPY" && step.Name != "ADD" {
		return false
	}
	_, from := step.Flag("from")
	return !from && len(step.Heredocs) == 0
}

// wholeContext tells whether COPY or ADD takes all of the build context.
func wholeContext(step *Step) bool {
	if !fromContext(step) {
		return false
	}
	for _, source := range sources(step) {
		if source == "." || source == "./" || source == "/" || source == "*" || source == "./*" {
			return true
		}
	}
	return false
}

// target is the absolute path of a destination or a path in a RUN, empty if
// it is not known.
func (s *State) target(name string, escape byte) string {
	name, known := s.Vars.Expand(dockerfile.Unquote(name, escape), escape)
	switch {
	case !known || name == "" || strings.HasPrefix(name, "~"):
		return ""
	case path.IsAbs(name):
		return path.Clean(name)
	case s.Workdir == "":
		return ""
	}
	return path.Join(s.Workdir, name)
}

// lands are the absolute paths that a COPY or ADD writes. A source without a
// known kind may be a file or a folder: a folder's content lands in the
// destination itself, so that is among the paths.
func (m *Model) lands(step *Step) []string {
	to := destination(step)
	dir := step.State.target(to, m.File.Escape)
	if dir == "" {
		return nil
	}
	out := []string{dir}
	for _, source := range sources(step) {
		if name := path.Base(source); name != "." && name != "/" && !strings.ContainsAny(name, "*?[$") {
			out = append(out, path.Join(dir, name))
		}
	}
	return out
}

// within tells whether name is dir or below it.
func within(name, dir string) bool {
	return name == dir || dir == "/" || strings.HasPrefix(name, strings.TrimSuffix(dir, "/")+"/")
}

// runtimeUser is the user that the image's process runs as, empty for root.
func (m *Model) runtimeUser(s *Stage) string {
	end := s.End()
	user := end.User
	if end.UserAt == nil {
		user = s.BaseImage().User
	}
	if isRoot(user) {
		return ""
	}
	return user
}

// bringsTree tells whether what is copied to / may be a tree with folders of
// the system; one file with a plain name is a program of its own.
func bringsTree(step *Step) bool {
	if _, from := step.Flag("from"); from {
		return true
	}
	for _, source := range sources(step) {
		name := strings.ToLower(path.Base(source))
		if name == "." || name == "/" || strings.HasSuffix(source, "/") || strings.ContainsAny(source, "*?$") || isArchive(source) || strings.Contains(name, "root") || strings.HasSuffix(name, "fs") || name == "overlay" || name == "files" || name == "usr" || name == "bin" {
			return true
		}
	}
	return false
}
