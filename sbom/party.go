package sbom

import "strings"

// party is a person or organization: "Name <mail>".
type party struct {
	name, mail string
	person     bool
}

// parseParty takes "Name <mail>" apart. What does not look like that is a
// name.
func parseParty(s string) party {
	body, ok := strings.CutSuffix(s, ">")
	open := strings.LastIndex(body, " <")
	if !ok || open <= 0 {
		return party{name: s}
	}
	p := party{name: body[:open], mail: body[open+2:]}
	if !isMail(p.mail) || p.String() != s {
		return party{name: s}
	}
	return p
}

// String is the party as a Component's Supplier has it.
func (p party) String() string {
	switch {
	case p.mail == "":
		return p.name
	case p.name == "":
		return p.mail
	}
	return p.name + " <" + p.mail + ">"
}

// isMail tells whether s can be a mail address; it is not a proof.
func isMail(s string) bool {
	local, host, ok := strings.Cut(s, "@")
	return ok && local != "" && host != "" && !strings.ContainsAny(s, " \t\r\n<>()") && !strings.Contains(host, "@")
}

// spdxParty writes a party as SPDX 2 has it (SPDX 2.3, section 7.5). It is
// not known whether it is a person: who supplies software rarely is.
func spdxParty(s string) string {
	p := parseParty(s)
	if p.mail == "" {
		return "Organization: " + p.name
	}
	return "Organization: " + p.name + " (" + p.mail + ")"
}

// parseSPDXParty reads "Person: Name (mail)" or "Organization: …". It gives
// an empty party for NOASSERTION.
func parseSPDXParty(s string) party {
	kind, rest, ok := strings.Cut(s, ":")
	if !ok || kind != "Person" && kind != "Organization" {
		if s == "NOASSERTION" || s == "NONE" {
			return party{}
		}
		return party{name: s}
	}
	p := party{name: strings.TrimPrefix(rest, " "), person: kind == "Person"}
	body, ok := strings.CutSuffix(p.name, ")")
	open := strings.LastIndex(body, " (")
	if ok && open > 0 && (isMail(body[open+2:]) || body[open+2:] == "") {
		p.name, p.mail = body[:open], body[open+2:]
	}
	return p
}
