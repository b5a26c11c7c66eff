package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
)

var _ = add(Format{Name: "csv", Title: "one line for each finding, for spreadsheets", Write: writeCSV})

var csvHead = []string{
	"artifact", "platform", "severity", "rated by", "score", "priority", "check", "id", "aliases", "component", "name", "installed",
	"fixed in", "status", "kev", "epss", "origin", "layer", "place", "title", "waived until", "waived by", "key",
}

// writeCSV writes findings as RFC 4180 says. Gaps are lines too, with the
// check "gap": a file that lists only findings would look clean.
func writeCSV(w io.Writer, r *boltseal.Report, _ *Options) error {
	c := csv.NewWriter(w)
	if err := c.Write(csvHead); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	for i := range r.Findings {
		if err := c.Write(csvFinding(r, &r.Findings[i])); err != nil {
			return fmt.Errorf("write CSV: %w", err)
		}
	}
	for _, g := range r.Gaps {
		line := make([]string, len(csvHead))
		line[0], line[1], line[6], line[7], line[19] = csvText(r.Artifact.Name), csvText(g.Platform), "gap", csvText(g.Kind), csvText(g.What+": "+g.Why)
		if err := c.Write(line); err != nil {
			return fmt.Errorf("write CSV: %w", err)
		}
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

func csvFinding(r *boltseal.Report, f *boltseal.Finding) []string {
	name := f.Subject.Name
	if name == "" {
		name = r.Artifact.Name
	}
	line := []string{name, f.Subject.Platform, f.Severity.String()}
	if f.Rating != nil {
		line = append(line, f.Rating.By, number(f.Rating.Score))
	} else {
		line = append(line, "", "")
	}
	line = append(line, strconv.Itoa(f.Score), f.Check)
	var aliases, kev, epss string
	id := ""
	if a := f.Advisory; a != nil {
		id, aliases = a.ID, strings.Join(a.Aliases, " ")
		if a.KEV != nil {
			kev = "yes"
			if !a.KEV.Added.IsZero() {
				kev = a.KEV.Added.UTC().Format(time.DateOnly)
			}
		}
		if a.EPSS != nil {
			epss = strconv.FormatFloat(a.EPSS.Score, 'f', -1, 64)
		}
	}
	line = append(line, id, aliases)
	if c := f.Component; c != nil {
		line = append(line, c.PURL, c.Name, c.Version)
	} else {
		line = append(line, "", "", "")
	}
	line = append(line, strings.Join(f.FixedIn, " "), string(f.Status), kev, epss, string(f.Origin), string(f.Location.Layer), csvPlaces(f), titleOf(f))
	var until, owner string
	if f.Waived != nil {
		owner = f.Waived.Owner
		if f.Waived.Comment {
			owner = "comment in " + f.Waived.Source
		}
		if !f.Waived.Expires.IsZero() {
			until = f.Waived.Expires.UTC().Format(time.DateOnly)
		}
	}
	line = append(line, until, owner)
	line = append(line, f.Key)
	for i := range line {
		line[i] = csvText(line[i])
	}
	return line
}

func csvPlaces(f *boltseal.Finding) string {
	var out []string
	for _, l := range placesOf(f) {
		s := l.File
		if l.Line > 0 {
			s += ":" + strconv.Itoa(l.Line)
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func number(f float64) string {
	if f == 0 {
		return ""
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// csvText keeps a spreadsheet from reading text as a formula (OWASP, "CSV
// Injection"): a leading apostrophe makes it text.
func csvText(s string) string {
	s = clean(s)
	if s != "" && strings.IndexByte("=+-@\t\r", s[0]) >= 0 {
		return "'" + s
	}
	return s
}
