package inventory

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "snap",
	Title: "Snaps",
	Readers: []Reader{{
		Name:  "snap/yaml",
		Files: []string{"snap/*/*/meta/snap.yaml"},
		Read:  readSnap,
	}},
})

// readSnap reads the description of one unpacked snap, which lies in
// snap/<name>/<revision>.
func readSnap(_ context.Context, in *Input) ([]boltseal.Component, error) {
	revision := path.Base(path.Dir(path.Dir(in.Path)))
	if revision == "current" {
		return nil, nil // a link to the revision in use
	}
	var snap struct {
		Name          loose    `yaml:"name"`
		Version       loose    `yaml:"version"`
		License       loose    `yaml:"license"`
		Architectures []string `yaml:"architectures"`
	}
	if err := in.yaml(&snap); err != nil {
		return nil, err
	}
	name, version := string(snap.Name), string(snap.Version)
	if !plainName(name) || version == "" || strings.ContainsAny(version, " \t\n") {
		return nil, fmt.Errorf("snap %q: version %q is none", clip(name), clip(version))
	}
	slices.Sort(snap.Architectures)
	purl := boltseal.PURL{Type: "snap", Name: name, Version: version, Qualifiers: map[string]string{
		"arch": strings.Join(snap.Architectures, ","),
	}}
	return []boltseal.Component{{
		PURL: purl.String(), Name: name, Version: version, Licenses: licenses(string(snap.License)), Basis: boltseal.Installed,
	}}, nil
}
