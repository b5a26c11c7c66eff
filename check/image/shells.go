package image

import (
	"io/fs"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/shells", Title: "image has a shell", Severity: boltseal.Negligible,
		Controls: []string{"CIS-DI-4.3"},
		Doc: `A shell is what most attacks start. A program that is linked statically or runs on a distroless base needs none, and kubectl debug brings one
when people need it.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		if program(path, info, shells) {
			p.Note(path, info.Size())
		}
	},
	Run: func(p *Pass) { p.ReportNoted("shell", "shells") },
})

var shells = words(`sh bash dash ash zsh ksh mksh fish csh tcsh yash rbash pwsh busybox`)
