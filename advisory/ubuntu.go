package advisory

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
)

// Ubuntu's CVE tracker is the source that its other data is made from. It is
// a repository of one file for each CVE, of which the server packs a
// snapshot.
var _ = add(parsed(Feed{
	Name: "ubuntu", Title: "Ubuntu CVE tracker", Vendor: true, Extra: true, Speaks: []string{"Ubuntu"},
	Base:  "https://git.launchpad.net/ubuntu-cve-tracker/snapshot/ubuntu-cve-tracker-master.tar.gz",
	Terms: "published without a licence of its own: https://ubuntu.com/security/cves",
	parse: parseUbuntu,
}))

// ubuntuReleases are the numbers of codenames.
var ubuntuReleases = map[string]string{
	"precise": "12.04", "trusty": "14.04", "xenial": "16.04", "bionic": "18.04", "focal": "20.04", "jammy": "22.04", "noble": "24.04",
	"oracular": "24.10", "plucky": "25.04", "questing": "25.10", "resolute": "26.04",
}

// parseUbuntu reads a snapshot of the tracker, or one file of it.
func parseUbuntu(name string, r io.Reader, g *byID) error {
	in := bufio.NewReader(r)
	if head, _ := in.Peek(512); len(head) < 512 || !bytes.HasPrefix(head[257:], []byte("ustar")) {
		if !isCVE(path.Base(name)) {
			return errShape
		}
		return ubuntuFile(in, g)
	}
	archive := tar.NewReader(in)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		folder := path.Base(path.Dir(h.Name))
		if h.Typeflag == tar.TypeReg && (folder == "active" || folder == "retired") && isCVE(path.Base(h.Name)) {
			if err := ubuntuFile(archive, g); err != nil {
				return err
			}
		}
	}
}

// ubuntuCVE is one file of the tracker: fields of "Name: value", continued on
// lines that begin with a space.
type ubuntuCVE struct {
	id, priority, date, description string
	packages                        []ubuntuPackage
	priorities                      map[string]string
}

type ubuntuPackage struct{ release, name, status, note string }

func ubuntuFile(r io.Reader, g *byID) error {
	const most = 4 << 20
	data, err := limit.ReadAll(r, most, tooLong("CVE file", most))
	if err != nil {
		return err
	}
	c := ubuntuCVE{priorities: map[string]string{}}
	field := ""
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimRight(line, "\r\n"); line == "" || line[0] == '#' {
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			if field == "Description" {
				c.description = strings.TrimSpace(c.description + " " + strings.TrimSpace(line))
			}
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if field = name; ok {
			c.field(name, strings.TrimSpace(value))
		}
	}
	if !isCVE(c.id) {
		return nil // a boilerplate, or one that was rejected
	}
	c.into(g.of("UBUNTU-" + c.id))
	return nil
}

func (c *ubuntuCVE) field(name, value string) {
	switch name {
	case "Candidate":
		c.id = canonicalID(value)
		return
	case "Priority":
		c.priority = value
		return
	case "PublicDate":
		c.date = value
		return
	case "Description":
		c.description = value
		return
	}
	first, rest, ok := strings.Cut(name, "_")
	switch {
	case !ok || rest == "" || strings.Contains(first, " "):
	case first == "Priority":
		c.priorities[rest] = value
	default:
		status, note, _ := strings.Cut(value, " ")
		note = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(note), "("), ")")
		c.packages = append(c.packages, ubuntuPackage{release: first, name: rest, status: status, note: note})
	}
}

func (c *ubuntuCVE) into(r *record) {
	r.Upstream, r.Details = []string{c.id}, c.description
	r.References = []string{"https://ubuntu.com/security/" + c.id}
	r.Published = anyDate(c.date)
	word, _, _ := strings.Cut(c.priority, " ")
	r.rateWord(wordOf(word), "ubuntu")
	for _, p := range c.packages {
		ecosystem := ubuntuEcosystem(p.release)
		if ecosystem == "" {
			continue
		}
		a := boltseal.Affected{Ecosystem: ecosystem, Name: p.name, Severity: wordOf(word)}
		if own, _, _ := strings.Cut(c.priorities[p.name], " "); wordOf(own) != boltseal.Unknown {
			a.Severity = wordOf(own)
		}
		if p.judge(&a) {
			r.affect(a)
		}
	}
}

// ubuntuEcosystem is the ecosystem of "jammy", "esm-infra/xenial" or
// "trusty/esm"; empty for lines about upstream, products and releases that
// nobody has.
func ubuntuEcosystem(release string) string {
	if number, ok := ubuntuReleases[release]; ok {
		return "Ubuntu:" + number
	}
	first, second, _ := strings.Cut(release, "/")
	if second == "esm" {
		first, second = "esm-infra", first
	}
	if number, ok := ubuntuReleases[second]; ok && (first == "esm-infra" || first == "esm-apps") {
		return "Ubuntu:Pro:" + number
	}
	return ""
}

// judge reads the tracker's states (its README, "Statuses"). It is false for
// a package that the release does not have.
func (p *ubuntuPackage) judge(a *boltseal.Affected) bool {
	a.Ranges = before("")
	switch p.status {
	case "released":
		if p.note == "" {
			return false
		}
		a.Ranges = before(p.note)
	case "not-affected":
		a.Ranges, a.Status = nil, boltseal.StatusNotAffected
	case "needed", "active", "in-progress", "pending":
	case "needs-triage":
		a.Status = boltseal.StatusUnderReview
	case "deferred":
		a.Status = boltseal.StatusDeferred
	case "ignored":
		a.Status = boltseal.StatusWillNotFix
	default: // DNE
		return false
	}
	return true
}
