package scan

import "strings"

// fence is a fenced block of code in Markdown.
type fence struct {
	language   string // the first word behind the fence, in lower case
	start, end int    // of its lines, without the fences
	line       int    // number of the first line, from 1
	prefix     string // what stands before each line: blanks of a list, or quote marks
	quoted     bool   // the prefix holds quote marks
}

// Limits on one Markdown file.
const (
	maxFences     = 500
	maxFenceBytes = 32 << 20 // of copies in which blocks keep their place
)

// fences finds the fenced blocks of a Markdown text (CommonMark 0.31, section
// 4.5), in lists and quotes too.
func fences(text string) []fence {
	var out []fence
	var open *fence
	var mark string
	at, line := 0, 0
	for raw := range strings.Lines(text) {
		line++
		begin := at
		at += len(raw)
		prefix, rest := quotePrefix(strings.TrimRight(raw, "\r\n"))
		if open == nil {
			indent, m, info, ok := opening(rest)
			if !ok || len(out) == maxFences {
				continue
			}
			mark = m
			open = &fence{language: language(info), start: at, line: line + 1, prefix: prefix + indent, quoted: strings.Contains(prefix, ">")}
			continue
		}
		left := open.quoted && prefix == "" // the quote has ended
		if closes(rest, mark) || left {
			open.end = begin
			out = append(out, *open)
			open = nil
		}
	}
	if open != nil {
		open.end = len(text)
		out = append(out, *open)
	}
	return out
}

// quotePrefix parts a line into its quote marks and the rest.
func quotePrefix(line string) (prefix, rest string) {
	i := 0
	for {
		j := i
		for j < len(line) && line[j] == ' ' && j-i < 4 {
			j++
		}
		if j >= len(line) || line[j] != '>' {
			break
		}
		j++
		if j < len(line) && line[j] == ' ' {
			j++
		}
		i = j
	}
	return line[:i], line[i:]
}

// opening reads the line that opens a block. A fence may stand behind the
// mark of a list's item, and deep inside of one.
func opening(line string) (indent, mark, info string, ok bool) {
	rest := line
	for {
		trimmed := strings.TrimLeft(rest, " \t")
		item := listMark(trimmed)
		if item == 0 {
			rest = trimmed
			break
		}
		rest = trimmed[item:]
	}
	indent = strings.Repeat(" ", len(line)-len(rest))
	if strings.HasPrefix(line, "\t") && strings.Trim(line[:len(line)-len(rest)], "\t ") == "" {
		indent = line[:len(line)-len(rest)]
	}
	for _, c := range []string{"`", "~"} {
		n := len(rest) - len(strings.TrimLeft(rest, c))
		if n >= 3 && !(c == "`" && strings.Contains(rest[n:], "`")) {
			return indent, rest[:n], strings.TrimSpace(rest[n:]), true
		}
	}
	return "", "", "", false
}

// listMark is the length of a list item's mark and the blank behind it.
func listMark(s string) int {
	if len(s) > 1 && (s[0] == '-' || s[0] == '*' || s[0] == '+') && s[1] == ' ' {
		return 2
	}
	n := len(s) - len(strings.TrimLeft(s, "0123456789"))
	if n > 0 && n < 10 && len(s) > n+1 && (s[n] == '.' || s[n] == ')') && s[n+1] == ' ' {
		return n + 2
	}
	return 0
}

func closes(line, mark string) bool {
	rest := strings.TrimSpace(line)
	return len(rest) >= len(mark) && strings.Trim(rest, mark[:1]) == ""
}

// language is the first word of a fence's info string, without the braces
// and options that some tools write there.
func language(info string) string {
	word := strings.ToLower(strings.TrimLeft(info, "{."))
	if i := strings.IndexAny(word, " \t,{}:"); i >= 0 {
		word = word[:i]
	}
	return word
}

// alone is a copy of the text up to the block's end in which nothing but the
// block's lines is left: all else is blanks, so that every byte keeps its
// place.
func (f *fence) alone(text string) []byte {
	out := make([]byte, f.end)
	for i := range f.start {
		out[i] = blank(text[i])
	}
	copy(out[f.start:], text[f.start:f.end])
	f.bare(out[f.start:])
	return out
}

func blank(c byte) byte {
	if c == '\n' || c == '\r' {
		return c
	}
	return ' '
}

// bare makes the quote marks before the lines of a block blank.
func (f *fence) bare(block []byte) {
	if !f.quoted {
		return
	}
	for line := 0; line < len(block); {
		end := line
		for end < len(block) && block[end] != '\n' {
			end++
		}
		prefix, _ := quotePrefix(string(block[line:end]))
		for i := range prefix {
			block[line+i] = ' '
		}
		line = end + 1
	}
}
