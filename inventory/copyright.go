package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// maxCopyright is how much of a copyright file is read. Longer ones exist,
// and end in the full text of licences.
const maxCopyright = 1 << 20

// maxStatements is how many different licences a package can have; that of
// the kernel's documentation has sixty.
const maxStatements = 200

// debianCopyright gives what usr/share/doc/<name>/copyright says of the
// package's licences, in Debian's words. A package without that file (images
// are often stripped of documentation) gives nothing.
func debianCopyright(fsys fs.FS, name string) ([]string, error) {
	f, err := fsys.Open("usr/share/doc/" + name + "/copyright")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("licences of %s: %w", name, err)
	}
	defer f.Close()
	var text bytes.Buffer
	if info, err := f.Stat(); err == nil {
		text.Grow(int(min(info.Size(), maxCopyright)) + bytes.MinRead)
	}
	if _, err := text.ReadFrom(io.LimitReader(f, maxCopyright)); err != nil {
		return nil, fmt.Errorf("licences of %s: %w", name, err)
	}
	return copyrightLicenses(text.Bytes()), nil
}

// copyrightLicenses reads a copyright file: in the machine-readable format
// 1.0 (DEP 5) the licence of each group of files, else the texts in
// usr/share/common-licenses that it refers to.
func copyrightLicenses(text []byte) []string {
	text = bytes.TrimLeft(text, "\xef\xbb\xbf \t\r\n")
	var found []string
	if first, _, _ := bytes.Cut(text, []byte("\n")); machineReadable(first) {
		found = dep5Licenses(text)
	}
	if len(found) == 0 {
		found = commonLicenses(text)
	}
	slices.Sort(found)
	found = slices.Compact(found)
	return found[:min(len(found), maxStatements)]
}

func machineReadable(first []byte) bool {
	name, _, ok := bytes.Cut(first, []byte(":"))
	return ok && (bytes.EqualFold(name, []byte("Format")) || bytes.EqualFold(name, []byte("Format-Specification")))
}

// dep5Licenses takes the short names of the Files paragraphs; the licence of
// the packaging alone (debian/*) counts only when there is no other. The
// header's own licence is of the whole work and counts where no paragraph
// speaks of files.
func dep5Licenses(text []byte) []string {
	var files, packaging, rest []string
	for s, err := range stanzas(bytesLines(text), "Files", "License") {
		short, _, _ := strings.Cut(s["License"], "\n")
		if short = strings.TrimSpace(short); err != nil || short == "" || len(short) > 200 {
			continue
		}
		switch {
		case s["Files"] == "":
			rest = append(rest, short)
		case onlyPackaging(s["Files"]):
			packaging = append(packaging, short)
		default:
			files = append(files, short)
		}
	}
	for _, found := range [][]string{files, packaging, rest} {
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

func onlyPackaging(patterns string) bool {
	for pattern := range strings.FieldsSeq(patterns) {
		if !strings.HasPrefix(strings.TrimPrefix(pattern, "./"), "debian/") {
			return false
		}
	}
	return true
}

// commonLicenses takes the names behind "/usr/share/common-licenses/". The
// texts say of which version a licence is, and the words around them whether
// later ones will do as well.
func commonLicenses(text []byte) []string {
	const folder = "/usr/share/common-licenses/"
	flat := strings.Join(strings.Fields(string(text)), " ")
	later := strings.Contains(flat, "any later version") || strings.Contains(flat, "or later")
	var found []string
	for rest := flat; ; {
		at := strings.Index(rest, folder)
		if at < 0 {
			return found
		}
		rest = rest[at+len(folder):]
		end := strings.IndexFunc(rest, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '-'
		})
		if end < 0 {
			end = len(rest)
		}
		name := strings.TrimRight(rest[:end], ".-")
		if later && strings.ContainsAny(name, "0123456789") && (strings.HasPrefix(name, "GPL-") || strings.HasPrefix(name, "LGPL-") || strings.HasPrefix(name, "GFDL-")) {
			name += "+"
		}
		if name != "" && len(name) < 40 {
			found = append(found, name)
		}
		rest = rest[end:]
	}
}
