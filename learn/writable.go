package learn

import (
	"path"
	"slices"
	"strings"
)

// Writable is a folder of the container's file system that the workload
// writes to.
type Writable struct {
	Dir   string   `json:"dir"`
	Files []string `json:"files"` // some of what is written there
	// Hides are files of the image in the folder that the workload reads: an
	// empty volume mounted there would hide them.
	Hides []string `json:"hides,omitempty"`
}

// virtual are the places that are no part of an image, whatever is written
// there.
var virtual = []string{"/proc", "/sys", "/dev"}

func below(name, dir string) bool {
	return dir == "/" || name == dir || strings.HasPrefix(name, dir+"/")
}

// shown bounds the files that are listed of one folder.
const shown = 5

// Writable are the folders that must stay writable when the root file system
// is made read-only. Folders on volumes are writable already and not listed.
func (r *Recording) Writable() []Writable {
	volumes := map[string]bool{}
	for _, f := range r.Files {
		if f.Volume && !f.Image {
			volumes[path.Dir(f.Path)] = true
		}
	}
	dirs := map[string][]string{}
	for _, f := range r.Files {
		dir := path.Dir(f.Path)
		if !f.Write || f.Volume && !f.Image || slices.ContainsFunc(virtual, func(v string) bool { return below(f.Path, v) }) || !f.Image && volumes[dir] {
			continue
		}
		dirs[dir] = append(dirs[dir], f.Path)
	}
	var names []string
	for dir := range dirs {
		names = append(names, dir)
	}
	slices.Sort(names) // a folder comes before those in it
	var out []Writable
	for _, dir := range names {
		if i := slices.IndexFunc(out, func(w Writable) bool { return below(dir, w.Dir) && w.Dir != "/" }); i >= 0 {
			out[i].Files = append(out[i].Files, dirs[dir]...)
			continue
		}
		out = append(out, Writable{Dir: dir, Files: dirs[dir]})
	}
	for i := range out {
		w := &out[i]
		for _, f := range r.Files {
			if f.Image && f.Read && !slices.Contains(w.Files, f.Path) && below(f.Path, w.Dir) && len(w.Hides) < shown {
				w.Hides = append(w.Hides, f.Path)
			}
		}
		for _, x := range r.Executables {
			if !x.Added && below(x.Path, w.Dir) && len(w.Hides) < shown && !slices.Contains(w.Hides, x.Path) {
				w.Hides = append(w.Hides, x.Path)
			}
		}
		slices.Sort(w.Files)
		w.Files = w.Files[:min(len(w.Files), shown)]
	}
	return out
}
