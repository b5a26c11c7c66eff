package sensor

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// userTable names users and groups: the host's, and each container's own. It
// is filled as events ask, on the one goroutine that reads events.
type userTable struct {
	root  string
	files map[string]*nameFile
}

type nameFile struct {
	read  time.Time
	names map[uint32]string
}

// keepNames is how long a file of names is taken as it was read.
const keepNames = time.Minute

const maxNameFiles = 4096

func (t *userTable) name(e *Event, uid uint32) string  { return t.look(e, "etc/passwd", uid) }
func (t *userTable) group(e *Event, gid uint32) string { return t.look(e, "etc/group", gid) }

func (t *userTable) look(e *Event, file string, id uint32) string {
	key, at := file, filepath.Join(t.root, file)
	if e.Process != nil && e.Process.Container != nil {
		c := e.Process.Container
		key = c.ID + "/" + file
		at = filepath.Join(t.root, "proc", strconv.Itoa(int(e.Process.PID)), "root", file)
	}
	f := t.files[key]
	if f == nil || e.At.Sub(f.read) > keepNames {
		data, err := os.ReadFile(at)
		if f == nil || err == nil { // a container that has ended keeps its names
			f = &nameFile{names: parseNames(string(data))}
		}
		f.read = e.At
		if len(t.files) > maxNameFiles {
			clear(t.files)
		}
		t.files[key] = f
	}
	if name, ok := f.names[id]; ok {
		return name
	}
	if id == 0 {
		return "root"
	}
	return ""
}

// parseNames reads the name and the number of each line of passwd(5) or
// group(5).
func parseNames(text string) map[uint32]string {
	names := map[uint32]string{}
	for line := range strings.Lines(text) {
		parts := strings.Split(strings.TrimSpace(line), ":")
		if len(parts) < 3 {
			continue
		}
		if id, err := strconv.ParseUint(parts[2], 10, 32); err == nil {
			if _, ok := names[uint32(id)]; !ok {
				names[uint32(id)] = parts[0]
			}
		}
	}
	return names
}
