package policy

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/boltseal/boltseal"
)

// snyk reads the ignores of a .snyk policy: lists of paths by issue.
func (im *importer) snyk(data []byte) error {
	root, err := parse(data)
	if err != nil {
		return err
	}
	sections, err := fields(root)
	if err != nil {
		return err
	}
	for _, section := range sections {
		switch {
		case section.name == "version" || empty(section.value):
		case section.name == "ignore":
			issues, err := fields(section.value)
			if err != nil {
				return err
			}
			for _, issue := range issues {
				if err := im.snykIssue(issue); err != nil {
					return err
				}
			}
		case section.name == "exclude":
			im.lost(section.line, section.name, "files that are not looked at are no waiver; .gitignore keeps files from being linted")
		case section.name == "patch":
			im.lost(section.line, section.name, "what a patch mends is still found by its version: add a waiver with a justification, or update")
		default:
			im.lost(section.line, section.name, "no list of what is ignored")
		}
	}
	return nil
}

func (im *importer) snykIssue(issue field) error {
	var entries []field
	items := []ast.Node{issue.value}
	if sequence, ok := issue.value.(*ast.SequenceNode); ok {
		items = sequence.Values
	}
	for _, item := range items {
		some, err := fields(item)
		if err != nil {
			return err
		}
		entries = append(entries, some...)
	}
	if len(entries) == 0 {
		im.lost(issue.line, issue.name, "it names no path, and so ignores nothing")
		return nil
	}
	id, why := im.snykID(issue)
	if why != "" {
		im.lost(issue.line, issue.name, why)
		return nil
	}
	for _, entry := range entries {
		if err := im.snykEntry(id, issue.name, entry); err != nil {
			return err
		}
	}
	return nil
}

func (im *importer) snykID(issue field) (id, why string) {
	id = im.advisory(issue.name)
	lower := strings.ToLower(id)
	switch why := unnamable(id); {
	case why != "":
		return "", why
	case strings.HasPrefix(lower, "snyk:lic:"):
		return "", "licences are not judged, so there is nothing to accept"
	case strings.HasPrefix(lower, "snyk-cc-"), strings.Contains(id, "/"):
		return "", "no check answers to this name"
	case strings.HasPrefix(lower, "snyk-"), strings.HasPrefix(lower, "npm:"):
		im.differs(issue.line, issue.name, "few advisories go by this name: rename it to its CVE or GHSA")
	case !isAdvisory().MatchString(id):
		return "", "not the name of an advisory"
	}
	return id, ""
}

func (im *importer) snykEntry(id, issue string, entry field) error {
	known, err := fields(entry.value)
	if err != nil {
		return err
	}
	w := boltseal.Waiver{ID: id}
	why := ""
	if entry.name != "*" {
		why = fmt.Sprintf("only along the dependency path %q, which a waiver cannot say", clip(entry.name))
	}
	for _, f := range known {
		if empty(f.value) {
			continue
		}
		var err error
		switch f.name {
		case "reason":
			w.Reason, err = text(f.value)
		case "expires":
			var word string
			if word, err = text(f.value); err == nil {
				var ok bool
				if w.Expires, ok = dayOf(word); !ok {
					why = fmt.Sprintf("%q is no date", clip(word))
				}
			}
		case "disregardIfFixable":
			why = "only until there is a fix, which a waiver cannot say"
		case "ignoredBy":
			w.Owner = snykOwner(f.value)
		case "created", "reasonType", "source", "from":
		default:
			why = fmt.Sprintf("key %q is not known", clip(f.name))
		}
		if err != nil {
			return err
		}
	}
	if w.Reason == "None Given" || w.Reason == "None given" {
		w.Reason = ""
	}
	if why != "" {
		im.lost(entry.line, issue, why)
		return nil
	}
	return im.add(entry.line, w)
}

// snykOwner is who ignored an issue: the address, or else the name.
func snykOwner(n ast.Node) string {
	if name, err := text(n); err == nil {
		return name
	}
	known, err := fields(n)
	if err != nil {
		return ""
	}
	owner := ""
	for _, f := range known {
		if word, err := text(f.value); err == nil && (f.name == "email" || f.name == "name" && owner == "") {
			owner = word
		}
	}
	return owner
}
