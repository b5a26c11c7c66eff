package advisory

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// SUSE's documents of the VEX profile say what no erratum does: what is
// affected and not mended.
var _ = add(Feed{
	Name: "suse", Title: "SUSE CSAF VEX", Vendor: true, Extra: true, Speaks: []string{"SUSE", "openSUSE"},
	Base:  "https://ftp.suse.com/pub/projects/security/csaf-vex.tar.bz2",
	Terms: "CC-BY-4.0: https://www.suse.com/support/security/csaf/",
	read:  readCSAF(&suseCSAF),
	fetch: fetchFile,
})

var suseCSAF = csafDialect{by: "suse", prefix: "SUSE-", ecosystem: suseProduct, part: susePart}

// suseProduct is "SUSE:Linux Enterprise Server 15 SP5" or
// "openSUSE:Leap 15.6", as OSV names them.
func suseProduct(p *csafProduct) string {
	name := strings.TrimSpace(p.Name)
	if rest, ok := strings.CutPrefix(name, "openSUSE "); ok && (strings.HasPrefix(rest, "Leap ") || rest == "Tumbleweed") {
		return "openSUSE:" + rest
	}
	if rest, ok := strings.CutPrefix(name, "SUSE Linux "); ok {
		return "SUSE:Linux " + rest
	}
	return ""
}

// susePart reads "openssl-3-3.0.8-150500.5.1", or the name alone of what is
// not mended.
func susePart(id string, p *csafProduct) (csafPart, bool) {
	id = strings.TrimSpace(id)
	for _, arch := range []string{".x86_64", ".aarch64", ".ppc64le", ".s390x", ".noarch", ".i586", ".i686"} {
		id = strings.TrimSuffix(id, arch)
	}
	release := strings.LastIndexByte(id, '-')
	if release > 0 {
		if version := strings.LastIndexByte(id[:release], '-'); version > 0 && digitFirst(id[version+1:]) && digitFirst(id[release+1:]) {
			return csafPart{name: id[:version], version: id[version+1:]}, true
		}
	}
	return csafPart{name: id}, id != "" && p != nil
}

func digitFirst(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

// readCSAF reads an archive of documents, a folder of them, or one.
func readCSAF(dialect *csafDialect) func(context.Context, *builder, Source) error {
	return func(ctx context.Context, b *builder, s Source) error {
		dir, names, err := s.listFiles()
		if err != nil {
			return fmt.Errorf("read %s: %w", s.Feed, err)
		}
		before := len(b.entries)
		take := func(docs []document) error { return b.decodeAs(ctx, s.Feed, docs, only(nil), dialect.parser()) }
		var single []document
		for _, name := range names {
			path := filepath.Join(dir, filepath.FromSlash(name))
			if strings.HasSuffix(name, ".json") {
				single = append(single, loose(path))
			} else if err := readCSAFArchive(path, take); err != nil {
				return fmt.Errorf("read %s: %s: %w", s.Feed, clip(name), err)
			}
		}
		if err := take(single); err != nil {
			return err
		}
		if len(b.entries) == before {
			return fmt.Errorf("read %s: %w", s.Feed, errNothing)
		}
		return nil
	}
}

func readCSAFArchive(path string, take func([]document) error) error {
	f, err := openPlain(path, maxArchive)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	in := bufio.NewReader(f)
	if head, _ := in.Peek(1); bytes.Equal(head, []byte("{")) {
		data, err := appendAll(nil, in)
		if err != nil {
			return err
		}
		return take([]document{inMemory{filepath.Base(path), data}})
	}
	if err := tarDocuments(in, func(name string) bool { return strings.HasSuffix(name, ".json") }, take); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}
