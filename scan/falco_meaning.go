package scan

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// falcoMeaning are what conditions fail that load without a word.
var falcoMeaning = []boltseal.Check{
	{
		ID: "falco/deprecated-field", Title: "a condition asks what is the same for every event", Severity: boltseal.Low,
		Doc: "evt.dir told the entry of a system call from its exit. Falco now sees exits alone: the field is always <, a test for > never holds, and the engine warns. " +
			"Drop the clause.",
	},
	{
		ID: "falco/any-socket", Title: "a condition about addresses holds for sockets that have none", Severity: boltseal.Medium,
		Doc: "A test of an address is false where there is none, so its negation is true: for every UNIX socket, at every connection to a local daemon or to the resolver. " +
			"The rule drowns in alerts, and is switched off. Say which sockets are meant, with fd.typechar in (4, 6), fd.type or fd.l4proto, or begin with the macros " +
			"outbound and inbound.",
	},
}

// connecting are the events that every kind of socket brings.
var connecting = []string{"connect", "accept", "accept4", "sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "bind", "listen"}

// meaning looks at the conditions behind start word by word. Those that use a macro may have
// there what is missed here.
func meaning(name, text string, start int) []boltseal.Finding {
	alone := []byte(text)
	for i := range start {
		if alone[i] != '\n' {
			alone[i] = ' '
		}
	}
	f := manifest.Parse(name, alone)
	var out []boltseal.Finding
	report := func(check *boltseal.Check, n *manifest.Node, i, j int, message string) {
		at := f.Place(n, i, j)
		loc := f.Location(at)
		found := boltseal.Finding{
			Check: check.ID, Title: check.Title, Message: message, Severity: check.Severity, Location: loc,
			Evidence: []boltseal.Evidence{{Kind: boltseal.EvidenceStable, Excerpt: n.Value[:min(len(n.Value), 200)]}},
		}
		found.Subject.Name = name
		found.Seal()
		out = append(out, found)
	}
	for _, d := range f.Docs {
		for _, item := range d.Root.Elems() {
			n := item.Get("condition").Resolve()
			if n == nil || n.Kind != manifest.Scalar {
				continue
			}
			words := conditionWords(n.Value)
			if i := slices.IndexFunc(words, func(w conditionWord) bool { return w.text == "evt.dir" }); i >= 0 {
				at := words[i].at
				report(&falcoMeaning[0], n, at, at+len("evt.dir"), "evt.dir is deprecated: only exits of system calls are seen, so it is always <")
			}
			if i := anySocket(words); i >= 0 {
				at := words[i].at
				report(&falcoMeaning[1], n, at, at+len(words[i].text), "not "+words[i].text+" holds for every socket without an address too, UNIX sockets first")
			}
		}
	}
	return out
}

type conditionWord struct {
	text string
	at   int
}

// conditionWords takes a condition apart at blanks, brackets, commas and
// operators.
func conditionWords(s string) []conditionWord {
	var out []conditionWord
	at := -1
	for i := 0; i <= len(s); i++ {
		inside := i < len(s) && !strings.ContainsRune(" \t\r\n(),=<>!\"'", rune(s[i]))
		switch {
		case inside && at < 0:
			at = i
		case !inside && at >= 0:
			out = append(out, conditionWord{s[at:i], at})
			at = -1
		}
	}
	return out
}

// anySocket is the word of an address whose test is negated in a condition
// about sockets of every kind, or -1.
func anySocket(words []conditionWord) int {
	about, negated := false, -1
	for i, w := range words {
		field, _, _ := strings.Cut(w.text, "[")
		switch {
		case field == "fd.type", field == "fd.typechar", field == "fd.l4proto", field == "fd.sockfamily", field == "outbound", field == "inbound", field == "inbound_outbound":
			return -1
		case slices.Contains(connecting, field):
			about = true
		case i > 0 && words[i-1].text == "not" && negated < 0 && isAddress(field):
			negated = i
		}
	}
	if !about {
		return -1
	}
	return negated
}

// isAddress tells whether a field has a value for sockets with addresses
// alone.
func isAddress(field string) bool {
	rest, ok := strings.CutPrefix(field, "fd.")
	return ok && slices.Contains([]string{
		"sip", "cip", "rip", "lip", "ip", "snet", "cnet", "rnet", "lnet", "net", "sport", "cport", "rport", "lport", "port", "sproto", "cproto", "sip.name", "rip.name",
	}, rest)
}
