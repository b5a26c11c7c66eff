package inventory

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "opkg",
	Title: "OpenWrt and Yocto packages (opkg)",
	Readers: []Reader{{
		Name:   "opkg/status",
		Files:  []string{"usr/lib/opkg/status", "var/lib/opkg/status"},
		Beside: []string{"usr/lib/opkg/info/*.list", "usr/lib/opkg/info/*.control", "var/lib/opkg/info/*.list", "var/lib/opkg/info/*.control"},
		Read:   readOpkg,
	}},
})

// readOpkg reads opkg's database, which has the syntax of dpkg's. What status
// leaves out stands in a control file for each package.
func readOpkg(ctx context.Context, in *Input) ([]boltseal.Component, error) {
	db := dpkgDatabase{in: in}
	for s, err := range stanzas(textLines(in.File), "Package", "Status", "Version", "Architecture", "Depends", "Provides") {
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
		p, err := opkgPackage(in, s)
		if err != nil {
			db.fail(err)
			continue
		}
		db.relate(p, s)
		db.packages = append(db.packages, p)
		db.fileList(p, false)
	}
	db.resolve()
	return db.done()
}

func opkgPackage(in *Input, s stanza) (*dpkgPackage, error) {
	name, version := s["Package"], s["Version"]
	if !plainName(name) || version == "" || strings.ContainsAny(version, " \t\n/") {
		return nil, fmt.Errorf("package %q: version %q is none", clip(name), clip(version))
	}
	control, err := opkgControl(in, name)
	if err != nil {
		return nil, err
	}
	source := &boltseal.Source{Name: name, Version: version}
	if plainName(control["SourceName"]) {
		source.Name = control["SourceName"]
	}
	purl := boltseal.PURL{Type: "opkg", Name: name, Version: version, Qualifiers: map[string]string{
		"arch": s["Architecture"], "distro": distroQualifier(in.Distro), "upstream": upstream(source, name, version),
	}}
	if in.Distro != nil {
		purl.Namespace = in.Distro.ID
	}
	return &dpkgPackage{
		Component: boltseal.Component{
			PURL: purl.String(), Name: name, Version: version, Source: source,
			Licenses: licenses(control["License"]), Supplier: oneLine(control["Maintainer"]), Basis: boltseal.Installed,
		},
		arch: s["Architecture"],
	}, nil
}

// opkgControl reads a package's control file, which stripped images lack.
func opkgControl(in *Input, name string) (stanza, error) {
	f, err := in.FS.Open(path.Join(path.Dir(in.Path), "info", name+".control"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("control file of %s: %w", name, err)
	}
	defer f.Close()
	for s, err := range stanzas(textLines(f), "License", "Maintainer", "SourceName") {
		if err != nil {
			return nil, fmt.Errorf("control file of %s: %w", name, err)
		}
		return maps.Clone(s), nil
	}
	return nil, nil
}
