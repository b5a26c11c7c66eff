package compose

import (
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// Service is one service as a file has it, with what it takes from others.
type Service struct {
	Name string
	Key  *manifest.Node // its name in the file
	Node *manifest.Node

	// Complete is false when the service takes settings from where they
	// cannot be seen: what is not there may be set all the same.
	Complete bool

	sources []*manifest.Node // what it extends and what overrides it, nearest first
}

// composeFile is one file with its services.
type composeFile struct {
	*manifest.File
	root     *manifest.Node
	services []*Service
}

// project is all files of a run.
type project struct {
	files  []*composeFile
	byName map[string]*composeFile
	gaps   []boltseal.Gap
}

// maxExtends bounds chains of services that extend each other.
const maxExtends = 16

func newProject(files []*manifest.File) *project {
	p := &project{byName: map[string]*composeFile{}}
	for _, f := range files {
		if f.Kind != manifest.Compose || len(f.Docs) == 0 {
			continue
		}
		c := &composeFile{File: f, root: f.Docs[0].Root.Resolve()}
		for key, node := range c.root.Get("services").Entries() {
			if node != nil && node.Kind == manifest.Mapping {
				c.services = append(c.services, &Service{Name: key.Value, Key: key, Node: node, Complete: true})
			}
		}
		p.files = append(p.files, c)
		p.byName[path.Clean(f.Name)] = c
		for _, e := range f.Errors {
			if e.Lost {
				p.gaps = append(p.gaps, boltseal.Gap{Kind: "unreadable-file", What: "file " + f.Name, Why: e.Error()})
			}
		}
	}
	for _, f := range p.files {
		p.included(f)
		for _, s := range f.services {
			p.extend(f, s, s.Node, 0)
			p.override(f, s)
		}
	}
	return p
}

// included notes the files that a file includes and that are not among those
// that are checked (compose specification, "include").
func (p *project) included(f *composeFile) {
	for _, item := range f.root.Get("include").Elems() {
		names := []string{item.Str(), item.Get("path").Str()}
		for _, n := range item.Get("path").Elems() {
			names = append(names, n.Str())
		}
		for _, name := range names {
			if name, known := expand(name); name != "" && (!known || p.byName[path.Join(path.Dir(f.Name), name)] == nil) {
				p.gaps = append(p.gaps, boltseal.Gap{Kind: "unreadable-file", What: "services in " + name,
					Why: f.Name + " includes them, and the file is not among those that are checked", Hint: "name both files"})
			}
		}
	}
}

// extend follows what a service extends (compose specification, "extends").
func (p *project) extend(f *composeFile, s *Service, node *manifest.Node, depth int) {
	ext := node.Get("extends")
	if ext == nil || depth > maxExtends {
		return
	}
	name, file := ext.Get("service").Str(), ext.Get("file").Str()
	if ext.Kind == manifest.Scalar {
		name = ext.Str()
	}
	from := f
	if file != "" {
		from = p.byName[path.Join(path.Dir(f.Name), file)]
	}
	base := from.service(name)
	if base == nil {
		s.Complete = false
		if file != "" {
			p.gaps = append(p.gaps, boltseal.Gap{Kind: "unreadable-file", What: "service " + name + " in " + file,
				Why: f.Name + " extends it, and the file is not among those that are checked", Hint: "name both files"})
		}
		return
	}
	s.sources = append(s.sources, base.Node)
	p.extend(from, s, base.Node, depth+1)
}

func (f *composeFile) service(name string) *Service {
	if f == nil {
		return nil
	}
	for _, s := range f.services {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// override joins a service with its twin in the override file that Compose
// reads by itself, and a service in any other file of the folder that adds to
// one with the one that has the image.
func (p *project) override(f *composeFile, s *Service) {
	base := path.Base(f.Name)
	for _, other := range p.files {
		if other == f || path.Dir(other.Name) != path.Dir(f.Name) {
			continue
		}
		twin := other.service(s.Name)
		if twin == nil {
			continue
		}
		name := path.Base(other.Name)
		automatic := strings.Contains(name, ".override.") && !strings.Contains(base, ".override.")
		if automatic || !s.runs() && twin.runs() {
			s.sources = append(s.sources, twin.Node)
		}
	}
	if !s.runs() && s.Node.Get("extends") == nil {
		s.Complete = false // a part of a service that some other file has
	}
}

func (s *Service) runs() bool { return s.Node.Get("image") != nil || s.Node.Get("build") != nil }

// Get is a setting of the service, its own or one it takes from others.
func (s *Service) Get(path ...string) *manifest.Node {
	if n := s.Node.Get(path...); n != nil {
		return n
	}
	for _, source := range s.sources {
		if n := source.Get(path...); n != nil {
			return n
		}
	}
	return nil
}

// Lacks tells whether the service surely has no such setting.
func (s *Service) Lacks(path ...string) bool { return s.Complete && s.Get(path...).IsNull() }

// Own is a setting of the service that stands in its own file.
func (s *Service) Own(path ...string) *manifest.Node { return s.Node.Get(path...) }

// All are the items of a list, the service's own and those it takes from
// others.
func (s *Service) All(path ...string) iter.Seq[*manifest.Node] {
	return func(yield func(*manifest.Node) bool) {
		for _, n := range append([]*manifest.Node{s.Node}, s.sources...) {
			for _, item := range n.Get(path...).Elems() {
				if !yield(item) {
					return
				}
			}
		}
	}
}

// Has tells whether a list has an item with one of the values, ignoring case.
func (s *Service) Has(list string, values ...string) bool {
	for item := range s.All(list) {
		if slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, item.Str()) }) {
			return true
		}
	}
	return false
}

// expand carries out a variable's default: "${TAG:-latest}" is "latest". What
// only the environment knows makes known false (compose specification,
// "interpolation").
func expand(s string) (value string, known bool) {
	if !strings.Contains(s, "$") {
		return s, true
	}
	var b strings.Builder
	known = true
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != '$':
			b.WriteByte(s[i])
		case strings.HasPrefix(s[i:], "$$"):
			b.WriteByte('$')
			i++
		case strings.HasPrefix(s[i:], "${"):
			end := braceEnd(s, i)
			if end < 0 {
				return s, false
			}
			inner := s[i+2 : end]
			name := strings.TrimLeft(inner, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
			rest, isDefault := strings.CutPrefix(strings.TrimPrefix(name, ":"), "-")
			if !isDefault {
				known = false
				b.WriteString(s[i : end+1])
			} else {
				text, ok := expand(rest)
				known = known && ok
				b.WriteString(text)
			}
			i = end
		default:
			known = false
			b.WriteByte('$')
		}
	}
	return b.String(), known
}

func braceEnd(s string, start int) int {
	depth := 0
	for i := start; i < len(s); i++ {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// image is an image reference, taken apart.
type image struct {
	name, tag, digest string
}

func parseImage(s string) image {
	var m image
	m.name, m.digest, _ = strings.Cut(s, "@")
	if colon := strings.LastIndexByte(m.name, ':'); colon > strings.LastIndexByte(m.name, '/') {
		m.name, m.tag = m.name[:colon], m.name[colon+1:]
	}
	return m
}

// base is the last part of the image's name: "postgres".
func (m image) base() string { return path.Base(m.name) }

// mount is a volume of a service.
type mount struct {
	node           *manifest.Node
	source, target string
	readOnly       bool
	propagation    string
	bind           bool
}

// Mounts are the service's volumes, in both syntaxes.
func (s *Service) Mounts() iter.Seq[mount] {
	return func(yield func(mount) bool) {
		for item := range s.All("volumes") {
			m, ok := parseMount(item)
			if ok && !yield(m) {
				return
			}
		}
	}
}

func parseMount(n *manifest.Node) (mount, bool) {
	m := mount{node: n}
	if n.Kind == manifest.Mapping {
		m.source, _ = expand(n.Get("source").Str())
		m.target = n.Get("target").Str()
		m.readOnly, _ = n.Get("read_only").Bool()
		m.propagation = n.Get("bind", "propagation").Str()
		m.bind = n.Get("type").Str() == "bind"
		return m, true
	}
	text, _ := expand(n.Str())
	// A drive letter's colon is no separator.
	offset := 0
	if len(text) > 2 && text[0]|0x20 >= 'a' && text[0]|0x20 <= 'z' && text[1] == ':' && (text[2] == '\\' || text[2] == '/') {
		offset = 2
	}
	parts := strings.Split(text[offset:], ":")
	parts[0] = text[:offset] + parts[0]
	if len(parts) < 2 {
		return m, false
	}
	m.source, m.target = parts[0], parts[1]
	m.bind = strings.HasPrefix(m.source, "/") || strings.HasPrefix(m.source, ".") || strings.HasPrefix(m.source, "~") || offset > 0
	if len(parts) > 2 {
		for opt := range strings.SplitSeq(parts[2], ",") {
			switch opt {
			case "ro":
				m.readOnly = true
			case "shared", "rshared", "slave", "rslave":
				m.propagation = opt
			}
		}
	}
	return m, true
}

// port is a published port.
type port struct {
	node              *manifest.Node
	host              string // the address it is bound to; "" is every one
	published, target string
}

// Ports are the service's published ports, in both syntaxes.
func (s *Service) Ports() iter.Seq[port] {
	return func(yield func(port) bool) {
		for item := range s.All("ports") {
			if !yield(parsePort(item)) {
				return
			}
		}
	}
}

func parsePort(n *manifest.Node) port {
	p := port{node: n}
	if n.Kind == manifest.Mapping {
		p.host, _ = expand(n.Get("host_ip").Str())
		p.published, _ = expand(n.Get("published").Str())
		p.target, _ = expand(n.Get("target").Str())
		return p
	}
	text, _ := expand(n.Str())
	text, _, _ = strings.Cut(text, "/")
	p.target = text
	if i := strings.LastIndexByte(text, ':'); i >= 0 {
		p.target, text = text[i+1:], text[:i]
		p.published = text
		if i := strings.LastIndexByte(text, ':'); i >= 0 {
			p.host, p.published = strings.Trim(text[:i], "[]"), text[i+1:]
		}
	}
	return p
}

// loopback tells whether only the machine itself reaches the port.
func (p port) loopback() bool {
	return strings.HasPrefix(p.host, "127.") || p.host == "::1" || p.host == "localhost"
}

// open tells whether the port is bound to every address.
func (p port) open() bool { return p.host == "" || p.host == "0.0.0.0" || p.host == "::" }

// Environment are the service's variables, in both syntaxes.
func (s *Service) Environment() iter.Seq2[string, *manifest.Node] {
	return variables(s.Node.Get("environment"))
}

// variables reads a mapping, or a list of NAME=VALUE, as Compose does.
func variables(n *manifest.Node) iter.Seq2[string, *manifest.Node] {
	return func(yield func(string, *manifest.Node) bool) {
		for key, value := range n.Entries() {
			if value != nil && !yield(key.Value, value) {
				return
			}
		}
		for _, item := range n.Elems() {
			name, _, ok := strings.Cut(item.Str(), "=")
			if ok && !yield(name, item) {
				return
			}
		}
	}
}

// valueOf is the value of a variable as variables gives it.
func valueOf(name string, n *manifest.Node) string {
	if n.Parent != nil && n.Parent.Kind == manifest.Sequence {
		return strings.TrimPrefix(n.Str(), name+"=")
	}
	return n.Str()
}
