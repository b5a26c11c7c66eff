package image

import (
	"io/fs"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/rhosts", Title: "files that trust other machines without a password", Severity: boltseal.Medium,
		Doc: `rlogin and rsh let everybody in who comes from a machine that such a file names, or says to. Nothing needs them any more: remove the file and the
services that read it.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		base := path[strings.LastIndexByte(path, '/')+1:]
		if info.Mode().IsRegular() && (base == ".rhosts" || base == ".shosts" || path == "etc/hosts.equiv" || path == "etc/shosts.equiv") {
			p.ReportFile(path+" lets other machines' users in", path)
		}
	},
})
