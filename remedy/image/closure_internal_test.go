package image

import (
	"io/fs"
	"testing"
	"testing/fstest"
)

// FuzzClosure holds that no script, configuration or link makes the closure
// panic, run on, or name what the image does not hold.
func FuzzClosure(f *testing.F) {
	f.Add("#!/bin/sh\nexec tool $(cat /etc/x) <<EOF\n$y\nEOF\n", "include /etc/*.conf\n/opt/lib\n", "/bin/sh")
	f.Add("#!/usr/bin/env -S python3\n", "include ld.so.conf\n", "../../..")
	f.Add("#!", "", "link")
	f.Fuzz(func(t *testing.T, script, config, link string) {
		tree := fstest.MapFS{
			"run": {Data: []byte(script), Mode: 0o755}, "bin/sh": {Data: []byte(script), Mode: 0o755}, "usr/bin/env": {Mode: 0o755},
			"etc/ld.so.conf": {Data: []byte(config)}, "link": {Data: []byte(link), Mode: fs.ModeSymlink}, "usr/bin/tool": {Data: []byte("link"), Mode: fs.ModeSymlink},
		}
		c := newClosure(tree, []string{"PATH=/bin:/usr/bin:/link"}, "/")
		c.argv([]string{"/run", "link", "sh", "-c", script}, "test")
		c.keepAll("link", "test", nil)
		c.run()
		for name := range c.kept {
			if _, err := tree.Lstat(name); err != nil {
				t.Errorf("kept %q: %v", name, err)
			}
		}
	})
}
