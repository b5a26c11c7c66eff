package policy

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/goccy/go-yaml/ast"

	"github.com/boltseal/boltseal"
)

// trivyPlain reads lines of "ID exp:2027-01-31 # why". The comment directly
// above is the reason of the lines up to the next blank one.
func (im *importer) trivyPlain(data []byte) error {
	var above []string
	commented := false // the line before was a comment
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		line = strings.TrimSpace(strings.TrimPrefix(line, "\uFEFF"))
		if comment, ok := strings.CutPrefix(line, "#"); ok {
			if !commented {
				above = nil
			}
			above, commented = append(above, strings.Trim(comment, "# \t")), true
			continue
		}
		commented = false
		if line == "" {
			above = nil
			continue
		}
		words, comment, _ := strings.Cut(line, " #")
		if comment == "" {
			words, comment, _ = strings.Cut(line, "\t#")
		}
		w := boltseal.Waiver{Reason: strings.Trim(comment, "# \t")}
		if w.Reason == "" {
			w.Reason = strings.Join(above, " ")
		}
		if err := im.trivyLine(number, strings.Fields(words), w); err != nil {
			return err
		}
	}
	return nil
}

func (im *importer) trivyLine(number int, words []string, w boltseal.Waiver) error {
	for _, word := range words[1:] {
		date, ok := strings.CutPrefix(word, "exp:")
		if !ok {
			continue
		}
		if w.Expires, ok = dayOf(date); !ok {
			im.lost(number, words[0], fmt.Sprintf("%q is no date", clip(word)))
			return nil
		}
	}
	id, why := im.trivyID(words[0])
	if why != "" {
		im.lost(number, words[0], why)
		return nil
	}
	w.ID = id
	return im.add(number, w)
}

// trivyID is what a waiver calls something that may be an advisory, a check,
// a kind of secret or a licence: the plain file does not say which.
func (im *importer) trivyID(id string) (name, why string) {
	if to, ok := im.opts.Rename[id]; ok {
		id = to
	}
	if why := unnamable(id); why != "" {
		return "", why
	}
	if name, ok := im.known("trivy", trivyNames(id)...); ok && im.aliases != nil {
		return name, ""
	}
	if isAdvisory().MatchString(id) {
		return im.advisory(id), ""
	}
	if im.opts.Checks == nil {
		name, _ := im.known("trivy", trivyNames(id)...)
		return name, ""
	}
	return "", "neither the name of an advisory, nor one that a check or a detector answers to"
}

var trivyCheck = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:AVD-)?([A-Z]+)-?([0-9]{3,4})$`)
})

// trivyNames are the spellings of a check's name: AVD-DS-0002, DS-0002 and
// DS002 are one.
func trivyNames(id string) []string {
	names := []string{id}
	if m := trivyCheck().FindStringSubmatch(id); m != nil {
		if len(m[2]) == 3 {
			m[2] = "0" + m[2]
		}
		names = append(names, "AVD-"+m[1]+"-"+m[2], m[1]+"-"+m[2])
	}
	return names
}

// trivyYAML reads the lists of a .trivyignore.yaml.
func (im *importer) trivyYAML(data []byte) error {
	root, err := parse(data)
	if err != nil {
		return err
	}
	sections, err := fields(root)
	if err != nil {
		return err
	}
	for _, section := range sections {
		switch section.name {
		case "vulnerabilities", "misconfigurations", "secrets", "licenses":
		default:
			im.lost(section.line, section.name, "not a list that is known")
			continue
		}
		entries, err := list(section.value)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if err := im.trivyEntry(section.name, entry); err != nil {
				return err
			}
		}
	}
	return nil
}

// trivyFinding is one entry of the YAML form.
type trivyFinding struct {
	id           string
	paths, purls []string
	waiver       boltseal.Waiver
	why          string // why it cannot be imported
}

func (im *importer) trivyEntry(section string, n ast.Node) error {
	entry, err := readTrivyFinding(n)
	if err != nil {
		return err
	}
	line := lineOf(n)
	if section != "vulnerabilities" && len(entry.purls) > 0 {
		im.differs(line, entry.id, "purls are for vulnerabilities, and left away, as trivy does")
		entry.purls = nil
	}
	if entry.why == "" {
		entry.waiver.ID, entry.why = im.trivySectionID(section, entry.id)
	}
	if entry.why != "" {
		im.lost(line, entry.id, entry.why)
		return nil
	}
	places := []string{""}
	if len(entry.paths) > 0 {
		places = nil
	}
	for _, p := range entry.paths {
		some, ok := paths(p)
		if !ok {
			im.lost(line, entry.id+" at "+p, "waivers match paths with * and ** only")
		}
		places = append(places, some...)
	}
	purls := []string{""}
	if len(entry.purls) > 0 {
		purls = nil
	}
	for _, p := range entry.purls {
		if _, err := boltseal.ParsePURL(p); err != nil || unnamable(p) != "" {
			im.lost(line, entry.id+" in "+p, "not a package URL that a waiver can name")
			continue
		}
		purls = append(purls, p)
	}
	for _, place := range places {
		for _, purl := range purls {
			w := entry.waiver
			w.Path, w.PURL = place, purl
			if err := im.add(line, w); err != nil {
				return err
			}
		}
	}
	return nil
}

func readTrivyFinding(n ast.Node) (trivyFinding, error) {
	var entry trivyFinding
	known, err := fields(n)
	if err != nil {
		return entry, err
	}
	for _, f := range known {
		if isNull(f.value) {
			continue
		}
		var err error
		switch f.name {
		case "id":
			entry.id, err = text(f.value)
		case "paths":
			entry.paths, err = texts(f.value)
		case "purls":
			entry.purls, err = texts(f.value)
		case "statement":
			entry.waiver.Reason, err = text(f.value)
		case "expired_at":
			var word string
			if word, err = text(f.value); err == nil {
				var ok bool
				if entry.waiver.Expires, ok = dayOf(word); !ok {
					entry.why = fmt.Sprintf("%q is no date", clip(word))
				}
			}
		default:
			// What is not understood may narrow the entry.
			entry.why = fmt.Sprintf("key %q is not known", clip(f.name))
		}
		if err != nil {
			return entry, err
		}
	}
	return entry, nil
}

func (im *importer) trivySectionID(section, id string) (name, why string) {
	if to, ok := im.opts.Rename[id]; ok {
		id = to
	}
	if why := unnamable(id); why != "" {
		return "", why
	}
	switch section {
	case "vulnerabilities":
		return im.advisory(id), ""
	case "licenses":
		return "", "licences are not judged, so there is nothing to accept"
	}
	if name, ok := im.known("trivy", trivyNames(id)...); ok {
		return name, ""
	}
	return "", "no check answers to this name"
}
