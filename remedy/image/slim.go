package image

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/layer"
)

// SlimOptions say what a smaller image must hold beside what its program needs.
type SlimOptions struct {
	Keep     []string // paths and patterns (path.Match); folders with all that is in them
	Used     []string // files that a run of the image used, as boltseal learn records them
	KeepUser bool     // run as root if the image does
	Epoch    time.Time
	TempDir  string
	Author   string
}

// Slimmed is a smaller image and what it took to know it.
type Slimmed struct {
	Image    *Image
	Kept     []Kept // what it holds, by path
	Packages int    // that own something that is kept
	Left     int    // files that are left out
	LeftSize int64
	Gaps     []boltseal.Gap
	Notes    []string
}

// Kept is a file of the smaller image, and why it is there.
type Kept struct {
	Path string `json:"path"`
	Why  string `json:"why"`
}

// always are files that programs expect without naming them, and folders with
// everything in them.
var always = []string{
	"etc/passwd", "etc/group", "etc/nsswitch.conf", "etc/hosts", "etc/services", "etc/protocols", "etc/host.conf", "etc/gai.conf",
	"etc/os-release", "usr/lib/os-release", "etc/debian_version", "etc/alpine-release", "etc/redhat-release", "etc/ld.so.cache", "etc/ld.so.conf",
	"etc/localtime", "etc/timezone", "etc/mime.types", "etc/ssl/openssl.cnf", "usr/lib/ssl/openssl.cnf", "etc/pki/tls/openssl.cnf",
	"etc/shadow", "etc/gshadow",
}

var alwaysAll = []string{
	"etc/ssl/certs", "etc/pki/ca-trust/extracted", "etc/pki/tls/certs", "usr/share/ca-certificates", "usr/local/share/ca-certificates",
	"etc/ld.so.conf.d", "usr/share/zoneinfo", "usr/lib/locale/C.utf8", "usr/lib/locale/C.UTF-8", "etc/crypto-policies",
}

var alwaysDirs = []string{"tmp", "var/tmp", "run", "var/run", "home", "root", "proc", "sys", "dev", "etc", "usr/bin", "var/log", "var/cache"}

// Slim makes an image that holds what the program of another one needs, and
// nothing else: the static closure of its entry point, what a run used, and
// what the caller names. Packages of which something is kept stay known, so
// that scanners stay right. The subject's files must hold their content.
func Slim(ctx context.Context, s *source.Subject, files *layer.FS, o *SlimOptions) (*Slimmed, error) {
	i, err := From(s)
	if err != nil {
		return nil, err
	}
	config := &i.Config.Config
	words := slices.Concat(config.Entrypoint, config.Cmd)
	if len(words) == 0 && len(o.Keep) == 0 && len(o.Used) == 0 {
		return nil, fmt.Errorf("%s has no entry point and no command: name what it needs with --keep", s.Artifact.Name)
	}
	c := newClosure(files, config.Env, config.WorkingDir)
	if len(words) > 0 && c.command(words[0], "the entry point") == "" {
		c.gaps = append(c.gaps, boltseal.Gap{Kind: "entrypoint", What: words[0], Why: "the image has no such program", Hint: "name what it needs with --keep"})
	}
	c.roots(words, healthcheck(config.Healthcheck), slices.Sorted(maps.Keys(config.Volumes)), o)
	if len(config.Entrypoint) > 0 {
		c.argv(config.Cmd, "the command") // entry points hand over to it
	}
	c.run()
	out := &Slimmed{Gaps: c.settled()}
	meta, packages, notes := packageRecords(files, c.kept)
	out.Packages, out.Notes = packages, notes
	entries, err := c.entries(files, meta)
	if err != nil {
		return nil, err
	}
	entries = out.user(i, entries, files, o)
	l, err := NewLayer(ctx, entries, o.TempDir, o.Epoch)
	if err != nil {
		return nil, err
	}
	i.Replace([]Layer{l}, []string{o.Author})
	out.Image = i
	for name, info := range files.Files() {
		if _, ok := c.kept[name]; !ok && info.Mode().IsRegular() {
			out.Left++
			out.LeftSize += info.Size()
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.kept)) {
		out.Kept = append(out.Kept, Kept{name, c.kept[name]})
	}
	return out, nil
}

// healthcheck is the command of a health check.
func healthcheck(h *v1.HealthConfig) []string {
	if h == nil || len(h.Test) < 2 {
		return nil
	}
	switch h.Test[0] {
	case "CMD":
		return h.Test[1:]
	case "CMD-SHELL":
		return []string{"/bin/sh", "-c", h.Test[1]}
	}
	return nil
}

func environment(list []string) map[string]string {
	env := map[string]string{"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	for _, line := range list {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	return env
}

// roots are what the closure starts from.
func (c *closure) roots(words, health, volumes []string, o *SlimOptions) {
	c.argv(words, "the entry point")
	if len(health) > 0 {
		c.argv(health, "the health check")
	}
	if work := strings.Trim(path.Clean("/"+c.work), "/"); work != "" {
		if at := c.resolve(work); at != "" && !isSystem(at) {
			c.keepAll(work, "the working directory", nil)
		} else {
			c.walk(work, "the working directory")
		}
	}
	for _, v := range volumes {
		c.keepAll(v, "a volume", nil)
	}
	for _, name := range slices.Sorted(maps.Keys(c.env)) {
		if value := c.env[name]; strings.HasPrefix(value, "/") && !strings.Contains(value, ":") && name != "HOME" && name != "OLDPWD" {
			c.argument(value, "the variable "+name)
		}
	}
	for _, name := range always {
		c.keep(name, "expected by programs")
	}
	for _, name := range alwaysAll {
		c.keepAll(name, "expected by programs", nil)
	}
	for _, name := range alwaysDirs {
		c.walk(name, "expected by programs")
	}
	for _, name := range o.Used {
		c.keep(name, "used when it ran")
	}
	for _, pattern := range o.Keep {
		pattern = strings.TrimPrefix(path.Clean("/"+pattern), "/")
		matches, err := fs.Glob(c.tree, pattern)
		if err != nil || len(matches) == 0 {
			c.gaps = append(c.gaps, boltseal.Gap{Kind: "keep", What: "/" + pattern, Why: "the image has nothing of that name"})
		}
		for _, m := range matches {
			c.keepAll(m, "asked for", nil)
		}
	}
}

// settled are the gaps, each library once, and none for a library that is kept
// for another file: a process loads it once.
func (c *closure) settled() []boltseal.Gap {
	bases := map[string]bool{}
	for name := range c.kept {
		bases[path.Base(name)] = true
	}
	said := map[string]bool{}
	return slices.DeleteFunc(c.gaps, func(g boltseal.Gap) bool {
		if g.Kind != "library" {
			return false
		}
		if bases[g.What] || said[g.What] {
			return true
		}
		said[g.What] = true
		return false
	})
}

// entries makes the layer's files: what is kept, with its owners and modes,
// and the packages' records.
func (c *closure) entries(files *layer.FS, meta []File) ([]File, error) {
	out := slices.Clone(meta)
	for _, m := range meta {
		delete(c.kept, m.Name)
	}
	for name := range c.kept {
		info, err := files.Lstat(name)
		if err != nil {
			return nil, err
		}
		f, err := entryOf(files, name, info)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	for _, m := range meta {
		c.kept[m.Name] = "what is known of the packages"
	}
	return out, nil
}

// entryOf is a file of an image as an entry of a new layer.
func entryOf(files *layer.FS, name string, info fs.FileInfo) (File, error) {
	f := File{Name: name, Mode: info.Mode(), ModTime: info.ModTime(), Size: info.Size()}
	if attr, ok := info.Sys().(*layer.Attr); ok {
		f.UID, f.GID, f.Device = int(attr.UID), int(attr.GID), attr.Device
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		to, err := files.ReadLink(name)
		if err != nil {
			return f, err
		}
		f.Link, f.Size = to, 0
	case info.Mode().IsRegular():
		f.Open = func() (io.ReadCloser, error) { return files.Open(name) }
	default:
		f.Size = 0
	}
	return f, nil
}

// user makes an image that ran as root run as nobody, with an entry in the
// accounts, and gives it the folders that it may write to.
func (out *Slimmed) user(i *Image, entries []File, files *layer.FS, o *SlimOptions) []File {
	name, _, _ := strings.Cut(i.Config.Config.User, ":")
	if o.KeepUser || name != "" && name != "0" && name != "root" {
		return entries
	}
	i.Config.Config.User = fmt.Sprintf("%d:%d", nobody, nobody)
	out.Notes = append(out.Notes, fmt.Sprintf("it runs as %d now, and ran as root (--keep-user leaves that)", nobody))
	account := "nonroot:x:" + strconv.Itoa(nobody) + ":" + strconv.Itoa(nobody) + ":nonroot:/home/nonroot:/sbin/nologin\n"
	for name, line := range map[string]string{"etc/passwd": account, "etc/group": "nonroot:x:" + strconv.Itoa(nobody) + ":\n"} {
		data, err := files.ReadFile(name)
		if err != nil {
			data = nil
		}
		if strings.Contains(string(data), ":"+strconv.Itoa(nobody)+":") {
			continue
		}
		entries = slices.DeleteFunc(entries, func(f File) bool { return f.Name == name })
		f := Bytes(name, 0o644, append(data, line...))
		f.ModTime = o.Epoch
		entries = append(entries, f)
	}
	if !slices.ContainsFunc(entries, func(f File) bool { return f.Name == "home/nonroot" }) {
		entries = append(entries, File{Name: "home/nonroot", Mode: fs.ModeDir | 0o700, UID: nobody, GID: nobody, ModTime: o.Epoch})
	}
	for v := range i.Config.Config.Volumes {
		at := strings.Trim(path.Clean("/"+v), "/")
		for n := range entries {
			if entries[n].Name == at || strings.HasPrefix(entries[n].Name, at+"/") {
				entries[n].UID, entries[n].GID = nobody, nobody
			}
		}
	}
	return entries
}
