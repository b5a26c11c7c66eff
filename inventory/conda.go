package inventory

import (
	"context"
	"errors"
	"path"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "conda",
	Title: "Conda",
	Readers: []Reader{
		{Name: "conda/meta", Files: []string{"**/conda-meta/*.json"}, Read: readCondaMeta},
	},
})

// readCondaMeta reads the record of one package in a Conda environment. The
// same package's own metadata, such as a Python distribution's, is found and
// matched apart: nobody publishes advisories for Conda's builds.
func readCondaMeta(_ context.Context, in *Input) ([]boltseal.Component, error) {
	var record struct {
		Name      string   `json:"name"`
		Version   string   `json:"version"`
		Build     string   `json:"build"`
		Channel   string   `json:"channel"`
		Subdir    string   `json:"subdir"`
		License   string   `json:"license"`
		File      string   `json:"fn"`
		SHA256    string   `json:"sha256"`
		Requested string   `json:"requested_spec"`
		Depends   []string `json:"depends"`
	}
	if err := in.json(&record); err != nil {
		return nil, err
	}
	if record.Name == "" || record.Version == "" {
		return nil, errors.New("conda record without name or version")
	}
	p := boltseal.PURL{Type: "conda", Name: record.Name, Version: record.Version, Qualifiers: map[string]string{
		"build": record.Build, "channel": condaChannel(record.Channel, record.Subdir), "subdir": record.Subdir,
	}}
	switch {
	case strings.HasSuffix(record.File, ".conda"):
		p.Qualifiers["type"] = "conda"
	case strings.HasSuffix(record.File, ".tar.bz2"):
		p.Qualifiers["type"] = "tar.bz2"
	}
	c := boltseal.Component{
		PURL: p.String(), Name: record.Name, Version: record.Version, Basis: boltseal.Installed,
		Licenses: licenses(record.License), Direct: record.Requested != "" && record.Requested != "None",
	}
	if digest, err := boltseal.ParseDigest("sha256:" + record.SHA256); err == nil {
		c.Hashes = []boltseal.Digest{digest}
	}
	for _, needed := range record.Depends {
		// "python >=3.8"; a name with two underscores is a property of the
		// machine.
		if name, _, _ := strings.Cut(needed, " "); name != "" && !strings.HasPrefix(name, "__") {
			c.DependsOn = append(c.DependsOn, boltseal.PURL{Type: "conda", Name: name}.String())
		}
	}
	return []boltseal.Component{c}, nil
}

// condaChannel is a channel's name, of its address too:
// "https://host/pkgs/main/linux-64" is "main".
func condaChannel(channel, subdir string) string {
	channel = strings.TrimSuffix(withoutPassword(channel), "/")
	channel = strings.TrimSuffix(strings.TrimSuffix(channel, subdir), "/")
	if strings.Contains(channel, "://") || strings.HasPrefix(channel, "pkgs/") {
		return path.Base(channel)
	}
	return channel
}
