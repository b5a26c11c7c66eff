package inventory

import (
	"context"
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "flatpak",
	Title: "Flatpak applications",
	Readers: []Reader{{
		Name: "flatpak/metainfo",
		Files: []string{
			"**/flatpak/app/*/current/active/export/share/metainfo/*.metainfo.xml",
			"**/flatpak/app/*/*/*/*/export/share/metainfo/*.metainfo.xml",
		},
		Read: readFlatpak,
	}},
})

// readFlatpak reads an application's AppStream metadata. Its newest release
// is the one that is installed.
func readFlatpak(_ context.Context, in *Input) ([]boltseal.Component, error) {
	text, err := in.text()
	if err != nil {
		return nil, err
	}
	var info struct {
		ID       string `xml:"id"`
		License  string `xml:"project_license"`
		Releases []struct {
			Version string `xml:"version,attr"`
		} `xml:"releases>release"`
	}
	if err := xml.Unmarshal(text, &info); err != nil {
		return nil, err
	}
	id := strings.TrimSuffix(strings.TrimSpace(info.ID), ".desktop")
	if !plainName(id) || len(info.Releases) == 0 || info.Releases[0].Version == "" {
		return nil, fmt.Errorf("application %q names no release", clip(id))
	}
	version := oneLine(info.Releases[0].Version)
	purl := boltseal.PURL{Type: "flatpak", Name: id, Version: version}
	return []boltseal.Component{{
		PURL: purl.String(), Name: id, Version: version, Licenses: licenses(info.License), Basis: boltseal.Installed,
	}}, nil
}
