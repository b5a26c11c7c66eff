package advisory

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/boltseal/boltseal"
)

// Photon publishes one file for each branch, and a list of branches.
var _ = add(parsed(Feed{
	Name: "photon", Title: "Photon OS CVE metadata", Vendor: true, Speaks: []string{"Photon OS"},
	Base:  "https://packages.broadcom.com/photon/photon_cve_metadata",
	Terms: "published without a licence of its own: https://github.com/vmware/photon/wiki/Security-Advisories",
	parse: parsePhoton,
	fetch: fetchFiles(photonFiles),
}))

var photonBranch = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^cve_data_photon([0-9]+\.[0-9]+)\.json$`) })

func photonFiles(ctx context.Context, u *updater, base string) ([]remoteFile, error) {
	data, err := u.small(ctx, "photon", join(base, "photon_versions.json"))
	if err != nil {
		return nil, err
	}
	var list struct {
		Branches []string `json:"branches"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("photon_versions.json: %w", err)
	}
	var files []remoteFile
	for _, branch := range list.Branches {
		if name := "cve_data_photon" + branch + ".json"; photonBranch().MatchString(name) {
			files = append(files, remoteFile{name: name, address: join(base, name)})
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("photon_versions.json: %w", errShape)
	}
	return files, nil
}

// photonIssue is one vulnerability of one package of a branch.
type photonIssue struct {
	CVE      string           `json:"cve_id"`
	Package  string           `json:"pkg"`
	Score    patient[float64] `json:"cve_score"`
	Affected string           `json:"aff_ver"` // "all versions before X are vulnerable", "NA"
	Resolved string           `json:"res_ver"` // X, "NA"
	Status   string           `json:"status"`  // "Fixed", "Not Affected"; newer files only
}

// parsePhoton reads the file of one branch, whose number is in its name.
func parsePhoton(name string, r io.Reader, g *byID) error {
	branch := photonBranch().FindStringSubmatch(path.Base(name))
	if branch == nil {
		return fmt.Errorf("%w: the branch is not in its name", errShape)
	}
	d := json.NewDecoder(r)
	return arrayElements(d, func() error {
		var i photonIssue
		if err := d.Decode(&i); err != nil {
			return err
		}
		cve := canonicalID(i.CVE)
		if !isCVE(cve) || i.Package == "" {
			return nil
		}
		r := g.of("PHOTON-" + cve)
		r.Upstream = []string{cve}
		if score := i.Score.v; score > 0 && score <= 10 {
			r.addRating(boltseal.Rating{Severity: boltseal.SeverityOfScore(score), Score: score, By: "photon"})
		}
		a := boltseal.Affected{Ecosystem: "Photon OS:" + branch[1], Name: i.Package}
		none := func(v string) bool { return v == "" || strings.EqualFold(v, "NA") }
		switch {
		case strings.EqualFold(i.Status, "Not Affected"), none(i.Resolved) && none(i.Affected):
			a.Status = boltseal.StatusNotAffected
		case none(i.Resolved):
			a.Ranges = before("")
		default:
			a.Ranges = before(i.Resolved)
		}
		r.affect(a)
		return nil
	})
}
