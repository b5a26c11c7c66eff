package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/label-key", Title: "a label's key is not as the conventions say", Severity: boltseal.Negligible,
		Aliases: []string{"hadolint:DL3048"},
		Doc: `Keys are written in lower case with dots and dashes between words, and the names below com.docker, io.docker and org.dockerproject belong
to Docker. Tools that look for a key by its convention find no other.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("LABEL") {
			for _, pair := range step.Pairs {
				key := strings.Trim(pair.Key.Text, `"'`)
				reserved := strings.HasPrefix(key, "com.docker.") || strings.HasPrefix(key, "io.docker.") || strings.HasPrefix(key, "org.dockerproject.")
				if !strings.ContainsRune(key, '$') && (reserved || !labelKey(key)) {
					p.Report(pair.Key.Span, "the label key "+key+" is not as the conventions say")
				}
			}
		}
	},
})

// labelKey tells whether a key has the form that the engine's documentation
// recommends; a slash and an underscore are common enough.
func labelKey(key string) bool {
	if key == "" || strings.Contains(key, "..") || strings.Contains(key, "--") {
		return false
	}
	for i := range len(key) {
		c := key[i]
		letter := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || i == len(key)-1 || c != '.' && c != '-' && c != '_' && c != '/') {
			return false
		}
	}
	return true
}
