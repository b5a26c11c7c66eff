package image

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/add-url", Title: "history adds a file from an address", Severity: boltseal.Low,
		Controls: []string{"CIS-DI-4.9"},
		Aliases:  []string{"dockle:CIS-DI-0009", "hadolint:DL3020"},
		Doc: `ADD with an address takes whatever the server gives on that day. Unless the Dockerfile pins it with --checksum, a server that is taken over is
inside the image. Pin the checksum, or download and verify in one RUN.`,
	},
	Run: func(p *Pass) {
		for _, h := range p.Config.History {
			if c := command(h.CreatedBy); strings.HasPrefix(c, "ADD ") && (strings.Contains(c, "http://") || strings.Contains(c, "https://")) && !strings.Contains(c, "--checksum") {
				p.Report("the history says "+clip(c), clip(c))
			}
		}
	},
})

// clip shortens a history line for a message.
func clip(s string) string {
	if len(s) > 100 {
		return strings.ToValidUTF8(s[:100], "") + "…"
	}
	return s
}
