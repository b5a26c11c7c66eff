package image

import (
	"io/fs"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/setuid-files", Title: "programs that run as their owner", Severity: boltseal.Low,
		Controls: []string{"CIS-DI-4.8"},
		Aliases:  []string{"dockle:CIS-DI-0008"},
		Doc: `A setuid program runs as its owner, root as a rule, whoever starts it: each is a way up for whoever got in. Few containers need any. Take the bit
away where it is not needed (RUN chmod a-s …, in the step that installs it), or run with no-new-privileges.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		if info.Mode().IsRegular() && info.Mode()&fs.ModeSetuid != 0 {
			p.Note(path, info.Size())
		}
	},
	Run: func(p *Pass) { p.ReportNoted("setuid file", "setuid files") },
})
