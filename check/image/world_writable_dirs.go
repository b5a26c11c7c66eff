package image

import (
	"io/fs"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/world-writable-dirs", Title: "directories in which everybody may replace files", Severity: boltseal.Low,
		Doc: `Whoever may write to a directory without the sticky bit may remove and replace the files of others in it. Use mode 1777 where all must write, as
/tmp has it, and let other directories belong to the user that writes there.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		if info.IsDir() && info.Mode().Perm()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0 {
			p.Note(path, 0)
		}
	},
	Run: func(p *Pass) {
		p.ReportNoted("world-writable directory without the sticky bit", "world-writable directories without the sticky bit")
	},
})
