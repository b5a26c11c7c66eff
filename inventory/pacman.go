package inventory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "pacman",
	Title: "Arch Linux packages (pacman)",
	Readers: []Reader{{
		Name:   "pacman/desc",
		Files:  []string{"var/lib/pacman/local/*/desc"},
		Beside: []string{"var/lib/pacman/local/*/files"},
		Read:   readPacman,
	}},
})

// readPacman reads one package of pacman's local database: sections that
// begin with a name between percent signs and end with an empty line.
func readPacman(_ context.Context, in *Input) ([]boltseal.Component, error) {
	sections, err := pacmanSections(in.File)
	if err != nil {
		return nil, err
	}
	first := func(name string) string {
		if lines := sections[name]; len(lines) > 0 {
			return lines[0]
		}
		return ""
	}
	name, version := first("NAME"), first("VERSION")
	if !plainName(name) || version == "" || strings.ContainsAny(version, " \t/") {
		return nil, fmt.Errorf("package %q: version %q is none", clip(name), clip(version))
	}
	source := &boltseal.Source{Name: name, Version: version}
	if base := first("BASE"); plainName(base) {
		source.Name = base
	}
	c := boltseal.Component{
		PURL: alpmPURL(in.Distro, name, version, first("ARCH"), source),
		Name: name, Version: version, Source: source,
		Licenses: licenses(sections["LICENSE"]...), Supplier: oneLine(first("PACKAGER")), Basis: boltseal.Installed,
	}
	if c.Supplier == "Unknown Packager" {
		c.Supplier = ""
	}
	provided := pacmanProvided(in)
	for _, need := range sections["DEPENDS"] {
		need = apkName(need)
		if by := provided[need]; by != "" {
			need = by
		}
		// The version stands in another file, which the driver finds.
		if plainName(need) {
			c.DependsOn = append(c.DependsOn, alpmPURL(in.Distro, need, "", "", nil))
		}
	}
	return []boltseal.Component{c}, pacmanFiles(in, c.PURL)
}

// alpmPURL is a package's purl; without a version it stands for whichever is
// installed.
func alpmPURL(d *boltseal.Distro, name, version, arch string, source *boltseal.Source) string {
	p := boltseal.PURL{Type: "alpm", Namespace: "arch", Name: name, Version: version}
	if d != nil {
		p.Namespace = d.ID
	}
	if version != "" {
		p.Qualifiers = map[string]string{"arch": arch, "distro": distroQualifier(d), "upstream": upstream(source, name, version)}
	}
	return p.String()
}

// pacmanSections reads a file of sections. The lines of one are its values.
func pacmanSections(r io.Reader) (map[string][]string, error) {
	sections := map[string][]string{}
	now := ""
	for line, err := range textLines(r) {
		switch {
		case err != nil:
			return nil, err
		case len(line) == 0:
			now = ""
		case now == "" && len(line) > 2 && line[0] == '%' && line[len(line)-1] == '%':
			now = string(line[1 : len(line)-1])
		case pacmanWanted[now] && len(sections[now]) < maxLines:
			sections[now] = append(sections[now], string(line))
		}
	}
	return sections, nil
}

// maxLines is how many values one section may have; the longest real ones
// have some hundred.
const maxLines = 10_000

var pacmanWanted = map[string]bool{
	"NAME": true, "VERSION": true, "BASE": true, "ARCH": true, "PACKAGER": true, "LICENSE": true, "DEPENDS": true, "PROVIDES": true,
}

// pacmanProvided says which package provides each virtual one and library
// ("libreadline.so"), once for all packages of the database.
func pacmanProvided(in *Input) map[string]string {
	folder := path.Dir(path.Dir(in.Path))
	provided, _ := in.once("pacman/"+folder, func() any {
		by := map[string]string{}
		entries, err := fs.ReadDir(in.FS, folder)
		if err != nil {
			return by // the packages themselves say what is wrong
		}
		for _, e := range entries {
			f, err := in.FS.Open(path.Join(folder, e.Name(), "desc"))
			if err != nil {
				continue
			}
			sections, err := pacmanSections(f)
			f.Close()
			if err != nil || len(sections["NAME"]) == 0 {
				continue
			}
			for _, name := range sections["PROVIDES"] {
				if name = apkName(name); by[name] == "" {
					by[name] = sections["NAME"][0]
				}
			}
		}
		return by
	}).(map[string]string)
	return provided
}

// pacmanFiles notes which of the wanted files the package owns.
func pacmanFiles(in *Input, purl string) error {
	f, err := in.FS.Open(path.Join(path.Dir(in.Path), "files"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("file list: %w", err)
	}
	defer f.Close()
	files := false
	for line, err := range textLines(f) {
		switch {
		case err != nil:
			return fmt.Errorf("file list: %w", err)
		case len(line) == 0:
			files = false
		case bytes.Equal(line, []byte("%FILES%")):
			files = true
		case files:
			in.own(line, purl)
		}
	}
	return nil
}
