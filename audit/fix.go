package audit

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

// mostSteps bounds how many things a fix names.
const mostSteps = 3

// fixOf is the one thing to do first about findings: what boltseal can mend
// by itself, then upgrades, then what a fix says in words.
func fixOf(findings []*boltseal.Finding) string {
	var safe, unsafe, resolve, upgrades, words, remove []string
	for _, f := range findings {
		if f.Component != nil && f.Advisory != nil && f.Advisory.Kind == boltseal.Malware {
			note(&remove, f.Component.Name+" "+f.Component.Version)
			continue
		}
		take := false
		for _, fix := range f.Fixes {
			switch {
			case fix.Resolve:
				note(&resolve, f.Location.File)
			case len(fix.Edits) > 0 && fix.Safe:
				note(&safe, f.Location.File)
			case len(fix.Edits) > 0:
				note(&unsafe, f.Location.File)
			case fix.Upgrade == nil:
				note(&words, fix.Title)
			default:
				continue
			}
			take = true
			break
		}
		if !take && f.Component != nil {
			if to := upgradeOf(f); to != "" {
				note(&upgrades, f.Component.Name+" to "+to)
			}
		}
	}
	switch {
	case len(remove) > 0:
		return "remove " + some(remove) + ", and look for what it has done"
	case len(safe) > 0:
		return "boltseal lint --fix " + files(safe)
	case len(unsafe) > 0:
		return "boltseal lint --fix --unsafe " + files(unsafe)
	case len(upgrades) > 0:
		return "upgrade " + some(upgrades)
	case len(words) > 0:
		return words[0]
	case len(resolve) > 0:
		return "boltseal lint --fix --resolve " + files(resolve)
	}
	return "boltseal checks " + findings[0].Check
}

// upgradeOf is the version that mends all of a component that can be mended.
func upgradeOf(f *boltseal.Finding) string {
	to := ""
	for _, fix := range f.Fixes {
		if fix.Upgrade != nil {
			to = fix.Upgrade.To
		}
	}
	if to == "" && len(f.FixedIn) > 0 {
		to = f.FixedIn[0]
	}
	return to
}

func note(list *[]string, s string) {
	if s != "" && !slices.Contains(*list, s) {
		*list = append(*list, s)
	}
}

func some(list []string) string {
	if len(list) > mostSteps {
		return strings.Join(list[:mostSteps], ", ") + " and others"
	}
	return strings.Join(list, ", ")
}

// files are paths as arguments of a shell command.
func files(list []string) string {
	if len(list) > mostSteps {
		return "."
	}
	quoted := make([]string, len(list))
	for i, name := range list {
		quoted[i] = shellWord(name)
	}
	return strings.Join(quoted, " ")
}

// shellWord is a name as one word of a POSIX shell, whoever chose it: the
// fix is there to be pasted.
func shellWord(s string) string {
	plain := !strings.HasPrefix(s, "-") && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-+:@=,%") == ""
	if plain && s != "" {
		return s
	}
	if strings.HasPrefix(s, "-") {
		s = "./" + s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
