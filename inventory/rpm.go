package inventory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/rpmdb"
)

var _ = add(Ecosystem{
	Name:  "rpm",
	Title: "RPM packages",
	Readers: []Reader{{
		Name: "rpm/database",
		Files: []string{
			"var/lib/rpm/Packages", "var/lib/rpm/Packages.db", "var/lib/rpm/rpmdb.sqlite",
			"usr/lib/sysimage/rpm/Packages", "usr/lib/sysimage/rpm/Packages.db", "usr/lib/sysimage/rpm/rpmdb.sqlite",
			"usr/share/rpm/Packages", "usr/share/rpm/Packages.db", "usr/share/rpm/rpmdb.sqlite",
		},
		Beside: []string{
			"var/lib/rpm/rpmdb.sqlite-wal", "usr/lib/sysimage/rpm/rpmdb.sqlite-wal", "usr/share/rpm/rpmdb.sqlite-wal",
		},
		Versioned: true, Read: readRPM,
	}, {
		// Distroless images of Azure Linux have a list instead of a database.
		Name:  "rpm/manifest",
		Files: []string{"var/lib/rpmmanifest/container-manifest-2"},
		Read:  readRPMManifest,
	}},
})

// readRPM reads rpm's database of installed packages.
func readRPM(ctx context.Context, in *Input) ([]boltseal.Component, error) {
	if newerRPM(in) {
		return nil, nil
	}
	var opts rpmdb.Options
	if strings.HasSuffix(in.Path, ".sqlite") {
		log, err := in.FS.Open(in.Path + "-wal")
		if err == nil {
			defer log.Close()
			if info, err := log.Stat(); err == nil && info.Size() > 0 {
				at, ok := log.(io.ReaderAt)
				if !ok {
					return nil, errors.New("write-ahead log without random access")
				}
				opts.WAL, opts.WALSize = at, info.Size()
			}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("write-ahead log: %w", err)
		}
	}
	db := rpmDatabase{in: in}
	for h, err := range rpmdb.Read(in.File, in.Size, &opts) {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err == nil {
			err = db.add(h)
		}
		db.fail(err)
		if db.count.packages > maxPackages {
			break
		}
	}
	db.resolve()
	db.fail(db.count.err())
	return db.all(), errors.Join(db.errs...)
}

// newerRPM says whether this is the left-over of a conversion: rpm 4.16 and
// later keep one database, and prefer SQLite to their own format to Berkeley
// DB when several lie there.
func newerRPM(in *Input) bool {
	folder, base := path.Split(in.Path)
	newer := map[string][]string{"Packages": {"Packages.db", "rpmdb.sqlite"}, "Packages.db": {"rpmdb.sqlite"}}
	for _, name := range newer[base] {
		if info, err := fs.Stat(in.FS, folder+name); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
			return true
		}
	}
	return false
}

// rpmDatabase is the packages of one database.
type rpmDatabase struct {
	in       *Input
	packages []*rpmPackage
	errs     []error
	count    ceiling
	provides map[string]*rpmPackage // capability or program to the first that has it
}

func (db *rpmDatabase) fail(err error) {
	if err != nil && len(db.errs) <= maxErrors {
		db.errs = append(db.errs, err)
	}
}

type rpmPackage struct {
	boltseal.Component
	needs []string
}

// rpmName holds the parts of a package's identity.
type rpmName struct {
	name, epoch, version, release, arch, source string
}

func (db *rpmDatabase) add(h *rpmdb.Header) error {
	n := rpmName{
		name: h.Text(rpmdb.Name), version: h.Text(rpmdb.Version), release: h.Text(rpmdb.Release),
		arch: h.Text(rpmdb.Arch), source: h.Text(rpmdb.SourceRPM),
	}
	if n.name == "gpg-pubkey" {
		return nil // a key that rpm keeps as if it were a package
	}
	if err := db.count.next(); err != nil {
		return err
	}
	if epoch, ok := h.Number(rpmdb.Epoch); ok && epoch > 0 {
		n.epoch = strconv.FormatUint(uint64(epoch), 10)
	}
	c, err := n.component(db.in.Distro)
	if err != nil {
		return err
	}
	c.Licenses = licenses(h.Text(rpmdb.License))
	if c.Supplier = oneLine(h.Text(rpmdb.Vendor)); c.Supplier == "" {
		c.Supplier = oneLine(h.Text(rpmdb.Packager))
	}
	// The label is name:stream:version:context; advisories speak of the
	// first two.
	if parts := strings.SplitN(h.Text(rpmdb.ModularityLabel), ":", 3); len(parts) > 1 {
		c.Module = parts[0] + ":" + parts[1]
	}
	p := &rpmPackage{Component: c}
	db.relations(p, h)
	db.packages = append(db.packages, p)
	return nil
}

// relations notes what the package has and needs.
func (db *rpmDatabase) relations(p *rpmPackage, h *rpmdb.Header) {
	if db.provides == nil {
		db.provides = map[string]*rpmPackage{}
	}
	provide := func(capability []byte) {
		if db.provides[string(capability)] == nil && db.count.relate(1) {
			db.provides[string(capability)] = p
		}
	}
	for capability := range h.Texts(rpmdb.ProvideName) {
		provide(capability)
	}
	var file []byte
	for folder, name := range h.Files() {
		program := bytes.HasSuffix(folder, []byte("bin/"))
		if file = append(append(file[:0], folder...), name...); program {
			provide(file) // what "Requires: /usr/bin/env" asks for
		}
		db.in.own(file, p.PURL)
	}
	last := ""
	for capability := range h.Texts(rpmdb.RequireName) {
		// rpm's own features, and expressions ("(a if b)"), are no packages.
		if len(capability) == 0 || capability[0] == '(' || bytes.HasPrefix(capability, []byte("rpmlib(")) || string(capability) == last {
			continue
		}
		if last = string(capability); !db.count.relate(1) {
			break
		}
		p.needs = append(p.needs, last)
	}
}

func (db *rpmDatabase) resolve() {
	for _, p := range db.packages {
		for _, need := range p.needs {
			if found := db.provides[need]; found != nil && found != p {
				p.DependsOn = append(p.DependsOn, found.PURL)
			}
		}
		p.needs = nil
	}
}

func (db *rpmDatabase) all() []boltseal.Component {
	all := make([]boltseal.Component, len(db.packages))
	for i, p := range db.packages {
		all[i] = p.Component
	}
	return all
}

func (n *rpmName) component(d *boltseal.Distro) (boltseal.Component, error) {
	if !plainName(n.name) || n.version == "" || strings.ContainsAny(n.version+n.release, " \t\n/") {
		return boltseal.Component{}, fmt.Errorf("package %q: version %q is none", clip(n.name), clip(n.version))
	}
	version := n.version
	if n.release != "" {
		version += "-" + n.release
	}
	purl := boltseal.PURL{Type: "rpm", Namespace: rpmNamespace(d), Name: n.name, Version: version, Qualifiers: map[string]string{
		"arch": n.arch, "distro": distroQualifier(d), "epoch": n.epoch, "upstream": n.source,
	}}
	c := boltseal.Component{PURL: purl.String(), Name: n.name, Version: version, Basis: boltseal.Installed}
	c.Source = rpmSource(n.source)
	if c.Source == nil {
		c.Source = &boltseal.Source{Name: n.name, Version: version}
	}
	if n.epoch != "" {
		c.Version = n.epoch + ":" + version
		// A source package's own epoch is not on record; where the rest of
		// the version is the same the epoch is, too.
		if c.Source.Version == version {
			c.Source.Version = c.Version
		}
	}
	return c, nil
}

// rpmSource reads a source package's file name, "bash-5.1.8-6.el9.src.rpm".
func rpmSource(file string) *boltseal.Source {
	name, ok := strings.CutSuffix(file, ".rpm")
	if !ok {
		return nil
	}
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".src"), ".nosrc")
	release := strings.LastIndexByte(name, '-')
	if release <= 0 {
		return nil
	}
	version := strings.LastIndexByte(name[:release], '-')
	if version <= 0 {
		return nil
	}
	return &boltseal.Source{Name: name[:version], Version: name[version+1:]}
}

// rpmNamespace is the vendor as purls write it. For most distributions that
// is their ID.
func rpmNamespace(d *boltseal.Distro) string {
	if d == nil {
		return ""
	}
	switch d.ID {
	case "rhel":
		return "redhat"
	case "amzn":
		return "amazon"
	case "ol":
		return "oracle"
	case "opensuse-leap", "opensuse-tumbleweed", "opensuse-microos":
		return "opensuse"
	case "sles_sap", "sled", "sle-micro", "sl-micro":
		return "sles"
	}
	return d.ID
}

// readRPMManifest reads what "rpm -qa" printed while the image was made: name,
// version-release, two times, vendor, epoch, size, architecture, epoch as a
// number, source package, with tabs between them.
func readRPMManifest(_ context.Context, in *Input) ([]boltseal.Component, error) {
	var all []boltseal.Component
	db := rpmDatabase{in: in}
	for line, err := range textLines(in.File) {
		if err != nil {
			return all, err
		}
		if len(line) == 0 {
			continue
		}
		if err := db.count.next(); err != nil {
			return all, err
		}
		fields := strings.SplitN(string(line), "\t", 11)
		if len(fields) < 10 {
			db.fail(fmt.Errorf("line of %d fields, want 10", len(fields)))
			continue
		}
		n := rpmName{name: fields[0], arch: fields[7], epoch: fields[8], source: fields[9]}
		n.version, n.release, _ = strings.Cut(fields[1], "-")
		if epoch, err := strconv.ParseUint(n.epoch, 10, 32); err != nil || epoch == 0 {
			n.epoch = ""
		}
		c, err := n.component(in.Distro)
		if err != nil {
			db.fail(err)
			continue
		}
		if fields[4] != "(none)" {
			c.Supplier = oneLine(fields[4])
		}
		all = append(all, c)
	}
	return all, errors.Join(db.errs...)
}
