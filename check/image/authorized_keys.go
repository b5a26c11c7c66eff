package image

import (
	"io/fs"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/authorized-keys", Title: "keys that open an account", Severity: boltseal.Medium,
		Doc: `Whoever holds one of these keys can log in to every container of the image that runs an SSH server. Keys of people do not belong into images.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		if info.Mode().IsRegular() && info.Size() > 0 && strings.HasSuffix(path, ".ssh/authorized_keys") {
			p.ReportFile(path+" lets the holders of keys in", path)
		}
	},
})
