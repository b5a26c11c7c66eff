package inventory

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "cos",
	Title: "Container-Optimized OS packages",
	Readers: []Reader{{
		Name:  "cos/package-info",
		Files: []string{"etc/cos-package-info.json"},
		Read:  readCOS,
	}},
})

// readCOS reads the list of packages that Google's Container-Optimized OS has
// instead of a database. Those that only built it are not there any more.
func readCOS(_ context.Context, in *Input) ([]boltseal.Component, error) {
	var list struct {
		Installed []struct {
			Category string `json:"category"`
			Name     string `json:"name"`
			Version  string `json:"version"`
			Ebuild   string `json:"ebuild_version"`
		} `json:"installedPackages"`
	}
	if err := in.json(&list); err != nil {
		return nil, err
	}
	var all []boltseal.Component
	var errs []error
	for i, p := range list.Installed {
		if i == maxPackages {
			errs = append(errs, fmt.Errorf("database of more than %d packages", maxPackages))
			break
		}
		if !plainName(p.Name) || p.Version == "" || strings.ContainsAny(p.Version, " \t\n") {
			if len(errs) <= maxErrors {
				errs = append(errs, fmt.Errorf("package %q: version %q is none", clip(p.Name), clip(p.Version)))
			}
			continue
		}
		purl := boltseal.PURL{Type: "cos", Name: p.Name, Version: p.Version, Qualifiers: map[string]string{"distro": distroQualifier(in.Distro)}}
		name := p.Name
		if plainName(p.Category) {
			purl.Namespace, name = p.Category, p.Category+"/"+p.Name
		}
		all = append(all, boltseal.Component{PURL: purl.String(), Name: name, Version: p.Version, Basis: boltseal.Installed})
	}
	return all, errors.Join(errs...)
}
