package learn

import (
	"net/netip"

	"golang.org/x/net/dns/dnsmessage"
)

// answers reads an answer of DNS, which may be cut off, and gives the name
// that was asked for, by the addresses that stand for it.
func answers(data []byte) map[string]string {
	var p dnsmessage.Parser
	head, err := p.Start(data)
	if err != nil || !head.Response {
		return nil
	}
	question, err := p.Question()
	if err != nil || p.SkipAllQuestions() != nil {
		return nil
	}
	name := question.Name.String()
	if n := len(name); n > 1 && name[n-1] == '.' {
		name = name[:n-1]
	}
	out := map[string]string{}
	for {
		h, err := p.AnswerHeader()
		if err != nil {
			return out
		}
		switch h.Type {
		case dnsmessage.TypeA:
			r, err := p.AResource()
			if err != nil {
				return out
			}
			out[netip.AddrFrom4(r.A).String()] = name
		case dnsmessage.TypeAAAA:
			r, err := p.AAAAResource()
			if err != nil {
				return out
			}
			out[netip.AddrFrom16(r.AAAA).String()] = name
		default:
			if p.SkipAnswer() != nil {
				return out
			}
		}
	}
}
