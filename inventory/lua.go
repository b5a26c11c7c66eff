package inventory

import (
	"context"
	"path"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Ecosystem{
	Name:  "lua",
	Title: "Lua (LuaRocks)",
	Readers: []Reader{
		{Name: "lua/rockspec", Files: []string{"**/rocks*/*/*/*.rockspec"}, Read: readRockspec},
	},
})

// readRockspec reads an installed rock. LuaRocks puts its specification into
// a folder of its name and version; what the file, a program in Lua, says
// besides is read where it is plain.
func readRockspec(_ context.Context, in *Input) ([]boltseal.Component, error) {
	version := path.Base(path.Dir(in.Path))
	name := path.Base(path.Dir(path.Dir(in.Path)))
	if in.base() != name+"-"+version+".rockspec" || !hexName(name) {
		return nil, nil
	}
	data, err := in.text()
	if err != nil {
		return nil, err
	}
	c := boltseal.Component{
		PURL: boltseal.PURL{Type: "luarocks", Name: strings.ToLower(name), Version: version}.String(), Name: name, Version: version,
		Basis: boltseal.Installed,
	}
	inside := false
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		words := rubyStrings(line)
		switch {
		case strings.HasPrefix(line, "license") && len(words) > 0:
			c.Licenses = licenses(words[0])
		case strings.HasPrefix(line, "dependencies"):
			inside = true
		}
		if inside {
			for _, word := range words {
				if needed, _, _ := strings.Cut(word, " "); hexName(needed) && needed != "lua" {
					c.DependsOn = append(c.DependsOn, boltseal.PURL{Type: "luarocks", Name: strings.ToLower(needed)}.String())
				}
			}
			inside = !strings.Contains(line, "}")
		}
	}
	return []boltseal.Component{c}, nil
}
