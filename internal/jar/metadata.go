package jar

import (
	"bufio"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/boltseal/boltseal/internal/limit"
)

func textLimit() *limit.Error {
	return &limit.Error{What: "metadata file", Max: maxText, Unit: "bytes", Flag: "--max-file-bytes"}
}

// manifest is the main section of META-INF/MANIFEST.MF (JAR file
// specification, "JAR Manifest"): attributes by lower-case name.
type manifest map[string]string

func (m *manifest) get(name string) string {
	if m == nil {
		return ""
	}
	return (*m)[strings.ToLower(name)]
}

// maxAttribute is how much of one attribute is kept. Lists of packages reach
// hundreds of kilobytes and say nothing that is wanted here.
const maxAttribute = 4 << 10

// readManifest reads up to the first empty line. A line that begins with a
// space goes on with the attribute before it.
func readManifest(lines *bufio.Reader) (*manifest, error) {
	m := manifest{}
	name, value := "", []byte(nil)
	var line []byte
	var err error
	flush := func() {
		if name != "" {
			if _, twice := m[name]; !twice {
				m[name] = strings.TrimSpace(string(value))
			}
		}
	}
	for {
		line, err = manifestLine(lines, line[:0])
		if len(line) > 0 && line[0] == ' ' {
			if len(value) < maxAttribute {
				value = append(value, line[1:]...)
			}
		} else {
			flush()
			before, after, ok := strings.Cut(string(line), ":")
			if name = ""; ok {
				name, value = strings.ToLower(strings.TrimSpace(before)), []byte(strings.TrimPrefix(after, " "))
			}
		}
		if len(line) == 0 || err != nil {
			flush()
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return &m, err
		}
	}
}

// manifestLine appends a line that CR, LF or both end.
func manifestLine(r *bufio.Reader, line []byte) ([]byte, error) {
	for {
		c, err := r.ReadByte()
		if err != nil {
			return line, err
		}
		switch c {
		case '\n':
			return line, nil
		case '\r':
			if next, err := r.Peek(1); err == nil && next[0] == '\n' {
				_, _ = r.Discard(1) // it was peeked
			}
			return line, nil
		}
		line = append(line, c)
	}
}

// coordinates name an artifact as Maven does.
type coordinates struct {
	folder               string // in the archive
	group, name, version string
}

// readProperties reads pom.properties (the Java properties format; Maven
// writes plain keys and values into it).
func readProperties(r io.Reader) (coordinates, error) {
	var c coordinates
	data, err := limit.ReadAll(r, maxText, textLimit())
	if err != nil {
		return c, err
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		at := strings.IndexAny(line, "=:")
		if at < 0 {
			continue
		}
		value := literal(strings.ReplaceAll(line[at+1:], "\\", ""))
		switch strings.TrimSpace(line[:at]) {
		case "groupId":
			c.group = value
		case "artifactId":
			c.name = value
		case "version":
			c.version = value
		}
	}
	return c, nil
}

// literal is a value that a build did fill in, and that could be a part of
// coordinates.
func literal(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 256 || strings.ContainsAny(s, "${}@<> \t\r\n/\\") {
		return ""
	}
	return s
}

// pom is what matters here of a pom.xml (Maven, "POM Reference").
type pom struct {
	Group   string `xml:"groupId"`
	Name    string `xml:"artifactId"`
	Version string `xml:"version"`
	Parent  struct {
		Group   string `xml:"groupId"`
		Version string `xml:"version"`
	} `xml:"parent"`
	Organization string `xml:"organization>name"`
	Licenses     []struct {
		Name string `xml:"name"`
		URL  string `xml:"url"`
	} `xml:"licenses>license"`
}

func readPOM(r *bufio.Reader) (*pom, error) {
	d := xml.NewDecoder(r)
	d.Strict = false
	// Names and versions are ASCII; whatever encoding the file claims, they
	// read the same.
	d.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	p := &pom{}
	return p, d.Decode(p)
}

func (p *pom) coordinates() coordinates {
	c := coordinates{group: literal(p.Group), name: literal(p.Name), version: literal(p.Version)}
	if p.Group == "" {
		c.group = literal(p.Parent.Group)
	}
	if p.Version == "" {
		c.version = literal(p.Parent.Version)
	}
	return c
}

// licenses are the names, or the addresses of those without.
func (p *pom) licenses() []string {
	var all []string
	for _, l := range p.Licenses {
		if name := strings.TrimSpace(l.Name); name != "" {
			all = append(all, name)
		} else if url := strings.TrimSpace(l.URL); url != "" {
			all = append(all, url)
		}
	}
	return all
}
