package image

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/shell-entrypoint", Title: "a shell runs as the first process", Severity: boltseal.Negligible,
		Aliases: []string{"hadolint:DL3025"},
		Doc: `A program behind sh -c does not get the signal that asks it to stop, and is killed with its work undone after ten seconds; and the image needs a
shell. Write ENTRYPOINT and CMD as JSON lists.`,
	},
	Run: func(p *Pass) {
		c := p.Config.Config
		first := append(append([]string{}, c.Entrypoint...), c.Cmd...)
		if len(first) > 2 && strings.HasSuffix(first[0], "sh") && first[1] == "-c" && !strings.HasPrefix(first[2], "exec ") {
			p.Report("it starts "+clip(strings.Join(first, " ")), "")
		}
	},
})
