package image

import (
	"bufio"
	"io"
	"io/fs"
	"strings"
)

// account is a line of etc/passwd, with what etc/shadow says of it.
type account struct {
	name, uid, shell string
	password         string // the field of the file that counts
	known            bool   // that file could be read
}

type accounts struct{ all []account }

// maxAccounts bounds files that name accounts.
const maxAccounts = 1 << 20

func readAccounts(files fs.FS) *accounts {
	shadow := map[string]string{}
	shadowed := false
	for fields := range lines(files, "etc/shadow", &shadowed) {
		if len(fields) > 1 {
			shadow[fields[0]] = fields[1]
		}
	}
	a := &accounts{}
	var read bool
	for fields := range lines(files, "etc/passwd", &read) {
		if len(fields) < 7 {
			continue
		}
		c := account{name: fields[0], uid: fields[2], shell: fields[6], password: fields[1], known: true}
		if c.password == "x" {
			c.password, c.known = shadow[c.name], shadowed
		}
		a.all = append(a.all, c)
	}
	return a
}

// lines gives the fields of each line of a file; read tells whether the file
// could be opened.
func lines(files fs.FS, name string, read *bool) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		f, err := files.Open(name)
		if err != nil {
			return
		}
		defer f.Close()
		*read = true
		s := bufio.NewScanner(io.LimitReader(f, maxAccounts))
		for s.Scan() {
			line := strings.TrimSpace(s.Text())
			if line == "" || line[0] == '#' || line[0] == '+' {
				continue
			}
			if !yield(strings.Split(line, ":")) {
				return
			}
		}
	}
}

// login tells whether a shell lets somebody in.
func login(shell string) bool {
	base := shell[strings.LastIndexByte(shell, '/')+1:]
	return base != "nologin" && base != "false" && base != "sync" && base != "halt" && base != "shutdown"
}
