package image

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/boltseal/boltseal"
)

// Tree is an image's files, as layer.FS gives them.
type Tree interface {
	fs.FS
	fs.ReadDirFS
	Lstat(name string) (fs.FileInfo, error)
	ReadLink(name string) (string, error)
	ReadFile(name string) ([]byte, error)
}

// closure collects what programs need: it follows links, the dynamic linker's
// rules, interpreters, and the habits of language runtimes.
type closure struct {
	tree     Tree
	env      map[string]string
	work     string              // the working directory
	dirs     []string            // where the dynamic linker looks
	kept     map[string]string   // path → why
	runtimes map[string][]string // language → programs whose runtime is kept
	whole    map[string]bool     // folders that are kept with all that is in them
	queued   map[string]bool
	queue    []string
	gaps     []boltseal.Gap
}

func newClosure(tree Tree, env []string, work string) *closure {
	c := &closure{
		tree: tree, env: environment(env), work: work,
		kept: map[string]string{}, runtimes: map[string][]string{}, queued: map[string]bool{}, whole: map[string]bool{},
	}
	c.dirs = c.linkerDirs()
	return c
}

// maxLinks bounds the links of one path, as Linux does.
const maxLinks = 40

// maxScript bounds the scripts that are read for what they call.
const maxScript = 1 << 20

// walk follows a path to the file that it leads to and notes the links and
// folders on the way. It is "" when there is nothing.
func (c *closure) walk(name, why string) string {
	rest := strings.Split(strings.Trim(path.Clean("/"+name), "/"), "/")
	done, hops := "", 0
	var passed []string
	for len(rest) > 0 {
		part := rest[0]
		rest = rest[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			done = strings.TrimPrefix(path.Dir("/"+done), "/")
			continue
		}
		next := path.Join(done, part)
		info, err := c.tree.Lstat(next)
		if err != nil {
			return ""
		}
		passed = append(passed, next)
		if info.Mode()&fs.ModeSymlink == 0 {
			done = next
			continue
		}
		if hops++; hops > maxLinks {
			return ""
		}
		to, err := c.tree.ReadLink(next)
		if err != nil {
			return ""
		}
		if strings.HasPrefix(to, "/") {
			done = ""
		}
		rest = append(strings.Split(strings.Trim(to, "/"), "/"), rest...)
	}
	for _, p := range passed {
		if _, ok := c.kept[p]; !ok {
			c.kept[p] = why
		}
	}
	return done
}

// keep adds the file that a path leads to, and what that needs in turn. It
// tells whether there is one.
func (c *closure) keep(name, why string) bool {
	at := c.walk(name, why)
	if at == "" {
		return false
	}
	c.enqueue(at)
	return true
}

// enqueue has a file looked at, once.
func (c *closure) enqueue(at string) {
	if !c.queued[at] {
		c.queued[at] = true
		c.queue = append(c.queue, at)
	}
}

// keepAll adds everything below a folder but what skip names.
func (c *closure) keepAll(dir, why string, skip func(name string, isDir bool) bool) {
	at := c.walk(dir, why)
	if at == "" {
		return
	}
	info, err := c.tree.Lstat(at)
	if err != nil {
		return
	}
	if !info.IsDir() {
		c.enqueue(at)
		return
	}
	if c.whole[at] {
		return
	}
	c.whole[at] = true
	entries, err := c.tree.ReadDir(at)
	if err != nil {
		c.gaps = append(c.gaps, boltseal.Gap{Kind: "unreadable", What: "/" + at, Why: err.Error()})
		return
	}
	for _, e := range entries {
		name := path.Join(at, e.Name())
		if skip != nil && skip(name, e.IsDir()) {
			continue
		}
		switch {
		case e.IsDir():
			c.kept[name] = why
			c.keepAll(name, why, skip)
		case e.Type()&fs.ModeSymlink != 0 && !isSystem(c.resolve(name)):
			c.keepAll(name, why, skip) // a folder that a link stands for is one of its
		default:
			c.keep(name, why)
		}
	}
}

// run empties the queue: each file is looked at once.
func (c *closure) run() {
	for len(c.queue) > 0 {
		name := c.queue[0]
		c.queue = c.queue[1:]
		info, err := c.tree.Lstat(name)
		if err != nil || !info.Mode().IsRegular() || info.Size() < 4 {
			continue
		}
		c.file(name, info)
	}
}

// file follows what one file needs.
func (c *closure) file(name string, info fs.FileInfo) {
	f, err := c.tree.Open(name)
	if err != nil {
		c.gaps = append(c.gaps, boltseal.Gap{Kind: "unreadable", What: "/" + name, Why: err.Error()})
		return
	}
	defer func() { _ = f.Close() }()
	at, ok := f.(io.ReaderAt)
	if !ok {
		return
	}
	head := make([]byte, min(info.Size(), 256))
	if _, err := at.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return
	}
	switch {
	case bytes.HasPrefix(head, []byte(elf.ELFMAG)):
		c.elf(name, at, info.Size())
	case bytes.HasPrefix(head, []byte("#!")) && info.Mode()&0o111 != 0:
		c.script(name, head, info.Size())
	}
}

// script keeps what a script is run by, and what a shell script calls.
func (c *closure) script(name string, head []byte, size int64) {
	line, _, _ := bytes.Cut(head[2:], []byte("\n"))
	words := strings.Fields(string(line))
	if len(words) == 0 {
		return
	}
	why := "runs /" + name
	c.keep(words[0], why)
	program := words[0]
	if path.Base(program) == "env" {
		for _, w := range words[1:] {
			if !strings.HasPrefix(w, "-") && !strings.Contains(w, "=") {
				program = w
				break
			}
		}
	}
	if at := c.command(program, why); at != "" {
		c.languages(at, path.Base(program), why)
	}
	if isShell(program) {
		c.shell(name, size)
	}
}

func isShell(program string) bool {
	switch path.Base(program) {
	case "sh", "bash", "ash", "dash", "busybox", "ksh", "mksh":
		return true
	}
	return false
}

// shell keeps the programs that a shell script names.
func (c *closure) shell(name string, size int64) {
	if size > maxScript {
		c.gaps = append(c.gaps, boltseal.Gap{Kind: "script", What: "/" + name, Why: "it is too large to be read for what it calls", Hint: "name what it needs with --keep"})
		return
	}
	data, err := c.tree.ReadFile(name)
	if err == nil {
		err = c.commands(data, "called by /"+name)
	}
	if err != nil {
		c.gaps = append(c.gaps, boltseal.Gap{Kind: "script", What: "/" + name, Why: err.Error(), Hint: "name what it needs with --keep"})
	}
}

// commands keeps every program that a piece of shell calls by a plain name,
// and every file that a word names.
func (c *closure) commands(text []byte, why string) error {
	parsed, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(bytes.NewReader(text), "")
	if err != nil {
		return fmt.Errorf("no shell script that can be read: %w", err)
	}
	syntax.Walk(parsed, func(n syntax.Node) bool {
		call, ok := n.(*syntax.CallExpr)
		if !ok {
			return true
		}
		var words []string
		for _, w := range call.Args {
			words = append(words, literal(w))
		}
		c.argv(words, why)
		return true
	})
	return nil
}

// literal is a word without expansions; "" for any other.
func literal(w *syntax.Word) string {
	if s := w.Lit(); s != "" {
		return s
	}
	if len(w.Parts) == 1 {
		switch q := w.Parts[0].(type) {
		case *syntax.SglQuoted:
			return q.Value
		case *syntax.DblQuoted:
			if len(q.Parts) == 1 {
				if l, ok := q.Parts[0].(*syntax.Lit); ok {
					return l.Value
				}
			}
		}
	}
	return ""
}

// argv keeps a command, the commands that it hands on to, and the files and
// folders that its arguments name.
func (c *closure) argv(words []string, why string) {
	if len(words) == 0 || words[0] == "" {
		return
	}
	c.command(words[0], why)
	for n, w := range words[1:] {
		switch {
		case strings.HasPrefix(w, "/") && len(w) > 1:
			c.argument(w, why)
		case isWrapper(words[0]) && w != "" && !strings.HasPrefix(w, "-") && !strings.Contains(w, "="):
			c.command(w, why)
		case isShell(words[0]) && w == "-c" && n+2 < len(words):
			_ = c.commands([]byte(words[n+2]), why)
		case w != "" && !strings.HasPrefix(w, "-"):
			if c.work != "" {
				c.argument(path.Join(c.work, w), why)
			}
		}
	}
	c.runtimeOf(words, why)
}

// isWrapper holds for programs whose argument is a program.
func isWrapper(name string) bool {
	switch path.Base(name) {
	case "exec", "env", "command", "tini", "dumb-init", "su-exec", "gosu", "nice", "nohup", "timeout", "xargs", "setpriv", "catatonit", "chroot", "stdbuf", "time", "then", "eval":
		return true
	}
	return false
}

// argument keeps a file that a command line names; of a folder, what is in it,
// unless it is one of the system's.
func (c *closure) argument(name, why string) {
	at := c.resolve(name)
	if at == "" {
		return
	}
	if info, err := c.tree.Lstat(at); err != nil || !info.IsDir() {
		c.keep(name, why)
		return
	}
	if isSystem(at) {
		c.walk(name, why)
		return
	}
	c.keepAll(name, why, nil)
}

// isSystem holds for folders that hold more than one program's files.
func isSystem(dir string) bool {
	parts := strings.Split(dir, "/")
	switch parts[0] {
	case "bin", "sbin", "lib", "lib64", "lib32", "proc", "sys", "dev", "boot", "run":
		return true
	case "usr":
		return len(parts) < 4 || parts[1] != "local" && parts[1] != "src" && len(parts) < 4
	case "etc", "var", "opt", "home", "srv", "mnt", "media", "root", "tmp":
		return len(parts) < 2
	}
	return dir == ""
}

// resolve is where a path leads, without keeping anything.
func (c *closure) resolve(name string) string {
	probe := &closure{tree: c.tree, kept: map[string]string{}}
	return probe.walk(name, "")
}

// command keeps a program by its name, as a shell finds it.
func (c *closure) command(name, why string) string {
	if strings.Contains(name, "/") {
		if !strings.HasPrefix(name, "/") {
			name = path.Join(c.work, name)
		}
		if c.keep(name, why) {
			return c.resolve(name)
		}
		return ""
	}
	for dir := range strings.SplitSeq(c.env["PATH"], ":") {
		full := path.Join("/", dir, name)
		if at := c.resolve(full); dir != "" && at != "" {
			if info, err := c.tree.Lstat(at); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
				c.keep(full, why)
				return at
			}
		}
	}
	return ""
}

// soname finds names of shared objects in a program's data: what it may load
// itself.
var soname = regexp.MustCompile(`lib[A-Za-z0-9_+.-]{1,60}\.so(\.[0-9]{1,4}){0,3}`)

// maxELF bounds how much of a program is searched for names of libraries.
const maxELF = 256 << 20

// elf keeps what the dynamic linker needs for a file, and what the file may
// ask it for later.
func (c *closure) elf(name string, at io.ReaderAt, size int64) {
	f, err := elf.NewFile(at)
	if err != nil {
		return // by its first bytes only
	}
	defer func() { _ = f.Close() }()
	why := "loaded by /" + name
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP && p.Filesz < 4096 {
			b := make([]byte, p.Filesz)
			if _, err := p.ReadAt(b, 0); err == nil {
				c.keep(strings.TrimRight(string(b), "\x00"), why)
			}
		}
	}
	needed, err := f.ImportedLibraries()
	if err != nil {
		return // a static program
	}
	dirs := c.runpath(f, name)
	for _, lib := range needed {
		if !c.library(lib, dirs, why) {
			c.gaps = append(c.gaps, boltseal.Gap{
				Kind: "library", What: lib, Why: "/" + name + " needs it, and it is in none of the linker's folders",
				Hint: "if it is loaded from elsewhere, name it with --keep",
			})
		}
		if strings.HasPrefix(lib, "libc.so.6") {
			for _, nss := range []string{"libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"} {
				c.library(nss, dirs, "how "+lib+" resolves names")
			}
		}
	}
	if len(needed) == 0 || size > maxELF {
		return
	}
	for _, s := range f.Sections {
		if s.Name != ".rodata" && s.Name != ".data" && s.Name != ".note.dlopen" && s.Name != ".data.rel.ro" || s.Size > maxELF {
			continue
		}
		data, err := s.Data()
		if err != nil {
			continue
		}
		for _, m := range soname.FindAll(data, 10_000) {
			c.library(string(m), dirs, "named in /"+name)
		}
	}
}

// runpath is where a file's own libraries are looked for, before the system's.
func (c *closure) runpath(f *elf.File, name string) []string {
	var dirs []string
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		list, err := f.DynString(tag)
		if err != nil {
			continue
		}
		for _, entry := range list {
			for dir := range strings.SplitSeq(entry, ":") {
				origin := path.Dir("/" + name)
				dir = strings.NewReplacer("$ORIGIN", origin, "${ORIGIN}", origin, "$LIB", "lib", "${LIB}", "lib").Replace(dir)
				if strings.HasPrefix(dir, "/") {
					dirs = append(dirs, dir)
				}
			}
		}
	}
	return append(dirs, c.dirs...)
}

// library keeps a shared object from the first folder that has it.
func (c *closure) library(name string, dirs []string, why string) bool {
	if strings.Contains(name, "/") {
		return c.keep(name, why)
	}
	for _, dir := range dirs {
		full := path.Join(dir, name)
		if at := c.resolve(full); at != "" {
			if info, err := c.tree.Lstat(at); err == nil && info.Mode().IsRegular() {
				return c.keep(full, why)
			}
		}
	}
	return false
}

// linkerDirs are the dynamic linker's folders: what LD_LIBRARY_PATH and the
// configuration of glibc and musl name, and the usual ones.
func (c *closure) linkerDirs() []string {
	var dirs []string
	for dir := range strings.SplitSeq(c.env["LD_LIBRARY_PATH"], ":") {
		if strings.HasPrefix(dir, "/") {
			dirs = append(dirs, dir)
		}
	}
	dirs = append(dirs, c.linkerConfig("etc/ld.so.conf", 0)...)
	if entries, err := c.tree.ReadDir("etc"); err == nil {
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), "ld-musl-") && strings.HasSuffix(e.Name(), ".path") {
				if data, err := c.tree.ReadFile("etc/" + e.Name()); err == nil {
					dirs = append(dirs, strings.FieldsFunc(string(data), func(r rune) bool { return r == ':' || r == '\n' })...)
				}
			}
		}
	}
	for _, base := range []string{"/lib", "/usr/lib", "/usr/local/lib", "/lib64", "/usr/lib64"} {
		dirs = append(dirs, base)
		for _, triplet := range []string{"x86_64-linux-gnu", "aarch64-linux-gnu", "arm-linux-gnueabihf", "i386-linux-gnu", "powerpc64le-linux-gnu", "s390x-linux-gnu", "riscv64-linux-gnu"} {
			if c.resolve(base+"/"+triplet) != "" {
				dirs = append(dirs, base+"/"+triplet)
			}
		}
	}
	return dirs
}

// linkerConfig reads ld.so.conf and what it includes.
func (c *closure) linkerConfig(name string, depth int) []string {
	data, err := c.tree.ReadFile(name)
	if err != nil || depth > 4 || len(data) > maxScript {
		return nil
	}
	var dirs []string
	for line := range strings.Lines(string(data)) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		if pattern, ok := strings.CutPrefix(line, "include "); ok {
			pattern = strings.TrimPrefix(strings.TrimSpace(pattern), "/")
			if !strings.HasPrefix(pattern, "etc/") {
				pattern = "etc/" + pattern
			}
			matches, err := fs.Glob(c.tree, pattern)
			if err != nil {
				continue
			}
			for _, m := range matches {
				dirs = append(dirs, c.linkerConfig(m, depth+1)...)
			}
		} else if strings.HasPrefix(line, "/") {
			dirs = append(dirs, strings.TrimSpace(line))
		}
	}
	return dirs
}
