package inventory

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "dpkg",
	Title: "Debian packages (dpkg)",
	Readers: []Reader{{
		Name:  "dpkg/status",
		Files: []string{"var/lib/dpkg/status"},
		Beside: []string{
			"var/lib/dpkg/info/*.list", "usr/share/doc/*/copyright",
		},
		Read: readDpkgStatus,
	}, {
		// Distroless images have one file per package instead of status, and
		// its checksums beside it.
		Name:   "dpkg/status.d",
		Files:  []string{"var/lib/dpkg/status.d/*"},
		Beside: []string{"usr/share/doc/*/copyright"},
		Read:   readDpkgStatusD,
	}},
})

var dpkgFields = []string{
	"Package", "Status", "Version", "Architecture", "Source", "Maintainer", "Depends", "Pre-Depends", "Provides", "Multi-Arch",
}

// readDpkgStatus reads dpkg's database of installed packages (dpkg(1),
// "Information about packages").
func readDpkgStatus(ctx context.Context, in *Input) ([]boltseal.Component, error) {
	db := dpkgDatabase{in: in}
	for s, err := range stanzas(textLines(in.File), dpkgFields...) {
		if err != nil {
			return db.components(), err
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if !dpkgPresent(s["Status"]) {
			continue
		}
		if err := db.count.next(); err != nil {
			db.fail(err)
			break
		}
		p, err := db.add(s)
		if err != nil {
			db.fail(err)
			continue
		}
		db.fileList(p, s["Multi-Arch"] == "same")
	}
	db.resolve()
	return db.done()
}

// readDpkgStatusD reads one package of a distroless image.
func readDpkgStatusD(_ context.Context, in *Input) ([]boltseal.Component, error) {
	if strings.HasSuffix(in.Path, ".md5sums") {
		return nil, nil
	}
	db := dpkgDatabase{in: in}
	for s, err := range stanzas(textLines(in.File), dpkgFields...) {
		if err != nil {
			return db.components(), err
		}
		if err := db.count.next(); err != nil {
			return db.components(), err
		}
		p, err := db.add(s)
		if err != nil {
			return db.components(), err
		}
		db.checksums(p, in.Path+".md5sums")
		// Who answers to a dependency stands in other files: the purls go
		// without versions, for the driver to settle.
		for _, alternatives := range p.needs {
			for _, name := range alternatives {
				p.DependsOn = append(p.DependsOn, dpkgPURL(in.Distro, name, "", "", nil))
			}
		}
	}
	return db.done()
}

// dpkgPresent says whether a package in this state has files on the disk.
// The third word of Status is the state; removed packages whose configuration
// stayed are "config-files".
func dpkgPresent(status string) bool {
	words := strings.Fields(status)
	return len(words) != 3 || words[2] != "not-installed" && words[2] != "config-files"
}

// dpkgDatabase is the packages of one status file.
type dpkgDatabase struct {
	in       *Input
	packages []*dpkgPackage
	errs     []error
	count    ceiling
	buffer   *bufio.Reader
}

// fail notes what is wrong with one package.
func (db *dpkgDatabase) fail(err error) {
	if err != nil && len(db.errs) <= maxErrors {
		db.errs = append(db.errs, err)
	}
}

// done is the result of the whole database.
func (db *dpkgDatabase) done() ([]boltseal.Component, error) {
	db.fail(db.count.err())
	return db.components(), errors.Join(db.errs...)
}

type dpkgPackage struct {
	boltseal.Component
	arch     string
	needs    [][]string // alternatives of each dependency
	provides []string
}

func (db *dpkgDatabase) components() []boltseal.Component {
	all := make([]boltseal.Component, len(db.packages))
	for i, p := range db.packages {
		all[i] = p.Component
	}
	return all
}

func (db *dpkgDatabase) add(s stanza) (*dpkgPackage, error) {
	name, version := s["Package"], s["Version"]
	if !plainName(name) {
		return nil, fmt.Errorf("package name %q is none", clip(name))
	}
	if version == "" || strings.ContainsAny(version, " \t\n") {
		return nil, fmt.Errorf("package %s: version %q is none", name, clip(version))
	}
	source := debianSource(s["Source"], name, version)
	p := &dpkgPackage{
		Component: boltseal.Component{
			PURL: dpkgPURL(db.in.Distro, name, version, s["Architecture"], source),
			Name: name, Version: version, Source: source,
			Supplier: oneLine(s["Maintainer"]), Basis: boltseal.Installed,
		},
		arch: s["Architecture"],
	}
	db.relate(p, s)
	statements, err := debianCopyright(db.in.FS, name)
	db.fail(err)
	p.Licenses = licenses(statements...)
	db.packages = append(db.packages, p)
	return p, nil
}

// relate notes what the package needs and provides.
func (db *dpkgDatabase) relate(p *dpkgPackage, s stanza) {
	fields := s["Pre-Depends"] + "," + s["Depends"]
	if db.count.relate(strings.Count(fields, ",") + strings.Count(fields, "|") + strings.Count(s["Provides"], ",")) {
		p.needs = debianRelations(fields)
		for _, alternatives := range debianRelations(s["Provides"]) {
			p.provides = append(p.provides, alternatives...)
		}
	}
}

// dpkgPURL is a package's purl as the field writes it: the vendor is the
// distribution, the epoch stays in the version, "upstream" names the source
// package where it is another.
func dpkgPURL(d *boltseal.Distro, name, version, arch string, source *boltseal.Source) string {
	p := boltseal.PURL{Type: "deb", Namespace: "debian", Name: name, Version: version}
	if d != nil {
		p.Namespace = d.ID
	}
	if version == "" {
		return p.String()
	}
	p.Qualifiers = map[string]string{"arch": arch, "distro": distroQualifier(d)}
	if source != nil {
		p.Qualifiers["upstream"] = upstream(source, name, version)
	}
	return p.String()
}

// distroQualifier is the distribution as purls name it.
func distroQualifier(d *boltseal.Distro) string {
	if d == nil {
		return ""
	}
	return d.String()
}

// upstream is the source package as the purl qualifier of that name writes
// it: nothing when it is called as the package and has its version.
func upstream(s *boltseal.Source, name, version string) string {
	switch {
	case s.Version != "" && s.Version != version:
		return s.Name + "@" + s.Version
	case s.Name != name:
		return s.Name
	}
	return ""
}

// debianSource reads "Source: glibc" or "Source: gcc-12 (12.2.0-14)"; without
// the field the source has the package's name, without the brackets its
// version.
func debianSource(field, name, version string) *boltseal.Source {
	s := &boltseal.Source{Name: name, Version: version}
	source, rest, _ := strings.Cut(field, " ")
	if !plainName(source) {
		return s
	}
	s.Name = source
	if inner, ok := strings.CutPrefix(strings.TrimSpace(rest), "("); ok {
		if v := strings.TrimSpace(strings.TrimSuffix(inner, ")")); v != "" {
			s.Version = v
		}
	}
	return s
}

// plainName says whether s can be a package's name or part of a path. What
// Debian's policy (5.6.7) and others allow is less than what is out there.
func plainName(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == '/' || c == 0x7f {
			return false
		}
	}
	return s != "" && s[0] != '.' && len(s) < 256
}

// debianRelations reads a dependency field: the names of the alternatives of
// each relation, without versions and architectures (Debian policy, 7.1).
func debianRelations(field string) [][]string {
	var all [][]string
	for relation := range strings.SplitSeq(field, ",") {
		var names []string
		for alternative := range strings.SplitSeq(relation, "|") {
			alternative = strings.TrimSpace(alternative)
			if end := strings.IndexAny(alternative, " (:[<\n\t"); end >= 0 {
				alternative = alternative[:end]
			}
			if plainName(alternative) {
				names = append(names, alternative)
			}
		}
		if len(names) > 0 {
			all = append(all, names)
		}
	}
	return all
}

// resolve settles who answers to each dependency: the first alternative that
// is installed, under its own name before those who provide it, and of the
// same architecture before others.
func (db *dpkgDatabase) resolve() {
	byName, byProvided := map[string][]*dpkgPackage{}, map[string][]*dpkgPackage{}
	for _, p := range db.packages {
		byName[p.Name] = append(byName[p.Name], p)
		for _, name := range p.provides {
			byProvided[name] = append(byProvided[name], p)
		}
	}
	answer := func(asking *dpkgPackage, name string) *dpkgPackage {
		for _, among := range [][]*dpkgPackage{byName[name], byProvided[name]} {
			for _, p := range among {
				if p.arch == asking.arch {
					return p
				}
			}
			if len(among) > 0 {
				return among[0]
			}
		}
		return nil
	}
	for _, p := range db.packages {
		for _, alternatives := range p.needs {
			for _, name := range alternatives {
				if found := answer(p, name); found != nil {
					p.DependsOn = append(p.DependsOn, found.PURL)
					break
				}
			}
		}
	}
}

// fileList notes which of the wanted files the package owns. The layer that
// wrote the list is the one that installed the package: the database itself
// is written anew with every other package.
func (db *dpkgDatabase) fileList(p *dpkgPackage, same bool) {
	names := []string{p.Name + ".list", p.Name + ":" + p.arch + ".list"}
	if same {
		slices.Reverse(names)
	}
	for _, name := range names {
		list := path.Join(path.Dir(db.in.Path), "info", name)
		f, err := db.in.FS.Open(list)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if layer := db.in.layer(list); layer != "" {
			p.Locations = []boltseal.Location{{File: db.in.Path, Layer: layer}}
		}
		if err == nil {
			err = db.ownLines(f, func(line []byte) { db.in.own(line, p.PURL) })
			f.Close()
		}
		if err != nil {
			db.fail(fmt.Errorf("file list of %s: %w", p.Name, err))
		}
		return
	}
}

// checksums reads "<md5>  ./path" lines of a distroless image.
func (db *dpkgDatabase) checksums(p *dpkgPackage, name string) {
	f, err := db.in.FS.Open(name)
	if err == nil {
		defer f.Close()
		err = db.ownLines(f, func(line []byte) {
			if _, file, ok := bytes.Cut(line, []byte("  ")); ok {
				db.in.own(file, p.PURL)
			}
		})
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		db.fail(fmt.Errorf("checksums of %s: %w", p.Name, err))
	}
}

func (db *dpkgDatabase) ownLines(f fs.File, own func(line []byte)) error {
	if db.buffer == nil {
		db.buffer = bufio.NewReaderSize(nil, 16<<10)
	}
	db.buffer.Reset(f)
	for line, err := range textLines(db.buffer) {
		if err != nil {
			return err
		}
		own(line)
	}
	return nil
}

// oneLine joins what a file folded over several lines.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// clip shortens what an error quotes of a file.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80]
	}
	return s
}
