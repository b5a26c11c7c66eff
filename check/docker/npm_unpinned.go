package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/npm-unpinned", Title: "npm takes whatever version there is", Severity: boltseal.Low,
		Aliases: []string{"hadolint:DL3016"},
		Doc: `npm install with a name and no version takes the newest: two builds differ, and a release that an attacker has taken over arrives by
itself. Write name@version.`,
	},
	Run: func(p *Pass) {
		for _, c := range p.Commands("npm") {
			n := 0
			for i, w := range c.Args[1:] {
				switch {
				case strings.HasPrefix(w.Text, "-"):
					continue
				case n == 0:
					if w.Text != "install" && w.Text != "i" && w.Text != "add" {
						n = -1
					}
				case n > 0 && c.Const[i+1] && !pinnedNode(w.Text) && (i == 0 || !strings.HasPrefix(c.Args[i].Text, "--prefix") && !strings.HasPrefix(c.Args[i].Text, "--registry") && !strings.HasPrefix(c.Args[i].Text, "--omit") && !strings.HasPrefix(c.Args[i].Text, "--only")):
					p.Report(c.Span, "the version of "+w.Text+" is left open")
					n = -1
				}
				if n < 0 {
					break
				}
				n++
			}
		}
	},
})

// pinnedNode tells whether an argument of npm names a version, or is a folder,
// a file or an address.
func pinnedNode(s string) bool {
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "/") || strings.Contains(s, ":") || strings.HasSuffix(s, ".tgz") {
		return true
	}
	at := strings.LastIndexByte(s, '@')
	return at > 0 && s[at+1:] != "latest" && s[at+1:] != "next" || at <= 0 && !strings.HasPrefix(s, "@") && strings.Contains(s, "/")
}
