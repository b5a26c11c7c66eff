package image

import (
	"io/fs"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/device-files", Title: "device files outside /dev", Severity: boltseal.Medium,
		Doc: `A device file leads to the machine's disks or memory as soon as a container is given the right to open it. Engines make those in /dev; others do not
belong into an image.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		if info.Mode()&fs.ModeDevice != 0 && !strings.HasPrefix(path, "dev/") {
			p.Note(path, 0)
		}
	},
	Run: func(p *Pass) { p.ReportNoted("device file", "device files") },
})
