package advisory

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// csaf is what is read of a CSAF 2.0 document of the VEX profile: what a
// vendor says of one vulnerability in each of its products.
type csaf struct {
	Document struct {
		Category string `json:"category"`
		Title    string `json:"title"`
		Severity struct {
			Text string `json:"text"`
		} `json:"aggregate_severity"`
		Notes    []csafNote `json:"notes"`
		Tracking struct {
			ID      string `json:"id"`
			Status  string `json:"status"`
			Initial string `json:"initial_release_date"`
			Current string `json:"current_release_date"`
		} `json:"tracking"`
	} `json:"document"`
	Tree struct {
		Branches      []csafBranch       `json:"branches"`
		Relationships []csafRelationship `json:"relationships"`
	} `json:"product_tree"`
	Vulnerabilities []csafVulnerability `json:"vulnerabilities"`
}

type csafNote struct {
	Category string `json:"category"`
	Text     string `json:"text"`
}

type csafBranch struct {
	Category string       `json:"category"`
	Name     string       `json:"name"`
	Branches []csafBranch `json:"branches"`
	Product  *csafProduct `json:"product"`
}

type csafProduct struct {
	Name   string `json:"name"`
	ID     string `json:"product_id"`
	Helper struct {
		CPE  string `json:"cpe"`
		PURL string `json:"purl"`
	} `json:"product_identification_helper"`
}

type csafRelationship struct {
	Category string `json:"category"`
	Full     struct {
		ID string `json:"product_id"`
	} `json:"full_product_name"`
	Part  string `json:"product_reference"`
	Whole string `json:"relates_to_product_reference"`
}

type csafVulnerability struct {
	CVE string `json:"cve"`
	CWE struct {
		ID string `json:"id"`
	} `json:"cwe"`
	Notes    []csafNote          `json:"notes"`
	Status   map[string][]string `json:"product_status"`
	Remedies []struct {
		Category string   `json:"category"`
		Details  string   `json:"details"`
		Products []string `json:"product_ids"`
	} `json:"remediations"`
	Scores []struct {
		V3 struct {
			Vector string `json:"vectorString"`
		} `json:"cvss_v3"`
		V4 struct {
			Vector string `json:"vectorString"`
		} `json:"cvss_v4"`
		V2 struct {
			Vector string `json:"vectorString"`
		} `json:"cvss_v2"`
		Products []string `json:"products"`
	} `json:"scores"`
	Threats []struct {
		Category string   `json:"category"`
		Details  string   `json:"details"`
		Products []string `json:"product_ids"`
	} `json:"threats"`
	References []struct {
		URL string `json:"url"`
	} `json:"references"`
}

// csafDialect is how one vendor names its products and packages.
type csafDialect struct {
	by     string
	prefix string // of ids
	// ecosystem is the database's name of a product, empty for products that
	// have nothing to do with packages of a release.
	ecosystem func(*csafProduct) string
	// part takes a package of a product apart.
	part func(id string, p *csafProduct) (csafPart, bool)
}

// csafPart is a package, with its version where the vendor gives one.
type csafPart struct{ name, version, module string }

// csafStatuses are the groups of products of a vulnerability (CSAF 2.0,
// 3.2.3.9), in the order in which they count. SUSE lists fixed versions as
// recommended.
var csafStatuses = []string{"fixed", "first_fixed", "recommended", "known_affected", "last_affected", "under_investigation", "known_not_affected"}

// parser gives the reading of the vendor's documents.
func (d *csafDialect) parser() parser {
	return func(data []byte) (*record, error) {
		var doc csaf
		if err := json.Unmarshal(data, &doc); err != nil {
			return nil, err
		}
		return d.record(&doc)
	}
}

func (d *csafDialect) record(doc *csaf) (*record, error) {
	if doc.Document.Category == "" || doc.Document.Tracking.ID == "" {
		return nil, errShape
	}
	if len(doc.Vulnerabilities) == 0 {
		return nil, nil //nolint:nilnil // a document about nothing says nothing
	}
	v := &doc.Vulnerabilities[0]
	cve := canonicalID(v.CVE)
	if !isCVE(cve) || len(cve) > 40 {
		return nil, nil //nolint:nilnil // a document about nothing that anybody could look up
	}
	r := &record{Advisory: boltseal.Advisory{ID: d.prefix + cve, Upstream: []string{cve}}}
	t := &doc.Document.Tracking
	r.Published, r.Modified = anyDate(t.Initial), anyDate(t.Current)
	if title := strings.TrimSpace(doc.Document.Title); !strings.HasSuffix(title, cve) {
		r.Summary = title // and not "SUSE CVE CVE-2024-1"
	}
	for _, note := range append(slices.Clone(v.Notes), doc.Document.Notes...) {
		if note.Category == "description" && r.Details == "" {
			r.Details = strings.TrimSpace(note.Text)
		}
	}
	if strings.HasPrefix(v.CWE.ID, "CWE-") {
		r.CWEs = []string{v.CWE.ID}
	}
	for _, ref := range v.References {
		if len(r.References) < 20 && ref.URL != "" && !slices.Contains(r.References, ref.URL) {
			r.References = append(r.References, ref.URL)
		}
	}
	d.rate(r, doc, v)
	d.affected(r, doc, v)
	return r, nil
}

// rate takes the vendor's word for the whole, and one vector.
func (d *csafDialect) rate(r *record, doc *csaf, v *csafVulnerability) {
	r.rateWord(wordOf(doc.Document.Severity.Text), d.by)
	for _, s := range v.Scores {
		for _, vector := range []string{s.V4.Vector, s.V3.Vector, s.V2.Vector} {
			if rating, ok := rateVector(vector); ok {
				rating.By = d.by
				r.addRating(rating)
				return
			}
		}
	}
}

// affected goes through the products that the vendor speaks of.
func (d *csafDialect) affected(r *record, doc *csaf, v *csafVulnerability) {
	products := map[string]*csafProduct{}
	collectProducts(doc.Tree.Branches, products, 0)
	places := map[string]*csafRelationship{}
	for i := range doc.Tree.Relationships {
		rel := &doc.Tree.Relationships[i]
		places[rel.Full.ID] = rel
	}
	impact, remedy := map[string]string{}, map[string]boltseal.Status{}
	for _, t := range v.Threats {
		for _, id := range t.Products {
			if t.Category == "impact" {
				impact[id] = t.Details
			}
		}
	}
	for _, fix := range v.Remedies {
		if status := remedyStatus(fix.Category, fix.Details); status != "" {
			for _, id := range fix.Products {
				remedy[id] = status
			}
		}
	}
	overall := wordOf(doc.Document.Severity.Text)
	seen := map[string]bool{}
	for _, group := range csafStatuses {
		for _, id := range v.Status[group] {
			rel := places[id]
			if rel == nil || products[rel.Whole] == nil {
				continue
			}
			ecosystem := d.ecosystem(products[rel.Whole])
			if ecosystem == "" {
				continue
			}
			part, ok := d.part(rel.Part, products[rel.Part])
			if !ok {
				continue
			}
			a := boltseal.Affected{Ecosystem: ecosystem, Name: part.name, Severity: overall}
			if word := wordOf(impact[id]); word != boltseal.Unknown {
				a.Severity = word
			}
			if !judgeCSAF(&a, group, part.version, remedy[id]) {
				continue
			}
			fixed := ""
			if len(a.Ranges) > 0 {
				fixed = a.Ranges[0].Fixed
			}
			// The same package of each architecture is one row.
			key := strings.Join([]string{ecosystem, part.name, part.module, string(a.Status), fixed}, "\x00")
			if seen[key] {
				continue
			}
			seen[key] = true
			if part.module == "" {
				r.affect(a)
			} else {
				r.affect(a, part.module)
			}
		}
	}
}

func judgeCSAF(a *boltseal.Affected, group, version string, remedy boltseal.Status) bool {
	switch group {
	case "fixed", "first_fixed", "recommended":
		if version == "" {
			return false // a product as a whole, of which nobody knows the version
		}
		a.Ranges = before(version)
	case "known_not_affected":
		a.Status = boltseal.StatusNotAffected
	case "under_investigation":
		a.Ranges, a.Status = before(""), boltseal.StatusUnderReview
	default:
		a.Ranges, a.Status = before(""), remedy
	}
	return true
}

// remedyStatus is what a vendor means to do about what is affected.
func remedyStatus(category, details string) boltseal.Status {
	details = strings.ToLower(details)
	switch {
	case category == "vendor_fix", category == "workaround", category == "mitigation":
		return ""
	case strings.Contains(details, "defer"):
		return boltseal.StatusDeferred
	case category == "no_fix_planned", strings.Contains(details, "will not fix"), strings.Contains(details, "out of support"):
		return boltseal.StatusWillNotFix
	case strings.Contains(details, "investigation"):
		return boltseal.StatusUnderReview
	}
	return ""
}

func collectProducts(branches []csafBranch, into map[string]*csafProduct, depth int) {
	const deepest = 30
	for i := range branches {
		if p := branches[i].Product; p != nil {
			into[p.ID] = p
		}
		if depth < deepest {
			collectProducts(branches[i].Branches, into, depth+1)
		}
	}
}
