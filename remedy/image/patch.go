package image

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"mvdan.cc/sh/v3/syntax"

	"github.com/boltseal/boltseal/source"
	"github.com/boltseal/boltseal/source/layer"
	"github.com/boltseal/boltseal/source/repo"
	"github.com/boltseal/boltseal/version"
)

// Packages are the repositories that patches come from.
type Packages interface {
	Find(name string) []repo.Deb
	Fetch(ctx context.Context, d *repo.Deb) (*repo.File, error)
}

// PatchOptions say how far a patch may go.
type PatchOptions struct {
	// SkipScripts names packages that are upgraded though their scripts would
	// have to run and cannot; "all" means any.
	SkipScripts []string
	TempDir     string
	Epoch       time.Time // of the packages' records
	Author      string
}

// Patched is an image with one layer more.
type Patched struct {
	Image    *Image // nil when nothing was done
	Upgraded []Step
	Left     []Step // that stay as they are, and why
	Notes    []string
}

// Step is a package's way to another version.
type Step struct {
	Package string `json:"package"`
	From    string `json:"from,omitempty"` // empty when it is new
	To      string `json:"to,omitempty"`
	Why     string `json:"why,omitempty"`
}

// PatchDebian upgrades packages of a Debian image in one further layer: it puts
// the new versions' files in place, takes away what they no longer have, and
// keeps dpkg's records. Want has the packages by name, with the least version
// that helps. No program of the image is run; a package whose scripts would
// have to do something stays as it is. The subject's files must hold dpkg's
// records and configuration files.
func PatchDebian(ctx context.Context, s *source.Subject, files *layer.FS, want map[string]string, from Packages, o *PatchOptions) (*Patched, error) {
	status, err := files.ReadFile("var/lib/dpkg/status")
	if err != nil {
		return nil, fmt.Errorf("%s keeps no list of Debian packages: %w", s.Artifact.Name, err)
	}
	order, ok := version.ForEcosystem("Debian")
	if !ok {
		return nil, errors.New("no order of Debian versions")
	}
	p := &debPatch{files: files, opts: o, out: &Patched{}, changes: map[string]File{}, owners: map[string]string{}}
	plan := &debPlan{installed: installedDebs(status), find: from.Find, order: order, chosen: map[string]*repo.Deb{}, refused: map[string]string{}}
	for name, i := range plan.installed {
		if words := strings.Fields(i.fields["Status"]); len(words) == 3 && words[0] == "hold" {
			plan.refused[name] = "it is held"
			delete(want, name)
		}
	}
	asked := maps.Clone(want)
	plan.choose(want)
	opened, err := p.open(ctx, plan, want, from)
	defer func() {
		for _, d := range opened {
			_ = d.Close()
		}
	}()
	if err != nil {
		return nil, err
	}
	for name, why := range plan.refused {
		if why == nothingNewer && asked[name] == "" {
			continue
		}
		p.out.Left = append(p.out.Left, Step{Package: name, From: versionOf(plan.installed[name]), Why: why})
	}
	slices.SortFunc(p.out.Left, func(a, b Step) int { return strings.Compare(a.Package, b.Package) })
	if len(opened) == 0 {
		return p.out, nil
	}
	p.listOwners(plan)
	for _, name := range slices.Sorted(maps.Keys(opened)) {
		if err := p.apply(name, opened[name], plan.installed[name]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		p.out.Upgraded = append(p.out.Upgraded, Step{Package: name, From: versionOf(plan.installed[name]), To: plan.chosen[name].Version})
	}
	p.put(Bytes("var/lib/dpkg/status", 0o644, rewriteStatus(status, p.stanzas)), o.Epoch)
	i, err := From(s)
	if err != nil {
		return nil, err
	}
	l, err := NewLayer(ctx, p.withParents(), o.TempDir, o.Epoch)
	if err != nil {
		return nil, err
	}
	i.Add(l, o.Author+": "+describe(p.out.Upgraded))
	p.out.Image = i
	return p.out, nil
}

func versionOf(i *installedDeb) string {
	if i == nil {
		return ""
	}
	return i.fields["Version"]
}

// describe is what a layer did, for the history.
func describe(steps []Step) string {
	var words []string
	for _, s := range steps {
		words = append(words, s.Package+"="+s.To)
	}
	return strings.Join(words, " ")
}

func installedDebs(status []byte) map[string]*installedDeb {
	out := map[string]*installedDeb{}
	for stanza := range strings.SplitSeq(string(status), "\n\n") {
		for _, f := range repo.Paragraphs([]byte(stanza)) {
			if f["Package"] != "" && strings.HasSuffix(f["Status"], " installed") {
				out[f["Package"]] = &installedDeb{fields: f, text: stanza}
			}
		}
	}
	return out
}

// debPatch is a patch under way.
type debPatch struct {
	files   *layer.FS
	opts    *PatchOptions
	out     *Patched
	changes map[string]File
	owners  map[string]string // file → a package that stays and owns it
	stanzas map[string]string // package → its new paragraph
}

// open fetches what was chosen and drops what cannot be installed without
// running its scripts, with everything that then no longer fits.
func (p *debPatch) open(ctx context.Context, plan *debPlan, want map[string]string, from Packages) (map[string]*debFile, error) {
	opened := map[string]*debFile{}
	for {
		again := false
		for _, name := range slices.Sorted(maps.Keys(plan.chosen)) {
			if opened[name] != nil {
				continue
			}
			d, err := p.fetch(ctx, plan.chosen[name], from)
			if err != nil {
				return opened, fmt.Errorf("%s %s: %w", name, plan.chosen[name].Version, err)
			}
			opened[name] = d
			if why := p.mustRun(name, d); why != "" {
				plan.refused[name] = why
				again = true
			}
		}
		if !again {
			break
		}
		// Plan anew without what was refused: the rest may need it.
		for name := range plan.refused {
			delete(want, name)
		}
		clear(plan.chosen)
		plan.choose(want)
	}
	for name, d := range opened {
		if plan.chosen[name] == nil {
			delete(opened, name)
			if err := d.Close(); err != nil {
				return opened, err
			}
		}
	}
	return opened, nil
}

func (p *debPatch) fetch(ctx context.Context, d *repo.Deb, from Packages) (*debFile, error) {
	f, err := from.Fetch(ctx, d)
	if err != nil {
		return nil, err
	}
	opened, err := readDeb(f, f.Size, p.opts.TempDir)
	return opened, errors.Join(err, f.Close())
}

// idle are commands of maintainer scripts that change nothing in an image that
// does not run, or nothing that an upgrade changes.
var idle = map[string]bool{
	"": true, "set": true, ":": true, "true": true, "false": true, "test": true, "[": true, "echo": true, "printf": true, "exit": true, "return": true,
	"shift": true, "local": true, "export": true, "unset": true, "cd": true, "read": true, "command": true, "type": true, "which": true, "cat": true, "grep": true, "sed": true,
	"cut": true, "tr": true, "head": true, "sort": true, "uname": true, "id": true, "getent": true, "basename": true, "dirname": true, "expr": true, "dpkg-query": true,
	"dpkg": true, "dpkg-vendor": true, "readlink": true, "ldconfig": true, "deb-systemd-helper": true, "deb-systemd-invoke": true, "systemctl": true, "systemd-tmpfiles": true,
	"update-rc.d": true, "update-alternatives": true, "invoke-rc.d": true, "service": true, "dpkg-maintscript-helper": true, "dpkg-trigger": true, "py3clean": true, "py3compile": true, "pyclean": true,
	"db_get": true, "db_set": true, "db_input": true, "db_go": true, "db_title": true, "db_reset": true, "db_subst": true, "db_fset": true, "db_stop": true, "db_version": true, "db_purge": true, "db_unregister": true, "db_settitle": true, "db_progress": true, "db_beginblock": true, "db_endblock": true, "db_capb": true,
	"telinit": true, "kill": true, "sleep": true, "sync": true, "ps": true, "pidof": true, "start-stop-daemon": true, "ischroot": true, "compgen": true, "hash": true, "trap": true, "wait": true, "update-menus": true, "update-mime-database": true, "update-desktop-database": true, "stat": true, "ls": true, "find": true, "seq": true, "rm_conffile": true, "dpkg-divert": true, "mandb": true, "awk": true, "wc": true, "dpkg-statoverride": true, "preinst_check": true, "xargs": true, "tail": true, "date": true, "eval": false,
}

// mustRun says why a package's scripts would have to run, "" when they would
// change nothing.
func (p *debPatch) mustRun(name string, d *debFile) string {
	if slices.Contains(p.opts.SkipScripts, name) || slices.Contains(p.opts.SkipScripts, "all") {
		return ""
	}
	for _, script := range []string{"preinst", "postinst"} {
		text := d.control[script]
		if len(text) == 0 {
			continue
		}
		commands, err := acts(text)
		if err != nil {
			return script + " cannot be read for what it does"
		}
		if len(commands) > 0 {
			return fmt.Sprintf("%s would have to run: %s", script, strings.Join(commands[:min(4, len(commands))], ", "))
		}
	}
	return ""
}

// acts lists the commands of a script that may change something.
func acts(text []byte) ([]string, error) {
	if line, _, _ := bytes.Cut(text, []byte("\n")); !bytes.Contains(line, []byte("sh")) {
		return nil, errors.New("no shell script")
	}
	parsed, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(bytes.NewReader(text), "")
	if err != nil {
		return nil, err
	}
	own := map[string]bool{}
	syntax.Walk(parsed, func(n syntax.Node) bool {
		if f, ok := n.(*syntax.FuncDecl); ok {
			own[f.Name.Value] = true
		}
		return true
	})
	found := map[string]bool{}
	syntax.Walk(parsed, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CallExpr:
			if len(n.Args) == 0 {
				break
			}
			name := literal(n.Args[0])
			base := path.Base(name)
			switch {
			case name == ".":
				// debconf's functions talk to a database that nobody asks.
				if len(n.Args) < 2 || literal(n.Args[1]) != "/usr/share/debconf/confmodule" {
					found["."] = true
				}
			case name == "" || !own[name] && !idle[base]:
				found[cmpName(base)] = true
			}
		case *syntax.Redirect:
			if n.Op == syntax.RdrOut || n.Op == syntax.AppOut || n.Op == syntax.RdrAll {
				if to := literal(n.Word); to != "/dev/null" && to != "/dev/stderr" && !strings.HasPrefix(to, "&") {
					found["> "+to] = true
				}
			}
		}
		return true
	})
	return slices.Sorted(maps.Keys(found)), nil
}

func cmpName(s string) string {
	if s == "" || s == "." {
		return "a computed command"
	}
	return s
}

// listOwners notes which files belong to packages that stay.
func (p *debPatch) listOwners(plan *debPlan) {
	p.stanzas = map[string]string{}
	for name, i := range plan.installed {
		if plan.chosen[name] != nil {
			continue
		}
		for _, f := range p.list(name, i) {
			p.owners[f] = name
		}
	}
}

// list is what a package's list of files has, by the paths in the image.
func (p *debPatch) list(name string, i *installedDeb) []string {
	if i == nil {
		return nil
	}
	data, err := p.files.ReadFile("var/lib/dpkg/info/" + p.infoName(name, i.fields["Architecture"]) + ".list")
	if err != nil {
		return nil
	}
	var out []string
	for line := range strings.Lines(string(data)) {
		if f := p.place(strings.TrimSpace(line)); f != "" {
			out = append(out, f)
		}
	}
	return out
}

// infoName is how dpkg calls a package's files: with the architecture when
// several may be installed together.
func (p *debPatch) infoName(name, arch string) string {
	if _, err := p.files.Lstat("var/lib/dpkg/info/" + name + ":" + arch + ".list"); err == nil {
		return name + ":" + arch
	}
	return name
}

// place is where a package's path is in the image: links to folders on the way
// are followed, so that /lib/x is usr/lib/x where they are one.
func (p *debPatch) place(name string) string {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if name == "" {
		return ""
	}
	dir, base := path.Split(name)
	probe := &closure{tree: p.files, kept: map[string]string{}}
	if real := probe.walk(dir, ""); dir != "" && real != "" {
		return path.Join(real, base)
	}
	return name
}

func (p *debPatch) put(f File, epoch time.Time) {
	f.ModTime = epoch
	p.changes[f.Name] = f
}

// apply puts one package's new version in place of what there was.
func (p *debPatch) apply(name string, d *debFile, before *installedDeb) error {
	conffiles, recorded := d.conffiles(), recordedConffiles(before)
	var list []string
	have := map[string]bool{}
	for n := range d.entries {
		e := &d.entries[n]
		shown := "/" + strings.TrimPrefix(path.Clean("/"+e.Name), "/")
		if shown == "/" {
			list = append(list, "/.")
			continue
		}
		list = append(list, shown)
		at := p.place(shown)
		have[at] = true
		if conffiles[shown[1:]] && p.isChanged(at, recorded[shown]) {
			p.out.Notes = append(p.out.Notes, fmt.Sprintf("%s: %s was changed and is left as it is", name, shown))
			continue
		}
		f, skip, err := p.entry(d, e, at)
		if err != nil {
			return err
		}
		if !skip {
			p.changes[at] = f
		}
	}
	for _, old := range p.list(name, before) {
		if info, err := p.files.Lstat(old); !have[old] && p.owners[old] == "" && err == nil && !info.IsDir() && recorded["/"+old] == "" {
			if _, replaced := p.changes[old]; !replaced {
				p.put(Whiteout(old), p.opts.Epoch)
			}
		}
	}
	return p.record(name, d, before, list, conffiles)
}

// entry is a package's entry as one of the layer. Folders that there are stay
// as they are.
func (p *debPatch) entry(d *debFile, e *debEntry, at string) (File, bool, error) {
	f := File{Name: at, Mode: e.FileInfo().Mode(), UID: e.Uid, GID: e.Gid, ModTime: e.ModTime}
	switch e.Typeflag {
	case tar.TypeDir:
		if info, err := p.files.Stat(at); err == nil && info.IsDir() {
			return f, true, nil
		}
	case tar.TypeSymlink:
		f.Link = e.Linkname
	case tar.TypeLink:
		f.Mode = f.Mode.Perm()
		f.Link = p.place(e.Linkname)
	case tar.TypeReg:
		f.Size = e.Size
		f.Open = func() (io.ReadCloser, error) { return d.open(e) }
	default:
		return f, false, fmt.Errorf("%s is of a kind that packages do not have", e.Name)
	}
	return f, false, nil
}

// recordedConffiles are the MD5 sums that dpkg noted when it installed a
// package's configuration files.
func recordedConffiles(i *installedDeb) map[string]string {
	out := map[string]string{}
	if i == nil {
		return out
	}
	for line := range strings.Lines(i.fields["Conffiles"]) {
		if words := strings.Fields(line); len(words) >= 2 {
			out[words[0]] = words[1]
		}
	}
	return out
}

// isChanged tells whether somebody changed or removed a configuration file
// that dpkg installed.
func (p *debPatch) isChanged(at, recorded string) bool {
	if recorded == "" {
		_, err := p.files.Lstat(at)
		return err == nil // not ours: somebody put it there
	}
	data, err := p.files.ReadFile(at)
	if err != nil {
		return true
	}
	sum := md5.Sum(data)
	return hex.EncodeToString(sum[:]) != recorded
}

// record writes what dpkg knows of a package.
func (p *debPatch) record(name string, d *debFile, before *installedDeb, list []string, conffiles map[string]bool) error {
	fields := repo.Paragraphs(d.control["control"])
	if len(fields) != 1 || fields[0]["Package"] != name {
		return errors.New("the package is not what the repository's index says")
	}
	info := name
	if fields[0]["Multi-Arch"] == "same" {
		info = name + ":" + fields[0]["Architecture"]
	}
	dir := "var/lib/dpkg/info/"
	for member, data := range d.control {
		if member != "control" {
			mode := fs.FileMode(0o644)
			if slices.Contains([]string{"preinst", "postinst", "prerm", "postrm", "config"}, member) {
				mode = 0o755
			}
			p.put(Bytes(dir+info+"."+member, mode, data), p.opts.Epoch)
		}
	}
	p.put(Bytes(dir+info+".list", 0o644, []byte(strings.Join(list, "\n")+"\n")), p.opts.Epoch)
	if before != nil {
		old := p.infoName(name, before.fields["Architecture"])
		entries, err := p.files.ReadDir(strings.TrimSuffix(dir, "/"))
		if err != nil {
			return err
		}
		for _, e := range entries {
			if base, ext, ok := cutLast(e.Name(), "."); ok && base == old && ext != "" {
				if _, there := p.changes[dir+e.Name()]; !there {
					p.put(Whiteout(dir+e.Name()), p.opts.Epoch)
				}
			}
		}
	}
	p.stanzas[name] = newStanza(string(d.control["control"]), p.conffileLines(d, conffiles))
	return nil
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// conffileLines lists a package's configuration files with the sums of what
// the package brought.
func (p *debPatch) conffileLines(d *debFile, conffiles map[string]bool) []string {
	var out []string
	for n := range d.entries {
		e := &d.entries[n]
		name := strings.TrimPrefix(path.Clean("/"+e.Name), "/")
		if !conffiles[name] || e.Typeflag != tar.TypeReg || e.Size > maxControl {
			continue
		}
		data := make([]byte, e.Size)
		if _, err := d.data.ReadAt(data, e.offset); err == nil {
			sum := md5.Sum(data)
			out = append(out, " /"+name+" "+hex.EncodeToString(sum[:]))
		}
	}
	slices.Sort(out)
	return out
}

// newStanza makes a paragraph of dpkg's status of a package's control file.
func newStanza(control string, conffiles []string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.Trim(control, "\n")) {
		b.WriteString(strings.TrimRight(line, "\n") + "\n")
		if strings.HasPrefix(line, "Package:") {
			b.WriteString("Status: install ok installed\n")
		}
	}
	if len(conffiles) > 0 {
		b.WriteString("Conffiles:\n" + strings.Join(conffiles, "\n") + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// rewriteStatus puts new paragraphs where the old ones were, and packages that
// were not there at the end.
func rewriteStatus(status []byte, stanzas map[string]string) []byte {
	var out []string
	left := maps.Clone(stanzas)
	for stanza := range strings.SplitSeq(strings.Trim(string(status), "\n"), "\n\n") {
		name := controlField(stanza, "Package")
		if text, ok := left[name]; ok {
			stanza = text
			delete(left, name)
		}
		out = append(out, strings.Trim(stanza, "\n"))
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		out = append(out, left[name])
	}
	return []byte(strings.Join(out, "\n\n") + "\n\n")
}

// withParents adds the folders above the changed files as the image has them:
// a layer's entry for a folder counts, and must not change it.
func (p *debPatch) withParents() []File {
	for _, name := range slices.Sorted(maps.Keys(p.changes)) {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, ok := p.changes[dir]; ok {
				continue
			}
			if info, err := p.files.Lstat(dir); err == nil && info.IsDir() {
				if f, err := entryOf(p.files, dir, info); err == nil {
					p.changes[dir] = f
				}
			}
		}
	}
	return slices.Collect(maps.Values(p.changes))
}
