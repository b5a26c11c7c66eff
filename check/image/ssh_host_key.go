package image

import (
	"io/fs"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/ssh-host-key", Title: "host key of an SSH server", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-4.10"},
		Doc: `Host keys that are part of an image are the same in every container, and whoever pulls the image can pose as each of them. Remove them in the step
that installs the server, and make them when the container starts; better, do without the server.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		if info.Mode().IsRegular() && strings.HasPrefix(path, "etc/ssh/ssh_host_") && strings.HasSuffix(path, "_key") {
			p.ReportFile(path+" is the same in every container", path)
		}
	},
})
