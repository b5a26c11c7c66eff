package inventory

import (
	"context"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "perl",
	Title: "Perl (CPAN)",
	Readers: []Reader{
		{Name: "perl/install-json", Files: []string{"**/.meta/*/install.json"}, Read: readPerlInstall},
		{Name: "perl/cpanfile-snapshot", Files: []string{"**/cpanfile.snapshot"}, Read: readCpanfileSnapshot},
	},
})

// cpanPURL names a distribution by its path on CPAN, which has its author:
// "E/ET/ETHER/Moose-2.2011.tar.gz".
func cpanPURL(pathname, name, version string) string {
	p := boltseal.PURL{Type: "cpan", Name: name, Version: version}
	if parts := strings.Split(pathname, "/"); len(parts) >= 4 {
		p.Namespace = strings.ToUpper(parts[2])
	}
	return p.String()
}

// readPerlInstall reads what cpanm leaves of an installed distribution.
func readPerlInstall(_ context.Context, in *Input) ([]boltseal.Component, error) {
	var record struct {
		Dist     string `json:"dist"`
		Version  loose  `json:"version"`
		Pathname string `json:"pathname"`
	}
	if err := in.json(&record); err != nil {
		return nil, err
	}
	name, version := cpanDist(record.Dist)
	if !hexName(name) || version == "" {
		return nil, nil // another file of that name
	}
	return []boltseal.Component{{PURL: cpanPURL(record.Pathname, name, version), Name: name, Version: version, Basis: boltseal.Installed}}, nil
}

// cpanDist splits "Moose-2.2011": the version begins behind the last dash
// that a digit, or a "v" and a digit, follows.
func cpanDist(dist string) (name, version string) {
	for _, archive := range []string{".tar.gz", ".tgz", ".tar.bz2", ".zip"} {
		dist = strings.TrimSuffix(dist, archive)
	}
	for at := len(dist) - 2; at > 0; at-- {
		if dist[at] != '-' {
			continue
		}
		rest := strings.TrimPrefix(dist[at+1:], "v")
		if rest != "" && rest[0] >= '0' && rest[0] <= '9' {
			return dist[:at], dist[at+1:]
		}
	}
	return "", ""
}

// readCpanfileSnapshot reads the lock file of Carton: distributions by name,
// indented by two spaces, with the modules that each has and needs.
func readCpanfileSnapshot(_ context.Context, in *Input) ([]boltseal.Component, error) {
	data, err := in.text()
	if err != nil {
		return nil, err
	}
	var g graph
	var last *node
	part := ""
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, " \r\n")
		text := strings.TrimLeft(line, " ")
		first, second, _ := strings.Cut(text, " ")
		switch indent := len(line) - len(text); {
		case text == "" || text[0] == '#' || indent == 0:
		case indent == 2:
			last, part = nil, ""
			if name, version := cpanDist(text); hexName(name) {
				last = g.add(text, boltseal.Component{PURL: cpanPURL("", name, version), Name: name, Version: version})
			}
		case indent == 4 && last != nil:
			if part = strings.TrimSuffix(first, ":"); part == "pathname" {
				last.PURL = cpanPURL(second, last.Name, last.Version)
			}
		case indent == 6 && last != nil && part == "provides":
			if g.byKey[first] == nil {
				g.byKey[first] = last
			}
		case indent == 6 && last != nil && part == "requirements":
			last.need(first)
		}
	}
	return g.components(), nil
}
