package image

import (
	"io/fs"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/download-tools", Title: "image has tools that download", Severity: boltseal.Negligible,
		Controls: []string{"CIS-DI-4.3"},
		Doc:      `curl and wget fetch the second half of an attack. Where a health check is all that needs them, let the program check itself.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		if program(path, info, downloaders) {
			p.Note(path, info.Size())
		}
	},
	Run: func(p *Pass) { p.ReportNoted("download tool", "download tools") },
})

var downloaders = words(`curl wget ftp lftp tftp rsync aria2c scp sftp`)
