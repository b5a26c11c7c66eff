package image

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/boltseal/boltseal/source/layer"
)

// packageRecords makes the records of the packages of which something is kept,
// in the forms in which images without a package manager have them, so that
// what is still there stays known and what is gone does not.
func packageRecords(files *layer.FS, kept map[string]string) (records []File, packages int, notes []string) {
	for _, form := range []func(*layer.FS, map[string]string) ([]File, int, string){dpkgRecords, apkRecords, rpmRecords} {
		r, n, note := form(files, kept)
		records, packages = append(records, r...), packages+n
		if note != "" {
			notes = append(notes, note)
		}
	}
	return records, packages, notes
}

// merged are the folders that are links into usr on systems that merged them:
// a package may own its files by either name.
var merged = []string{"bin/", "sbin/", "lib/", "lib64/", "lib32/"}

func isKept(kept map[string]string, name string) bool {
	name = strings.TrimPrefix(name, "/")
	if _, ok := kept[name]; ok {
		return true
	}
	for _, dir := range merged {
		if strings.HasPrefix(name, dir) {
			_, ok := kept["usr/"+name]
			return ok
		}
		if rest, ok := strings.CutPrefix(name, "usr/"); ok && strings.HasPrefix(rest, dir) {
			if _, ok := kept[rest]; ok {
				return true
			}
		}
	}
	return false
}

// dpkgRecords writes one file for each package into dpkg's status.d, as
// distroless images do.
func dpkgRecords(files *layer.FS, kept map[string]string) ([]File, int, string) {
	status, err := files.ReadFile("var/lib/dpkg/status")
	if err != nil {
		return nil, 0, ""
	}
	info, err := files.Stat("var/lib/dpkg/status")
	if err != nil {
		return nil, 0, ""
	}
	var out []File
	for stanza := range strings.SplitSeq(string(status), "\n\n") {
		stanza = strings.TrimLeft(stanza, "\n")
		name, arch := controlField(stanza, "Package"), controlField(stanza, "Architecture")
		if name == "" || strings.ContainsAny(name, "/\x00") || !strings.Contains(controlField(stanza, "Status"), " installed") {
			continue
		}
		list, err := files.ReadFile("var/lib/dpkg/info/" + name + ".list")
		if err != nil {
			list, err = files.ReadFile("var/lib/dpkg/info/" + name + ":" + arch + ".list")
		}
		if err != nil || !ownsKept(files, string(list), kept) {
			continue
		}
		f := Bytes("var/lib/dpkg/status.d/"+name, 0o644, []byte(strings.TrimRight(stanza, "\n")+"\n"))
		f.ModTime = info.ModTime()
		out = append(out, f)
	}
	for name := range kept {
		if strings.HasPrefix(name, "var/lib/dpkg/info") || name == "var/lib/dpkg/status" || name == "var/lib/dpkg/status-old" {
			delete(kept, name)
		}
	}
	return out, len(out), ""
}

// ownsKept tells whether a file or a link of a package's list is kept; the
// folders that all packages share do not count.
func ownsKept(files *layer.FS, list string, kept map[string]string) bool {
	for line := range strings.Lines(list) {
		name := strings.TrimSpace(line)
		if !isKept(kept, name) || strings.HasPrefix(name, "/usr/share/doc/") {
			continue
		}
		if info, err := files.Stat(strings.TrimPrefix(name, "/")); err == nil && !info.IsDir() {
			return true
		}
	}
	return false
}

func controlField(stanza, name string) string {
	for line := range strings.Lines(stanza) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// apkRecords leaves of apk's list the packages of which something is kept.
func apkRecords(files *layer.FS, kept map[string]string) ([]File, int, string) {
	const name = "lib/apk/db/installed"
	at := name
	data, err := files.ReadFile(at)
	if err != nil {
		at = "usr/" + name
		if data, err = files.ReadFile(at); err != nil {
			return nil, 0, ""
		}
	}
	info, err := files.Stat(at)
	if err != nil {
		return nil, 0, ""
	}
	var b strings.Builder
	count := 0
	for stanza := range strings.SplitSeq(string(data), "\n\n") {
		if stanza = strings.Trim(stanza, "\n"); apkOwnsKept(stanza, kept) {
			b.WriteString(stanza + "\n\n")
			count++
		}
	}
	f := Bytes(at, 0o644, []byte(b.String()))
	f.ModTime = info.ModTime()
	return []File{f}, count, ""
}

func apkOwnsKept(stanza string, kept map[string]string) bool {
	dir := ""
	for line := range strings.Lines(stanza) {
		line = strings.TrimRight(line, "\n")
		if d, ok := strings.CutPrefix(line, "F:"); ok {
			dir = d
		} else if base, ok := strings.CutPrefix(line, "R:"); ok && isKept(kept, path.Join(dir, base)) {
			return true
		}
	}
	return false
}

// rpmRecords keeps RPM's database whole: it cannot be cut without the library
// that writes it. What is said of packages whose files are gone is too much,
// and never too little.
func rpmRecords(files *layer.FS, kept map[string]string) ([]File, int, string) {
	for _, dir := range []string{"usr/lib/sysimage/rpm", "var/lib/rpm"} {
		entries, err := files.ReadDir(dir)
		if err != nil || len(entries) == 0 {
			continue
		}
		count := 0
		for _, e := range entries {
			name := path.Join(dir, e.Name())
			if info, err := files.Lstat(name); err == nil && info.Mode()&fs.ModeType&^fs.ModeSymlink == 0 {
				kept[name] = "what is known of the packages"
				count++
			}
		}
		kept[dir] = "what is known of the packages"
		if count > 0 {
			return nil, 0, fmt.Sprintf("/%s is kept whole: packages whose files are gone are still listed", dir)
		}
	}
	return nil, 0, ""
}
