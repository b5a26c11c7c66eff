package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// runImage makes an image out of layers, lowest first, in every form.
func runImage(args []string) error {
	set := flag.NewFlagSet("image", flag.ContinueOnError)
	out := set.String("o", "", "the directory to write")
	name := set.String("name", "", "the image's name")
	config := set.String("config", "", "JSON of the image's configuration (OCI image specification, \"config\")")
	platform := set.String("platform", "linux/amd64", "os/arch")
	rest, err := flags(set, args, 1)
	if err != nil {
		return err
	}
	var runtime v1.Config
	if *config != "" {
		if err := json.Unmarshal([]byte(*config), &runtime); err != nil {
			return fmt.Errorf("config: %w", err)
		}
	}
	image, err := build(rest, runtime, *platform)
	if err != nil {
		return err
	}
	if err := export(image, *out, *name); err != nil {
		return err
	}
	return exportLayouts(image, *out, *name)
}

func build(layers []string, runtime v1.Config, platform string) (v1.Image, error) {
	operating, arch, _ := strings.Cut(platform, "/")
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		OS: operating, Architecture: arch, Config: runtime,
		Created: v1.Time{Time: epoch.UTC()}, RootFS: v1.RootFS{Type: "layers"},
	})
	if err != nil {
		return nil, err
	}
	for _, spec := range layers {
		file, createdBy, _ := strings.Cut(spec, "=")
		if createdBy == "" {
			createdBy = "COPY " + filepath.Base(file) + " /"
		}
		layer, err := newPlainLayer(file)
		if err != nil {
			return nil, err
		}
		image, err = mutate.Append(image, mutate.Addendum{Layer: layer,
			History: v1.History{Created: v1.Time{Time: epoch.UTC()}, CreatedBy: createdBy}})
		if err != nil {
			return nil, fmt.Errorf("append %s: %w", file, err)
		}
	}
	return image, nil
}

// runConvert takes an image that docker saved and writes the other forms. What
// docker itself wrote is the better test of reading it, and stays.
func runConvert(args []string) error {
	set := flag.NewFlagSet("convert", flag.ContinueOnError)
	out := set.String("o", "", "the directory to write")
	name := set.String("name", "", "the image's name")
	rest, err := flags(set, args, 1)
	if err != nil {
		return err
	}
	image, err := tarball.ImageFromPath(rest[0], nil)
	if err != nil {
		return err
	}
	if err := exportLayouts(image, *out, *name); err != nil {
		return err
	}
	return os.Rename(rest[0], filepath.Join(*out, "docker.tar"))
}
