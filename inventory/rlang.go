package inventory

import (
	"context"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "rlang",
	Title: "R (CRAN, Bioconductor, renv)",
	Readers: []Reader{
		{
			Name:  "rlang/description",
			Files: []string{"**/library/*/DESCRIPTION", "**/site-library/*/DESCRIPTION", "**/dist-library/*/DESCRIPTION"},
			Read:  readRDescription,
		},
		{Name: "rlang/renv-lock", Files: []string{"**/renv.lock"}, Read: readRenvLock},
	},
})

// rPURL names a package of CRAN's or, when the flag says so, Bioconductor's.
func rPURL(name, version, vcs string, bioconductor bool) string {
	p := boltseal.PURL{Type: "cran", Name: name, Version: version}
	if bioconductor {
		p.Type = "bioconductor"
	}
	if vcs != "" {
		p.Qualifiers = map[string]string{"vcs_url": vcs}
	}
	return p.String()
}

// readRDescription reads the record of an installed package (Writing R
// Extensions, "The DESCRIPTION file"). Only installed ones say how they were
// built.
func readRDescription(_ context.Context, in *Input) ([]boltseal.Component, error) {
	h, err := readPythonHeaders(in.File) // the same syntax
	if err != nil {
		return nil, err
	}
	name, version := h.get("Package"), h.get("Version")
	if !hexName(name) || version == "" || h.get("Built") == "" {
		return nil, nil
	}
	bioconductor := h.get("biocViews") != ""
	c := boltseal.Component{
		PURL: rPURL(name, version, "", bioconductor), Name: name, Version: version, Basis: boltseal.Installed,
		Licenses: licenses(rLicense(h.get("License"))), Supplier: h.get("Maintainer"),
	}
	if h.get("Priority") == "base" {
		// Part of R itself: it has R's version and no life of its own.
		c.PURL = boltseal.PURL{Type: "generic", Namespace: "r", Name: name, Version: version}.String()
	}
	for _, field := range []string{"Depends", "Imports", "LinkingTo"} {
		for needed := range strings.SplitSeq(h.get(field), ",") {
			needed, _, _ = strings.Cut(strings.TrimSpace(needed), " ")
			needed, _, _ = strings.Cut(strings.TrimSpace(needed), "(")
			if hexName(needed) && needed != "R" {
				c.DependsOn = append(c.DependsOn, rPURL(needed, "", "", false), rPURL(needed, "", "", true))
			}
		}
	}
	return []boltseal.Component{c}, nil
}

// rLicenses are R's own words (Writing R Extensions, "Licensing").
var rLicenses = strings.NewReplacer(
	"LGPL (>= 2)", "LGPL-2.0-or-later", "LGPL (>= 2.1)", "LGPL-2.1-or-later", "LGPL (>= 3)", "LGPL-3.0-or-later",
	"GPL (>= 2)", "GPL-2.0-or-later", "GPL (>= 3)", "GPL-3.0-or-later", "GPL (>= 2.0)", "GPL-2.0-or-later",
	"BSD_3_clause", "BSD-3-Clause", "BSD_2_clause", "BSD-2-Clause", "Apache License (== 2.0)", "Apache-2.0",
	"Apache License (>= 2)", "Apache-2.0", "|", " OR ",
)

// rLicense drops what points at a file of the package: "MIT + file LICENSE".
func rLicense(s string) string {
	s, _, _ = strings.Cut(s, "+ file")
	return strings.TrimSpace(rLicenses.Replace(s))
}

// readRenvLock reads renv.lock.
func readRenvLock(_ context.Context, in *Input) ([]boltseal.Component, error) {
	var lock struct {
		Packages map[string]struct {
			Name         string   `json:"Package"`
			Version      loose    `json:"Version"`
			Source       string   `json:"Source"`
			User         string   `json:"RemoteUsername"`
			Repo         string   `json:"RemoteRepo"`
			Commit       string   `json:"RemoteSha"`
			URL          string   `json:"RemoteUrl"`
			Requirements []string `json:"Requirements"`
		} `json:"Packages"`
	}
	if err := in.json(&lock); err != nil {
		return nil, err
	}
	var g graph
	for _, key := range sortedKeys(lock.Packages) {
		p := lock.Packages[key]
		if !hexName(p.Name) || p.Version == "" {
			continue
		}
		vcs := ""
		switch {
		case p.Source == "GitHub" && p.User != "" && p.Repo != "":
			vcs = vcsURL("git", "https://github.com/"+p.User+"/"+p.Repo, p.Commit)
		case p.Source == "Git":
			vcs = vcsURL("git", p.URL, p.Commit)
		}
		n := g.add(p.Name, boltseal.Component{
			PURL: rPURL(p.Name, string(p.Version), vcs, p.Source == "Bioconductor"), Name: p.Name, Version: string(p.Version),
		})
		for _, needed := range p.Requirements {
			n.need(needed)
		}
	}
	return g.components(), nil
}
