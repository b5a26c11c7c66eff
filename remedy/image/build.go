package image

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/boltseal/boltseal"
)

// Spec says what a new image is made of. It is read from YAML, or filled in
// from flags.
type Spec struct {
	// Files are put into the image, later ones over earlier ones.
	Files []Source `yaml:"files"`

	Platform   string            `yaml:"platform"` // os/arch[/variant]; what an ELF program says when empty
	User       string            `yaml:"user"`     // uid[:gid]; 65532:65532 when empty
	Entrypoint []string          `yaml:"entrypoint"`
	Cmd        []string          `yaml:"cmd"`
	Env        map[string]string `yaml:"env"`
	WorkingDir string            `yaml:"workingDir"`
	Ports      []string          `yaml:"ports"` // 8080, 53/udp
	Volumes    []string          `yaml:"volumes"`
	Labels     map[string]string `yaml:"labels"`
	StopSignal string            `yaml:"stopSignal"`
	Writable   []string          `yaml:"writable"` // directories that the user owns
}

// Source is a file or a folder that is put into the image.
type Source struct {
	From string `yaml:"from"` // a path; symbolic links below it are kept as they are
	To   string `yaml:"to"`   // where it goes; "/" and the name when empty
	Mode string `yaml:"mode"` // permissions in octal, of files; as they are when empty
	User string `yaml:"user"` // uid[:gid]; 0:0 when empty
}

// nobody is the user that images without an own one run as, by the number
// that distroless images made customary.
const nobody = 65532

// BuildOptions say how an image is made.
type BuildOptions struct {
	Epoch   time.Time // of all files and of the image, so that it is the same again
	Author  string    // "boltseal 1.0", for the history
	TempDir string
	Ignore  func(path string, dir bool) bool // paths below folders that stay out; nil keeps all
}

// Build makes an image of files. It has no shell and no package manager, and
// runs as nobody, unless the spec says otherwise.
func Build(ctx context.Context, s *Spec, o *BuildOptions) (*Image, error) {
	b := &builder{spec: s, opts: o, files: map[string]File{}}
	for _, src := range s.Files {
		if err := b.add(src); err != nil {
			return nil, fmt.Errorf("%s: %w", src.From, err)
		}
	}
	if len(b.files) == 0 {
		return nil, errors.New("there is nothing to put into the image")
	}
	if err := b.accounts(); err != nil {
		return nil, err
	}
	platform, err := b.platform()
	if err != nil {
		return nil, err
	}
	i := New(platform)
	if err := b.configure(i); err != nil {
		return nil, err
	}
	files := slices.SortedFunc(maps.Values(b.files), func(x, y File) int { return strings.Compare(x.Name, y.Name) })
	l, err := NewLayer(ctx, files, o.TempDir, o.Epoch)
	if err != nil {
		return nil, err
	}
	i.Add(l, o.Author+": files")
	return i, nil
}

type builder struct {
	spec  *Spec
	opts  *BuildOptions
	files map[string]File
	elf   map[string]bool // architectures of the programs
	first string          // the first program, as the entry point
	one   bool            // it is the only thing that was asked for
}

// add takes one source in.
func (b *builder) add(src Source) error {
	uid, gid, err := parseUser(src.User, 0)
	if err != nil {
		return err
	}
	mode := uint64(0)
	if src.Mode != "" {
		if mode, err = strconv.ParseUint(src.Mode, 8, 9); err != nil {
			return fmt.Errorf("mode %q: want permissions in octal, as 0755", src.Mode)
		}
	}
	info, err := os.Stat(src.From)
	if err != nil {
		return err
	}
	to := src.To
	if !info.IsDir() {
		if to == "" || strings.HasSuffix(to, "/") {
			to += "/" + filepath.Base(src.From)
		}
		b.one = len(b.spec.Files) == 1
		return b.file(src.From, to, info, fs.FileMode(mode), uid, gid)
	}
	root, err := os.OpenRoot(src.From)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	return fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name == "." && (to == "" || to == "/") {
			return nil
		}
		if b.opts.Ignore != nil && name != "." && b.opts.Ignore(name, d.IsDir()) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return b.file(filepath.Join(src.From, filepath.FromSlash(name)), path.Join("/", to, name), info, fs.FileMode(mode), uid, gid)
	})
}

// file takes in one file, link or directory.
func (b *builder) file(from, to string, info fs.FileInfo, mode fs.FileMode, uid, gid int) error {
	f := File{Name: strings.TrimPrefix(path.Clean("/"+to), "/"), Mode: info.Mode().Perm() &^ 0o022, UID: uid, GID: gid, ModTime: b.opts.Epoch}
	switch {
	case info.IsDir():
		f.Mode |= fs.ModeDir
	case info.Mode()&fs.ModeSymlink != 0:
		link, err := os.Readlink(from)
		if err != nil {
			return err
		}
		f.Mode, f.Link = fs.ModeSymlink|0o777, link
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is neither file, folder nor link", from)
	default:
		if mode != 0 {
			f.Mode = mode
		}
		f.Size = info.Size()
		f.Open = func() (io.ReadCloser, error) { return os.Open(from) }
		b.program(from, "/"+f.Name, f.Mode)
	}
	b.files[f.Name] = f
	return nil
}

// program notes what a program runs on.
func (b *builder) program(from, to string, mode fs.FileMode) {
	f, err := elf.Open(from)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	arch, ok := map[elf.Machine]string{
		elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64", elf.EM_ARM: "arm", elf.EM_386: "386",
		elf.EM_PPC64: "ppc64le", elf.EM_S390: "s390x", elf.EM_RISCV: "riscv64",
	}[f.Machine]
	if !ok || f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		return
	}
	if b.elf == nil {
		b.elf = map[string]bool{}
	}
	b.elf[arch] = true
	if b.first == "" && mode&0o111 != 0 {
		b.first = to
	}
}

// platform is the one that the spec names; without one, that of the programs.
func (b *builder) platform() (boltseal.Platform, error) {
	if b.spec.Platform != "" {
		p, ok := boltseal.ParsePlatform(b.spec.Platform)
		if !ok {
			return p, fmt.Errorf("platform %q: want os/arch", b.spec.Platform)
		}
		if p.OS == "linux" && len(b.elf) > 0 && !b.elf[p.Arch] {
			return p, fmt.Errorf("the image is for %s, and its programs for %s", p, strings.Join(slices.Sorted(maps.Keys(b.elf)), ", "))
		}
		return p, nil
	}
	if len(b.elf) > 1 {
		return boltseal.Platform{}, fmt.Errorf("there are programs for %s: name the platform", strings.Join(slices.Sorted(maps.Keys(b.elf)), " and "))
	}
	for arch := range b.elf {
		return boltseal.Platform{OS: "linux", Arch: arch}, nil
	}
	return boltseal.Platform{}, errors.New("there is no program that tells the platform: name it")
}

// accounts adds the user that the image runs as, and a directory for
// temporary files, where the sources bring none.
func (b *builder) accounts() error {
	uid, gid, err := parseUser(b.spec.User, nobody)
	if err != nil {
		return err
	}
	home := "/home/app"
	users, groups := "root:x:0:0:root:/root:/sbin/nologin\n", "root:x:0:\n"
	if uid != 0 {
		users += fmt.Sprintf("app:x:%d:%d:app:%s:/sbin/nologin\n", uid, gid, home)
		groups += fmt.Sprintf("app:x:%d:\n", gid)
	}
	b.missing(Bytes("etc/passwd", 0o644, []byte(users)))
	b.missing(Bytes("etc/group", 0o644, []byte(groups)))
	b.missing(File{Name: "tmp", Mode: fs.ModeDir | fs.ModeSticky | 0o777})
	if uid != 0 {
		b.missing(File{Name: strings.TrimPrefix(home, "/"), Mode: fs.ModeDir | 0o700, UID: uid, GID: gid})
	}
	for _, dir := range b.spec.Writable {
		name := strings.TrimPrefix(path.Clean("/"+dir), "/")
		f := b.files[name]
		f.Name, f.Mode, f.UID, f.GID, f.ModTime = name, fs.ModeDir|0o755, uid, gid, b.opts.Epoch
		b.files[name] = f
	}
	return nil
}

// missing adds a file unless the sources brought it.
func (b *builder) missing(f File) {
	if _, ok := b.files[f.Name]; !ok {
		f.ModTime = b.opts.Epoch
		b.files[f.Name] = f
	}
}

func (b *builder) configure(i *Image) error {
	s := b.spec
	uid, gid, err := parseUser(s.User, nobody)
	if err != nil {
		return err
	}
	i.Config.Created = v1.Time{Time: b.opts.Epoch.UTC()}
	c := &i.Config.Config
	c.User = fmt.Sprintf("%d:%d", uid, gid)
	c.Entrypoint, c.Cmd, c.WorkingDir, c.Labels, c.StopSignal = s.Entrypoint, s.Cmd, s.WorkingDir, s.Labels, s.StopSignal
	if len(c.Entrypoint) == 0 && len(c.Cmd) == 0 && b.first != "" && b.one {
		c.Entrypoint = []string{b.first}
	}
	if c.WorkingDir == "" {
		c.WorkingDir = "/"
	}
	env := maps.Clone(s.Env)
	if env == nil {
		env = map[string]string{}
	}
	if _, ok := env["PATH"]; !ok {
		env["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	}
	if _, ok := env["SSL_CERT_FILE"]; !ok && b.files[certificates].Name != "" {
		env["SSL_CERT_FILE"] = "/" + certificates
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		c.Env = append(c.Env, name+"="+env[name])
	}
	for _, port := range s.Ports {
		number, proto, _ := strings.Cut(port, "/")
		if n, err := strconv.ParseUint(number, 10, 16); err != nil || n == 0 {
			return fmt.Errorf("port %q: want a number, or number/udp", port)
		}
		if proto == "" {
			proto = "tcp"
		}
		if c.ExposedPorts == nil {
			c.ExposedPorts = map[string]struct{}{}
		}
		c.ExposedPorts[number+"/"+proto] = struct{}{}
	}
	for _, v := range s.Volumes {
		if c.Volumes == nil {
			c.Volumes = map[string]struct{}{}
		}
		c.Volumes[v] = struct{}{}
	}
	return nil
}

// certificates is where Debian, Alpine and Go programs look for authorities.
const certificates = "etc/ssl/certs/ca-certificates.crt"

// parseUser reads uid[:gid].
func parseUser(s string, otherwise int) (uid, gid int, err error) {
	if s == "" {
		return otherwise, otherwise, nil
	}
	u, g, ok := strings.Cut(s, ":")
	if !ok {
		g = u
	}
	a, err1 := strconv.ParseUint(u, 10, 31)
	c, err2 := strconv.ParseUint(g, 10, 31)
	if err1 != nil || err2 != nil {
		return 0, 0, fmt.Errorf("user %q: want numbers, uid or uid:gid", s)
	}
	return int(a), int(c), nil
}
