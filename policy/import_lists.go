package policy

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/boltseal/boltseal"
)

// hadolint reads the ignored rules of a configuration.
func (im *importer) hadolint(data []byte) error {
	root, err := parse(data)
	if err != nil {
		return err
	}
	settings, err := fields(root)
	if err != nil {
		return err
	}
	for _, s := range settings {
		switch {
		case empty(s.value):
		case s.name == "ignored" || s.name == "ignore":
			rules, err := list(s.value)
			if err != nil {
				return err
			}
			for _, rule := range rules {
				id, err := text(rule)
				if err != nil {
					return err
				}
				if err := im.hadolintRule(lineOf(rule), id); err != nil {
					return err
				}
			}
		case s.name == "format", s.name == "no-color", s.name == "verbose":
		case s.name == "override":
			im.lost(s.line, s.name, "severities of other rules' findings are not part of a policy")
		default:
			im.lost(s.line, s.name, "no list of what is ignored")
		}
	}
	return nil
}

func (im *importer) hadolintRule(line int, id string) error {
	if why := unnamable(id); why != "" {
		im.lost(line, id, why)
		return nil
	}
	name, ok := im.known("hadolint", id)
	if other, known := im.known("shellcheck", id); !ok && known {
		name, ok = other, true
	}
	if !ok {
		im.lost(line, id, "no check answers to this name")
		return nil
	}
	return im.add(line, boltseal.Waiver{ID: name})
}

var commitDigest = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{7,64}$`) })

// gitleaks reads fingerprints: [COMMIT:]FILE:RULE:LINE.
func (im *importer) gitleaks(data []byte) error {
	number, lines, commits := 0, false, false
	var above []string
	commented := false
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
		fingerprint, comment, _ := strings.Cut(line, " #")
		w, commit, why := im.fingerprint(strings.TrimSpace(fingerprint))
		if why != "" {
			im.lost(number, fingerprint, why)
			continue
		}
		if w.Reason = strings.Trim(comment, "# \t"); w.Reason == "" {
			w.Reason = strings.Join(above, " ")
		}
		lines, commits = true, commits || commit
		if err := im.add(number, w); err != nil {
			return err
		}
	}
	if lines {
		im.differs(0, "", "waivers know no line numbers: each accepts every secret of its kind in its file")
	}
	if commits {
		im.differs(0, "", "waivers know no commits: those of a fingerprint are left away")
	}
	return nil
}

func (im *importer) fingerprint(s string) (w boltseal.Waiver, commit bool, why string) {
	rest, line, ok := cutLast(s, ':')
	file, rule, ok2 := cutLast(rest, ':')
	if !ok || !ok2 || line == "" || strings.Trim(line, "0123456789") != "" {
		return w, false, "not a fingerprint: want [commit:]file:rule:line"
	}
	if digest, path, ok := strings.Cut(file, ":"); ok && commitDigest().MatchString(digest) {
		file, commit = path, true
	}
	switch {
	case file == "":
		return w, false, "it names no file"
	case strings.Contains(file, "*"):
		return w, false, "a * would match other files too"
	case strings.Contains(file, "!"):
		return w, false, "files within archives are not looked at for secrets"
	case len(file) > 4096 || oneLine(file) != file:
		return w, false, "the path has blanks at its ends or unprintable characters"
	}
	if why := unnamable(rule); why != "" {
		return w, false, why
	}
	name, ok := im.known("gitleaks", rule)
	if !ok {
		return w, false, fmt.Sprintf("no detector answers to %q", clip(rule))
	}
	return boltseal.Waiver{ID: name, Path: strings.TrimPrefix(file, "./")}, commit, ""
}

func cutLast(s string, sep byte) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}
