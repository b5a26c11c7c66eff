package image

import (
	"io/fs"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/package-caches", Title: "package managers left their caches", Severity: boltseal.Low,
		Aliases: []string{"dockle:DKL-DI-0003", "dockle:DKL-DI-0004", "dockle:DKL-DI-0005", "hadolint:DL3009", "hadolint:DL3042", "trivy:DS-0015"},
		Doc: `What package managers keep for the next install nobody will use here; it makes the image larger, and its lists go out of date. Remove it in the
step that makes it (rm -rf /var/lib/apt/lists/*, apk --no-cache, pip --no-cache-dir, npm cache clean --force), or keep it out of the layer with
--mount=type=cache.`,
	},
	File: func(p *Pass, path string, info fs.FileInfo) {
		if !info.Mode().IsRegular() || info.Size() == 0 {
			return
		}
		for _, c := range caches {
			if strings.HasPrefix(path, c) || strings.HasPrefix(c, "/") && strings.Contains("/"+path, c) {
				if base := path[strings.LastIndexByte(path, '/')+1:]; base != "lock" && base != "lock_file" {
					p.Note(path, info.Size())
				}
				return
			}
		}
	},
	Run: func(p *Pass) {
		if p.bytes < 256<<10 {
			return
		}
		p.ReportNoted("file of "+size(p.bytes)+" in package managers' caches", "files of "+size(p.bytes)+" in package managers' caches")
	},
})

// caches are where package managers keep what they fetched; with a slash in
// front, anywhere.
var caches = []string{
	"var/lib/apt/lists/", "var/cache/apt/archives/", "var/cache/apk/", "etc/apk/cache/", "var/cache/dnf/", "var/cache/yum/", "var/cache/libdnf5/", "var/cache/zypp/", "var/cache/pacman/pkg/", "var/cache/microdnf/",
	"/.cache/pip/", "/.npm/_cacache/", "/.cache/yarn/", "/.cache/node-gyp/", "/.cache/go-build/", "/go/pkg/mod/cache/", "/.cargo/registry/cache/", "/.composer/cache/", "/.cache/composer/", "/.cache/uv/", "/.cache/pypoetry/",
	"/.gradle/caches/", "/.cache/bazel/", "/.nuget/v3-cache/", "/.local/share/pnpm/store/", "/.bundle/cache/", "/.cache/Cypress/", "opt/conda/pkgs/",
}
