package testimage

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Entry is one entry of a layer.
type Entry struct {
	tar.Header
	Body []byte
}

// File is an entry for a regular file.
func File(name, body string) Entry {
	return Entry{Header: tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644}, Body: []byte(body)}
}

// Dir is an entry for a directory.
func Dir(name string) Entry {
	return Entry{Header: tar.Header{Typeflag: tar.TypeDir, Name: strings.TrimSuffix(name, "/") + "/", Mode: 0o755}}
}

// Symlink is an entry for a symbolic link.
func Symlink(name, target string) Entry {
	return Entry{Header: tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}}
}

// Hardlink is an entry for a hard link; target is relative to the root of
// the archive.
func Hardlink(name, target string) Entry {
	return Entry{Header: tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: target, Mode: 0o644}}
}

// Tar packs the entries.
func Tar(tb TB, entries ...Entry) []byte {
	tb.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, e := range entries {
		h := e.Header
		h.Size = int64(len(e.Body))
		if h.ModTime.IsZero() {
			h.ModTime = time.Unix(1_700_000_000, 0)
		}
		if err := w.WriteHeader(&h); err != nil {
			tb.Fatalf("testimage: %q: %v", h.Name, err)
		}
		if _, err := w.Write(e.Body); err != nil {
			tb.Fatalf("testimage: %q: %v", h.Name, err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatalf("testimage: %v", err)
	}
	return buf.Bytes()
}

// parseEntry reads one marker and its body.
func parseEntry(marker string, body []byte) (Entry, error) {
	name, attributes := marker, ""
	if i := strings.LastIndex(marker, " ("); i >= 0 && strings.HasSuffix(marker, ")") {
		name, attributes = marker[:i], marker[i+2:len(marker)-1]
	}
	var e Entry
	var err error
	switch from, to, link := cutLink(name); {
	case link != 0:
		e = Entry{Header: tar.Header{Typeflag: link, Mode: 0o777}}
		if e.Linkname, err = unquote(to); err != nil {
			return Entry{}, err
		}
		name, body = from, nil
	case strings.HasSuffix(strings.Trim(name, `"`), "/"):
		e = Entry{Header: tar.Header{Typeflag: tar.TypeDir, Mode: 0o755}}
		body = nil
	default:
		e = Entry{Header: tar.Header{Typeflag: tar.TypeReg, Mode: 0o644}}
	}
	if e.Name, err = unquote(name); err != nil {
		return Entry{}, err
	}
	e.Body = slices.Clone(body)
	if attributes == "" {
		return e, nil
	}
	for a := range strings.SplitSeq(attributes, ",") {
		if err := e.set(strings.TrimSpace(a)); err != nil {
			return Entry{}, fmt.Errorf("entry %q: %w", marker, err)
		}
	}
	return e, nil
}

func cutLink(name string) (from, to string, kind byte) {
	if from, to, ok := strings.Cut(name, " -> "); ok {
		return from, to, tar.TypeSymlink
	}
	if from, to, ok := strings.Cut(name, " => "); ok {
		return from, to, tar.TypeLink
	}
	return name, "", 0
}

func unquote(s string) (string, error) {
	if !strings.HasPrefix(s, `"`) {
		return s, nil
	}
	u, err := strconv.Unquote(s)
	if err != nil {
		return "", fmt.Errorf("name %s: %w", s, err)
	}
	return u, nil
}

// set applies one attribute.
func (e *Entry) set(attribute string) error {
	word, value, _ := strings.Cut(attribute, " ")
	number := func(base int) int64 {
		n, err := strconv.ParseInt(value, base, 64)
		if err != nil {
			return -1
		}
		return n
	}
	n := int64(0)
	switch word {
	case "mode":
		n = number(8)
		e.Mode = n
	case "uid":
		n = number(10)
		e.Uid = int(n)
	case "gid":
		n = number(10)
		e.Gid = int(n)
	case "mtime":
		n = number(10)
		e.ModTime = time.Unix(n, 0)
	case "zeros":
		if n = number(10); n > 0 {
			e.Body = append(e.Body, make([]byte, n)...)
		}
	case "random":
		if n = number(10); n > 0 {
			e.Body = append(e.Body, Random(int(n))...)
		}
	case "noeol":
		e.Body = bytes.TrimSuffix(e.Body, []byte("\n"))
	case "base64":
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(e.Body)), ""))
		if err != nil {
			return err
		}
		e.Body = data
	case "pax":
		e.Format = tar.FormatPAX
	case "gnu":
		e.Format = tar.FormatGNU
	case "fifo":
		e.Typeflag, e.Body = tar.TypeFifo, nil
	case "char", "block":
		e.Typeflag, e.Body = tar.TypeChar, nil
		if word == "block" {
			e.Typeflag = tar.TypeBlock
		}
		if _, err := fmt.Sscanf(value, "%d:%d", &e.Devmajor, &e.Devminor); err != nil {
			return fmt.Errorf("attribute %q: want MAJOR:MINOR", attribute)
		}
	default:
		return fmt.Errorf("unknown attribute %q", attribute)
	}
	if n < 0 {
		return fmt.Errorf("attribute %q: want a number", attribute)
	}
	return nil
}

// Random is n bytes that do not compress, the same in every run.
func Random(n int) []byte {
	c := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16)})
	data := make([]byte, n)
	_, _ = c.Read(data) // never fails
	return data
}
