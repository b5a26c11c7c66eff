package image

import (
	"io/fs"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/sudo", Title: "image has sudo", Severity: boltseal.Low,
		Controls: []string{"CIS-DI-4.3"},
		Aliases:  []string{"dockle:DKL-DI-0001", "hadolint:DL3004", "trivy:DS-0010"},
		Doc: `A container that has its user from USER needs no way to become another. sudo is a setuid program with a long record of flaws, and a rule in its
file is easily too wide. Remove it, and use USER in the Dockerfile.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		if program(path, info, becoming) {
			p.Note(path, info.Size())
		}
	},
	Run: func(p *Pass) { p.ReportNoted("program to become another user", "programs to become another user") },
})

var becoming = words(`sudo sudo-rs doas gosu su-exec pkexec`)
