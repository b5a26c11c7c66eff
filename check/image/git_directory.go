package image

import (
	"io/fs"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/git-directory", Title: "version control directory", Severity: boltseal.Medium,
		Aliases: []string{"dockle:DKL-LI-0003"},
		Doc: `The directory holds every version of the source, with whatever was removed from it later, and the addresses and at times the credentials of its
remotes. Name .git in .dockerignore, or copy only what the program needs.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		for _, head := range []string{".git/HEAD", ".hg/requires", ".svn/wc.db"} {
			if info.Mode().IsRegular() && strings.HasSuffix("/"+path, "/"+head) && !strings.Contains(path, "node_modules/") {
				p.ReportFile(strings.TrimSuffix(path, head[strings.IndexByte(head, '/'):])+" holds the source's whole past", path)
			}
		}
	},
})
