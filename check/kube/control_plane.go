package kube

import (
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// flags are the flags of a control plane's component, such as kube-apiserver,
// when a container runs it, with the word that each stands in.
func (c *Container) flags(component string) (map[string]string, map[string]*manifest.Node) {
	values, places := map[string]string{}, map[string]*manifest.Node{}
	runs := false
	for _, field := range []string{"command", "args"} {
		words := c.Command
		if field == "args" {
			words = c.Args
		}
		for i, word := range words {
			flag, value, given := strings.Cut(word, "=")
			if i == 0 && field == "command" {
				runs = flag == component || strings.HasSuffix(flag, "/"+component)
				continue
			}
			if name, ok := strings.CutPrefix(flag, "--"); ok {
				if !given {
					value = "true"
				}
				values[name], places[name] = value, c.Node.Get(field, strconv.Itoa(i))
			}
		}
	}
	if path := imageOf(c.Image).path; !runs && path != component && !strings.HasSuffix(path, "/"+component) {
		return nil, nil
	}
	return values, places
}

// flagRule is a rule about a flag of a component. Judge says what is wrong
// with a value; set is false when the flag is not there, and all are all flags.
func flagRule(check boltseal.Check, component, flag string, judge func(value string, set bool, all map[string]string) string) Rule {
	return Rule{Check: check, Run: func(p *Pass) {
		for c := range p.All() {
			values, places := c.flags(component)
			if values == nil {
				continue
			}
			value, set := values[flag]
			if why := judge(value, set, values); why != "" {
				node := places[flag]
				if node == nil {
					node = nearest(c.Node, "command")
				}
				p.Report(c.Workload.Object, node, why)
			}
		}
	}}
}
