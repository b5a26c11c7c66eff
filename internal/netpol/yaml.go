package netpol

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// YAML writes the policies as a stream of documents, with the reasons as
// comments.
func (g *Generated) YAML() string {
	var b strings.Builder
	for i := range g.Policies {
		if i > 0 {
			b.WriteString("---\n")
		}
		g.Policies[i].yaml(&b, g.Why(&g.Policies[i]))
	}
	return b.String()
}

// YAML writes the policy as one document.
func (p *Policy) YAML() string {
	var b strings.Builder
	p.yaml(&b, nil)
	return b.String()
}

func (p *Policy) yaml(b *strings.Builder, why []string) {
	fmt.Fprintf(b, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: %s\n", scalar(p.Name))
	if p.Namespace != "" {
		fmt.Fprintf(b, "  namespace: %s\n", scalar(p.Namespace))
	}
	b.WriteString("spec:\n")
	p.PodSelector.yaml(b, "  podSelector", "  ")
	b.WriteString("  policyTypes:\n")
	for _, t := range p.Types {
		fmt.Fprintf(b, "    - %s\n", [...]string{"Ingress", "Egress"}[t])
	}
	reason := func() string {
		if len(why) == 0 {
			return ""
		}
		first := why[0]
		why = why[1:]
		return first
	}
	if len(p.Ingress) > 0 {
		b.WriteString("  ingress:\n")
		for i := range p.Ingress {
			p.Ingress[i].yaml(b, "from", reason())
		}
	}
	if len(p.Egress) > 0 {
		b.WriteString("  egress:\n")
		for i := range p.Egress {
			p.Egress[i].yaml(b, "to", reason())
		}
	}
}

func (r *Rule) yaml(b *strings.Builder, key, why string) {
	if why != "" {
		fmt.Fprintf(b, "    # %s\n", strings.Map(printable, why))
	}
	dash := "- "
	if len(r.Peers) > 0 {
		fmt.Fprintf(b, "    %s%s:\n", dash, key)
		dash = "  "
		for i := range r.Peers {
			r.Peers[i].yaml(b)
		}
	}
	if len(r.Ports) > 0 {
		fmt.Fprintf(b, "    %sports:\n", dash)
		dash = "  "
		for _, p := range r.Ports {
			p.yaml(b)
		}
	}
	if dash == "- " {
		b.WriteString("    - {}\n")
	}
}

func (p *Peer) yaml(b *strings.Builder) {
	dash := "        - "
	if p.IPBlock != nil {
		fmt.Fprintf(b, "%sipBlock:\n            cidr: %s\n", dash, scalar(p.IPBlock.CIDR))
		if len(p.IPBlock.Except) > 0 {
			b.WriteString("            except:\n")
			for _, e := range p.IPBlock.Except {
				fmt.Fprintf(b, "              - %s\n", scalar(e))
			}
		}
		return
	}
	if p.NamespaceSelector != nil {
		p.NamespaceSelector.yaml(b, dash+"namespaceSelector", "          ")
		dash = "          "
	}
	if p.PodSelector != nil {
		p.PodSelector.yaml(b, dash+"podSelector", "          ")
	}
}

func (p *Port) yaml(b *strings.Builder) {
	fmt.Fprintf(b, "        - protocol: %s\n", p.Protocol)
	switch {
	case p.Name != "":
		fmt.Fprintf(b, "          port: %s\n", scalar(p.Name))
	case p.Number != 0:
		fmt.Fprintf(b, "          port: %d\n", p.Number)
	}
	if p.End != 0 {
		fmt.Fprintf(b, "          endPort: %d\n", p.End)
	}
}

func (s *Selector) yaml(b *strings.Builder, key, indent string) {
	if s.Empty() {
		fmt.Fprintf(b, "%s: {}\n", key)
		return
	}
	fmt.Fprintf(b, "%s:\n", key)
	if len(s.MatchLabels) > 0 {
		fmt.Fprintf(b, "%s  matchLabels:\n", indent)
		for _, k := range slices.Sorted(maps.Keys(s.MatchLabels)) {
			fmt.Fprintf(b, "%s    %s: %s\n", indent, scalar(k), scalar(s.MatchLabels[k]))
		}
	}
	if len(s.MatchExpressions) > 0 {
		fmt.Fprintf(b, "%s  matchExpressions:\n", indent)
		for _, r := range s.MatchExpressions {
			fmt.Fprintf(b, "%s    - key: %s\n%s      operator: %s\n", indent, scalar(r.Key), indent, scalar(r.Operator))
			if len(r.Values) > 0 {
				fmt.Fprintf(b, "%s      values:\n", indent)
				for _, v := range r.Values {
					fmt.Fprintf(b, "%s        - %s\n", indent, scalar(v))
				}
			}
		}
	}
}

// plain are the texts that every reader of YAML takes for strings.
var plain = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_/-]*([.][A-Za-z0-9_/-]+)*$|^[0-9]+([.][0-9]+){3}/[0-9]+$`)
})

// scalar writes a string so that it is read as one.
func scalar(s string) string {
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "null", "y", "n":
		return strconv.Quote(s)
	}
	if plain().MatchString(s) {
		return s
	}
	return strconv.Quote(s)
}

// printable keeps a comment on its line.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
		return ' '
	}
	return r
}
