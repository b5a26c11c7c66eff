package inventory

import (
	"context"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/exe"
	"github.com/boltseal/boltseal/internal/signature"
)

var _ = add(Ecosystem{
	Name:  "binary",
	Title: "Programs and libraries known by their content",
	Readers: []Reader{
		{Name: "binary/signature", Sniff: exe.Is, Accept: acceptSignature, Read: readSignature},
	},
})

// looks is what a program looks like under a name.
type looks struct {
	path    string
	matches []signature.Match
	err     error
}

// looksLike looks through a program once.
func looksLike(path string, p *exe.Program) ([]signature.Match, error) {
	if seen, ok := p.Memo.(*looks); ok && seen.path == path {
		return seen.matches, seen.err
	}
	seen := &looks{path: path}
	seen.matches, seen.err = signature.Find(path, p)
	p.Memo = seen
	return seen.matches, seen.err
}

// acceptSignature wants the executables that look like something.
func acceptSignature(path string, p *exe.Program, err error) bool {
	if err != nil {
		return false // others speak of it
	}
	matches, err := looksLike(path, p)
	return err != nil || len(matches) > 0
}

// readSignature names what an executable looks like. One that carries
// libraries inside looks like several things.
func readSignature(_ context.Context, in *Input) ([]boltseal.Component, error) {
	program, _ := in.executable() // others speak of what is wrong with it
	if program == nil {
		return nil, nil
	}
	matches, err := looksLike(in.Path, program)
	if err != nil {
		return nil, err
	}
	var all []boltseal.Component
	for _, m := range matches {
		c := boltseal.Component{
			PURL: boltseal.PURL{Type: "generic", Name: m.Name, Version: m.Version}.String(), Name: m.Name, Version: m.Version, Basis: boltseal.Matched,
		}
		if cpe := m.CPE(m.Version); cpe != "" {
			c.CPEs = []string{cpe}
		}
		all = append(all, c)
	}
	return all, nil
}
