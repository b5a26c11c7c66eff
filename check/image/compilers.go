package image

import (
	"io/fs"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/compilers", Title: "image has compilers or build tools", Severity: boltseal.Low,
		Controls: []string{"CIS-DI-4.3"},
		Doc: `What builds the program is not needed to run it, is large, and builds exploits too. Build in one stage (FROM … AS build) and copy the result into
the next.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		if program(path, info, compilers) {
			p.Note(path, info.Size())
		}
	},
	Run: func(p *Pass) { p.ReportNoted("compiler or build tool", "compilers and build tools") },
})

var compilers = words(`gcc g++ cc c++ cpp clang clang++ tcc make gmake cmake ninja as ld ld.bfd ld.gold go gofmt rustc javac ghc gfortran nasm yasm meson bazel mvn gradle tsc autoconf automake`)
