// Package accept reads the comments with which files accept findings, in the
// words of other tools too:
//
//	# boltseal ignore=compose/privileged,compose/no-limits   a sentence may follow
//	# hadolint ignore=DL3008
//	# check=skip=JSONArgsRecommended
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
		return list("boltseal", strings.TrimPrefix(text, "boltseal ignore="))
	case strings.HasPrefix(text, "hadolint ignore="):
		return list("hadolint", strings.TrimPrefix(text, "hadolint ignore="))
	case strings.HasPrefix(text, "check="):
		return BuildKit(strings.TrimPrefix(text, "check="))
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
			out = append(out, names("trivy", name)...)
		}
	}
	return out
}

// Global reads a comment that holds for all of a Dockerfile, wherever it
// stands:
//
//	# hadolint global ignore=DL3008
//	# checkov:skip=CKV_DOCKER_2:reason
func Global(text string) []Acceptance {
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, "hadolint global ignore="); ok {
		return list("hadolint", rest)
	}
	if strings.HasPrefix(text, "checkov:skip=") {
		return Parse(text)
	}
	return nil
}

// BuildKit reads the value of a check directive: "skip=A,B;error=true". What
// skips all accepts every check there is.
func BuildKit(value string) []Acceptance {
	for field := range strings.SplitSeq(value, ";") {
		rest, ok := strings.CutPrefix(strings.TrimSpace(field), "skip=")
		switch {
		case ok && strings.TrimSpace(rest) == "all":
			return []Acceptance{{}}
		case ok:
			return list("buildkit", rest)
		}
	}
	return nil
}

// Annotation reads an annotation of a Kubernetes object:
//
//	boltseal.dev/ignore: kube/host-pid, host-port
//	ignore-check.kube-linter.io/NAME: reason        kube-linter.io/ignore-all: reason
//	checkov.io/skip1: CKV_K8S_20=reason
//	polaris.fairwinds.com/NAME-exempt: "true"       polaris.fairwinds.com/exempt: "true"
//	kube-score/ignore: container-image-tag,pod-networkpolicy
func Annotation(key, value string) []Acceptance {
	const linter, polaris = "ignore-check.kube-linter.io/", "polaris.fairwinds.com/"
	switch {
	case key == "boltseal.dev/ignore":
		return names("boltseal", value)
	case key == "kube-score/ignore":
		return names("kube-score", value)
	case key == "kube-linter.io/ignore-all":
		return []Acceptance{{Tool: "kube-linter"}}
	case key == polaris+"exempt" && value == "true":
		return []Acceptance{{Tool: "polaris"}}
	case strings.HasPrefix(key, linter):
		return []Acceptance{{"kube-linter", strings.TrimPrefix(key, linter)}}
	case strings.HasPrefix(key, polaris) && strings.HasSuffix(key, "-exempt") && value == "true":
		return []Acceptance{{"polaris", strings.TrimSuffix(strings.TrimPrefix(key, polaris), "-exempt")}}
	case strings.HasPrefix(key, "checkov.io/skip"):
		name, _, _ := strings.Cut(value, "=")
		return []Acceptance{{"checkov", strings.TrimSpace(name)}}
	}
	return nil
}

// list reads names behind which a sentence may follow.
func list(tool, text string) []Acceptance {
	text, _, _ = strings.Cut(strings.ReplaceAll(text, ", ", ","), " ")
	return names(tool, text)
}

func names(tool, list string) []Acceptance {
	var out []Acceptance
	for name := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
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
		switch {
		case tool != a.Tool:
		case a.Name == "", strings.EqualFold(name, a.Name), tool == "semgrep" && name == last, tool == "trivy" && trivy(name) == trivy(a.Name):
			return true
		}
	}
	return false
}

// trivy is the one form of a check's name that the tool has written in three
// ways: KSV017, AVD-KSV-0017 and KSV-0017.
func trivy(name string) string {
	name = strings.TrimPrefix(strings.ToUpper(name), "AVD-")
	kind := strings.TrimRight(name, "0123456789")
	return strings.TrimSuffix(kind, "-") + "-" + strings.TrimLeft(name[len(kind):], "0")
}
