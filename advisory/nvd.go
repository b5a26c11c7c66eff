package advisory

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/boltseal/boltseal"
)

// NVD's own idea of which packages are affected is made of CPEs, and is not
// used. Its ratings are: many advisories come without any.
var _ = add(parsed(Feed{
	Name: "nvd", Title: "NVD CVE 2.0 feeds, for CVSS only", Extra: true,
	Base:  "https://nvd.nist.gov/feeds/json/cve/2.0",
	Terms: "public domain: https://nvd.nist.gov/general/legal-disclaimer",
	parse: parseNVD,
	fetch: fetchFiles(nvdFiles),
}))

const nvdFirstYear = 2002

func nvdFiles(_ context.Context, u *updater, base string) ([]remoteFile, error) {
	var files []remoteFile
	add := func(part string, optional bool) {
		name := "nvdcve-2.0-" + part + ".json.gz"
		files = append(files, remoteFile{name: name, address: join(base, name), optional: optional})
	}
	this := max(u.opts.Now.Year(), nvdFirstYear)
	for year := nvdFirstYear; year <= this; year++ {
		add(strconv.Itoa(year), true)
	}
	add("modified", true)
	return files, nil
}

type nvdItem struct {
	CVE struct {
		ID       string                            `json:"id"`
		Modified string                            `json:"lastModified"`
		Status   string                            `json:"vulnStatus"`
		Metrics  patient[map[string][]nvdMetricOf] `json:"metrics"`
	} `json:"cve"`
}

type nvdMetricOf struct {
	Source string `json:"source"`
	Type   string `json:"type"`
	Data   struct {
		Vector string `json:"vectorString"`
	} `json:"cvssData"`
}

// ratersOfNVD are those whose ratings are in NVD's files, by the names that it
// gives them.
var ratersOfNVD = map[string]string{"nvd@nist.gov": "nvd", "134c704f-9b21-4f2e-91b3-4a467353bcc0": "cisa"}

// parseNVD takes the ratings of each CVE. Those that a vendor gave its own CVE
// are named after nobody but the numbering authority.
func parseNVD(_ string, r io.Reader, g *byID) error {
	d := json.NewDecoder(r)
	seen := false
	err := objectMembers(d, func(key string) error {
		if key != "vulnerabilities" {
			var skip json.RawMessage
			return d.Decode(&skip)
		}
		seen = true
		return arrayElements(d, func() error {
			var i nvdItem
			if err := d.Decode(&i); err != nil {
				return err
			}
			i.into(g)
			return nil
		})
	})
	if err == nil && !seen {
		return errShape
	}
	return err
}

func (i *nvdItem) into(g *byID) {
	id := canonicalID(i.CVE.ID)
	if !isCVE(id) || i.CVE.Status == "Rejected" {
		return
	}
	if t := anyDate(i.CVE.Modified); t.After(g.newest) {
		g.newest = t
	}
	var ratings []boltseal.Rating
	for _, kind := range []string{"cvssMetricV40", "cvssMetricV31", "cvssMetricV30", "cvssMetricV2"} {
		for _, m := range i.CVE.Metrics.v[kind] {
			rating, ok := rateVector(m.Data.Vector)
			if !ok {
				continue
			}
			if rating.By = ratersOfNVD[m.Source]; rating.By == "" {
				rating.By = "cna"
			}
			ratings = append(ratings, rating)
		}
	}
	if g.ratings == nil {
		g.ratings = map[string][]boltseal.Rating{}
	}
	// "modified" is read after the years, and newer.
	g.ratings[id] = ratings
}

// takeRatings keeps what a feed says of vulnerabilities and not of packages.
func (b *builder) takeRatings(feed string, g *byID) {
	f := b.feed(feed)
	if g.newest.After(f.Modified) {
		f.Modified = g.newest
	}
	for _, id := range slices.Sorted(maps.Keys(g.ratings)) {
		f.Records++
		for _, r := range g.ratings[id] {
			b.nvd[id] = append(b.nvd[id], rating{r.Severity, r.Score, b.strings.of(r.By), b.strings.of(r.Vector)})
		}
	}
}
