package image

import (
	"io/fs"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/temporary-files", Title: "temporary files and logs", Severity: boltseal.Negligible,
		Doc: `Downloads, archives and logs of the build that nothing will read again. Remove them in the step that makes them; in a later one they stay in their
layer.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		if info.Mode().IsRegular() && info.Size() > 0 && (strings.HasPrefix(path, "tmp/") || strings.HasPrefix(path, "var/tmp/") || strings.HasPrefix(path, "var/log/") || strings.HasPrefix(path, "root/tmp/")) {
			p.Note(path, info.Size())
		}
	},
	Run: func(p *Pass) {
		if p.bytes < 1<<20 {
			return
		}
		p.ReportNoted("temporary file of "+size(p.bytes), "temporary files of "+size(p.bytes))
	},
})
