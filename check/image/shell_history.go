package image

import (
	"io/fs"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/shell-history", Title: "history of a shell or a client", Severity: boltseal.Low,
		Doc: `Commands that somebody typed, with addresses, names and often passwords in them. Remove the file in the step that makes it.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		base := path[strings.LastIndexByte(path, '/')+1:]
		switch base {
		case ".bash_history", ".ash_history", ".zsh_history", ".sh_history", ".python_history", ".mysql_history", ".psql_history", ".node_repl_history", ".rediscli_history", ".sqlite_history", ".lesshst", ".viminfo":
			if info.Mode().IsRegular() && info.Size() > 0 {
				p.ReportFile(path+" tells what somebody typed", path)
			}
		}
	},
})
