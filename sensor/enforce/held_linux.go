//go:build amd64 || arm64

package enforce

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// mounted is one line of mountinfo.
type mounted struct {
	id                            int
	device, root, at, kind, upper string
}

// mounts reads mountinfo.
func mounts(file string) ([]mounted, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var out []mounted
	for line := range strings.Lines(string(data)) {
		before, after, ok := strings.Cut(line, " - ")
		words, rest := strings.Fields(before), strings.Fields(after)
		if !ok || len(words) < 6 || len(rest) < 2 {
			continue
		}
		id, err := strconv.Atoi(words[0])
		if err != nil {
			continue
		}
		m := mounted{id: id, device: words[2], root: plain(words[3]), at: plain(words[4]), kind: rest[0]}
		if len(rest) > 2 && m.kind == "overlay" {
			for option := range strings.SplitSeq(rest[2], ",") {
				if upper, ok := strings.CutPrefix(option, "upperdir="); ok {
					m.upper = plain(upper)
				}
			}
		}
		out = append(out, m)
	}
	return out, nil
}

// plain undoes the octal escapes of mountinfo.
func plain(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// held reads the system call that a held thread is in: its number and
// arguments.
func held(proc string) (words [7]uint64, ok bool) {
	var fields []string
	for try := range 100 {
		data, err := os.ReadFile(filepath.Join(proc, "syscall"))
		if err != nil {
			return words, false
		}
		// The question is asked a moment before the thread begins to wait.
		if fields = strings.Fields(string(data)); len(fields) > 1 {
			break
		}
		time.Sleep(time.Duration(try) * 10 * time.Microsecond)
	}
	if len(fields) < 7 {
		return words, false
	}
	for i := range words {
		base := 0
		if i == 0 {
			base = 10
		}
		var err error
		if words[i], err = strconv.ParseUint(fields[i], base, 64); err != nil {
			return words, false
		}
	}
	return words, true
}

// executed is the name that a thread gives to exec, as long as it does not
// change it.
func executed(proc string) string {
	words, ok := held(proc)
	if !ok {
		return ""
	}
	at := words[1]
	if words[0] == unix.SYS_EXECVEAT {
		at = words[2]
	} else if words[0] != unix.SYS_EXECVE {
		return ""
	}
	b := memory(proc, at, 256)
	if end := bytes.IndexByte(b, 0); end >= 0 {
		b = b[:end]
	}
	return string(b)
}

// memory reads another process's memory, as far as it goes.
func memory(proc string, at uint64, n int) []byte {
	f, err := os.Open(filepath.Join(proc, "mem"))
	if err != nil {
		return nil
	}
	defer f.Close()
	b := make([]byte, n)
	got, _ := f.ReadAt(b, int64(at))
	return b[:got]
}

// opensForWriting tells whether a held thread opens a file to change it. A
// call that is not known, such as one of io_uring, may.
func opensForWriting(proc string) bool {
	words, ok := held(proc)
	if !ok {
		return true
	}
	var flags uint64
	switch words[0] {
	case unix.SYS_OPENAT:
		flags = words[3]
	case unix.SYS_OPENAT2:
		how := memory(proc, words[3], 8)
		if len(how) < 8 {
			return true
		}
		flags = binary.NativeEndian.Uint64(how)
	case unix.SYS_EXECVE, unix.SYS_EXECVEAT:
		return false
	default:
		return opensOld(words, &flags) || writes(flags)
	}
	return writes(flags)
}

func writes(flags uint64) bool {
	return flags&(unix.O_WRONLY|unix.O_RDWR|unix.O_TRUNC|unix.O_CREAT) != 0
}
