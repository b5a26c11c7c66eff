package repo

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/klauspost/compress/gzip"

	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/internal/unxz"
)

// DebSource is one repository of Debian packages, as sources.list(5) names it.
type DebSource struct {
	URI        string
	Suite      string
	Components []string
	SignedBy   string // path of the keyring; empty means the system's keys
}

// DebSources reads sources.list and the files of sources.list.d, in both forms
// (sources.list(5)). Entries for source packages, and kinds of transport other
// than HTTP, are passed over.
func DebSources(files map[string][]byte) []DebSource {
	var out []DebSource
	for _, name := range sortedNames(files) {
		if strings.HasSuffix(name, ".sources") {
			out = append(out, deb822(files[name])...)
		} else {
			out = append(out, oneLine(files[name])...)
		}
	}
	return slices.DeleteFunc(out, func(s DebSource) bool { return !strings.HasPrefix(s.URI, "http") })
}

func sortedNames(files map[string][]byte) []string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func oneLine(data []byte) []DebSource {
	var out []DebSource
	for line := range strings.Lines(string(data)) {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		var signed string
		if before, rest, ok := strings.Cut(line, "["); ok {
			options, after, _ := strings.Cut(rest, "]")
			line = before + after
			for o := range strings.FieldsSeq(options) {
				if v, ok := strings.CutPrefix(o, "signed-by="); ok {
					signed = v
				}
			}
		}
		words := strings.Fields(line)
		if len(words) >= 4 && words[0] == "deb" {
			out = append(out, DebSource{URI: words[1], Suite: words[2], Components: words[3:], SignedBy: signed})
		}
	}
	return out
}

func deb822(data []byte) []DebSource {
	var out []DebSource
	for _, p := range Paragraphs(data) {
		if !slices.Contains(strings.Fields(p["Types"]), "deb") || strings.EqualFold(p["Enabled"], "no") {
			continue
		}
		for uri := range strings.FieldsSeq(p["Uris"]) {
			for suite := range strings.FieldsSeq(p["Suites"]) {
				out = append(out, DebSource{URI: uri, Suite: suite, Components: strings.Fields(p["Components"]), SignedBy: strings.TrimSpace(p["Signed-By"])})
			}
		}
	}
	return out
}

// Paragraphs reads deb822 text: fields by their names, with the first letter
// of each word a capital. Continued lines keep their line breaks. Comments are
// left out.
func Paragraphs(data []byte) []map[string]string {
	var out []map[string]string
	var current map[string]string
	last := ""
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.TrimSpace(line) == "":
			current, last = nil, ""
		case strings.HasPrefix(line, "#"):
		case line[0] == ' ' || line[0] == '\t':
			if last != "" {
				current[last] += "\n" + line[1:]
			}
		default:
			name, value, ok := strings.Cut(line, ":")
			if !ok {
				last = ""
				continue
			}
			if current == nil {
				current = map[string]string{}
				out = append(out, current)
			}
			last = canonical(name)
			current[last] = strings.TrimSpace(value)
		}
	}
	return out
}

// canonical is the name of a field with a capital at each word.
func canonical(name string) string {
	words := strings.Split(strings.ToLower(name), "-")
	for i, w := range words {
		if w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "-")
}

// Deb is one version of a package in a repository.
type Deb struct {
	Package, Version, Architecture string
	Source                         string // name of the source package
	Fields                         map[string]string
	address, sum                   string
	size                           int64
}

// DebIndex is what a repository has for an architecture.
type DebIndex struct {
	base  string
	lists []debList
}

type debList struct {
	data []byte
	at   map[string][]int // package → where its paragraphs begin
}

// Debs reads a repository's lists. Keys are the OpenPGP keys, armoured or not,
// one of which must have signed them.
func (c *Client) Debs(ctx context.Context, s DebSource, arch string, keys [][]byte) (*DebIndex, error) {
	base := strings.TrimSuffix(s.URI, "/")
	dist := base + "/dists/" + s.Suite
	signed, err := c.read(ctx, dist+"/InRelease", maxRelease)
	if err != nil {
		return nil, err
	}
	release, err := c.verifyRelease(signed, keys)
	if err != nil {
		return nil, fmt.Errorf("%s/InRelease: %w", dist, err)
	}
	sums := checksums(release["Sha256"])
	out := &DebIndex{base: base}
	for _, component := range s.Components {
		data, err := c.packages(ctx, dist, component, arch, sums)
		if err != nil {
			return nil, err
		}
		out.lists = append(out.lists, newDebList(data))
	}
	return out, nil
}

// newDebList finds where the paragraphs are; they are read when somebody asks.
func newDebList(data []byte) debList {
	l := debList{data: data, at: map[string][]int{}}
	for start := 0; start < len(data); {
		end := bytes.Index(data[start:], []byte("\n\n"))
		next := len(data)
		if end >= 0 {
			next = start + end + 2
		}
		line, _, _ := bytes.Cut(data[start:next], []byte("\n"))
		if name, ok := bytes.CutPrefix(line, []byte("Package:")); ok {
			n := string(bytes.TrimSpace(name))
			l.at[n] = append(l.at[n], start)
		}
		start = next
	}
	return l
}

// Find lists the versions of a package.
func (x *DebIndex) Find(name string) []Deb {
	var out []Deb
	for _, l := range x.lists {
		for _, at := range l.at[name] {
			text := l.data[at:]
			if end := bytes.Index(text, []byte("\n\n")); end >= 0 {
				text = text[:end]
			}
			for _, p := range Paragraphs(text) {
				if d, ok := x.deb(p); ok {
					out = append(out, d)
				}
			}
		}
	}
	return out
}

func (x *DebIndex) deb(p map[string]string) (Deb, bool) {
	size, err := strconv.ParseInt(p["Size"], 10, 64)
	if err != nil || p["Package"] == "" || p["Filename"] == "" || p["Sha256"] == "" || !isPlainPath(p["Filename"]) {
		return Deb{}, false
	}
	source, _, _ := strings.Cut(p["Source"], " ")
	if source == "" {
		source = p["Package"]
	}
	return Deb{
		Package: p["Package"], Version: p["Version"], Architecture: p["Architecture"], Source: source, Fields: p,
		address: x.base + "/" + p["Filename"], sum: p["Sha256"], size: size,
	}, true
}

func isPlainPath(name string) bool {
	return !strings.Contains(name, "..") && path.Clean(name) == strings.TrimPrefix(name, "./") && !strings.ContainsAny(name, "?#\\")
}

// verifyRelease checks the signature and the dates, and gives the fields.
func (c *Client) verifyRelease(signed []byte, keys [][]byte) (map[string]string, error) {
	block, rest := clearsign.Decode(signed)
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("it is not one signed message")
	}
	var ring openpgp.EntityList
	for _, key := range keys {
		list, err := openpgp.ReadKeyRing(bytes.NewReader(key))
		if err != nil {
			list, err = openpgp.ReadArmoredKeyRing(bytes.NewReader(key))
		}
		if err == nil {
			ring = append(ring, list...)
		}
	}
	if len(ring) == 0 {
		return nil, errors.New("there is no key to verify it with")
	}
	if _, err := openpgp.CheckDetachedSignature(ring, bytes.NewReader(block.Bytes), block.ArmoredSignature.Body, nil); err != nil {
		return nil, fmt.Errorf("its signature does not hold: %w", err)
	}
	paragraphs := Paragraphs(block.Plaintext)
	if len(paragraphs) != 1 {
		return nil, errors.New("it is no release file")
	}
	release := paragraphs[0]
	if until := release["Valid-Until"]; until != "" && c.Now != nil {
		end, err := mail.ParseDate(strings.Replace(until, "UTC", "+0000", 1))
		if err != nil {
			return nil, fmt.Errorf("valid until %q: %w", until, err)
		}
		if now := c.Now(); now.After(end) {
			return nil, fmt.Errorf("it was valid until %s: the mirror is out of date", end.Format(time.DateOnly))
		}
	}
	return release, nil
}

// sum is a file of a release.
type sum struct {
	sha256 string
	size   int64
}

func checksums(field string) map[string]sum {
	out := map[string]sum{}
	for line := range strings.Lines(field) {
		words := strings.Fields(line)
		if len(words) != 3 {
			continue
		}
		if size, err := strconv.ParseInt(words[1], 10, 64); err == nil {
			out[words[2]] = sum{words[0], size}
		}
	}
	return out
}

// packages reads a component's index, in the form that is read soonest.
func (c *Client) packages(ctx context.Context, base, component, arch string, sums map[string]sum) ([]byte, error) {
	for _, ext := range []string{".gz", ".xz", ""} { // xz is smaller, and takes much longer to inflate
		// Suites of security updates may be asked for by a prefix that the list lacks.
		for _, prefix := range []string{component, strings.TrimPrefix(component, "updates/")} {
			name := prefix + "/binary-" + arch + "/Packages" + ext
			want, ok := sums[name]
			if !ok {
				continue
			}
			return c.index(ctx, base+"/"+name, ext, want)
		}
	}
	return nil, fmt.Errorf("%s has no index of %s for %s", base, component, arch)
}

func (c *Client) index(ctx context.Context, address, ext string, want sum) ([]byte, error) {
	if want.size > maxIndex {
		return nil, fmt.Errorf("%s: %d bytes are too many", address, want.size)
	}
	data, err := c.read(ctx, address, want.size)
	if err != nil {
		return nil, err
	}
	if got := sha256.Sum256(data); hex.EncodeToString(got[:]) != want.sha256 {
		return nil, fmt.Errorf("%s: the bytes are not what the release says", address)
	}
	var r io.Reader = bytes.NewReader(data)
	switch ext {
	case ".xz":
		r = unxz.NewReader(bufio.NewReader(r))
	case ".gz":
		if r, err = gzip.NewReader(r); err != nil {
			return nil, fmt.Errorf("%s: %w", address, err)
		}
	}
	return limit.ReadAll(r, maxIndex, &limit.Error{What: address, Max: maxIndex, Unit: "bytes"})
}

// Deb fetches a package. The caller closes it.
func (c *Client) Deb(ctx context.Context, d *Deb) (*File, error) {
	return c.download(ctx, d.address, d.size, d.sum)
}
