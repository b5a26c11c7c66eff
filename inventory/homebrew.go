package inventory

import (
	"context"
	"fmt"
	"path"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "homebrew",
	Title: "Homebrew packages",
	Readers: []Reader{{
		Name:  "homebrew/receipt",
		Files: []string{"**/Cellar/*/*/INSTALL_RECEIPT.json"},
		Read:  readHomebrew,
	}},
})

// readHomebrew reads the receipt of one installed package. Its name and
// version are its folders'; what it needs stands inside.
func readHomebrew(_ context.Context, in *Input) ([]boltseal.Component, error) {
	folder := path.Dir(in.Path)
	version, name := path.Base(folder), path.Base(path.Dir(folder))
	if !plainName(name) || !plainName(version) {
		return nil, fmt.Errorf("folder %s names no package", clip(folder))
	}
	var receipt struct {
		Runtime []struct {
			FullName string `json:"full_name"`
			Revision string `json:"pkg_version"`
		} `json:"runtime_dependencies"`
		Source struct {
			Tap string `json:"tap"`
		} `json:"source"`
	}
	err := in.json(&receipt)
	purl := boltseal.PURL{Type: "brew", Name: name, Version: version}
	if receipt.Source.Tap != "homebrew/core" {
		purl.Qualifiers = map[string]string{"tap": receipt.Source.Tap}
	}
	c := boltseal.Component{PURL: purl.String(), Name: name, Version: version, Basis: boltseal.Installed}
	for _, need := range receipt.Runtime {
		if base := path.Base(need.FullName); plainName(base) {
			c.DependsOn = append(c.DependsOn, boltseal.PURL{Type: "brew", Name: base, Version: need.Revision}.String())
		}
	}
	return []boltseal.Component{c}, err
}
