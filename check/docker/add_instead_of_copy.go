package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/add-instead-of-copy", Title: "ADD where COPY does", Severity: boltseal.Low,
		Controls: []string{"CIS-DI-4.9"},
		Aliases:  []string{"hadolint:DL3020", "trivy:DS-0005", "trivy:AVD-DS-0005", "checkov:CKV_DOCKER_4", "dockle:CIS-DI-0009", "semgrep:prefer-copy-over-add"},
		Doc: `ADD does more than it says: it unpacks archives and fetches addresses. For files of the build context COPY does just the one thing that is
meant, and nobody has to know the exceptions.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("ADD") {
			if len(step.Heredocs) > 0 || len(sources(step)) == 0 {
				continue
			}
			plain := true
			for _, source := range sources(step) {
				plain = plain && !isRemote(source) && !isArchive(source) && !strings.ContainsRune(source, '$')
			}
			if _, ok := step.Flag("checksum"); ok || !plain {
				continue
			}
			p.Report(step.Span, "ADD copies files here, which COPY does without surprises",
				p.Replace("use COPY", true, step.Keyword.Span, sameCase(step.Keyword.Text, "COPY")))
		}
	},
})

// sources are what COPY and ADD take, without where it goes.
func sources(step *Step) []string {
	words := step.Words
	if step.IsJSON() {
		words = step.JSON
	}
	var out []string
	for _, w := range words[:max(len(words)-1, 0)] {
		text := w.Text
		if !step.IsJSON() {
			text = strings.Trim(text, `"'`)
		}
		out = append(out, text)
	}
	return out
}

// destination is where COPY and ADD put things.
func destination(step *Step) string {
	words := step.Words
	if step.IsJSON() {
		words = step.JSON
	}
	if len(words) == 0 {
		return ""
	}
	return strings.Trim(words[len(words)-1].Text, `"'`)
}

func isRemote(source string) bool {
	for _, prefix := range []string{"http://", "https://", "git@", "git://", "ssh://", "ftp://"} {
		if strings.HasPrefix(strings.ToLower(source), prefix) {
			return true
		}
	}
	return false
}

// isArchive tells by the name what ADD unpacks.
func isArchive(source string) bool {
	for _, suffix := range []string{".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz", ".tar.zst", ".tzst", ".gz", ".bz2", ".xz", ".z", ".lzma"} {
		if strings.HasSuffix(strings.ToLower(source), suffix) {
			return true
		}
	}
	return false
}

// sameCase writes word in the case of like.
func sameCase(like, word string) string {
	if like == strings.ToLower(like) {
		return strings.ToLower(word)
	}
	return word
}
