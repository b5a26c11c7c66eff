package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "chisel",
	Title: "Sliced Ubuntu packages (chisel)",
	Readers: []Reader{{
		Name:   "chisel/manifest",
		Files:  []string{"var/lib/chisel/manifest.wall"},
		Beside: []string{"usr/share/doc/*/copyright"},
		Read:   readChisel,
	}},
})

// maxChisel is how long a manifest may be once it is inflated. It has a line
// for each file of the image; a million of them fit.
const maxChisel = 256 << 20

// readChisel reads the manifest of an image made of slices of packages: JSON
// objects, a line each, compressed with zstd. It names packages and versions
// as they are in the archive, but not the source packages.
func readChisel(ctx context.Context, in *Input) ([]boltseal.Component, error) {
	z, err := zstd.NewReader(in.File, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxChisel))
	if err != nil {
		return nil, fmt.Errorf("inflate: %w", err)
	}
	defer z.Close()
	inflated := &io.LimitedReader{R: z, N: maxChisel}
	var all []boltseal.Component
	var errs []error
	var count ceiling
	paths := map[string][]string{} // package to wanted files
	for line, err := range textLines(inflated) {
		if err != nil {
			return all, err
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		var entry struct {
			Kind, Name, Version, Arch, Path string
			Slices                          []string
		}
		if err := json.Unmarshal(line, &entry); err != nil {
			if len(errs) <= maxErrors {
				errs = append(errs, err)
			}
			continue
		}
		switch entry.Kind {
		case "package":
			if err := count.next(); err != nil {
				return all, err
			}
			c, err := chiselPackage(in, entry.Name, entry.Version, entry.Arch)
			if err != nil && len(errs) <= maxErrors {
				errs = append(errs, err)
			}
			if c.Name != "" {
				all = append(all, c)
			}
		case "path":
			if len(entry.Slices) > 0 && in.wanted([]byte(entry.Path)) {
				pkg, _, _ := strings.Cut(entry.Slices[0], "_")
				paths[pkg] = append(paths[pkg], entry.Path)
			}
		}
	}
	if inflated.N <= 0 {
		errs = append(errs, errTooLong)
	}
	for i := range all {
		for _, file := range paths[all[i].Name] {
			in.own([]byte(file), all[i].PURL)
		}
	}
	return all, errors.Join(errs...)
}

func chiselPackage(in *Input, name, version, arch string) (boltseal.Component, error) {
	if !plainName(name) || version == "" || strings.ContainsAny(version, " \t\n") {
		return boltseal.Component{}, fmt.Errorf("package %q: version %q is none", clip(name), clip(version))
	}
	statements, err := debianCopyright(in.FS, name)
	return boltseal.Component{
		PURL: dpkgPURL(in.Distro, name, version, arch, nil),
		Name: name, Version: version, Licenses: licenses(statements...), Basis: boltseal.Installed,
	}, err
}
