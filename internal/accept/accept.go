// Package accept reads the comments with which files accept findings, in the
// words of other tools too:
//
//	# boltseal ignore=compose/privileged,compose/no-limits   a sentence may follow
//	#trivy:ignore:DS-0001
//	# checkov:skip=CKV_GHA_1:reason
//	# zizmor: ignore[unpinned-uses,artipacked]
//	# kics-scan ignore-line
//	# nosemgrep: yaml.docker-compose.security.privileged-service
//
// What a comment speaks of is for the caller to know. The one function is
// [Parse].
package accept

import "strings"

// Acceptance is what a comment accepts: a check by its name in one tool's
// words. Without a name it is every check that the tool has; without a tool
// every check there is.
type Acceptance struct {
	Tool, Name string
}

// Parse reads a comment's text, without its "#".
func Parse(text string) []Acceptance {
	text = strings.TrimSpace(text)
	switch {
	case strings.HasPrefix(text, "boltseal ignore="):
		rest := strings.ReplaceAll(strings.TrimPrefix(text, "boltseal ignore="), ", ", ",")
		rest, _, _ = strings.Cut(rest, " ")
		return names("boltseal", rest)
	case strings.HasPrefix(text, "checkov:skip="):
		name, _, _ := strings.Cut(strings.TrimPrefix(text, "checkov:skip="), ":")
		return names("checkov", name)
	case strings.HasPrefix(text, "kics-scan ignore-line"), strings.HasPrefix(text, "kics-scan ignore-block"):
		return []Acceptance{{}}
	}
	if rest, ok := strings.CutPrefix(text, "nosemgrep"); ok {
		if rest, ok = strings.CutPrefix(rest, ":"); ok {
			return names("semgrep", rest)
		}
		return []Acceptance{{Tool: "semgrep"}}
	}
	var out []Acceptance
	if _, rest, ok := strings.Cut(text, "zizmor: ignore["); ok {
		rest, _, _ = strings.Cut(rest, "]")
		out = append(out, names("zizmor", rest)...)
	}
	for word := range strings.FieldsSeq(text) {
		if name, ok := strings.CutPrefix(strings.TrimLeft(word, "#"), "trivy:ignore:"); ok {
			name, _, _ = strings.Cut(name, ":")
			name, _, _ = strings.Cut(name, "[")
			out = append(out, names("trivy", strings.TrimPrefix(name, "AVD-"))...)
		}
	}
	return out
}

func names(tool, list string) []Acceptance {
	var out []Acceptance
	for name := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		out = append(out, Acceptance{tool, name})
	}
	return out
}

// Covers tells whether the check with an id and aliases is accepted. An id
// may be written without its family.
func (a Acceptance) Covers(id string, aliases []string) bool {
	switch a.Tool {
	case "":
		return true
	case "boltseal":
		_, slug, _ := strings.Cut(id, "/")
		return a.Name == id || a.Name == slug
	}
	// Semgrep's names begin with the folders that the rule lies in.
	last := a.Name[strings.LastIndexByte(a.Name, '.')+1:]
	for _, alias := range aliases {
		tool, name, _ := strings.Cut(alias, ":")
		if tool == a.Tool && (a.Name == "" || strings.EqualFold(name, a.Name) || tool == "semgrep" && name == last) {
			return true
		}
	}
	return false
}
