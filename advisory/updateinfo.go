package advisory

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// An updateinfo.xml lies in the repositories of distributions with RPMs and
// says which update mended what.
var _ = add(parsed(Feed{
	Name: "amazon", Title: "Amazon Linux security advisories (ALAS)", Vendor: true, Speaks: []string{"Amazon Linux"},
	Base:  "https://cdn.amazonlinux.com",
	Terms: "published without a licence of its own: https://alas.aws.amazon.com",
	parse: func(name string, r io.Reader, g *byID) error {
		release, _, _ := strings.Cut(name, "/")
		return parseUpdateinfo(r, g, "Amazon Linux:"+release, "amazon")
	},
	fetch: fetchFiles(amazonFiles),
}))

var _ = add(parsed(Feed{
	Name: "bottlerocket", Title: "Bottlerocket security advisories", Vendor: true, Speaks: []string{"Bottlerocket"},
	Base:  "https://advisories.bottlerocket.aws/updateinfo.xml.gz",
	Terms: "Apache-2.0 OR MIT: https://github.com/bottlerocket-os/bottlerocket",
	parse: func(_ string, r io.Reader, g *byID) error {
		return parseUpdateinfo(r, g, "Bottlerocket", "bottlerocket")
	},
}))

// amazonRepositories are the places where a list names the repository's
// newest address.
var amazonRepositories = []struct{ release, list string }{
	{"2", "2/core/latest/x86_64/mirror.list"},
	{"2023", "al2023/core/mirrors/latest/x86_64/mirror.list"},
}

// amazonFiles follows the lists of mirrors to the repositories. Only the path
// of what they name counts: whoever configured a server did not configure
// those that its files point to.
func amazonFiles(ctx context.Context, u *updater, base string) ([]remoteFile, error) {
	var files []remoteFile
	var errs []error
	for _, repository := range amazonRepositories {
		list, err := u.small(ctx, "amazon", base+"/"+repository.list)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		first, _, _ := strings.Cut(strings.TrimSpace(string(list)), "\n")
		at, err := url.Parse(strings.TrimSpace(first))
		if err != nil || strings.Contains(at.Path, "..") {
			errs = append(errs, fmt.Errorf("%s: %w", repository.list, errShape))
			continue
		}
		root := base + strings.TrimRight(at.EscapedPath(), "/")
		metadata, err := u.small(ctx, "amazon", root+"/repodata/repomd.xml")
		if err != nil {
			errs = append(errs, err)
			continue
		}
		location, err := updateinfoIn(metadata)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: repomd.xml: %w", repository.release, err))
			continue
		}
		files = append(files, remoteFile{name: repository.release + "/updateinfo.xml", address: root + "/" + location})
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return files, nil
}

// updateinfoIn finds the updateinfo in a repository's metadata.
func updateinfoIn(repomd []byte) (string, error) {
	var metadata struct {
		Data []struct {
			Type     string `xml:"type,attr"`
			Location struct {
				Href string `xml:"href,attr"`
			} `xml:"location"`
		} `xml:"data"`
	}
	if err := xml.Unmarshal(repomd, &metadata); err != nil {
		return "", err
	}
	for _, d := range metadata.Data {
		if href := d.Location.Href; d.Type == "updateinfo" && strings.HasPrefix(href, "repodata/") && !strings.Contains(href, "..") {
			return href, nil
		}
	}
	return "", errShape
}

// update is one element of an updateinfo.xml.
type update struct {
	Type   string `xml:"type,attr"`
	ID     string `xml:"id"`
	Title  string `xml:"title"`
	Issued struct {
		Date string `xml:"date,attr"`
	} `xml:"issued"`
	Updated struct {
		Date string `xml:"date,attr"`
	} `xml:"updated"`
	Severity    string `xml:"severity"`
	Description string `xml:"description"`
	References  []struct {
		Href string `xml:"href,attr"`
		ID   string `xml:"id,attr"`
		Type string `xml:"type,attr"`
	} `xml:"references>reference"`
	Packages []struct {
		Name    string `xml:"name,attr"`
		Epoch   string `xml:"epoch,attr"`
		Version string `xml:"version,attr"`
		Release string `xml:"release,attr"`
		Arch    string `xml:"arch,attr"`
	} `xml:"pkglist>collection>package"`
}

// parseUpdateinfo reads one update after another.
func parseUpdateinfo(r io.Reader, g *byID, ecosystem, by string) error {
	seen := false
	err := xmlElements(r, func(d *xml.Decoder, start xml.StartElement) error {
		if start.Name.Local == "updates" {
			seen = true
		}
		if start.Name.Local != "update" {
			return nil
		}
		var u update
		if err := d.DecodeElement(&u, &start); err != nil {
			return err
		}
		u.into(g, ecosystem, by)
		return nil
	})
	if err == nil && !seen {
		return errShape
	}
	return err
}

// xmlElements hands every element that begins to each, which may read it to
// its end.
func xmlElements(r io.Reader, each func(*xml.Decoder, xml.StartElement) error) error {
	d := xml.NewDecoder(r)
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if start, ok := t.(xml.StartElement); ok {
			if err := each(d, start); err != nil {
				return err
			}
		}
	}
}

func (u *update) into(g *byID, ecosystem, by string) {
	id := strings.TrimSpace(u.ID)
	if id == "" || len(id) > 100 || u.Type != "" && u.Type != "security" {
		return
	}
	r := g.of(id)
	r.Summary, r.Details = strings.TrimSpace(u.Title), strings.TrimSpace(u.Description)
	r.Published, r.Modified = anyDate(u.Issued.Date), anyDate(u.Updated.Date)
	if r.Modified.IsZero() {
		r.Modified = r.Published
	}
	for _, reference := range u.References {
		if cve := canonicalID(reference.ID); (isCVE(cve) || strings.HasPrefix(cve, "GHSA-")) && !slices.Contains(r.Upstream, cve) {
			r.Upstream = append(r.Upstream, cve)
		}
		if reference.Href != "" && !slices.Contains(r.References, reference.Href) {
			r.References = append(r.References, reference.Href)
		}
	}
	severity := wordOf(u.Severity)
	r.rateWord(severity, by)
	said := map[string]bool{}
	for _, p := range u.Packages {
		fixed := p.Version
		if p.Release != "" {
			fixed += "-" + p.Release
		}
		if p.Epoch != "" && p.Epoch != "0" {
			fixed = p.Epoch + ":" + fixed
		}
		// The same version of each architecture is one row.
		if key := p.Name + "\x00" + fixed; p.Name != "" && p.Version != "" && !said[key] {
			said[key] = true
			r.affect(boltseal.Affected{Ecosystem: ecosystem, Name: p.Name, Severity: severity, Ranges: before(fixed)})
		}
	}
}
