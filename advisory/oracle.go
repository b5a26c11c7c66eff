package advisory

import (
	"encoding/xml"
	"io"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// Oracle publishes OVAL definitions of all errata of all releases in one
// file.
var _ = add(parsed(Feed{
	Name: "oracle", Title: "Oracle Linux errata (OVAL)", Vendor: true, Speaks: []string{"Oracle Linux"},
	Base:  "https://linux.oracle.com/security/oval/com.oracle.elsa-all.xml.bz2",
	Terms: "published without a licence of its own: https://linux.oracle.com/security/oval",
	parse: parseOracle,
}))

// ovalDefinition is a definition of the class patch.
type ovalDefinition struct {
	Title      string `xml:"metadata>title"`
	References []struct {
		Source string `xml:"source,attr"`
		ID     string `xml:"ref_id,attr"`
		URL    string `xml:"ref_url,attr"`
	} `xml:"metadata>reference"`
	Description string       `xml:"metadata>description"`
	Severity    string       `xml:"metadata>advisory>severity"`
	Issued      ovalDate     `xml:"metadata>advisory>issued"`
	Criteria    ovalCriteria `xml:"criteria"`
}

type ovalDate struct {
	Date string `xml:"date,attr"`
}

// ovalCriteria are conditions. What each asks is in its comment, which in
// these files is generated and has a fixed form.
type ovalCriteria struct {
	Criteria  []ovalCriteria `xml:"criteria"`
	Criterion []struct {
		Comment string `xml:"comment,attr"`
	} `xml:"criterion"`
}

func parseOracle(_ string, r io.Reader, g *byID) error {
	seen := false
	err := xmlElements(r, func(d *xml.Decoder, start xml.StartElement) error {
		switch start.Name.Local {
		case "oval_definitions":
			seen = true
		case "definition":
			var o ovalDefinition
			if err := d.DecodeElement(&o, &start); err != nil {
				return err
			}
			o.into(g)
		}
		return nil
	})
	if err == nil && !seen {
		return errShape
	}
	return err
}

func (o *ovalDefinition) into(g *byID) {
	var id string
	var cves, urls []string
	for _, ref := range o.References {
		switch {
		case strings.EqualFold(ref.Source, "elsa"):
			id = strings.TrimSpace(ref.ID)
			urls = append(urls, ref.URL)
		case isCVE(canonicalID(ref.ID)):
			cves = append(cves, canonicalID(ref.ID))
		}
	}
	// Errata of bug fixes are in the file as well.
	if !strings.HasPrefix(id, "ELSA-") || len(id) > 40 || len(cves) == 0 {
		return
	}
	r := g.of(id)
	r.Upstream, r.References = ids(cves, id), urls
	r.Summary, r.Details = strings.Join(strings.Fields(o.Title), " "), strings.TrimSpace(o.Description)
	r.Published = anyDate(o.Issued.Date)
	r.Modified = r.Published
	severity := wordOf(o.Severity)
	r.rateWord(severity, "oracle")
	o.Criteria.walk("", "", 0, func(release, module, name, fixed string) {
		a := boltseal.Affected{Ecosystem: "Oracle Linux:" + release, Name: name, Severity: severity, Ranges: before(fixed)}
		var modules []string
		if module != "" {
			modules = []string{module}
		}
		if !slices.ContainsFunc(r.Affected, func(b boltseal.Affected) bool {
			return a.Ecosystem == b.Ecosystem && a.Name == b.Name && a.Ranges[0] == b.Ranges[0]
		}) {
			r.affect(a, modules...)
		}
	})
}

// walk finds "NAME is earlier than VERSION" and which release and module it
// stands under.
func (c *ovalCriteria) walk(release, module string, depth int, each func(release, module, name, fixed string)) {
	const deepest = 20
	if depth > deepest {
		return
	}
	for _, one := range c.Criterion {
		comment := strings.TrimSpace(one.Comment)
		if rest, ok := strings.CutPrefix(comment, "Oracle Linux "); ok {
			if number, ok := strings.CutSuffix(rest, " is installed"); ok && digits(number) {
				release = number
			}
		}
		if rest, ok := strings.CutPrefix(comment, "Module "); ok {
			if name, ok := strings.CutSuffix(rest, " is enabled"); ok {
				module = strings.TrimSpace(name)
			}
		}
	}
	for _, one := range c.Criterion {
		name, fixed, ok := strings.Cut(strings.TrimSpace(one.Comment), " is earlier than ")
		if !ok || release == "" || strings.Contains(name, " ") || fixed == "" || variant(fixed) {
			continue
		}
		each(release, module, name, strings.TrimPrefix(fixed, "0:"))
	}
	for i := range c.Criteria {
		c.Criteria[i].walk(release, module, depth+1, each)
	}
}

// variant holds for builds beside the ordinary ones: those that Ksplice
// patches in memory, and the certified ones. Their versions are newer than
// the ordinary package's fix, which would look as if it were missing.
func variant(v string) bool { return strings.Contains(v, ".ksplice") || strings.Contains(v, "_fips") }
