package spdx

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed licenses.txt
var licensesText string

//go:embed exceptions.txt
var exceptionsText string

//go:embed aliases.txt
var aliasesText string

// entry is one licence of the list.
type entry struct {
	id         string
	name       string
	deprecated bool
}

// tables are the embedded lists, by lower-case identifier and by key.
type tables struct {
	licenses   map[string]entry
	exceptions map[string]string
	names      map[string]string // key of a full name → identifier
	aliases    map[string]string // key of a spelling → expression
}

// list reads the embedded lists once.
var list = sync.OnceValue(func() *tables {
	t := &tables{
		licenses:   make(map[string]entry, 800),
		exceptions: make(map[string]string, 100),
		names:      make(map[string]string, 800),
		aliases:    make(map[string]string, 300),
	}
	for line := range lines(exceptionsText) {
		id, _, _ := strings.Cut(line, "\t")
		t.exceptions[strings.ToLower(id)] = id
	}
	for line := range lines(licensesText) {
		id, rest, _ := strings.Cut(line, "\t")
		mark, name, _ := strings.Cut(rest, "\t")
		t.licenses[strings.ToLower(id)] = entry{id: id, name: name, deprecated: mark == "-"}
		if mark != "-" {
			t.addName(key(name), id)
			t.addName(key(id), id)
		}
	}
	for line := range lines(aliasesText) {
		spelling, expr, _ := strings.Cut(line, " = ")
		t.aliases[key(spelling)] = expr
	}
	return t
})

// addName remembers what a name means. A name that could mean two licences
// means none.
func (t *tables) addName(key, id string) {
	if old, ok := t.names[key]; ok && old != id {
		id = ""
	}
	t.names[key] = id
}

// lines gives the lines of an embedded table that are not empty or comments.
func lines(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for line := range strings.SplitSeq(text, "\n") {
			if line == "" || line[0] == '#' {
				continue
			}
			if !yield(line) {
				return
			}
		}
	}
}

// successors are what the list advises instead of deprecated identifiers;
// those that end in -only and -or-later follow a rule and need no entry.
var successors = map[string]string{
	"BSD-2-Clause-NetBSD":              "BSD-2-Clause",
	"GPL-2.0-with-GCC-exception":       "GPL-2.0-only WITH GCC-exception-2.0",
	"GPL-2.0-with-autoconf-exception":  "GPL-2.0-only WITH Autoconf-exception-2.0",
	"GPL-2.0-with-bison-exception":     "GPL-2.0-only WITH Bison-exception-2.2",
	"GPL-2.0-with-classpath-exception": "GPL-2.0-only WITH Classpath-exception-2.0",
	"GPL-2.0-with-font-exception":      "GPL-2.0-only WITH Font-exception-2.0",
	"GPL-3.0-with-GCC-exception":       "GPL-3.0-only WITH GCC-exception-3.1",
	"GPL-3.0-with-autoconf-exception":  "GPL-3.0-only WITH Autoconf-exception-3.0",
	"StandardML-NJ":                    "SMLNJ",
	"eCos-2.0":                         "GPL-2.0-or-later WITH eCos-exception-2.0",
	"wxWindows":                        "LGPL-2.0-or-later WITH WxWindows-exception-3.1",
}
