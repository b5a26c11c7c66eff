package source

import (
	"fmt"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
)

// checkPlatform reads what Options.Platform asks for.
func (o *opener) checkPlatform() error {
	if o.Platform == "" || o.Platform == "all" {
		return nil
	}
	p, ok := boltseal.ParsePlatform(strings.ToLower(o.Platform))
	if !ok {
		return fmt.Errorf("platform %q: want os/arch[/variant] or all", clip(o.Platform, 80))
	}
	p = normal(p)
	o.platform = &p
	return nil
}

// normal is a platform in Go's words, which the image specification uses.
func normal(p boltseal.Platform) boltseal.Platform {
	p.OS, p.Arch, p.Variant = strings.ToLower(p.OS), strings.ToLower(p.Arch), strings.ToLower(p.Variant)
	switch p.Arch {
	case "x86_64", "x86-64":
		p.Arch = "amd64"
	case "aarch64":
		p.Arch = "arm64"
	case "armhf":
		p.Arch, p.Variant = "arm", "v7"
	case "armel":
		p.Arch, p.Variant = "arm", "v6"
	case "i386", "i686", "x86":
		p.Arch = "386"
	}
	if p.Arch == "arm64" && (p.Variant == "v8" || p.Variant == "8") || p.Arch == "amd64" && p.Variant == "v1" {
		p.Variant = "" // the only one there is
	}
	if p.Arch == "arm" && p.Variant != "" && p.Variant[0] != 'v' {
		p.Variant = "v" + p.Variant
	}
	return p
}

// suits tells whether an image for p is one that was asked for.
func suits(want, p boltseal.Platform) bool {
	p = normal(p)
	return want.OS == p.OS && want.Arch == p.Arch && (want.Variant == "" || want.Variant == p.Variant)
}

func fromWire(p *ocispec.Platform) *boltseal.Platform {
	if p == nil || p.OS == "" && p.Architecture == "" {
		return nil
	}
	return &boltseal.Platform{OS: p.OS, Arch: p.Architecture, Variant: p.Variant, OSVersion: p.OSVersion}
}

// best keeps, of images that all suit, those that are meant by a platform
// without a variant: 32-bit ARM is v7 unless somebody says otherwise.
func best(want boltseal.Platform, list []ocispec.Descriptor) []ocispec.Descriptor {
	if want.Arch != "arm" || want.Variant != "" {
		return list
	}
	v7 := slices.DeleteFunc(slices.Clone(list), func(d ocispec.Descriptor) bool {
		return normal(*fromWire(d.Platform)).Variant != "v7"
	})
	if len(v7) == 0 {
		return list
	}
	return v7
}
