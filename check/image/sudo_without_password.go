package image

import (
	"io/fs"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/sudo-without-password", Title: "sudo asks for no password", Severity: boltseal.Medium,
		Doc: `With NOPASSWD whoever gets in as the user is root with one command, and USER in the Dockerfile protects nothing. Remove sudo, or the rule.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		if path != "etc/sudoers" && !strings.HasPrefix(path, "etc/sudoers.d/") || !info.Mode().IsRegular() || !Select(path) {
			return
		}
		var read bool
		for fields := range lines(p.Files, path, &read) {
			if strings.Contains(strings.Join(fields, ":"), "NOPASSWD") {
				p.ReportFile(path+" lets its users become another without a password", path)
				return
			}
		}
	},
})
