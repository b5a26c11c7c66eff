package advisory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
)

var _ = add(Feed{
	Name:  "kev",
	Title: "CISA Known Exploited Vulnerabilities",
	Base:  "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
	Terms: "CC0-1.0",
	read:  readKEV,
	fetch: fetchFile,
})

// catalog is CISA's JSON, schema known_exploited_vulnerabilities_schema.json.
type catalog struct {
	Released        string `json:"dateReleased"`
	Vulnerabilities []struct {
		CVE        string `json:"cveID"`
		Added      string `json:"dateAdded"`
		Due        string `json:"dueDate"`
		Ransomware string `json:"knownRansomwareCampaignUse"`
	} `json:"vulnerabilities"`
}

func readKEV(_ context.Context, b *builder, s Source) error {
	f, err := os.Open(s.At)
	if err != nil {
		return fmt.Errorf("read KEV: %w", err)
	}
	defer f.Close()
	return decodeKEV(f, b, "kev")
}

var errNoEntries = errors.New("no entries")

// decodeKEV adds the vulnerabilities that CISA saw exploited.
func decodeKEV(r io.Reader, b *builder, feed string) error {
	most := limit.Default().JSONBytes
	data, err := limit.ReadAll(r, most, tooLong("KEV catalog", most))
	if err != nil {
		return fmt.Errorf("read KEV: %w", err)
	}
	var c catalog
	if err := json.Unmarshal(data, &c); err != nil {
		return fmt.Errorf("read KEV: %w", err)
	}
	if len(c.Vulnerabilities) == 0 {
		return fmt.Errorf("read KEV: %w", errNoEntries)
	}
	f := b.feed(feed)
	if t, err := time.Parse(time.RFC3339, c.Released); err == nil {
		f.Modified = t.UTC()
	}
	for _, v := range c.Vulnerabilities {
		id := canonicalID(v.CVE)
		if !isCVE(id) {
			b.left(feed, clip(v.CVE), "not a CVE id")
			continue
		}
		if _, twice := b.kev[id]; twice {
			continue
		}
		added, err := time.Parse(time.DateOnly, v.Added)
		if err != nil {
			b.left(feed, id, "dateAdded is not a date: "+clip(v.Added))
		}
		// CISA is free to set no date.
		due, _ := time.Parse(time.DateOnly, v.Due)
		b.kev[id] = boltseal.KEV{Added: added, Due: due, Ransomware: v.Ransomware == "Known"}
		f.Records++
	}
	return nil
}

func tooLong(what string, most int64) *limit.Error {
	return &limit.Error{What: what, Max: most, Unit: "bytes", Flag: "--max-json-bytes"}
}
