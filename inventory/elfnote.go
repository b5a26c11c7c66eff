package inventory

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/exe"
)

var _ = add(Ecosystem{
	Name:  "elf",
	Title: "ELF package notes",
	Readers: []Reader{
		{Name: "elf/package-note", Sniff: isELF, Accept: acceptELFNote, Read: readELFNote},
	},
})

// packageNote is the section in which distributions write which package a
// program was built for (UAPI.10, "Package Metadata for Executable Files").
const packageNote = ".note.package"

// maxNote is far above any of them: they hold one short JSON object.
const maxNote = 64 << 10

var errNote = errors.New("package note is not laid out as ELF notes are")

func isELF(head []byte) bool { return bytes.HasPrefix(head, []byte("\x7fELF")) }

func acceptELFNote(_ string, p *exe.Program, err error) bool { return err == nil && p.Has(packageNote) }

// readELFNote reads the package that a program says it was built for. Where
// that package is installed it is only further evidence for it: see attest.
func readELFNote(_ context.Context, in *Input) ([]boltseal.Component, error) {
	program, _ := in.executable() // others speak of what is wrong with it
	if program == nil {
		return nil, nil
	}
	section, err := program.Section(packageNote)
	if err != nil || section == nil {
		return nil, err
	}
	if section.Size() > maxNote {
		return nil, errNote
	}
	data := make([]byte, section.Size())
	if n, err := section.ReadAt(data, 0); n < len(data) {
		if err == nil || errors.Is(err, io.EOF) {
			err = errNote
		}
		return nil, err
	}
	var order binary.ByteOrder = binary.LittleEndian
	head := make([]byte, 6)
	if _, err := in.File.ReadAt(head, 0); err == nil && head[5] == 2 {
		order = binary.BigEndian
	}
	text, err := noteText(data, order)
	if err != nil {
		return nil, err
	}
	var note struct {
		Type         string `json:"type"`
		Name         string `json:"name"`
		Version      string `json:"version"`
		Architecture string `json:"architecture"`
		OS           string `json:"os"`
		OSVersion    string `json:"osVersion"`
		OSCPE        string `json:"osCpe"`
	}
	if err := json.Unmarshal(text, &note); err != nil {
		return nil, fmt.Errorf("package note: %w", err)
	}
	if note.Name == "" || note.Version == "" {
		return nil, nil
	}
	p := boltseal.PURL{
		Type: cmp.Or(strings.ToLower(note.Type), "generic"), Namespace: strings.ToLower(note.OS), Name: note.Name, Version: note.Version,
		Qualifiers: map[string]string{"arch": note.Architecture},
	}
	if p.Type == "arch" {
		p.Type = "alpm"
	}
	if note.OS != "" && note.OSVersion != "" {
		p.Qualifiers["distro"] = p.Namespace + "-" + note.OSVersion
	}
	c := boltseal.Component{
		PURL: p.String(), Name: note.Name, Version: note.Version, Basis: boltseal.Embedded,
		Source: &boltseal.Source{Name: note.Name, Version: note.Version},
	}
	if p.Type == "rpm" {
		c.Source = nil // the name is that of a binary package in practice, and a source's version lacks the epoch
	}
	return []boltseal.Component{c}, nil
}

// noteText is the description of the one note in the section (System V ABI,
// "Note Section"): sizes of name and description, type, name, description,
// each padded to four bytes.
func noteText(data []byte, order binary.ByteOrder) ([]byte, error) {
	if len(data) < 12 {
		return nil, errNote
	}
	name, description := uint64(order.Uint32(data)), uint64(order.Uint32(data[4:]))
	at := 12 + (name+3)&^3
	if at > uint64(len(data)) || description > uint64(len(data))-at {
		return nil, errNote
	}
	return bytes.TrimRight(data[at:at+description], "\x00 \n"), nil
}
