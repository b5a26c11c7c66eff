package inventory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "apk",
	Title: "Alpine packages (apk)",
	Readers: []Reader{{
		Name:      "apk/installed",
		Files:     []string{"lib/apk/db/installed", "usr/lib/apk/db/installed"},
		Versioned: true, Read: readApk,
	}},
})

// readApk reads the database of apk-tools: a paragraph each package, a
// letter each field (apk-package(5) and Alpine's wiki, "Apk spec").
func readApk(ctx context.Context, in *Input) ([]boltseal.Component, error) {
	db := apkDatabase{in: in}
	for line, err := range textLines(in.File) {
		if err != nil {
			return db.all(), err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if db.count.packages > maxPackages {
			break
		}
		switch {
		case len(line) == 0:
			db.end()
		case len(line) > 1 && line[1] == ':':
			db.field(line[0], line[2:])
		}
	}
	db.end()
	db.resolve()
	db.fail(db.count.err())
	return db.all(), errors.Join(db.errs...)
}

type apkDatabase struct {
	in       *Input
	now      apkPackage
	packages []*apkPackage
	errs     []error
	count    ceiling
}

func (db *apkDatabase) fail(err error) {
	if err != nil && len(db.errs) <= maxErrors {
		db.errs = append(db.errs, err)
	}
}

type apkPackage struct {
	name, version, arch, origin, license, maintainer string

	needs, provides []string
	folder          []byte
	files           [][]byte // those that somebody wants
	purl            string
	dependsOn       []string
}

// field reads one line. Files come after the package's own fields: a folder
// (F) and then the names in it (R).
func (db *apkDatabase) field(letter byte, value []byte) {
	p := &db.now
	switch letter {
	case 'P':
		p.name = string(value)
	case 'V':
		p.version = string(value)
	case 'A':
		p.arch = string(value)
	case 'L':
		p.license = string(value)
	case 'o':
		p.origin = string(value)
	case 'm':
		p.maintainer = string(value)
	case 'D':
		p.needs = db.words(value)
	case 'p':
		p.provides = db.words(value)
	case 'F':
		p.folder = append(p.folder[:0], value...)
		if len(value) > 0 {
			p.folder = append(p.folder, '/')
		}
	case 'R':
		file := slices.Concat(p.folder, value)
		if db.in.wanted(file) {
			p.files = append(p.files, file)
		}
	}
}

// words splits a list of dependencies.
func (db *apkDatabase) words(value []byte) []string {
	if !db.count.relate(bytes.Count(value, []byte(" ")) + 1) {
		return nil
	}
	return strings.Fields(string(value))
}

// end closes the paragraph.
func (db *apkDatabase) end() {
	p := db.now
	db.now = apkPackage{folder: p.folder[:0]}
	if p.name == "" && p.version == "" || strings.HasPrefix(p.name, ".") {
		return // "apk add --virtual .deps" makes a name without content
	}
	if !plainName(p.name) || p.version == "" || strings.ContainsAny(p.version, " \t/") {
		db.fail(fmt.Errorf("package %q: version %q is none", clip(p.name), clip(p.version)))
		return
	}
	if err := db.count.next(); err != nil {
		db.fail(err)
		return
	}
	if !plainName(p.origin) {
		p.origin = p.name
	}
	p.purl = apkPURL(db.in.Distro, &p)
	for _, file := range p.files {
		db.in.own(file, p.purl)
	}
	p.folder, p.files = nil, nil
	db.packages = append(db.packages, &p)
}

func apkPURL(d *boltseal.Distro, p *apkPackage) string {
	purl := boltseal.PURL{Type: "apk", Namespace: "alpine", Name: p.name, Version: p.version, Qualifiers: map[string]string{
		"arch": p.arch, "distro": distroQualifier(d),
	}}
	if d != nil {
		purl.Namespace = d.ID
	}
	if p.origin != p.name {
		purl.Qualifiers["upstream"] = p.origin
	}
	return purl.String()
}

// resolve settles who answers to each dependency: packages by name, and
// whatever they provide ("so:libc.musl-x86_64.so.1", "cmd:sh").
func (db *apkDatabase) resolve() {
	who := map[string]*apkPackage{}
	for _, p := range db.packages {
		for _, provided := range p.provides {
			if name := apkName(provided); who[name] == nil {
				who[name] = p
			}
		}
	}
	for _, p := range db.packages {
		who[p.name] = p
	}
	for _, p := range db.packages {
		for _, need := range p.needs {
			if need[0] == '!' {
				continue // a conflict
			}
			if found := who[apkName(need)]; found != nil && found != p {
				p.dependsOn = append(p.dependsOn, found.purl)
			}
		}
	}
}

// apkName is a dependency without its version: "musl>=1.2", "so:libz.so.1=1.3".
func apkName(s string) string {
	if end := strings.IndexAny(s, "=<>~"); end >= 0 {
		s = s[:end]
	}
	return s
}

func (db *apkDatabase) all() []boltseal.Component {
	all := make([]boltseal.Component, len(db.packages))
	for i, p := range db.packages {
		all[i] = boltseal.Component{
			PURL: p.purl, Name: p.name, Version: p.version,
			Source:   &boltseal.Source{Name: p.origin, Version: p.version},
			Licenses: licenses(p.license), Supplier: oneLine(p.maintainer),
			DependsOn: p.dependsOn, Basis: boltseal.Installed,
		}
	}
	return all
}
