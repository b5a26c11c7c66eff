package image

import (
	"io/fs"
	"strings"
)

// bins are the directories that programs are started from.
var bins = []string{"bin/", "sbin/", "usr/bin/", "usr/sbin/", "usr/local/bin/", "usr/local/sbin/", "usr/local/go/bin/", "opt/conda/bin/", "busybox/"}

// program tells whether a file is one of these programs or a link of that
// name, with or without a version behind it: "gcc-12", "pip3.11".
func program(path string, info fs.FileInfo, names map[string]bool) bool {
	if kind := info.Mode().Type(); kind != 0 && kind != fs.ModeSymlink || info.Mode().Perm()&0o111 == 0 {
		return false
	}
	for _, dir := range bins {
		if base, ok := strings.CutPrefix(path, dir); ok && !strings.Contains(base, "/") {
			if _, after, ok := strings.Cut(base, "-linux-"); ok { // x86_64-linux-gnu-gcc-12
				_, base, _ = strings.Cut(after, "-")
			}
			return names[base] || names[strings.TrimRight(strings.TrimRight(base, "0123456789."), "-")]
		}
	}
	return false
}

func words(list string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}

// accounts are the lines of etc/passwd; none when there is no file tree.
func (p *Pass) accounts() []account {
	if p.users == nil {
		return nil
	}
	return p.users.all
}
