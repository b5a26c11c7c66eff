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
	Name:  "portage",
	Title: "Gentoo packages (portage)",
	Readers: []Reader{{
		Name:  "portage/pf",
		Files: []string{"var/db/pkg/*/*/PF"},
		Beside: []string{
			"var/db/pkg/*/*/CONTENTS", "var/db/pkg/*/*/LICENSE", "var/db/pkg/*/*/repository", "var/db/pkg/*/*/SLOT",
		},
		Read: readPortage,
	}},
})

// readPortage reads one package of portage's database: a folder of one-line
// files, of which PF is the name with its version.
func readPortage(_ context.Context, in *Input) ([]boltseal.Component, error) {
	pf, err := io.ReadAll(io.LimitReader(in.File, 4096))
	if err != nil {
		return nil, err
	}
	name, version, ok := splitPF(strings.TrimSpace(string(pf)))
	category := path.Base(path.Dir(path.Dir(in.Path)))
	if !ok || !plainName(name) || !plainName(category) {
		return nil, fmt.Errorf("package %q is no name with a version", clip(string(pf)))
	}
	var errs []error
	line := func(file string) string {
		text, err := portageLine(in, file)
		if err != nil {
			errs = append(errs, err)
		}
		return text
	}
	slot, _, _ := strings.Cut(line("SLOT"), "/")
	if slot == "0" {
		slot = "" // the only one of most packages
	}
	purl := boltseal.PURL{Type: "ebuild", Namespace: category, Name: name, Version: version, Qualifiers: map[string]string{
		"distro": distroQualifier(in.Distro), "repository": line("repository"), "slot": slot,
	}}
	c := boltseal.Component{
		PURL: purl.String(), Name: category + "/" + name, Version: version,
		Licenses: licenses(portageLicense(line("LICENSE"))...), Basis: boltseal.Installed,
	}
	if err := portageContents(in, c.PURL); err != nil {
		errs = append(errs, err)
	}
	return []boltseal.Component{c}, errors.Join(errs...)
}

// splitPF takes "gcc-12.3.1_p20230526-r1" apart. A name never ends in
// something that looks like a version (Package Manager Specification, 3.1.2
// and 3.2), so the last hyphen before the revision parts the two.
func splitPF(pf string) (name, version string, ok bool) {
	end := len(pf)
	if at := strings.LastIndex(pf, "-r"); at > 0 && at+2 < len(pf) && strings.Trim(pf[at+2:], "0123456789") == "" {
		end = at
	}
	at := strings.LastIndexByte(pf[:end], '-')
	if at <= 0 || at+1 >= end || pf[at+1] < '0' || pf[at+1] > '9' || strings.ContainsAny(pf, " \t\n/") {
		return "", "", false
	}
	return pf[:at], pf[at+1:], true
}

// portageLicense reads a licence expression: names that all apply, and groups
// of which one does ("|| ( GPL-2 MIT )"). Conditions ("doc? ( … )") are taken
// as met: which were is not on record there.
func portageLicense(expr string) []string {
	var all []string
	words := strings.Fields(expr)
	for i := 0; i < len(words); i++ {
		switch word := words[i]; {
		case word == "||" && i+1 < len(words) && words[i+1] == "(":
			var either []string
			for i += 2; i < len(words) && words[i] != ")"; i++ {
				if words[i] != "(" {
					either = append(either, words[i])
				}
			}
			all = append(all, strings.Join(either, " OR "))
		case word == "(", word == ")", word == "||", strings.HasSuffix(word, "?"):
		default:
			all = append(all, word)
		}
	}
	return all
}

func portageLine(in *Input, file string) (string, error) {
	f, err := in.FS.Open(path.Join(path.Dir(in.Path), file))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	defer f.Close()
	for line, err := range textLines(f) {
		if err != nil {
			return "", fmt.Errorf("%s: %w", file, err)
		}
		return oneLine(string(line)), nil
	}
	return "", nil
}

// portageContents notes which of the wanted files the package owns. Lines are
// "obj <path> <md5> <time>".
func portageContents(in *Input, purl string) error {
	f, err := in.FS.Open(path.Join(path.Dir(in.Path), "CONTENTS"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("file list: %w", err)
	}
	defer f.Close()
	for line, err := range textLines(f) {
		if err != nil {
			return fmt.Errorf("file list: %w", err)
		}
		file, ok := bytes.CutPrefix(line, []byte("obj "))
		if !ok {
			continue
		}
		for range 2 { // paths may hold spaces, what follows does not
			if at := bytes.LastIndexByte(file, ' '); at > 0 {
				file = file[:at]
			}
		}
		in.own(file, purl)
	}
	return nil
}
