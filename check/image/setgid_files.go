package image

import (
	"io/fs"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/setgid-files", Title: "programs that run as their group", Severity: boltseal.Negligible,
		Controls: []string{"CIS-DI-4.8"},
		Aliases:  []string{"dockle:CIS-DI-0008"},
		Doc: `A setgid program runs with its group's rights, whoever starts it. Few containers need any. Take the bit away where it is not needed
(RUN chmod a-s …, in the step that installs it), or run with no-new-privileges.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		if info.Mode().IsRegular() && info.Mode()&fs.ModeSetgid != 0 {
			p.Note(path, info.Size())
		}
	},
	Run: func(p *Pass) { p.ReportNoted("setgid file", "setgid files") },
})
