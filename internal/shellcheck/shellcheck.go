// Package shellcheck asks the program ShellCheck about shell scripts, where
// the user has it and wants it to be asked. What it says is given back by
// bytes of the scripts; what that means for a file is for the caller to say.
// Begin with [Check].
package shellcheck

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/boltseal/boltseal/internal/tool"
)

// Program is the name under which ShellCheck is installed.
const Program = "shellcheck"

// Script is one script to ask about.
type Script struct {
	Text   string
	Shell  string   // base name of the shell that runs it; a first line with #! counts more
	Known  []string // variables that are set outside, to one plain word
	Loose  []string // those that are set to who knows what
	Except []int    // codes that say nothing about this script
}

// Comment is one thing that ShellCheck says.
type Comment struct {
	Code       int    // 2086 of SC2086
	Level      string // error, warning, info or style
	Message    string
	Start, End int // bytes of the script's text
	Edits      []Edit
}

// Edit is a part of a change that ShellCheck proposes.
type Edit struct {
	Start, End int // bytes of the script's text
	New        string
}

// dialects are the shells that ShellCheck knows, in its words.
var dialects = map[string]string{"sh": "sh", "dash": "dash", "ash": "dash", "bash": "bash", "ksh": "ksh", "ksh93": "ksh", "mksh": "ksh"}

// Dialect is the language of a script in ShellCheck's words, or "" when it
// knows none such.
func Dialect(text, shell string) string {
	if line, ok := strings.CutPrefix(text, "#!"); ok {
		line, _, _ = strings.Cut(line, "\n")
		shell = ""
		for word := range strings.FieldsSeq(line) {
			if shell = path.Base(word); shell != "env" && !strings.HasPrefix(word, "-") {
				break
			}
		}
	}
	return dialects[shell]
}

// unwanted are codes that are never of use here: a shell without a check of
// its own, files that cannot be followed.
var unwanted = []int{2187, 1090, 1091}

// batch bounds the scripts that one process is asked about.
const batch = 200

// Check asks about scripts and returns what is said of each. A script in no
// shell that ShellCheck knows is passed over. An error that is
// [tool.ErrMissing] says that there is no ShellCheck.
func Check(ctx context.Context, scripts []Script) ([][]Comment, error) {
	if _, err := tool.Run(ctx, tool.Command{Name: Program, Args: []string{"--version"}}); err != nil {
		return nil, err
	}
	groups := map[[2]string][]int{}
	var order [][2]string
	for i, s := range scripts {
		if d := Dialect(s.Text, s.Shell); d != "" {
			key := [2]string{d, codes(slices.Concat(unwanted, s.Except))}
			if groups[key] == nil {
				order = append(order, key)
			}
			groups[key] = append(groups[key], i)
		}
	}
	out := make([][]Comment, len(scripts))
	for _, key := range order {
		for at := groups[key]; len(at) > 0; {
			n := min(batch, len(at))
			if err := ask(ctx, key, scripts, at[:n], out); err != nil {
				return nil, err
			}
			at = at[n:]
		}
	}
	return out, nil
}

// ask runs ShellCheck over the scripts of one language.
func ask(ctx context.Context, key [2]string, scripts []Script, at []int, out [][]Comment) (err error) {
	dir, err := os.MkdirTemp("", "boltseal-shellcheck-")
	if err != nil {
		return fmt.Errorf("run shellcheck: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	args := []string{"--norc", "-f", "json1", "-s", key[0], "-e", key[1], "--"}
	for _, i := range at {
		name := strconv.Itoa(i)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(prelude(scripts[i])+scripts[i].Text), 0o600); err != nil {
			return fmt.Errorf("run shellcheck: %w", err)
		}
		args = append(args, name)
	}
	result, err := tool.Run(ctx, tool.Command{Name: Program, Args: args, Dir: dir})
	if err != nil {
		return err
	}
	if result.Status != 0 && result.Status != 1 {
		return fmt.Errorf("run shellcheck: exit status %d: %s", result.Status, strings.TrimSpace(string(result.Stderr)))
	}
	return read(result.Stdout, scripts, out)
}

func codes(all []int) string {
	words := make([]string, len(all))
	for i, code := range all {
		words[i] = "SC" + strconv.Itoa(code)
	}
	return strings.Join(words, ",")
}

// prelude is a line that says which variables are set outside.
func prelude(s Script) string {
	if !s.prefixed() {
		return ""
	}
	var b strings.Builder
	b.WriteString(":")
	for value, names := range map[string][]string{"1": s.Known, `"$1"`: s.Loose} {
		for _, name := range names {
			if isName(name) {
				b.WriteString("; export " + name + "=" + value)
			}
		}
	}
	return b.String() + "\n"
}

func (s *Script) prefixed() bool { return len(s.Known)+len(s.Loose) > 0 }

func isName(s string) bool {
	for i, r := range s {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// place is one in ShellCheck's words: lines, and columns in characters, both
// from 1.
type place struct {
	Line      int `json:"line"`
	EndLine   int `json:"endLine"`
	Column    int `json:"column"`
	EndColumn int `json:"endColumn"`
}

// said is what ShellCheck prints as json1.
type said struct {
	Comments []struct {
		place
		File    string `json:"file"`
		Level   string `json:"level"`
		Code    int    `json:"code"`
		Message string `json:"message"`
		Fix     *struct {
			Replacements []struct {
				place
				Replacement string `json:"replacement"`
			} `json:"replacements"`
		} `json:"fix"`
	} `json:"comments"`
}

// read adds what was printed about scripts to out.
func read(printed []byte, scripts []Script, out [][]Comment) error {
	var all said
	if err := json.Unmarshal(printed, &all); err != nil {
		return fmt.Errorf("read what shellcheck printed: %w", err)
	}
	for _, c := range all.Comments {
		i, err := strconv.Atoi(c.File)
		if err != nil || i < 0 || i >= len(scripts) {
			return fmt.Errorf("read what shellcheck printed: it speaks of a file %q", c.File)
		}
		text, skip := scripts[i].Text, 0
		if scripts[i].prefixed() {
			skip = 1
		}
		if c.Line <= skip {
			continue // of the prelude
		}
		comment := Comment{Code: c.Code, Level: c.Level, Message: c.Message}
		comment.Start, comment.End = c.bytes(text, skip)
		if c.Fix != nil {
			for _, r := range c.Fix.Replacements {
				e := Edit{New: r.Replacement}
				e.Start, e.End = r.bytes(text, skip)
				comment.Edits = append(comment.Edits, e)
			}
		}
		out[i] = append(out[i], comment)
	}
	return nil
}

// bytes turns a place into bytes of a text before which lines were put.
func (p place) bytes(text string, skip int) (start, end int) {
	start, end = offset(text, p.Line-skip, p.Column), offset(text, p.EndLine-skip, p.EndColumn)
	return start, max(start, end)
}

// offset is the byte at a line and a column, both from 1. What lies outside
// of the text is its nearest place.
func offset(text string, line, column int) int {
	at := 0
	for ; line > 1; line-- {
		n := strings.IndexByte(text[at:], '\n')
		if n < 0 {
			return len(text)
		}
		at += n + 1
	}
	for ; column > 1 && at < len(text) && text[at] != '\n'; column-- {
		_, n := utf8.DecodeRuneInString(text[at:])
		at += n
	}
	return at
}
