package inventory

import (
	"context"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "opam",
	Title: "OCaml (opam)",
	Readers: []Reader{
		{Name: "opam/switch-state", Files: []string{"**/.opam-switch/switch-state"}, Read: readOpamSwitch},
	},
})

// readOpamSwitch reads what is installed in a switch, and of it what its user
// asked for ("roots").
func readOpamSwitch(_ context.Context, in *Input) ([]boltseal.Component, error) {
	data, err := in.text()
	if err != nil {
		return nil, err
	}
	field := ""
	roots := map[string]bool{}
	var installed []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if name, _, ok := strings.Cut(line, ":"); ok && !strings.HasPrefix(line, `"`) {
			field = strings.TrimSpace(name)
		}
		for _, word := range rubyStrings(line) {
			switch field {
			case "installed":
				installed = append(installed, word)
			case "roots":
				roots[word] = true
			}
		}
	}
	var all []boltseal.Component
	for _, id := range installed {
		name, version, ok := strings.Cut(id, ".")
		if !ok || !hexName(name) || version == "" {
			continue
		}
		all = append(all, boltseal.Component{
			PURL: boltseal.PURL{Type: "opam", Name: name, Version: version}.String(), Basis: boltseal.Installed, Direct: roots[id],
		})
	}
	return all, nil
}
