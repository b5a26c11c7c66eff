package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/boltseal/boltseal/internal/netpol"
)

func writeChangesText(w io.Writer, changes []netpol.Change) error {
	if len(changes) == 0 {
		_, err := fmt.Fprintln(w, "nothing is opened or closed")
		return err
	}
	for i := range changes {
		c := &changes[i]
		if !c.Opened.Empty() {
			if _, err := fmt.Fprintf(w, "opens   %s to %s: %s%s\n", c.From, c.To, c.Opened, whyChanged(c)); err != nil {
				return err
			}
		}
		if !c.Closed.Empty() {
			if _, err := fmt.Fprintf(w, "closes  %s to %s: %s%s\n", c.From, c.To, c.Closed, whyChanged(c)); err != nil {
				return err
			}
		}
	}
	return nil
}

func whyChanged(c *netpol.Change) string {
	switch {
	case c.New:
		return " (new)"
	case c.Gone:
		return " (gone)"
	}
	return ""
}

func writeChangesJSON(w io.Writer, changes []netpol.Change) error {
	type change struct {
		From   string `json:"from"`
		To     string `json:"to"`
		Opened string `json:"opened,omitempty"`
		Closed string `json:"closed,omitempty"`
		Before string `json:"before"`
		After  string `json:"after"`
		New    bool   `json:"new,omitempty"`
		Gone   bool   `json:"gone,omitempty"`
	}
	out := struct {
		Changes []change `json:"changes"`
	}{[]change{}}
	text := func(p netpol.Ports) string {
		if p.Empty() {
			return ""
		}
		return p.String()
	}
	for i := range changes {
		c := &changes[i]
		out.Changes = append(out.Changes, change{c.From, c.To, text(c.Opened), text(c.Closed), c.Before.String(), c.After.String(), c.New, c.Gone})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}

func writeChangesMarkdown(w io.Writer, changes []netpol.Change) error {
	var b strings.Builder
	b.WriteString("### Network policies\n\n")
	if len(changes) == 0 {
		b.WriteString("Nothing is opened or closed.\n")
	} else {
		b.WriteString("| | from | to | ports |\n|---|---|---|---|\n")
	}
	cell := strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "`", "'")
	for i := range changes {
		c := &changes[i]
		for _, side := range []struct {
			word  string
			ports netpol.Ports
		}{{"**opens**", c.Opened}, {"closes", c.Closed}} {
			if !side.ports.Empty() {
				fmt.Fprintf(&b, "| %s%s | %s | %s | %s |\n", side.word, whyChanged(c), cell.Replace(c.From), cell.Replace(c.To), side.ports)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
