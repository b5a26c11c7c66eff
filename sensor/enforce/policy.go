package enforce

import (
	"errors"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/boltseal/boltseal/sensor"
)

// Policy says what is forbidden to whom.
type Policy struct {
	Enforce bool // false: only say what would have been denied
	Closed  bool // refuse to start when an act cannot be stopped, and forbid everything to containers that are not known yet
	Persist bool // leave the programs in the kernel when the watch ends
	Last    Last
	Rules   []Rule
}

// Last says when killing may stand in for refusing.
type Last uint8

// The ways to use the last resort.
const (
	LastExec  Last = iota // for executables, which are killed before their first instruction
	LastAny               // for every act, also those that are done when the signal comes
	LastNever             // never
)

// Rule is one entry of a policy.
type Rule struct {
	Name        string
	Enforce     bool
	Match       Match
	Deny        Acts
	Tools       []string // names, or paths
	Directories []string
	Connect     []Network // allowed; others are not
}

// Match says whom a rule is about. What is empty matches all; a rule without
// Group is about containers only.
type Match struct {
	Image, Container, Namespace, Pod string // globs
	Labels                           map[string]string
	Group                            string // glob of a control group's path: names processes of the host
}

// Network is where connections may go.
type Network struct {
	Prefix netip.Prefix
	Ports  []Ports // all when empty
}

// Ports is a range of ports.
type Ports struct{ Low, High uint16 }

// BinaryDirectories are those that a rule protects which forbids writes and
// names none.
func BinaryDirectories() []string {
	return []string{"/bin", "/sbin", "/lib", "/lib64", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib64", "/usr/libexec", "/usr/local/bin", "/usr/local/sbin", "/usr/local/lib"}
}

type document struct {
	Mode       string `yaml:"mode"`
	Fail       string `yaml:"fail"`
	LastResort string `yaml:"last-resort"`
	Persist    bool   `yaml:"persist"`
	Rules      []struct {
		Name  string `yaml:"name"`
		Mode  string `yaml:"mode"`
		Match struct {
			Image     string            `yaml:"image"`
			Container string            `yaml:"container"`
			Namespace string            `yaml:"namespace"`
			Pod       string            `yaml:"pod"`
			Labels    map[string]string `yaml:"labels"`
			Group     string            `yaml:"cgroup"`
		} `yaml:"match"`
		Deny        []string  `yaml:"deny"`
		Tools       []string  `yaml:"tools"`
		Directories []string  `yaml:"directories"`
		Connect     *[]string `yaml:"connect"`
	} `yaml:"rules"`
}

const maxPolicy = 1 << 20

// Parse reads a policy, alone in its file or as the section "enforce" of
// boltseal.yaml.
func Parse(name string, data []byte) (p *Policy, err error) {
	if len(data) > maxPolicy {
		return nil, fmt.Errorf("%s: larger than %d bytes", name, maxPolicy)
	}
	// The parser is another's, and it indexes into what it reads.
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("%s: not readable as YAML", name)
		}
	}()
	var d document
	var sections map[string]any
	if err := yaml.Unmarshal(data, &sections); err != nil {
		return nil, fmt.Errorf("%s: %s", name, firstLine(err))
	}
	if _, ok := sections["enforce"]; ok {
		at, err := yaml.PathString("$.enforce")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		node, err := at.ReadNode(strings.NewReader(string(data)))
		if err != nil {
			return nil, fmt.Errorf("%s: enforce: %s", name, firstLine(err))
		}
		if err := yaml.NodeToValue(node, &d, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("%s: enforce: %s", name, firstLine(err))
		}
	} else if err := yaml.UnmarshalWithOptions(data, &d, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s: %s", name, firstLine(err))
	}
	p, err = d.policy()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// firstLine is an error of the parser without the source that it prints.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func choose[T any](what, word string, from map[string]T) (T, error) {
	v, ok := from[word]
	if !ok {
		var names []string
		for name := range from {
			if name != "" {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		return v, fmt.Errorf("%s %q: want %s", what, word, strings.Join(names, " or "))
	}
	return v, nil
}

func (d *document) policy() (*Policy, error) {
	p := &Policy{Persist: d.Persist}
	var err error
	if p.Enforce, err = choose("mode", d.Mode, map[string]bool{"": false, "audit": false, "enforce": true}); err != nil {
		return nil, err
	}
	if p.Closed, err = choose("fail", d.Fail, map[string]bool{"": false, "open": false, "closed": true}); err != nil {
		return nil, err
	}
	if p.Last, err = choose("last-resort", d.LastResort, map[string]Last{"": LastExec, "exec": LastExec, "any": LastAny, "never": LastNever}); err != nil {
		return nil, err
	}
	if len(d.Rules) == 0 {
		return nil, errors.New("no rules: nothing would be forbidden")
	}
	if len(d.Rules) > maxRules {
		return nil, fmt.Errorf("%d rules: want at most %d", len(d.Rules), maxRules)
	}
	for i := range d.Rules {
		r, err := d.rule(i, p.Enforce)
		if err != nil {
			name := d.Rules[i].Name
			if name == "" {
				name = "number " + strconv.Itoa(i+1)
			}
			return nil, fmt.Errorf("rule %s: %w", name, err)
		}
		p.Rules = append(p.Rules, *r)
	}
	return p, p.ranges()
}

// ranges checks that the ports of networks that lie in one another are few
// enough for the kernel's side, whichever rules come together.
func (p *Policy) ranges() error {
	var all judged
	for i := range p.Rules {
		all.networks = append(all.networks, p.Rules[i].Connect...)
	}
	for _, n := range all.networks {
		if ports, _ := all.ports(n); len(ports) > maxPorts {
			return fmt.Errorf("connect: %v and the networks around it have more than %d ranges of ports", n.Prefix, maxPorts)
		}
	}
	return nil
}

const maxRules = 256

func (d *document) rule(i int, enforce bool) (*Rule, error) {
	from := &d.Rules[i]
	r := &Rule{Name: from.Name, Enforce: enforce, Match: Match(from.Match)}
	if r.Name == "" {
		return nil, errors.New("has no name")
	}
	if from.Mode != "" {
		on, err := choose("mode", from.Mode, map[string]bool{"audit": false, "enforce": true})
		if err != nil {
			return nil, err
		}
		r.Enforce = on
	}
	for _, glob := range []string{r.Match.Image, r.Match.Container, r.Match.Namespace, r.Match.Pod, r.Match.Group} {
		if _, err := path.Match(glob, ""); err != nil {
			return nil, fmt.Errorf("match %q: %w", glob, err)
		}
	}
	if g := r.Match.Group; g != "" && (!strings.HasPrefix(g, "/") || strings.Trim(g, "/*?[]") == "" || g == "/init.scope") {
		return nil, fmt.Errorf("match cgroup %q: want the path of a group below the root, which would be the whole host", g)
	}
	for _, name := range from.Deny {
		a, err := parseAct(name)
		if err != nil {
			return nil, fmt.Errorf("deny: %w", err)
		}
		r.Deny |= Acts(a.bit())
	}
	if err := r.lists(from.Tools, from.Directories, from.Connect); err != nil {
		return nil, err
	}
	if r.Deny == 0 {
		return nil, errors.New("forbids nothing: it has neither deny, tools, directories nor connect")
	}
	return r, nil
}

// maxPath is how long a path or a name may be, and maxDepth of how many names;
// what the kernel's side compares is bounded.
const (
	maxName  = 63
	maxDepth = 5
)

func (r *Rule) lists(tools, directories []string, connect *[]string) error {
	for _, tool := range tools {
		if err := fits(tool); err != nil {
			return fmt.Errorf("tools: %w", err)
		}
		r.Deny |= Acts(Tool.bit())
		r.Tools = append(r.Tools, tool)
	}
	if r.Deny.Has(Tool) && len(r.Tools) == 0 {
		return errors.New("deny tools: the list tools is empty")
	}
	for _, dir := range directories {
		if dir = strings.TrimSuffix(dir, "/"); !strings.HasPrefix(dir, "/") {
			return fmt.Errorf("directories: %q: want a path from the root, below it", dir)
		}
		if err := fits(dir); err != nil {
			return fmt.Errorf("directories: %w", err)
		}
		r.Deny |= Acts(Write.bit())
		r.Directories = append(r.Directories, dir)
	}
	if r.Deny.Has(Write) && len(r.Directories) == 0 {
		r.Directories = BinaryDirectories()
	}
	if connect != nil {
		r.Deny |= Acts(Connect.bit())
		for _, to := range *connect {
			n, err := parseNetwork(to)
			if err != nil {
				return fmt.Errorf("connect: %w", err)
			}
			r.Connect = append(r.Connect, n)
		}
	} else if r.Deny.Has(Connect) {
		return errors.New("deny connections: the list connect is missing; an empty one allows none")
	}
	return nil
}

func fits(name string) error {
	if name == "" || path.Clean(name) != name || name == "/" {
		return fmt.Errorf("%q: want a clean path or a name", name)
	}
	parts := strings.Split(strings.TrimPrefix(name, "/"), "/")
	if !strings.HasPrefix(name, "/") && len(parts) > 1 {
		return fmt.Errorf("%q: want a name, or a path from the root", name)
	}
	if len(parts) > maxDepth {
		return fmt.Errorf("%q: deeper than %d names", name, maxDepth)
	}
	for _, part := range parts {
		if len(part) > maxName {
			return fmt.Errorf("%q: a name is longer than %d bytes", name, maxName)
		}
	}
	return nil
}

// parseNetwork reads "10.0.0.0/8", "10.0.0.0/8:443,8000-8080", "[fd00::/8]:53".
func parseNetwork(s string) (Network, error) {
	text, ports := s, ""
	if rest, ok := strings.CutPrefix(s, "["); ok {
		var after string
		var closed bool
		if text, after, closed = strings.Cut(rest, "]"); !closed || after != "" && after[0] != ':' {
			return Network{}, fmt.Errorf("%q: want [ADDRESS/BITS]:PORTS", s)
		}
		ports = strings.TrimPrefix(after, ":")
	} else if strings.Count(s, ":") == 1 {
		text, ports, _ = strings.Cut(s, ":")
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		addr, addrErr := netip.ParseAddr(text)
		if addrErr != nil {
			return Network{}, fmt.Errorf("%q: want an address or a network; the kernel knows no names", s)
		}
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	n := Network{Prefix: prefix.Masked()}
	if ports == "" {
		return n, nil
	}
	for word := range strings.SplitSeq(ports, ",") {
		low, high, isRange := strings.Cut(word, "-")
		if !isRange {
			high = low
		}
		from, err1 := strconv.ParseUint(low, 10, 16)
		to, err2 := strconv.ParseUint(high, 10, 16)
		if err1 != nil || err2 != nil || from > to {
			return Network{}, fmt.Errorf("%q: %q is no port or range of ports", s, word)
		}
		n.Ports = append(n.Ports, Ports{uint16(from), uint16(to)})
	}
	if len(n.Ports) > maxPorts {
		return Network{}, fmt.Errorf("%q: more than %d ranges of ports", s, maxPorts)
	}
	return n, nil
}

const maxPorts = 8

// Acts are those that some rule forbids, and of them those that some rule
// forbids in earnest.
func (p *Policy) Acts() (all, enforced Acts) {
	for i := range p.Rules {
		all |= p.Rules[i].Deny
		if p.Rules[i].Enforce {
			enforced |= p.Rules[i].Deny
		}
	}
	return all, enforced
}

// matches tells whether the rule is about a control group, and the container
// whose it is, nil on the host.
func (m *Match) matches(c *sensor.Container, group string) bool {
	if m.Group != "" && !glob(m.Group, group) {
		return false
	}
	if c == nil {
		return m.Group != "" && m.Image+m.Container+m.Namespace+m.Pod == "" && len(m.Labels) == 0
	}
	for key, want := range m.Labels {
		if got, ok := c.Labels[key]; !ok || !glob(want, got) {
			return false
		}
	}
	return (m.Image == "" || image(m.Image, c)) && (m.Container == "" || glob(m.Container, c.Name)) &&
		(m.Namespace == "" || glob(m.Namespace, c.Namespace)) && (m.Pod == "" || glob(m.Pod, c.Pod))
}

func image(pattern string, c *sensor.Container) bool {
	return glob(pattern, c.Image) || glob(pattern, c.Repository) || pattern == string(c.Digest) || pattern == string(c.ImageID)
}

// glob is path.Match in which "*" also crosses slashes.
func glob(pattern, s string) bool {
	hide := strings.NewReplacer("/", "\x01")
	ok, err := path.Match(hide.Replace(pattern), hide.Replace(s))
	return err == nil && ok
}
