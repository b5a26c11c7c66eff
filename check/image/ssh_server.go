package image

import (
	"io/fs"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/ssh-server", Title: "image has an SSH server", Severity: boltseal.Low,
		Controls: []string{"CIS-DI-4.3"},
		Doc:      `A container is reached through its engine. An SSH server inside is one more service to patch, with accounts and keys of its own to leak.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		if info.Mode().IsRegular() && program(path, info, servers) {
			p.Note(path, info.Size())
		}
	},
	Run: func(p *Pass) { p.ReportNoted("server to log in through", "servers to log in through") },
})

var servers = words(`sshd dropbear telnetd in.telnetd rshd rlogind vsftpd proftpd`)
