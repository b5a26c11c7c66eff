package image

import (
	"io/fs"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/world-writable-files", Title: "files that everybody may change", Severity: boltseal.Medium,
		Doc: `Any process of any user in the container may change them: a program that is broken into, but runs as a user of its own, can still plant what
another one runs or reads. Take the bit away: RUN chmod o-w …, or COPY --chmod.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		if info.Mode().IsRegular() && info.Mode().Perm()&0o002 != 0 {
			p.Note(path, info.Size())
		}
	},
	Run: func(p *Pass) { p.ReportNoted("world-writable file", "world-writable files") },
})
