package inventory

import (
	"context"
	"path"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "nix",
	Title: "Nix packages",
	Readers: []Reader{{
		Name:    "nix/store",
		Folders: []string{"nix/store/*"},
		Read:    readNix,
	}},
})

// readNix reads the name of one folder of the store, "<hash>-perl-5.38.2-man":
// a hash of 32 digits in Nix's base 32, the name, the version that begins at
// the first hyphen with a digit behind it, and perhaps an output (Nix manual,
// "Store Path"). Folders without a version are sources and wrappers.
func readNix(_ context.Context, in *Input) ([]boltseal.Component, error) {
	hash, name, ok := strings.Cut(path.Base(in.Path), "-")
	if !ok || len(hash) != 32 || strings.Trim(hash, "0123456789abcdfghijklmnpqrsvwxyz") != "" || strings.HasSuffix(name, ".drv") {
		return nil, nil
	}
	version := ""
	for at := strings.IndexByte(name, '-'); at >= 0; {
		if rest := name[at+1:]; rest != "" && rest[0] >= '0' && rest[0] <= '9' || strings.HasPrefix(rest, "unstable-") {
			name, version = name[:at], rest
			break
		}
		next := strings.IndexByte(name[at+1:], '-')
		if next < 0 {
			break
		}
		at += 1 + next
	}
	if version == "" || !plainName(name) {
		return nil, nil
	}
	version, output := nixOutput(version)
	purl := boltseal.PURL{Type: "nix", Name: name, Version: version, Qualifiers: map[string]string{"output": output}}
	return []boltseal.Component{{PURL: purl.String(), Name: name, Version: version, Basis: boltseal.Installed}}, nil
}

// nixOutputs are the names of the parts that packages are split into.
var nixOutputs = map[string]bool{
	"bin": true, "dev": true, "lib": true, "man": true, "doc": true, "info": true, "data": true, "debug": true, "static": true,
	"out": true, "py": true, "terminfo": true, "headers": true, "dist": true, "devdoc": true, "getent": true, "locale": true,
}

func nixOutput(version string) (string, string) {
	if at := strings.LastIndexByte(version, '-'); at > 0 && nixOutputs[version[at+1:]] {
		return version[:at], version[at+1:]
	}
	return version, ""
}
