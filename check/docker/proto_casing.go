package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/proto-casing", Title: "a protocol of EXPOSE has capital letters", Severity: boltseal.Negligible,
		Aliases: []string{"buildkit:ExposeProtoCasing"},
		Doc:     `Protocols are written in lower case; some tools that read the image's configuration know no other spelling.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("EXPOSE") {
			for _, w := range step.Words {
				if port, proto, ok := strings.Cut(w.Text, "/"); ok && !strings.ContainsRune(proto, '$') && proto != strings.ToLower(proto) {
					p.Report(w.Span, "the protocol of "+w.Text+" should be "+strings.ToLower(proto),
						p.Replace("write it in lower case", true, w.Span, port+"/"+strings.ToLower(proto)))
				}
			}
		}
	},
})
