package inventory

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/boltseal/boltseal"
)

// pomProject is what matters here of a project's pom.xml (Maven, "POM
// Reference").
type pomProject struct {
	Group      string        `xml:"groupId"`
	Name       string        `xml:"artifactId"`
	Version    string        `xml:"version"`
	Parent     pomParent     `xml:"parent"`
	Properties pomProperties `xml:"properties"`
	Managed    []pomWanted   `xml:"dependencyManagement>dependencies>dependency"`
	Wanted     []pomWanted   `xml:"dependencies>dependency"`
}

type pomParent struct {
	Group   string  `xml:"groupId"`
	Name    string  `xml:"artifactId"`
	Version string  `xml:"version"`
	Path    *string `xml:"relativePath"`
}

type pomWanted struct {
	Group   string `xml:"groupId"`
	Name    string `xml:"artifactId"`
	Version string `xml:"version"`
	Scope   string `xml:"scope"`
}

// pomProperties are elements of any name with text in them.
type pomProperties map[string]string

// UnmarshalXML reads the text of each child.
func (p *pomProperties) UnmarshalXML(d *xml.Decoder, _ xml.StartElement) error {
	*p = pomProperties{}
	for {
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			var text string
			if err := d.DecodeElement(&text, &token); err != nil {
				return err
			}
			(*p)[token.Name.Local] = strings.TrimSpace(text)
		case xml.EndElement:
			return nil
		}
	}
}

// readPOM reads what a Maven project asks for. Maven itself would fetch
// parents and bills of materials; only those in the tree are followed here,
// and what they would have told is a gap.
func readPOM(_ context.Context, in *Input) ([]boltseal.Component, error) {
	if in.Image || strings.Contains("/"+in.Path, "/META-INF/") {
		return nil, nil // left over from a build, not what is there
	}
	data, err := in.text()
	if err != nil {
		return nil, err
	}
	project, err := parsePOM(data)
	if err != nil {
		return nil, err
	}
	line := pomLine{projects: []*pomProject{project}}
	in.pomParents(&line)
	line.manage()
	var components []boltseal.Component
	unknown := 0
	for _, w := range project.Wanted {
		group, name := line.expand(w.Group), line.expand(w.Name)
		version := line.version(w, group, name)
		if group == "" || name == "" || version == "" {
			unknown++
			continue
		}
		scope := line.expand(w.Scope)
		components = append(components, boltseal.Component{
			PURL: mavenPURL(group, name, version), Direct: true, Dev: scope == "test",
		})
	}
	if unknown > 0 {
		err = fmt.Errorf("%d of %d dependencies have a version that only a parent or a bill of materials elsewhere tells", unknown, len(project.Wanted))
	}
	return components, err
}

func parsePOM(data []byte) (*pomProject, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.Strict = false
	// What is wanted is ASCII in all encodings that occur.
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	p := &pomProject{}
	return p, d.Decode(p)
}

const maxPOMParents = 8

// pomLine is a project and its parents, nearest first, and what their
// dependencyManagement says: versions by "group:name".
type pomLine struct {
	projects []*pomProject
	managed  map[string]string
}

// pomParents follows the parents that lie in the same tree.
func (in *Input) pomParents(line *pomLine) {
	file := in.Path
	for len(line.projects) < maxPOMParents {
		parent := line.projects[len(line.projects)-1].Parent
		if parent.Name == "" {
			return
		}
		relative := "../pom.xml"
		if parent.Path != nil {
			relative = strings.TrimSpace(*parent.Path)
		}
		if relative == "" {
			return
		}
		if !strings.HasSuffix(relative, ".xml") {
			relative = path.Join(relative, "pom.xml")
		}
		file = path.Join(path.Dir(file), relative)
		data, err := in.textBeside(file)
		if err != nil {
			return
		}
		p, err := parsePOM(data)
		if err != nil || strings.TrimSpace(p.Name) != strings.TrimSpace(parent.Name) {
			return
		}
		line.projects = append(line.projects, p)
	}
}

// manage gathers the dependencyManagement of all; the nearest counts.
func (l *pomLine) manage() {
	l.managed = map[string]string{}
	for _, p := range l.projects {
		for _, m := range p.Managed {
			key := l.expand(m.Group) + ":" + l.expand(m.Name)
			if _, nearer := l.managed[key]; !nearer {
				l.managed[key] = l.expand(m.Version)
			}
		}
	}
}

// version finds a dependency's version: its own, or the managed one. Ranges
// are left to Maven.
func (l *pomLine) version(w pomWanted, group, name string) string {
	if w.Version != "" {
		return pomLiteral(l.expand(w.Version))
	}
	return pomLiteral(l.managed[group+":"+name])
}

func pomLiteral(version string) string {
	if strings.ContainsAny(version, "[](),${} \t\n") || version == "LATEST" || version == "RELEASE" {
		return ""
	}
	return version
}

const maxPOMText = 1 << 10

// expand fills in properties, which may name further ones. What cannot be
// filled in makes the whole text empty.
func (l *pomLine) expand(s string) string {
	s = strings.TrimSpace(s)
	for range 16 {
		before, rest, ok := strings.Cut(s, "${")
		if !ok {
			return s
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			return ""
		}
		value, ok := l.property(name)
		if s = before + value + after; !ok || len(s) > maxPOMText {
			return ""
		}
	}
	return ""
}

func (l *pomLine) property(name string) (string, bool) {
	own := l.projects[0]
	switch strings.TrimPrefix(strings.TrimPrefix(name, "project."), "pom.") {
	case "version":
		return firstOf(own.Version, own.Parent.Version)
	case "groupId":
		return firstOf(own.Group, own.Parent.Group)
	case "artifactId":
		return firstOf(own.Name)
	case "parent.version":
		return firstOf(own.Parent.Version)
	case "parent.groupId":
		return firstOf(own.Parent.Group)
	}
	for _, p := range l.projects {
		if value, ok := p.Properties[name]; ok {
			return value, true
		}
	}
	return "", false
}

func firstOf(values ...string) (string, bool) {
	for _, value := range values {
		if value = strings.TrimSpace(value); value != "" {
			return value, true
		}
	}
	return "", false
}
