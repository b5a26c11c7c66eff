package image

import (
	"io/fs"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/leftovers", Title: "files of the build and of editors", Severity: boltseal.Negligible,
		Aliases: []string{"dockle:DKL-LI-0003"},
		Doc: `Files that made the image or edited its source, and that the program does not need. They tell about the build. Name them in .dockerignore, or copy
only what the program needs.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		if !info.Mode().IsRegular() || strings.Contains(path, "node_modules/") || strings.Contains(path, "/vendor/") || strings.Contains(path, "-packages/") || strings.HasPrefix(path, "usr/lib/") || strings.HasPrefix(path, "usr/share/") {
			return
		}
		switch base := path[strings.LastIndexByte(path, '/')+1:]; strings.ToLower(base) {
		case "dockerfile", "docker-compose.yml", "docker-compose.yaml", "compose.yaml", "compose.yml", ".dockerignore", ".gitlab-ci.yml", "jenkinsfile", ".ds_store", "thumbs.db", ".vimrc", "vagrantfile", ".travis.yml":
			p.Note(path, info.Size())
		}
	},
	Run: func(p *Pass) { p.ReportNoted("file of the build or of an editor", "files of the build or of editors") },
})
