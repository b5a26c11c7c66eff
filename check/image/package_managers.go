package image

import (
	"io/fs"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/package-managers", Title: "image has a package manager", Severity: boltseal.Negligible,
		Controls: []string{"CIS-DI-4.3"},
		Doc: `With a package manager whoever gets in installs the tools they need, and the running container comes to differ from what was scanned. Build in one
stage and copy the result into a base without one.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		if program(path, info, packageManagers) {
			p.Note(path, info.Size())
		}
	},
	Run: func(p *Pass) { p.ReportNoted("package manager", "package managers") },
})

var packageManagers = words(`apt apt-get aptitude apk dnf dnf5 dnf-3 microdnf yum zypper pacman tdnf rpm opkg nix-env pip pip3 npm npx yarn pnpm corepack gem bundle composer cargo conda mamba easy_install`)
