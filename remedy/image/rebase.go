package image

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/layer"
)

// Rebased is an image on another base.
type Rebased struct {
	Image   *Image
	Layers  int      // of the application, that were carried over
	Reasons []string // why it may not run, worst first; empty when nothing speaks against it
}

// Rebase puts the layers that an image has beyond its old base on a new one.
// The lowest layers of the image have to be the old base's. App and base are
// the files of the image and of the new base, with etc/os-release kept: what
// the application's layers replace of the system, and another system beneath,
// are reasons against it, which the caller decides about.
func Rebase(img, oldBase, newBase *source.Subject, app, base *layer.FS) (*Rebased, error) {
	i, err := From(img)
	if err != nil {
		return nil, err
	}
	before, err := From(oldBase)
	if err != nil {
		return nil, err
	}
	after, err := From(newBase)
	if err != nil {
		return nil, err
	}
	if err := isBase(before, i); err != nil {
		return nil, fmt.Errorf("%s was not built on %s: %w", img.Artifact.Name, oldBase.Artifact.Name, err)
	}
	if i.Platform() != after.Platform() {
		return nil, fmt.Errorf("%s is for %s, and %s for %s", img.Artifact.Name, i.Platform(), newBase.Artifact.Name, after.Platform())
	}
	own := len(before.Layers)
	out := &Rebased{Layers: len(i.Layers) - own, Reasons: against(app, base, own)}
	steps := i.Config.History
	config := merge(&i.Config, &before.Config, &after.Config)
	out.Image = &Image{Config: *config, Layers: after.Layers, Annotations: i.Annotations}
	out.Image.Config.RootFS = v1.RootFS{Type: "layers", DiffIDs: slices.Clone(after.Config.RootFS.DiffIDs)}
	out.Image.Config.History = append(slices.Clone(after.Config.History), beyond(steps, own)...)
	for _, l := range i.Layers[own:] {
		out.Image.Layers = append(out.Image.Layers, l)
		out.Image.Config.RootFS.DiffIDs = append(out.Image.Config.RootFS.DiffIDs, hashOf(l.DiffID))
	}
	return out, nil
}

// isBase tells whether an image begins with another one's layers.
func isBase(base, i *Image) error {
	if len(base.Layers) >= len(i.Layers) {
		return errors.New("it has no layers beyond those")
	}
	for n := range base.Layers {
		if base.Layers[n].DiffID != i.Layers[n].DiffID {
			return fmt.Errorf("layer %d is another one", n+1)
		}
	}
	return nil
}

// beyond are the lines of history after those of so many layers.
func beyond(history []v1.History, layers int) []v1.History {
	for n, h := range history {
		if layers == 0 {
			return history[n:]
		}
		if !h.EmptyLayer {
			layers--
		}
	}
	return nil
}

// merge is the image's configuration, with what it took over from its old base
// as the new base has it.
func merge(i, before, after *v1.ConfigFile) *v1.ConfigFile {
	out := *i
	c, b, a := &out.Config, &before.Config, &after.Config
	var env []string
	mine := environmentOf(c.Env)
	for _, line := range a.Env {
		name, _, _ := strings.Cut(line, "=")
		if value, ok := mine[name]; ok && value != environmentOf(b.Env)[name] {
			continue // the image's own comes below
		}
		env = append(env, line)
	}
	for _, line := range c.Env {
		if !slices.Contains(b.Env, line) {
			env = append(env, line)
		}
	}
	c.Env = env
	if slices.Equal(c.Entrypoint, b.Entrypoint) {
		c.Entrypoint = a.Entrypoint
	}
	if slices.Equal(c.Cmd, b.Cmd) {
		c.Cmd = a.Cmd
	}
	if c.User == b.User {
		c.User = a.User
	}
	if c.WorkingDir == b.WorkingDir {
		c.WorkingDir = a.WorkingDir
	}
	return &out
}

func environmentOf(list []string) map[string]string {
	out := map[string]string{}
	for _, line := range list {
		name, value, _ := strings.Cut(line, "=")
		out[name] = value
	}
	return out
}

// records are the lists of installed packages: an application's layer that has
// its own copy hides the new base's.
var records = []string{"var/lib/dpkg/status", "lib/apk/db/installed", "usr/lib/apk/db/installed", "var/lib/rpm/rpmdb.sqlite", "var/lib/rpm/Packages", "usr/lib/sysimage/rpm/rpmdb.sqlite"}

// against lists what speaks against an image on another base.
func against(app, base *layer.FS, own int) []string {
	var reasons []string
	was, will := osRelease(app), osRelease(base)
	if was["ID"] != will["ID"] {
		reasons = append(reasons, fmt.Sprintf("the base is another system: %s instead of %s", name(will), name(was)))
	} else if was["VERSION_ID"] != will["VERSION_ID"] {
		reasons = append(reasons, fmt.Sprintf("the base is another release: %s instead of %s; libraries may differ", name(will), name(was)))
	}
	for _, r := range records {
		if n, ok := app.LayerOf(r); ok && n >= own {
			reasons = append(reasons, fmt.Sprintf("layer %d installs packages: its /%s would hide the new base's, and describe the old one", n+1, r))
		}
	}
	count, example := 0, ""
	for f, info := range app.Files() {
		n, ok := app.LayerOf(f)
		if !ok || n < own || !info.Mode().IsRegular() {
			continue
		}
		if _, err := base.Lstat(f); err == nil && isLibrary(f) {
			if count++; example == "" {
				example = f
			}
		}
	}
	if count > 0 {
		reasons = append(reasons, fmt.Sprintf("%d files of the system are replaced by the application's layers, as /%s", count, example))
	}
	return reasons
}

func name(release map[string]string) string {
	return strings.TrimSpace(release["ID"] + " " + release["VERSION_ID"])
}

// isLibrary holds for files that programs of the system share.
func isLibrary(name string) bool {
	for _, dir := range []string{"lib/", "lib64/", "usr/lib/", "usr/lib64/", "bin/", "sbin/", "usr/bin/", "usr/sbin/"} {
		if strings.HasPrefix(name, dir) {
			return true
		}
	}
	return false
}

// osRelease reads what system a tree is (os-release(5)).
func osRelease(files *layer.FS) map[string]string {
	out := map[string]string{}
	for _, f := range []string{"etc/os-release", "usr/lib/os-release"} {
		data, err := files.ReadFile(f)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
				out[key] = strings.Trim(value, `"'`)
			}
		}
		break
	}
	if out["ID"] == "" {
		out["ID"] = "unknown system"
	}
	return out
}

// RebaseSelect names the files whose content Rebase reads.
func RebaseSelect(f string) bool {
	return path.Base(f) == "os-release"
}
